"""Chunks and trailers (RFC 9112 §7.1)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, add_rows

__all__ = ["CHUNKS", "TRAILERS"]

CHUNKS = Theme(
    "chunks",
    "Chunks",
    "Each sloppy reading of a chunk moves the place where the next request begins (TE.TE, chunk extensions).",
)

add_rows(
    CHUNKS,
    [
        Row("valid/chunk-size-lower-case", MUST, "RFC 9112 §7.1", "HEXDIG in lower case"),
        Row("valid/chunk-size-upper-case", MUST, "RFC 9112 §7.1", "HEXDIG in upper case"),
        Row("valid/chunk-size-leading-zeros", MUST, "RFC 9112 §7.1", "1*HEXDIG"),
        Row("valid/chunk-size-16-digits", MUST, "RFC 9112 §7.1", "at most sixteen of them"),
        Row("valid/last-chunk-zeros", MUST, "RFC 9112 §7.1", 'last-chunk is 1*("0")'),
        Row("valid/chunk-data-crlf", MUST, "RFC 9112 §7.1", "chunk-data is any bytes"),
        Row("valid/chunk-extension", MUST, "RFC 9112 §7.1.1", "an unknown extension is ignored"),
        Row("valid/chunk-extension-value", MUST, "RFC 9112 §7.1.1", "with a value"),
        Row("valid/chunk-extension-quoted", MUST, "RFC 9112 §7.1.1", "with a quoted value"),
        Row("valid/chunk-extension-quoted-empty", MUST, "RFC 9112 §7.1.1", "with an empty quoted value"),
        Row(
            "valid/chunk-extension-bws",
            MUST,
            "RFC 9110 §5.6.3, RFC 9112 §7.1.1",
            "with white space, as a recipient MUST parse",
        ),
        Row("valid/chunk-extensions-many", MUST, "RFC 9112 §7.1.1", "many of them"),
        Row("invalid/chunk-size-0x", MUST, "RFC 9112 §7.1", "HEXDIG only", known="waitress CVE-2022-24761"),
        Row("invalid/chunk-size-plus", MUST, "RFC 9112 §7.1", "HEXDIG only", known="waitress CVE-2022-24761"),
        Row("invalid/chunk-size-minus", MUST, "RFC 9112 §7.1", "HEXDIG only"),
        Row("invalid/chunk-size-underscore", MUST, "RFC 9112 §7.1", "HEXDIG only"),
        Row("invalid/chunk-size-letters", MUST, "RFC 9112 §7.1", "HEXDIG only"),
        Row("invalid/chunk-size-obs-text", MUST, "RFC 9112 §7.1", "HEXDIG of ASCII only"),
        Row("invalid/chunk-size-nul", MUST, "RFC 9112 §7.1", "HEXDIG only"),
        Row("invalid/chunk-size-empty", MUST, "RFC 9112 §7.1", "at least one"),
        Row("invalid/chunk-size-space-before", MUST, "RFC 9112 §7.1", "nothing before it"),
        Row("invalid/chunk-size-space-after", SHOULD, "RFC 9112 §7.1", "no white space without an extension"),
        Row("invalid/chunk-size-17-digits", MAY, "RFC 9112 §7.1", "no more than sixteen"),
        Row("invalid/chunk-size-2-64", MUST, "RFC 9112 §7.1", "no overflow"),
        Row(
            "invalid/chunk-size-bare-lf",
            MUST,
            "RFC 9112 §7.1, §2.2",
            "a chunk's line ends with CRLF",
            known="Go CVE-2025-22871",
        ),
        Row("invalid/chunk-size-bare-lf-only", MUST, "RFC 9112 §7.1, §2.2", "LF line ends only"),
        Row("invalid/chunk-size-bare-cr", MUST, "RFC 9112 §7.1, §2.2", "CR alone ends no line"),
        Row("invalid/chunk-data-too-long", MUST, "RFC 9112 §7.1", "CRLF behind chunk-data", known="h11 CVE-2025-43859"),
        Row("invalid/chunk-data-too-short", MUST, "RFC 9112 §7.1", "CRLF behind chunk-data"),
        Row(
            "invalid/chunk-data-no-crlf",
            MUST,
            "RFC 9112 §7.1",
            "CRLF behind chunk-data",
            known="h11 CVE-2025-43859, gunicorn before 27.0.0",
        ),
        Row("invalid/chunk-data-bare-lf", MUST, "RFC 9112 §7.1, §2.2", "no LF alone"),
        Row("invalid/chunk-data-bare-cr", MUST, "RFC 9112 §7.1, §2.2", "no CR alone"),
        Row("invalid/chunk-extension-no-name", SHOULD, "RFC 9112 §7.1.1", "an extension has a name"),
        Row("invalid/chunk-extension-no-value", SHOULD, "RFC 9112 §7.1.1", "and a value after ="),
        Row("invalid/chunk-extension-name-not-token", SHOULD, "RFC 9112 §7.1.1", "its name is a token"),
        Row("invalid/chunk-extension-unclosed", SHOULD, "RFC 9110 §5.6.4", "a quoted-string ends"),
        Row("invalid/chunk-extension-after-quote", SHOULD, "RFC 9112 §7.1.1", "nothing follows it"),
        Row("invalid/chunk-extension-control-byte", SHOULD, "RFC 9110 §5.6.4", "no control bytes, quoted or not"),
        Row("invalid/chunk-extension-quoted-nul", SHOULD, "RFC 9110 §5.6.4", "nor escaped"),
        Row(
            "invalid/chunk-extension-bare-lf",
            MUST,
            "RFC 9112 §7.1.1, §2.2",
            "LF in an extension ends no line and is no part of one",
            known="aiohttp CVE-2024-52304",
        ),
        Row("invalid/chunk-extension-quoted-lf", MUST, "RFC 9112 §7.1.1, §2.2", "LF in a quoted-string either"),
        Row("invalid/chunk-extension-bare-cr", MUST, "RFC 9112 §7.1.1, §2.2", "nor CR"),
        Row("invalid/last-chunk-bare-lf", MUST, "RFC 9112 §7.1, §2.2", "the last line too"),
    ],
)

TRAILERS = Theme(
    "trailers",
    "Trailers",
    "Fields after the content were not looked at by anyone who decided on the head.",
)

add_rows(
    TRAILERS,
    [
        Row("valid/trailers", MUST, "RFC 9112 §7.1.2", "a trailer section is parsed, and kept apart"),
        Row(
            "valid/trailers-framing-fields",
            MUST,
            "RFC 9110 §6.5.1",
            "a field there frames and routes nothing",
            known="gevent CVE-2023-41419, aiohttp CVE-2025-53643",
        ),
        Row("invalid/trailers-no-colon", SHOULD, "RFC 9112 §7.1.2", "field lines like any"),
        Row("invalid/trailers-name", SHOULD, "RFC 9112 §7.1.2", "field lines like any"),
        Row("invalid/trailers-space-before-colon", SHOULD, "RFC 9112 §5.1", "field lines like any"),
        Row("invalid/trailers-control-byte", SHOULD, "RFC 9110 §5.5", "field lines like any"),
        Row("invalid/trailers-obs-fold", SHOULD, "RFC 9112 §5.2", "field lines like any"),
        Row("invalid/trailers-bare-lf", MAY, "RFC 9112 §2.2", "field lines like any"),
        Row("invalid/trailers-bare-lf-first", MAY, "RFC 9112 §2.2", "also in place of the empty line"),
        Row("invalid/trailers-bare-cr", SHOULD, "RFC 9112 §2.2", "field lines like any"),
        Row(
            "invalid/trailers-request",
            MUST,
            "RFC 9112 §7.1.2",
            "a request in place of the empty line",
            known="gevent CVE-2023-41419, aiohttp CVE-2025-53643, eventlet CVE-2025-58068",
        ),
    ],
)
