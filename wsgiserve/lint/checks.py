"""Rules about headers and environ alone. Pure; the headers are valid, or the server would have refused them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Problem", "check_environ", "check_head", "check_type", "is_stream"]

Problem = tuple[str, str]
"""A code, and the rule in words."""

# RFC 9110 §5.3: a field that is no list may be there once; of these, browsers and proxies take one or the other.
_ONCE = frozenset(["content-type", "date", "server", "location", "etag", "last-modified"])

# RFC 6265 §6.1: what a browser keeps of a cookie at least, and what most keep at most: name, value and attributes.
_COOKIE = 4096
# What nginx, gunicorn's clients and most proxies take in one piece, the status line and our own fields aside.
_HEAD = 8192

_CHARSET = re.compile(r"charset\s*=", re.IGNORECASE)
# Types of text that say in themselves how they are encoded, or that are UTF-8 by definition.
_DECLARES = re.compile(rb"<\?xml|<meta[^>]+charset|@charset", re.IGNORECASE)
_UTF8_ALWAYS = frozenset(["text/event-stream", "text/javascript", "text/vtt", "text/cache-manifest"])

# Types of bodies whose blocks are messages, each to be sent when there is one.
_STREAMS = frozenset(["text/event-stream", "multipart/x-mixed-replace", "application/x-ndjson"])

# PEP 3333 "environ Variables" and RFC 3875 §4.1. Not REMOTE_USER and the like, which belong to whoever sets them.
_CGI_NAMES = """REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING CONTENT_TYPE CONTENT_LENGTH SERVER_NAME SERVER_PORT
SERVER_PROTOCOL"""
_CGI = frozenset(_CGI_NAMES.split())


def check_head(headers: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """What is wrong with a list of headers."""
    names = [name.lower() for name, _ in headers]
    for name in sorted(_ONCE):
        if names.count(name) > 1:
            yield "W207", f"{name.title()} is set {names.count(name)} times"
    for name, value in headers:
        if name.lower() == "set-cookie" and len(value) > _COOKIE:
            yield "W208", f"a cookie has {len(value)} bytes; browsers keep {_COOKIE}"
    size = sum(len(name) + len(value) + 4 for name, value in headers)  # ": " and CRLF
    if size > _HEAD:
        yield "W208", f"the headers have {size} bytes together; many proxies take {_HEAD}"


def check_type(headers: Sequence[tuple[str, str]], block: bytes) -> Iterator[Problem]:
    """What is wrong with the type of a body that begins with ``block``."""
    types = [value for name, value in headers if name.lower() == "content-type"]
    if not types:
        yield "W206", "a body without Content-Type"
    elif _needs_charset(types[0]) and not block.isascii() and not _DECLARES.search(block[:1024]):
        yield "W206", f"text that is not ASCII, and Content-Type {types[0]} says no charset"


def is_stream(headers: Sequence[tuple[str, str]]) -> bool:
    """Whether the blocks of the body are messages of their own."""
    return any(name.lower() == "content-type" and _essence(value) in _STREAMS for name, value in headers)


def check_environ(environ: Mapping[Any, Any]) -> Iterator[Problem]:
    """What an application has left in its environ."""
    for key, value in environ.items():
        if not isinstance(key, str):
            yield "W209", f"environ has the key {key!r:.40}, {type(key).__name__}"
        elif key.startswith("HTTP_") or key in _CGI:
            if not isinstance(value, str):
                yield "W209", f"environ[{key!r}] is {type(value).__name__}"
            elif any(character > "\xff" for character in value):
                yield "W209", f"environ[{key!r}] has characters beyond latin-1"


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _needs_charset(content_type: str) -> bool:
    essence = _essence(content_type)
    return essence.startswith("text/") and essence not in _UTF8_ALWAYS and not _CHARSET.search(content_type)
