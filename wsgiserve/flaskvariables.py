"""What people have told ``flask run`` by variables, as values of our options.

Source: Flask 3.1 ``cli.run_command`` for the variables, ``helpers.get_debug_flag`` for FLASK_DEBUG; click for how it
reads them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

from wsgiserve.options import flag, hosts, integer, path

__all__ = ["FlaskVariable", "debug_by_default", "flask_variables"]

_WORDS = {"t": "true", "y": "true", "f": "false", "n": "false"}


class FlaskVariable(NamedTuple):
    """A variable that is set, and the option that it means."""

    variable: str
    option: str
    parse: Callable[[str], Any]
    """From the variable's text; raises ValueError as a ``Kind`` does."""


def flask_variables(environ: Mapping[str, str]) -> Iterator[FlaskVariable]:
    """Those that are set; of two for one option the later one counts. ``FLASK_APP`` is for ``discovery.py``."""
    return (known for known in _KNOWN if environ.get(known.variable))


def debug_by_default(environ: MutableMapping[str, str]) -> None:
    """Have an application of Flask that is imported from now on pass its errors on to us, unless somebody said no."""
    environ.setdefault("FLASK_DEBUG", "1")


def _debug(value: str) -> bool:
    return value.lower() not in ("0", "false", "no")


def _flag(value: str) -> bool:
    answer: bool = flag.parse(_WORDS.get(value.lower(), value))
    return answer


def _concurrency(value: str) -> str:
    return "pool" if _flag(value) else "single"


def _paths(value: str) -> tuple[str, ...]:
    return tuple(filter(None, value.split(os.pathsep)))


_KNOWN = (
    FlaskVariable("FLASK_DEBUG", "reload", _debug),
    FlaskVariable("FLASK_RUN_RELOAD", "reload", _flag),
    FlaskVariable("FLASK_RUN_HOST", "host", hosts.parse),
    FlaskVariable("FLASK_RUN_PORT", "port", integer(0, 65535).parse),
    FlaskVariable("FLASK_RUN_CERT", "cert", path.parse),
    FlaskVariable("FLASK_RUN_KEY", "key", path.parse),
    FlaskVariable("FLASK_RUN_WITH_THREADS", "concurrency", _concurrency),
    FlaskVariable("FLASK_RUN_EXTRA_FILES", "watch_also", _paths),
    FlaskVariable("FLASK_RUN_EXCLUDE_PATTERNS", "watch_ignore", _paths),
)
