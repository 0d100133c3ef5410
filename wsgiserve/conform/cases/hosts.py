"""Host (RFC 9112 §3.2, RFC 9110 §7.2)."""

from __future__ import annotations

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.rows import Row, add_rows

__all__ = ["HOST"]

HOST = Theme(
    "host",
    "Host",
    "Links, caches and tenants are chosen by Host: two readings of it poison caches and password mails.",
)

add_rows(
    HOST,
    [
        Row("valid/host-empty", MUST, "RFC 9110 §7.2", "empty when the target has no authority"),
        Row("valid/host-port", MUST, "RFC 9110 §7.2", 'uri-host [ ":" port ]'),
        Row("valid/host-empty-port", SHOULD, "RFC 3986 §3.2.3", "a port may be empty"),
        Row("valid/host-ipv4", MUST, "RFC 3986 §3.2.2", "IPv4address"),
        Row("valid/host-ipv6", MUST, "RFC 3986 §3.2.2", "IP-literal"),
        Row("valid/host-ipv6-port", MUST, "RFC 3986 §3.2.2", "IP-literal and port"),
        Row("valid/host-ipv6-ipv4", MUST, "RFC 3986 §3.2.2", "ls32 may be an IPv4address"),
        Row("valid/host-ipv-future", SHOULD, "RFC 3986 §3.2.2", "IPvFuture"),
        Row("valid/host-reg-name", MUST, "RFC 3986 §3.2.2", "unreserved, pct-encoded and sub-delims"),
        Row("invalid/host-missing", MUST, "RFC 9112 §3.2", "HTTP/1.1 without Host: 400", status=400, open=True),
        Row("invalid/host-missing-no-fields", MUST, "RFC 9112 §3.2", "without any field too", status=400, open=True),
        Row(
            "invalid/host-missing-absolute-form",
            MUST,
            "RFC 9112 §3.2",
            "an authority in the target does not mend it",
            status=400,
            open=True,
        ),
        Row(
            "invalid/host-missing-version-1.2",
            MUST,
            "RFC 9112 §3.2",
            "a higher minor version is HTTP/1.1",
            status=400,
            open=True,
        ),
        Row("invalid/host-twice", MUST, "RFC 9112 §3.2", "more than one Host line: 400", status=400, open=True),
        Row("invalid/host-twice-same", MUST, "RFC 9112 §3.2", "equal ones too", status=400, open=True),
        Row("invalid/host-twice-version-1.0", MUST, "RFC 9112 §3.2", "in HTTP/1.0 too", status=400, open=True),
        Row("invalid/host-list", MUST, "RFC 9112 §3.2", "an invalid value: 400", status=400, open=True),
        Row("invalid/host-path", MUST, "RFC 9112 §3.2", "an invalid value: 400", status=400, open=True),
        Row("invalid/host-userinfo", MUST, "RFC 9112 §3.2", "an invalid value: 400", status=400, open=True),
        Row("invalid/host-obs-text", MUST, "RFC 9112 §3.2", "an invalid value: 400", status=400, open=True),
        Row("invalid/host-port-only", MUST, "RFC 9110 §4.2.1", "a port without a host", status=400, open=True),
        Row("invalid/host-port-letters", MUST, "RFC 3986 §3.2.3", "a port is digits", status=400, open=True),
        Row("invalid/host-port-negative", MUST, "RFC 3986 §3.2.3", "a port is digits", status=400, open=True),
        Row("invalid/host-port-long", MAY, "RFC 3986 §3.2.3", "a port has no more than five", open=True),
        Row("invalid/host-two-ports", MUST, "RFC 3986 §3.2.3", "one port", status=400, open=True),
        Row("invalid/host-percent", MUST, "RFC 3986 §2.1", "pct-encoded has two hex digits", status=400, open=True),
        Row(
            "invalid/host-ipv6-no-brackets",
            MUST,
            "RFC 3986 §3.2.2",
            "an IPv6 address stands in brackets",
            status=400,
            open=True,
        ),
        Row("invalid/host-ipv6-unclosed", MUST, "RFC 3986 §3.2.2", "both brackets", status=400, open=True),
        Row("invalid/host-ipv6-nine-groups", MUST, "RFC 3986 §3.2.2", "eight groups", status=400, open=True),
        Row("invalid/host-ipv6-two-gaps", MUST, "RFC 3986 §3.2.2", 'one "::"', status=400, open=True),
        Row("invalid/host-ipv6-zone", MUST, "RFC 3986 §3.2.2", "no zone identifier", status=400, open=True),
        Row("invalid/host-brackets-name", MUST, "RFC 3986 §3.2.2", "brackets hold an address", status=400, open=True),
    ],
)
