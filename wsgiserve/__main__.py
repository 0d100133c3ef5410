"""The command ``wsgiserve``, and ``python -m wsgiserve``."""

from typing import NoReturn

from wsgiserve.lazy import without_collections

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command of this process and exit."""
    with without_collections():
        from wsgiserve import cli

    cli.main()


if __name__ == "__main__":
    main()
