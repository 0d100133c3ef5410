"""An answer as a flat dict of facts, and the differences between two such dicts.

A fact has a name and a value that can be compared. Of response 0 they are named ``0.status``, ``0.header.location``
(a tuple, one item per header of that name), ``0.body``; of the first request's environ ``0.environ.PATH_INFO``; and
three tell of the whole exchange: ``responses``, ``requests`` (that reached the application), ``junk``.

What must vary between two servers or two runs is normalised here and nowhere else: ports, dates and random tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .wire import Response

__all__ = ["Difference", "Facts", "differences", "facts"]

Facts = Mapping[str, Any]

# An ephemeral port; a date, in a header or in a cookie; tokens that an application draws or signs with the time;
# an ETag of a file, which holds the time it was written.
VARIES = (
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"\w{3}, \d\d[ -]\w{3}[ -]\d{4} \d\d:\d\d:\d\d GMT"), "DATE"),
    (re.compile(r'(csrftoken=|csrfmiddlewaretoken" value="|session=|sessionid=|messages=)[^";]+'), r"\1TOKEN"),
    (re.compile(r'"\d+\.\d+-(\d+)-\d+"'), r'"TIME-\1"'),
    (re.compile(r"boundary=\w+"), "boundary=BOUNDARY"),
)
PORTS = {"SERVER_PORT", "REMOTE_PORT"}


@dataclass(frozen=True)
class Difference:
    """One fact on which the two servers disagree; None stands for a fact that is not there."""

    name: str
    theirs: Any
    ours: Any
    all_theirs: Facts
    all_ours: Facts

    @property
    def index(self) -> str:
        """Of the response or request, ``"0"``; empty for a fact of the whole exchange."""
        return self.name.partition(".")[0] if "." in self.name else ""

    @property
    def field(self) -> str:
        """The name without the index."""
        return self.name.partition(".")[2] if "." in self.name else self.name

    def beside(self, field: str) -> tuple[Any, Any]:
        """Another fact of the same response or request, theirs and ours."""
        name = f"{self.index}.{field}"
        return self.all_theirs.get(name), self.all_ours.get(name)

    @property
    def comparable(self) -> bool:
        """Whether both servers gave this response, or both applications saw this request."""
        if not self.index:
            return True
        present = "environ.REQUEST_METHOD" if self.field.startswith("environ.") else "status"
        return None not in self.beside(present)

    def __str__(self) -> str:
        return f"{self.name}: werkzeug {shortened(self.theirs)}, wsgiserve {shortened(self.ours)}"


def facts(responses: Sequence[Response], environs: Sequence[Mapping[str, Any]], junk: bytes = b"") -> Facts:
    """What one server answered, and what its application saw."""
    found: dict[str, Any] = {"responses": len(responses), "requests": len(environs), "junk": junk}
    for index, response in enumerate(responses):
        found.update((f"{index}.{name}", value) for name, value in response_facts(response))
    for index, environ in enumerate(environs):
        found.update((f"{index}.environ.{key}", environ_value(key, value)) for key, value in environ.items())
    return found


def response_facts(response: Response) -> Iterator[tuple[str, Any]]:
    """One response's facts."""
    yield "version", response.version
    yield "status", response.status
    yield "reason", response.reason
    yield "framing", response.framing
    yield "whole", response.whole
    yield "body", normalised(response.body.decode("latin-1"))
    for name in {name.lower() for name, _ in response.headers}:
        yield f"header.{name}", tuple(normalised(value) for value in response.values(name))


def environ_value(key: str, value: Any) -> Any:
    """A value of an environ; a port keeps its type only."""
    if key in PORTS and str(value).isdigit():
        return f"{type(value).__name__} PORT"
    return normalised(value) if isinstance(value, str) else value


def normalised(text: str) -> str:
    """The text without what must vary."""
    for pattern, replacement in VARIES:
        text = pattern.sub(replacement, text)
    return text


def differences(theirs: Facts, ours: Facts) -> list[Difference]:
    """Where the two disagree."""
    names: Iterable[str] = sorted(theirs.keys() | ours.keys())
    found = ((name, theirs.get(name), ours.get(name)) for name in names)
    return [Difference(name, a, b, theirs, ours) for name, a, b in found if type(a) is not type(b) or a != b]


def shortened(value: Any) -> str:
    """For a message."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:160]}… ({len(text)} characters)"
