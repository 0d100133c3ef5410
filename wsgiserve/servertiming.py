"""The Server-Timing field: browsers show beside each request how long the application took.

Source: W3C Server Timing §2; the number is of milliseconds, the description a quoted-string of RFC 9110 §5.6.4.
"""

from __future__ import annotations

from collections.abc import Callable

from wsgiserve.accesslog import request_id

__all__ = ["make_timing"]


def make_timing(*, shows_ids: bool) -> Callable[[float, int], bytes]:
    """What makes the field line, with its CRLF, from the seconds that the response has taken and the request's number.

    Args:
        shows_ids: tell the id that names the request in the access log.
    """

    def field(seconds: float, number: int) -> bytes:
        about = f';desc="{request_id(number)}"' if shows_ids else ""
        return f"Server-Timing: app{about};dur={seconds * 1000:.1f}\r\n".encode("ascii")

    return field
