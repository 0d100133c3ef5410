"""Expect, Connection, pipelining (RFC 9110 §10.1.1, RFC 9112 §9)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, add_rows

__all__ = ["CONNECTION", "EXPECT"]

EXPECT = Theme(
    "expect",
    "Expect",
    "A client that waits for 100 waits in vain; one that does not get its refusal sends everything for nothing.",
)

add_rows(
    EXPECT,
    [
        Row("valid/expect-100-continue", MUST, "RFC 9110 §10.1.1", "the client waits before it sends content"),
        Row("valid/expect-100-continue-chunked", MUST, "RFC 9110 §10.1.1", "chunked content too"),
        Row("valid/expect-case", MUST, "RFC 9110 §10.1.1", "the expectation is case-insensitive"),
        Row("valid/expect-twice", SHOULD, "RFC 9110 §10.1.1", "said twice it is one"),
        Row("valid/expect-empty", SHOULD, "RFC 9110 §5.6.1.2", "an empty list expects nothing"),
        Row("valid/expect-without-content", MUST, "RFC 9110 §10.1.1", "ignored when no content follows"),
        Row("valid/expect-version-1.0", MUST, "RFC 9110 §10.1.1", "MUST be ignored in HTTP/1.0"),
        Row("invalid/expect-unknown", MAY, "RFC 9110 §10.1.1", "any other: 417", open=True),
        Row("invalid/expect-one-unknown", MAY, "RFC 9110 §10.1.1", "any other beside it: 417", open=True),
        Row("invalid/expect-parameter", MAY, "RFC 9110 §10.1.1", "it has no parameters", open=True),
    ],
)

CONNECTION = Theme(
    "connection",
    "Connection and pipelining",
    "Both sides have to agree on who closes when, or responses get lost or reach another client.",
)

add_rows(
    CONNECTION,
    [
        Row("valid/connection-close", MUST, "RFC 9112 §9.6", "close: nothing more is read"),
        Row("valid/connection-close-case", MUST, "RFC 9110 §7.6.1", "options are case-insensitive"),
        Row("valid/connection-close-in-list", MUST, "RFC 9110 §7.6.1", "close among others"),
        Row("valid/connection-close-two-fields", MUST, "RFC 9110 §7.6.1", "close in a second line"),
        Row("valid/connection-close-empty-members", MUST, "RFC 9110 §5.6.1.2", "empty members are ignored"),
        Row("valid/connection-close-with-content", MUST, "RFC 9112 §9.6", "content is read before"),
        Row("valid/connection-keep-alive", SHOULD, "RFC 9112 §9.3", "HTTP/1.1 persists anyway"),
        Row("valid/connection-unknown", SHOULD, "RFC 9112 §9.3", "other options change nothing"),
        Row("valid/connection-quoted", SHOULD, "RFC 9110 §7.6.1", "an option is a token"),
        Row("valid/proxy-connection", SHOULD, "RFC 9112 §C.2.2", "Proxy-Connection means nothing"),
        Row("valid/connection-version-1.0", MUST, "RFC 9112 §9.3", "HTTP/1.0 closes"),
        Row("valid/connection-version-1.0-keep-alive", SHOULD, "RFC 9112 §9.3", "unless it asks for more"),
        Row("valid/connection-version-1.0-both", MUST, "RFC 9112 §9.3", "close is stronger"),
        Row("valid/connection-version-1.2", SHOULD, "RFC 9112 §9.3", "a higher minor version persists"),
        Row("valid/upgrade-ignored", MUST, "RFC 9110 §7.8", "an Upgrade may be ignored; its content stays content"),
        Row("valid/pipelined", SHOULD, "RFC 9112 §9.3.2", "requests are read in order"),
        Row("valid/pipelined-content", SHOULD, "RFC 9112 §9.3.2", "with content between"),
        Row("invalid/pipelined-garbage", MUST, "RFC 9112 §2.2", "a bad one after a good one"),
        Row(
            "invalid/pipelined-content-too-long",
            MUST,
            "RFC 9112 §6.3 rule 6",
            "more content than Content-Length is the next request",
        ),
    ],
)
