"""Requests cut short (RFC 9112 §8)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, Theme
from wsgiserve.conform.rows import Row, add_rows

__all__ = ["END"]

END = Theme(
    "end",
    "The end of the connection",
    "Half a request must never count as a whole one.",
)

add_rows(
    END,
    [
        Row("valid/eof-at-once", MAY, "RFC 9112 §8", "before any request: nothing to say"),
        Row("valid/eof-after-empty-line", MAY, "RFC 9112 §8", "after an empty line too"),
        Row("valid/eof-after-request", MAY, "RFC 9112 §9.6", "after a request it is answered, then closed"),
        Row("invalid/eof-in-request-line", MUST, "RFC 9112 §8", "incomplete: 400"),
        Row("invalid/eof-after-request-line", MUST, "RFC 9112 §8", "incomplete: 400"),
        Row("invalid/eof-in-field", MUST, "RFC 9112 §8", "incomplete: 400"),
        Row("invalid/eof-after-field", MUST, "RFC 9112 §8", "incomplete: 400"),
        Row("invalid/eof-in-last-crlf", MUST, "RFC 9112 §8", "incomplete: 400"),
        Row("invalid/eof-in-empty-line", MUST, "RFC 9112 §8", "incomplete: 400"),
        Row("invalid/eof-in-second-request", MUST, "RFC 9112 §8", "incomplete: 400, after the first was answered"),
        Row("invalid/eof-before-content", MUST, "RFC 9112 §8", "less content than Content-Length"),
        Row("invalid/eof-in-content", MUST, "RFC 9112 §8", "less content than Content-Length"),
        Row("invalid/eof-in-chunk-size", MUST, "RFC 9112 §8", "no last-chunk"),
        Row("invalid/eof-in-chunk-data", MUST, "RFC 9112 §8", "no last-chunk"),
        Row("invalid/eof-after-chunk-data", MUST, "RFC 9112 §8", "no last-chunk"),
        Row("invalid/eof-between-chunks", MUST, "RFC 9112 §8", "no last-chunk"),
        Row("invalid/eof-after-last-chunk", MUST, "RFC 9112 §8", "no empty line behind it"),
        Row("invalid/eof-in-trailers", MUST, "RFC 9112 §8", "no empty line behind them"),
    ],
)
