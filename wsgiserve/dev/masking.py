"""What must not be shown, though it is only the developer who looks: pages are photographed, and pasted into issues.

A value is secret by the name that it goes under; in a text, by what stands before it.
"""

from __future__ import annotations

import re

__all__ = ["MASK", "is_secret", "mask", "mask_urls"]

MASK = "••••••••"

_NAMES = (
    r"pass(?:word|wd|phrase)|(?<![a-z])pwd(?![a-z])|secret|token|credential|cookie|session|authori[sz]ation"
    r"|(?:api|access|private|signing|encryption)[-_ ]?key|(?<![a-z])dsn(?![a-z])|csrf|signature"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)

# user:password@ of a URL, RFC 3986 §3.2.1; the user may stay, and may be missing.
_URL = re.compile(r"(?<=://)([^\s/?#@:'\"]*):[^\s/?#@'\"]+@")

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""

_BRACKETED = r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}"

# password='x', "token": "x", token=x&: the rest of the word is part of the name, and a quote may end it.
_ASSIGNED = re.compile(
    rf"""((?:{_NAMES})[\w-]*['"]?\s*(?:=|:\s)\s*)({_QUOTED}|{_BRACKETED}|[^\s,;&)}}\]'"]+)""", re.IGNORECASE
)

# ('Authorization', 'x'), as what is like a mapping but is none shows its items.
_PAIRED = re.compile(rf"""(\(['"][\w-]*(?:{_NAMES})[\w-]*['"],\s)({_QUOTED})""", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a value of this name is nobody's business: ``db_password``, ``HTTP_AUTHORIZATION``, ``X-Api-Key``."""
    return _NAME.search(name) is not None


def mask_urls(text: str) -> str:
    """The text without the passwords of its URLs."""
    return _URL.sub(rf"\1:{MASK}@", text)


def mask(text: str) -> str:
    """The text without passwords of URLs and what is assigned to secret names, as in ``User(password='x')``."""
    return _PAIRED.sub(rf"\1{MASK}", _ASSIGNED.sub(rf"\1{MASK}", mask_urls(text)))
