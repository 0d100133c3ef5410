"""Content-Length and Transfer-Encoding (RFC 9112 §6)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, Taken, add_rows

__all__ = ["CONTENT_LENGTH", "TRANSFER_ENCODING"]

CONTENT_LENGTH = Theme(
    "content-length",
    "Content-Length",
    "It says where the next request begins; who reads another number reads content as a request (CL.CL, CL.TE).",
)

add_rows(
    CONTENT_LENGTH,
    [
        Row("valid/content-length", MUST, "RFC 9112 §6.2", "counts the content"),
        Row("valid/content-length-0", MUST, "RFC 9112 §6.2", "0 is no content"),
        Row("valid/content-length-leading-zeros", MUST, "RFC 9110 §8.6", "1*DIGIT, however many"),
        Row("valid/content-length-get", MUST, "RFC 9110 §9.3.1", "any method may have content"),
        Row("valid/content-length-none", MUST, "RFC 9112 §6.3 rule 7", "without one there is no content"),
        Row("valid/content-like-a-request", MUST, "RFC 9112 §6.3 rule 6", "content is never read as a request"),
        Row("valid/content-binary", MUST, "RFC 9110 §6.4", "content is any bytes"),
        Row(
            "invalid/content-length-plus",
            MUST,
            "RFC 9110 §8.6",
            "digits only",
            status=400,
            known="waitress CVE-2022-24761, aiohttp CVE-2023-47627, hyper CVE-2021-32715",
        ),
        Row("invalid/content-length-minus", MUST, "RFC 9110 §8.6", "digits only", status=400),
        Row("invalid/content-length-underscore", MUST, "RFC 9110 §8.6", "digits only", status=400),
        Row("invalid/content-length-0x", MUST, "RFC 9110 §8.6", "digits only", status=400),
        Row("invalid/content-length-decimal-point", MUST, "RFC 9110 §8.6", "digits only", status=400),
        Row("invalid/content-length-letters", MUST, "RFC 9110 §8.6", "digits only", status=400),
        Row("invalid/content-length-quoted", MUST, "RFC 9110 §8.6", "digits only", status=400),
        Row("invalid/content-length-obs-text", MUST, "RFC 9110 §8.6", "digits of ASCII only", status=400),
        Row(
            "invalid/content-length-superscript",
            MUST,
            "RFC 9110 §8.6",
            "digits of ASCII only, in Latin-1 too",
            status=400,
        ),
        Row("invalid/content-length-space", MUST, "RFC 9110 §8.6", "one number", status=400),
        Row("invalid/content-length-empty", MUST, "RFC 9110 §8.6", "at least one digit", status=400),
        Row(
            "invalid/content-length-list",
            MUST,
            "RFC 9112 §6.3 rule 5",
            "a list of equal numbers is refused, as it may be",
            status=400,
            taken=Taken({"CONTENT_LENGTH": "3"}, "abc"),
        ),
        Row(
            "invalid/content-length-list-different",
            MUST,
            "RFC 9112 §6.3 rule 5",
            "a list of different ones must be",
            status=400,
        ),
        Row(
            "invalid/content-length-twice",
            MUST,
            "RFC 9112 §6.3 rule 5",
            "two lines are a list",
            status=400,
            taken=Taken({"CONTENT_LENGTH": "3"}, "abc"),
        ),
        Row(
            "invalid/content-length-twice-different",
            MUST,
            "RFC 9112 §6.3 rule 5",
            "two lines are a list",
            status=400,
            known="waitress CVE-2019-16792",
        ),
        Row("invalid/content-length-2-64", MUST, "RFC 9110 §8.6", "numbers beyond 64 bits"),
        Row("invalid/content-length-5000-digits", MUST, "RFC 9110 §8.6", "numbers beyond anything"),
        Row(
            "invalid/content-type-twice", MAY, "RFC 9110 §8.3", "more than one Content-Type: two readers would take two"
        ),
    ],
)

TRANSFER_ENCODING = Theme(
    "transfer-encoding",
    "Transfer-Encoding",
    "A proxy that frames by one rule and a server that frames by another: request smuggling (TE.CL, CL.TE, TE.TE).",
)

add_rows(
    TRANSFER_ENCODING,
    [
        Row("valid/chunked", MUST, "RFC 9112 §7.1", "chunks, last-chunk, empty line"),
        Row("valid/chunked-case", MUST, "RFC 9112 §7", "coding names are case-insensitive"),
        Row("valid/chunked-ows", MUST, "RFC 9112 §5.1", "OWS around the name"),
        Row("valid/chunked-empty-members", MUST, "RFC 9110 §5.6.1.2", "empty list members are ignored"),
        Row("valid/chunked-get", MUST, "RFC 9110 §9.3.1", "any method may have content"),
        Row("valid/chunked-empty", MUST, "RFC 9112 §7.1", "no chunk but the last"),
        Row(
            "invalid/coding-gzip-chunked",
            SHOULD,
            "RFC 9112 §6.1",
            "a coding below chunked that we do not know: 501",
            known="waitress CVE-2019-16786",
        ),
        Row("invalid/coding-gzip-chunked-two-fields", SHOULD, "RFC 9112 §6.1", "also in two lines"),
        Row(
            "invalid/coding-gzip",
            MUST,
            "RFC 9112 §6.3 rule 4",
            "without chunked the content has no end: 400",
            known="gunicorn before 27.0.0",
        ),
        Row(
            "invalid/coding-xchunked",
            MUST,
            "RFC 9112 §6.3 rule 4",
            "a longer name is another name",
            known="gunicorn CVE-2024-1135",
        ),
        Row("invalid/coding-chunked-parameter", MUST, "RFC 9112 §7.1", "chunked has no parameters"),
        Row("invalid/coding-chunked-quoted", MUST, "RFC 9112 §7", "a name is a token"),
        Row("invalid/coding-two-words", MUST, "RFC 9112 §7", "a name is one token"),
        Row("invalid/coding-identity", MUST, "RFC 9112 §7", "identity is withdrawn"),
        Row("invalid/coding-empty", SHOULD, "RFC 9112 §6.3 rule 4", "the field without a coding"),
        Row("invalid/coding-chunked-twice", SHOULD, "RFC 9112 §6.1", "chunked once"),
        Row("invalid/coding-chunked-twice-two-fields", SHOULD, "RFC 9112 §6.1", "also in two lines"),
        Row("invalid/coding-chunked-not-last", MUST, "RFC 9112 §6.3 rule 4", "chunked is the last one"),
        Row(
            "invalid/coding-chunked-identity",
            MUST,
            "RFC 9112 §6.3 rule 4",
            "also before identity",
            known="gunicorn CVE-2024-1135",
        ),
        Row(
            "invalid/coding-vertical-tab",
            MUST,
            "RFC 9110 §5.6.3",
            "VT is no white space",
            known="waitress CVE-2019-16789, gunicorn before 27.0.0 (#3364)",
        ),
        Row(
            "invalid/coding-space-before-colon",
            MUST,
            "RFC 9112 §5.1",
            "no name that others may overlook",
            status=400,
            known="Node.js CVE-2021-22959",
        ),
        Row(
            "invalid/coding-version-1.0",
            MUST,
            "RFC 9112 §6.1",
            "HTTP/1.0 has none: faulty framing",
            taken=Taken({}, ends=True),
        ),
        Row(
            "invalid/coding-and-length",
            MUST,
            "RFC 9112 §6.1, §6.3 rule 3",
            "both: refused, as they may be",
            taken=Taken({}, ends=True),
            known="gunicorn CVE-2024-6827",
        ),
        Row(
            "invalid/length-and-coding", MUST, "RFC 9112 §6.1, §6.3 rule 3", "in any order", taken=Taken({}, ends=True)
        ),
        Row(
            "invalid/length-0-and-coding",
            MUST,
            "RFC 9112 §6.1, §6.3 rule 3",
            "also a length of 0",
            taken=Taken({}, ends=True),
        ),
    ],
)
