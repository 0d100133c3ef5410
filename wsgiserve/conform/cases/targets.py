"""Request targets (RFC 9112 §3.2)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, add_rows

__all__ = ["TARGET"]

TARGET = Theme(
    "target",
    "Request-target",
    "Access rules of proxies and applications go by the path and the host; both have to read the same ones.",
)

add_rows(
    TARGET,
    [
        Row("valid/origin-form-query", MUST, "RFC 9112 §3.2.1", 'absolute-path [ "?" query ]'),
        Row("valid/origin-form-empty-query", MUST, "RFC 9112 §3.2.1", "a query may be empty"),
        Row("valid/origin-form-question-marks", MUST, "RFC 9112 §3.2.1", "the first question mark ends the path"),
        Row(
            "valid/origin-form-double-slash",
            SHOULD,
            "RFC 9112 §3.2.1",
            "a path of two slashes is no authority",
            known="waitress before 1.3.1 (#260), gunicorn before 19.8.0 (#1512)",
        ),
        Row("valid/origin-form-percent", MUST, "RFC 9112 §3.2", "nothing is decoded here"),
        Row("valid/origin-form-browser-characters", MAY, "RFC 9112 §3.2", "what browsers leave unencoded is taken"),
        Row("valid/absolute-form", MUST, "RFC 9112 §3.2.2", "a server MUST accept the absolute-form"),
        Row("valid/absolute-form-other-host", MUST, "RFC 9112 §3.2.2", "its authority takes the place of Host"),
        Row("valid/absolute-form-empty-path", MUST, "RFC 9110 §4.2.3", "an empty path is /"),
        Row("valid/absolute-form-empty-path-query", MUST, "RFC 9110 §4.2.3", "an empty path is /, before a query too"),
        Row("valid/absolute-form-port", MUST, "RFC 9112 §3.2.2", "an authority may have a port"),
        Row("valid/absolute-form-ipv6", MUST, "RFC 9112 §3.2.2", "an authority may be an IP-literal"),
        Row("valid/absolute-form-https", MAY, "RFC 9112 §3.2.2", "https has the same form"),
        Row("valid/absolute-form-scheme-case", MUST, "RFC 3986 §3.1", "schemes are case-insensitive"),
        Row("valid/asterisk-form", SHOULD, "RFC 9112 §3.2.4", "OPTIONS * asks about the server"),
        Row("valid/options-origin-form", MUST, "RFC 9112 §3.2.1", "OPTIONS may ask about a resource"),
        Row("invalid/asterisk-form-get", SHOULD, "RFC 9112 §3.2.4", "* with OPTIONS only", open=True),
        Row("invalid/asterisk-form-more", SHOULD, "RFC 9112 §3.2.4", "* and nothing else", open=True),
        Row(
            "invalid/authority-form-connect",
            SHOULD,
            "RFC 9110 §9.3.6",
            "CONNECT asks for a tunnel, which we do not have",
            open=True,
        ),
        Row("invalid/authority-form-get", SHOULD, "RFC 9112 §3.2.3", "authority-form with CONNECT only", open=True),
        Row("invalid/connect-origin-form", SHOULD, "RFC 9112 §3.2.3", "CONNECT takes authority-form only", open=True),
        Row("invalid/connect-no-port", SHOULD, "RFC 9110 §9.3.6", "CONNECT needs a port", open=True),
        Row("invalid/connect-no-host", SHOULD, "RFC 9112 §3.2.3", "CONNECT needs a host", open=True),
        Row("invalid/target-relative", SHOULD, "RFC 9112 §3.2.1", "a path begins with a slash", open=True),
        Row("invalid/target-fragment", SHOULD, "RFC 9110 §7.1", "a fragment is never sent", open=True),
        Row("invalid/target-fragment-in-query", SHOULD, "RFC 9110 §7.1", "nor behind a query", open=True),
        Row("invalid/target-fragment-absolute-form", SHOULD, "RFC 9110 §7.1", "nor in absolute-form", open=True),
        Row("invalid/target-space", SHOULD, "RFC 9112 §3.2", "no white space in a target", open=True),
        Row(
            "invalid/target-obs-text",
            MAY,
            "RFC 3986 §2",
            "bytes beyond ASCII must be percent-encoded",
            open=True,
            known="waitress before 1.1.0 (#64)",
        ),
        Row("invalid/target-control-byte", SHOULD, "RFC 9112 §3.2", "no control bytes", open=True),
        Row("invalid/target-del", SHOULD, "RFC 9112 §3.2", "DEL is a control byte", open=True),
        Row("invalid/target-other-scheme", SHOULD, "RFC 9110 §4.2", "http and https only", open=True),
        Row("invalid/target-userinfo", SHOULD, "RFC 9110 §4.2.4", "userinfo in an http URI is refused", open=True),
        Row("invalid/target-absolute-form-no-host", MUST, "RFC 9110 §4.2.1", "an http URI has a host", open=True),
        Row("invalid/target-absolute-form-port-only", MUST, "RFC 9110 §4.2.1", "an http URI has a host", open=True),
        Row(
            "invalid/target-absolute-form-bad-host",
            SHOULD,
            "RFC 9112 §3.2.2",
            "its authority obeys the grammar of Host",
            open=True,
        ),
    ],
)
