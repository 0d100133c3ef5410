"""What every program of this folder has in common: two options, and how an address is shown."""

from __future__ import annotations

import argparse

__all__ = ["endpoint_parser", "show"]


def endpoint_parser(description: str, port_help: str) -> argparse.ArgumentParser:
    """A parser that knows ``--host`` and ``--port``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1", help="address or name (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9000, help=f"{port_help} (default: %(default)s)")
    return parser


def show(address: tuple[str, int]) -> str:
    """``127.0.0.1:9000``."""
    return f"{address[0]}:{address[1]}"
