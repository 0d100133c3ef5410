"""The words of a usual command, read without click: to import it and to build its options takes 20 ms.

A usual command has whole names of options, each with its value if it takes one, and one APP at most. Whatever else was
typed, a mistake or a wish for help, is click's to read and to explain; it is ``cli.py`` that asks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wsgiserve.options import Option

__all__ = ["flag_named", "read_usual"]


def flag_named(name: str) -> str:
    """How an option is typed; APP, which is no flag, as it is explained."""
    return "APP" if name == "app" else "--" + name.replace("_", "-")


def read_usual(options: Mapping[str, Option], words: Iterable[str]) -> dict[str, Any] | None:
    """What was typed, by name and in the order of the options, as click would have it; None if it is not usual.

    Args:
        options: by name; the one called "app" is the argument.
    """
    setting = {flag: (name, value) for name, about in options.items() for flag, value in _setting(name, about)}
    taking = {flag: name for name, about in options.items() for flag in _taking(name, about)}
    typed: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        flag, is_equated, value = word.partition("=")
        if not word.startswith("-"):
            name, value = "app", word
            if "app" in typed:
                return None
        elif flag in setting and not is_equated:
            name, typed[name] = setting[flag]
            continue
        elif flag in taking and (not is_equated or flag.startswith("--")):
            name, value = taking[flag], value if is_equated else next(rest, "")
        else:
            return None
        if not value or value.startswith("-"):
            return None
        typed[name] = (*typed.get(name, ()), value) if options[name].kind.repeats else value
    return {name: typed[name] for name in options if name in typed}


def _setting(name: str, about: Option) -> Iterator[tuple[str, bool]]:
    """Flags that stand for a value, with it."""
    if about.flags:
        yield from zip(about.flags, (True, False), strict=True)
    elif about.kind.is_flag:
        yield flag_named(name), True


def _taking(name: str, about: Option) -> Iterator[str]:
    """Flags that take a value."""
    if not about.flags and not about.kind.is_flag and name != "app":
        yield from filter(None, (flag_named(name), about.short))
