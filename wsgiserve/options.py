"""The kinds of values that options take: from a flag's or variable's text, or from TOML, to a checked value, and back.

Knows no particular option. Every kind raises ValueError with the rest of a sentence that says what it takes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self, dataclass_transform

from wsgiserve.editors import parse_editor

__all__ = [
    "Kind",
    "Option",
    "OptionValues",
    "choice",
    "choices",
    "editor",
    "flag",
    "hosts",
    "integer",
    "mount",
    "networks",
    "option",
    "page",
    "path",
    "paths",
    "seconds",
    "size",
    "text",
    "texts",
]

# Compiled when one is needed.
_SIZE = r"(?i)(\d+)\s*([kmg]?)(?:i?b)?"
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_MOUNT = r"(/[^/?#%\x00-\x20]+)*"
_TRUE, _FALSE = frozenset(["1", "true", "yes", "on"]), frozenset(["0", "false", "no", "off"])


class Kind(NamedTuple):
    """What an option's value may be."""

    metavar: str
    parse: Callable[[Any], Any]
    """From text, or from a TOML value, to the value; raises ValueError."""
    show: Callable[[Any], str] = str
    """From the value to text that ``parse`` takes."""
    repeats: bool = False
    is_flag: bool = False
    bare: str = ""
    """What the flag stands for when no value follows it; empty if one has to."""


class Option(NamedTuple):
    """Everything about one option, beside its name."""

    kind: Kind
    default: Any
    help: str
    group: str
    short: str = ""
    flags: tuple[str, ...] = ()
    """Two flags that stand for the two values, true first, where there is not one ``--name``."""


def option(
    default: Any,
    kind: Kind,
    help: str,  # noqa: A002 - what every library of options calls it
    *,
    group: str,
    short: str = "",
    flags: tuple[str, ...] = (),
) -> Any:
    """Declare an option in a class of ``OptionValues``."""
    return Option(kind, default, help, group, short, flags)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class OptionValues:
    """One value for each option that the class declares, and no other; they never change.

    A frozen dataclass in all but the import: that of ``dataclasses`` brings ``inspect``, a tenth of a start.
    """

    options: ClassVar[dict[str, Option]]
    """Those that the class declares, by name, in their order."""

    def __init_subclass__(cls) -> None:
        cls.options = {name: value for name, value in vars(cls).items() if isinstance(value, Option)}

    def __init__(self, **values: Any) -> None:
        """Take the default of each option that is not given; raise TypeError for what is no option."""
        if unknown := values.keys() - self.options.keys():
            raise TypeError(f"no options of {type(self).__name__}: {', '.join(sorted(unknown))}")
        vars(self).update({name: about.default for name, about in self.options.items()} | values)

    def replaced(self, **changes: Any) -> Self:
        """The same with other values of some options; raises TypeError for what is no option."""
        return type(self)(**vars(self) | changes)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} never changes; replaced({name}=...) makes another one")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("takes a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple) or not value or not all(isinstance(part, str) and part for part in value):
        raise ValueError("takes one or more texts")
    return tuple(value)


def _words(value: Any) -> tuple[str, ...]:
    """Texts without commas, which may divide them wherever they stand."""
    return tuple(word for text in _texts(value) for word in _texts(text))


def _paths(value: Any) -> tuple[str, ...]:
    patterns = () if value in ("", [], ("",)) else _texts(value)
    if not all(pattern.startswith(("/", "*")) for pattern in patterns):
        raise ValueError("takes patterns of paths, such as /static/*")
    return patterns


def _hosts(value: Any) -> tuple[str, ...]:
    return tuple(map(_host, _texts(value)))


def _host(value: str) -> str:
    if "/" in value:
        raise ValueError("takes an address or a name without http:// and path")
    if value.startswith("[") and value.endswith("]"):
        return value[1:-1]
    if value.count(":") == 1 or value.startswith("["):
        raise ValueError("takes an address or a name alone; the port is --port's")
    return value


def _networks(value: Any) -> tuple[str, ...]:
    networks = _words(value)
    for network in networks:
        if network != "unix":
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ValueError("takes addresses and networks such as 10.0.0.0/8, or unix") from None
    return networks


def _mount(value: Any) -> str:
    if not isinstance(value, str) or re.fullmatch(_MOUNT, value) is None:
        raise ValueError("takes a path such as /shop, as it is before percent-encoding and without a slash at its end")
    # PEP 3333: SCRIPT_NAME is bytes that pass as latin-1.
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def _page(value: Any) -> str | None:
    if isinstance(value, str) and value.startswith("/"):
        return value
    try:
        return "/" if _flag(value) else None
    except ValueError:
        raise ValueError("takes a path such as /admin") from None


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError("takes true or false")


def _size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = re.fullmatch(_SIZE, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("takes a number of bytes, such as 65536, 512k, 10m or 1g")
    return int(match[1]) * _FACTORS[match[2].lower()]


def _seconds(value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value.removesuffix("s") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number < 1e9:  # nan fails this too
        raise ValueError("takes a number of seconds above 0, such as 30 or 0.5")
    return number


def _show_size(value: int) -> str:
    for suffix, factor in reversed(_FACTORS.items()):
        if value >= factor and value % factor == 0:
            return f"{value // factor}{suffix}"
    return str(value)


text = Kind("TEXT", _text)
editor = Kind("NAME|TEMPLATE", parse_editor)
path = Kind("PATH", _text)
texts = Kind("TEXT", _texts, show=", ".join, repeats=True)
paths = Kind("GLOB", _paths, show=", ".join, repeats=True)
hosts = Kind("HOST", _hosts, show=", ".join, repeats=True)
networks = Kind("CIDR", _networks, show=", ".join, repeats=True)
mount = Kind("PATH", _mount, show=lambda value: value.encode("latin-1").decode("utf-8", "replace"))
page = Kind("[PATH]", _page, bare="/")
flag = Kind("", _flag, show=lambda value: str(value).lower(), is_flag=True)
size = Kind("BYTES", _size, show=_show_size)
seconds = Kind("SECONDS", _seconds, show="{:g}".format)


def integer(lowest: int, highest: int | None = None) -> Kind:
    """A whole number within bounds, both included."""
    bounds = f"from {lowest} to {highest}" if highest is not None else f"of at least {lowest}"

    def parse(value: Any) -> int:
        try:
            number = lowest - 1 if isinstance(value, bool | float) else int(value)
        except (TypeError, ValueError):
            number = lowest - 1
        if number < lowest or (highest is not None and number > highest):
            raise ValueError(f"takes a whole number {bounds}")
        return number

    return Kind("N", parse)


def choices(*words: str) -> Kind:
    """One or more of several words."""

    def parse(value: Any) -> tuple[str, ...]:
        chosen = tuple(text.lower() for text in _words(value))
        if not set(chosen) <= set(words):
            raise ValueError(f"takes some of {', '.join(words)}")
        return chosen

    return Kind("|".join(words), parse, show=", ".join, repeats=True)


def choice(*words: str) -> Kind:
    """One of several words."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value.lower() not in words:
            raise ValueError(f"takes one of {', '.join(words)}")
        return value.lower()

    return Kind("|".join(words), parse)
