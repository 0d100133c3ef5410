"""Where a request begins: empty lines, the request line, its version."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, add_rows

__all__ = ["EMPTY_LINES", "NOT_HTTP", "REQUEST_LINE", "VERSION"]

EMPTY_LINES = Theme(
    "empty-lines",
    "Empty lines before a request",
    "An empty line more or less is where two readers begin to differ about where a request starts.",
)

add_rows(
    EMPTY_LINES,
    [
        Row("valid/leading-empty-line", SHOULD, "RFC 9112 §2.2", "an empty line before the request-line is ignored"),
        Row("valid/leading-empty-lines-four", MAY, "RFC 9112 §2.2", "so are four of them"),
        Row(
            "valid/empty-line-after-content",
            SHOULD,
            "RFC 9112 §2.2",
            "an old client's extra CRLF after its content is ignored",
        ),
        Row("invalid/leading-empty-lines-five", MAY, "RFC 9112 §2.2", "more than four are not a request"),
        Row("invalid/leading-empty-lines-between", MAY, "RFC 9112 §2.2", "they are counted between requests too"),
        Row("invalid/leading-space", MAY, "RFC 9112 §2.2", "white space before the request-line"),
        Row("invalid/leading-blank-line", MAY, "RFC 9112 §2.2", "a line of white space is not empty"),
        Row("invalid/leading-bare-lf", MAY, "RFC 9112 §2.2", "LF alone is not an empty line"),
        Row("invalid/leading-bare-cr", MAY, "RFC 9112 §2.2", "CR alone is not an empty line"),
    ],
)

REQUEST_LINE = Theme(
    "request-line",
    "Request-line",
    "A proxy that splits the line in another place applies its rules to another target than the one served.",
)

add_rows(
    REQUEST_LINE,
    [
        Row("valid/origin-form", MUST, "RFC 9112 §3", "method SP request-target SP HTTP-version CRLF"),
        Row(
            "valid/method-unknown", SHOULD, "RFC 9110 §9.1", "a method that nobody knows is the application's to judge"
        ),
        Row("valid/method-lower-case", SHOULD, "RFC 9110 §9.1", "methods are case-sensitive"),
        Row("valid/method-every-tchar", SHOULD, "RFC 9112 §3.1", "a method is a token"),
        Row("invalid/method-not-token", SHOULD, "RFC 9112 §3.1", "a method is a token"),
        Row("invalid/method-obs-text", SHOULD, "RFC 9112 §3.1", "a method is ASCII"),
        Row("invalid/method-obs-text-first", SHOULD, "RFC 9112 §3.1", "a method is ASCII, its first byte too"),
        Row("invalid/request-line-two-spaces", MAY, "RFC 9112 §3", "a single SP between method and target"),
        Row(
            "invalid/request-line-two-spaces-before-version",
            MAY,
            "RFC 9112 §3",
            "a single SP between target and version",
        ),
        Row("invalid/request-line-tab", MAY, "RFC 9112 §3", "SP only, no HTAB"),
        Row("invalid/request-line-trailing-space", MAY, "RFC 9112 §3", "nothing after the version"),
        Row("invalid/request-line-no-target", SHOULD, "RFC 9112 §3", "three parts"),
        Row("invalid/request-line-method-only", SHOULD, "RFC 9112 §3", "three parts"),
        Row("invalid/request-line-bare-lf", MAY, "RFC 9112 §2.2", "a line ends with CRLF"),
        Row("invalid/request-line-bare-cr", MAY, "RFC 9112 §2.2", "CR alone ends no line"),
        Row("invalid/request-line-cr-cr-lf", MAY, "RFC 9112 §2.2", "CR alone is no part of a line"),
        Row("invalid/request-line-nul", SHOULD, "RFC 9112 §3", "no control bytes"),
    ],
)

VERSION = Theme(
    "version",
    "HTTP-version",
    "The version decides about persistence and framing; a wrong guess waits for ever, or reads content as a request.",
)

add_rows(
    VERSION,
    [
        Row("valid/version-1.0", MUST, "RFC 9112 §2.3, §9.3", "HTTP/1.0 needs no Host, and closes"),
        Row("valid/version-1.2", SHOULD, "RFC 9110 §2.5", "a higher minor version is read as the highest we speak"),
        Row("invalid/version-missing", SHOULD, "RFC 9112 §2.3", "HTTP/0.9", open=True),
        Row("invalid/version-0.9", SHOULD, "RFC 9110 §15.6.6", "another major version", open=True),
        Row("invalid/version-2.0", SHOULD, "RFC 9110 §15.6.6", "another major version", open=True),
        Row("invalid/version-2.0-preface", SHOULD, "RFC 9113 §3.4", "the preface of HTTP/2", open=True),
        Row("invalid/version-3.0", SHOULD, "RFC 9110 §15.6.6", "another major version", open=True),
        Row("invalid/version-lower-case", SHOULD, "RFC 9112 §2.3", "the name is case-sensitive", open=True),
        Row("invalid/version-two-digits", SHOULD, "RFC 9112 §2.3", "one digit on each side", open=True),
        Row("invalid/version-no-minor", SHOULD, "RFC 9112 §2.3", "one digit on each side", open=True),
        Row("invalid/version-no-dot", SHOULD, "RFC 9112 §2.3", "a dot between them", open=True),
        Row("invalid/version-other-protocol", SHOULD, "RFC 9112 §2.3", "HTTP and nothing else", open=True),
    ],
)

NOT_HTTP = Theme(
    "not-http",
    "Not HTTP at all",
    "A wrong port or scheme should cost a clear error, not a worker.",
)

add_rows(
    NOT_HTTP,
    [
        Row(
            "invalid/tls-client-hello",
            SHOULD,
            "RFC 8446 §5.1",
            "a TLS handshake on a plain port gets told so",
            open=True,
        ),
        Row("invalid/binary", SHOULD, "RFC 9112 §3", "bytes that are no method", open=True),
        Row("invalid/ssh", SHOULD, "RFC 9112 §3", "another protocol's first line", open=True),
    ],
)
