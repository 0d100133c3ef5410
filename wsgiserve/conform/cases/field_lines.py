"""Field lines (RFC 9112 §5)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, Taken, add_rows

__all__ = ["FIELD"]

FIELD = Theme(
    "field",
    "Field lines",
    "A field that one reader sees and the next does not is how rules are passed by and requests are smuggled.",
)

add_rows(
    FIELD,
    [
        Row("valid/field-no-ows", MUST, "RFC 9112 §5", "OWS is optional"),
        Row("valid/field-ows", MUST, "RFC 9112 §5.1", "SP and HTAB around a value are no part of it"),
        Row("valid/field-inner-ows", MUST, "RFC 9110 §5.5", "SP and HTAB inside are"),
        Row("valid/field-empty", MUST, "RFC 9110 §5.5", "a value may be empty"),
        Row("valid/field-name-case", MUST, "RFC 9110 §5.1", "names are case-insensitive"),
        Row("valid/field-name-every-tchar", SHOULD, "RFC 9110 §5.1", "a name is a token"),
        Row("valid/field-value-every-vchar", MUST, "RFC 9110 §5.5", "a value is VCHAR"),
        Row("valid/field-obs-text", SHOULD, "RFC 9110 §5.5", "bytes beyond ASCII are opaque"),
        Row(
            "valid/field-obs-text-around",
            MUST,
            "RFC 9110 §5.5, RFC 9112 §5.1",
            "bytes beyond ASCII at its ends are part of a value, whatever Latin-1 makes of them",
            known="waitress before 3.0.1 (#432)",
        ),
        Row("valid/field-repeated", MUST, "RFC 9110 §5.3", "lines of one name stay in order"),
        Row("valid/field-colon-in-value", MUST, "RFC 9112 §5", "the first colon ends the name"),
        Row(
            "invalid/obs-fold",
            MUST,
            "RFC 9112 §5.2",
            "a folded line is refused",
            status=400,
            taken=Taken({"HTTP_X_A": "one two"}),
        ),
        Row(
            "invalid/obs-fold-tab",
            MUST,
            "RFC 9112 §5.2",
            "folded by HTAB too",
            status=400,
            taken=Taken({"HTTP_X_A": "one two"}),
        ),
        Row(
            "invalid/obs-fold-blank",
            MUST,
            "RFC 9112 §5.2",
            "folded to nothing too",
            status=400,
            taken=Taken({"HTTP_X_A": "one"}),
        ),
        Row("invalid/obs-fold-host", MUST, "RFC 9112 §5.2", "a fold could hide a Host", status=400),
        Row(
            "invalid/space-before-first-field", MUST, "RFC 9112 §2.2", "white space between start-line and first field"
        ),
        Row(
            "invalid/space-before-colon",
            MUST,
            "RFC 9112 §5.1",
            "no white space between name and colon",
            status=400,
            known="Node.js CVE-2021-22959, gunicorn before 27.0.0, waitress before 1.4.0 (#273)",
        ),
        Row("invalid/tab-before-colon", MUST, "RFC 9112 §5.1", "no HTAB either", status=400),
        Row("invalid/field-no-colon", SHOULD, "RFC 9112 §5", "a field line has a colon"),
        Row("invalid/field-no-name", SHOULD, "RFC 9112 §5", "a field line has a name", known="gunicorn before 22.0.0"),
        Row("invalid/field-name-not-token", SHOULD, "RFC 9110 §5.1", "a name is a token"),
        Row("invalid/field-name-inner-space", SHOULD, "RFC 9110 §5.1", "a name is a token"),
        Row("invalid/field-name-obs-text", SHOULD, "RFC 9110 §5.1", "a name is ASCII"),
        Row("invalid/field-name-nul", SHOULD, "RFC 9110 §5.1", "no NUL in a name"),
        Row(
            "invalid/field-nul", MUST, "RFC 9110 §5.5", "a value with NUL is refused", taken=Taken({"HTTP_X_A": "a b"})
        ),
        Row("invalid/field-control-byte", MAY, "RFC 9110 §5.5", "a value with a control byte is refused"),
        Row("invalid/field-vertical-tab", MAY, "RFC 9110 §5.6.3", "VT is no white space"),
        Row("invalid/field-del", MAY, "RFC 9110 §5.5", "DEL is a control byte"),
        Row(
            "invalid/bare-cr-in-value",
            MUST,
            "RFC 9112 §2.2, RFC 9110 §5.5",
            "a value with CR is refused",
            taken=Taken({"HTTP_X_A": "a X-B: b"}),
            known="Node.js CVE-2023-30589",
        ),
        Row(
            "invalid/bare-cr-before-crlf",
            MUST,
            "RFC 9112 §2.2",
            "a value with CR at its end too",
            taken=Taken({"HTTP_X_A": "a"}),
        ),
        Row("invalid/bare-cr-in-name", MUST, "RFC 9112 §2.2", "a name with CR is refused"),
        Row("invalid/bare-lf-in-head", MAY, "RFC 9112 §2.2", "a line ends with CRLF", known="waitress CVE-2019-16785"),
        Row("invalid/bare-lf-ends-head", MAY, "RFC 9112 §2.2", "the empty line ends with CRLF"),
        Row("invalid/bare-lf-everywhere", MAY, "RFC 9112 §2.2", "LF line ends only"),
        Row("invalid/bare-lf-no-fields", MAY, "RFC 9112 §2.2", "LF in place of the empty line"),
    ],
)
