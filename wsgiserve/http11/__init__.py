"""HTTP/1.1 without I/O: bytes in, events out; responses in, bytes out.

Floor 1. No socket, thread, clock, file or log is touched here, so every rule can be tested with bytes alone.
Source: RFC 9110 (semantics) and RFC 9112 (syntax).
"""

from wsgiserve.http11.connection import CLOSE, KEEP_ALIVE, Connection
from wsgiserve.http11.events import CLOSED, NEED_DATA, Data, EndOfMessage, Event, Request
from wsgiserve.http11.limits import Limits
from wsgiserve.http11.parser import RequestParser
from wsgiserve.http11.writer import ResponseHead, error_response

__all__ = [
    "CLOSE",
    "CLOSED",
    "KEEP_ALIVE",
    "NEED_DATA",
    "Connection",
    "Data",
    "EndOfMessage",
    "Event",
    "Limits",
    "Request",
    "RequestParser",
    "ResponseHead",
    "error_response",
]
