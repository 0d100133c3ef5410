"""Requests as bytes, with the rows of ``docs/differences.md`` that they show: a table per theme, and all in ``CASES``.

Nearly every request asks to close the connection, so that all a server sends can be read without waiting for time to
pass; the cases about connections leave that out of all but the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sample_apps.behaviours import BEHAVIOURS

__all__ = ["CASES", "Case"]

# Answers every method with the same five bytes, under whatever path lies below it.
ANY = "/bodiless/always_a_body"
WHOLE = "/reading/whole"
LINES = b"first line\nsecond line\nno end"


@dataclass(frozen=True)
class Case:
    """One exchange.

    Args:
        name: unique.
        parts: what is sent; see ``wire.exchange``.
        shows: ids of rows. Each must be seen; others may be, since many a response shows several.
        methods: of the requests in ``parts``.
        half_close: tell the server that nothing more will be sent.
        unix, tls: as in ``serving.Spec``.
        alone: not on a server that other cases share; it may not live through this.
    """

    name: str
    parts: tuple[bytes, ...]
    shows: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET",)
    half_close: bool = False
    unix: bool = False
    tls: bool = False
    alone: bool = False
    application: str = "sample_apps.behaviours:app"


def head(target: str, *lines: str, method: str = "GET", version: str = "1.1", close: bool = True) -> bytes:
    """A request's head in latin-1; ``Host`` is added to HTTP/1.1 unless ``lines`` begin with one, or with ``-``."""
    given = [line for line in lines if line != "-"]
    host = (
        []
        if "-" in lines or version == "1.0" or any(line.lower().startswith("host:") for line in given)
        else ["Host: test"]
    )
    closing = ["Connection: close"] if close else []
    return "\r\n".join([f"{method} {target} HTTP/{version}", *host, *given, *closing, "", ""]).encode("latin-1")


def post(target: str, *lines: str, body: bytes = b"", version: str = "1.1", close: bool = True) -> bytes:
    """A POST with Content-Length."""
    return head(target, *lines, f"Content-Length: {len(body)}", method="POST", version=version, close=close) + body


def chunked(target: str, *lines: str, body: bytes, version: str = "1.1") -> bytes:
    """A POST with Transfer-Encoding: chunked; ``body`` as it stands on the wire."""
    return head(target, *lines, "Transfer-Encoding: chunked", method="POST", version=version) + body


# What the applications do

# An endless body is nothing to compare; tests/samples asks for it and goes away. A count tells of earlier requests. The
# dump shows what is recorded for every request.
NOT_COMPARED = {"closing/count", "closing/counted_endless", "environs/dump"}

BEHAVIOUR_SHOWS = {
    "output/list_of_blocks": ("length-of-lists",),
    "output/empty_list": ("length-of-lists",),
    "bodiless/no_content": ("no-content-body",),
    "bodiless/reset_content": ("reset-content",),
    "bodiless/not_modified": ("no-content-body",),
    "fields/own_server_and_date": ("server-and-date-once",),
    "fields/hop_by_hop": ("hop-by-hop",),
    "fields/own_chunked": ("hop-by-hop",),
    "fields/injection_in_value": ("header-injection",),
    "fields/injection_in_name": ("header-injection",),
    "fields/injection_in_status": ("header-injection",),
    "fields/control_in_value": ("header-injection",),
    "fields/status_without_reason": ("status-without-reason",),
    "fields/space_in_name": ("header-names",),
    "lengths/no_number": ("bad-lengths",),
    "lengths/twice": ("bad-lengths",),
    "wrong_types/bytes_body": ("wrong-types",),
    "wrong_types/bytes_status": ("wrong-types",),
    "wrong_types/headers_not_a_list": ("wrong-types",),
    "wrong_types/number_value": ("wrong-types",),
    "wrong_types/str_block": ("wrong-types",),
    "wrong_types/str_body": ("wrong-types",),
    "wrong_types/str_write": ("wrong-types",),
    "failures/system_exit": ("system-exit",),
    "lengths/too_long": ("long-body",),
    "lengths/too_long_generator": ("long-body",),
    "lengths/too_long_write": ("long-body",),
    "failures/raises_at_once": ("error-response",),
}


def behaviour_cases() -> Iterator[Case]:
    """Every behaviour once: those that read get something to read, the others are just asked."""
    for name in sorted(BEHAVIOURS.keys() - NOT_COMPARED):
        # The half-close lets werkzeug see an end where it would wait for one.
        request = post(f"/{name}", body=LINES) if name.startswith("reading/") else head(f"/{name}")
        method = request.split(b" ")[0].decode()
        shows = BEHAVIOUR_SHOWS.get(name, ())
        half_close, alone = name.startswith("reading/"), name == "failures/system_exit"
        yield Case(f"behaviour {name}", (request,), shows, (method,), half_close=half_close, alone=alone)


RESPONSES = (
    Case("HEAD with a body", (head("/bodiless/always_a_body", method="HEAD"),), ("head-body",), ("HEAD",)),
    Case("HEAD of a generator", (head("/output/generator", method="HEAD"),), ("head-body",), ("HEAD",)),
    Case("HEAD of a list", (head("/output/one_block", method="HEAD"),), ("head-body",), ("HEAD",)),
    Case("HEAD of a file", (head("/output/file_with_length", method="HEAD"),), (), ("HEAD",)),
    Case("HEAD and an error", (head("/failures/raises_at_once", method="HEAD"),), (), ("HEAD",)),
    Case("HTTP/1.0 and a generator", (head("/output/generator", version="1.0", close=False),), ("no-chunks-for-1.0",)),
    Case("HTTP/1.0 and a list", (head("/output/list_of_blocks", version="1.0", close=False),)),
    Case("HTTP/1.1 and a generator", (head("/output/generator"),), ("http-1.1",)),
    Case("HTTP/1.0 and a length", (head("/bodiless/always_a_body", version="1.0", close=False),)),
)

CONNECTIONS = (
    Case(
        "two requests, one after the other",
        (head(ANY, close=False) + head(ANY),),
        ("keep-alive", "next-request"),
        ("GET", "GET"),
    ),
    Case(
        "three pipelined, one with content that nobody reads",
        (post("/reading/nothing", body=b"GET / HTTP/1.1\r\n\r\n", close=False) + head(ANY, close=False) + head(ANY),),
        ("keep-alive", "next-request"),
        ("POST", "GET", "GET"),
    ),
    Case(
        "HTTP/1.0 keep-alive",
        (head(ANY, "Connection: keep-alive", version="1.0", close=False) + head(ANY, version="1.0", close=False),),
        ("keep-alive", "next-request"),
        ("GET", "GET"),
    ),
    Case(
        "a short body ends the connection",
        (head("/lengths/too_short", close=False) + head(ANY),),
        (),
        ("GET", "GET"),
    ),
    Case(
        "an error before output, and another request",
        (head("/failures/raises_at_once", close=False) + head(ANY),),
        (),
        ("GET", "GET"),
    ),
    Case(
        "a body over its length does not become a response",
        (head("/lengths/too_long", close=False) + head(ANY),),
        ("long-body", "next-request"),
        ("GET", "GET"),
    ),
    Case("an empty line before the request", (b"\r\n" + head(ANY),), ("empty-line-first",)),
)

PLAIN_ROWS = (
    "server-software",
    "server-header",
    "file-wrapper",
    "input-terminated",
    "log-of-errors",
    "remote-port",
    "cgi-keys",
)
ENVIRONS = (
    Case("plain", (head(ANY),), PLAIN_ROWS),
    Case("unix socket", (head(ANY),), ("unix-server-name",), unix=True),
    Case("TLS", (head(ANY),), ("tls-keys",), tls=True),
    Case("query", (head(f"{ANY}?a=1&b=%20+%FF&c=d?e/f;g"),)),
    Case("empty query", (head(f"{ANY}?"),)),
    Case("escaped path", (head(f"{ANY}/a%20b%2Fc%3F%C3%A9%25"),)),
    Case("%FF in the path", (head(f"{ANY}/%FF%fe"),), ("path-bytes",)),
    Case("invalid escapes", (head(f"{ANY}/%zz%4"),)),
    Case("empty segments", (head(f"{ANY}//a///b"),)),
    Case("dots", (head(f"{ANY}/../a/./b"),)),
    Case("parameters and colons", (head(f"{ANY}/a;b=c:d@e"),)),
    Case("two slashes first", (head("//a//b"),), ("leading-slashes",), application="sample_apps.plain_text:app"),
    Case("absolute-form", (head(f"http://other.test:81{ANY}?q"),)),
    Case("absolute-form without a path", (head("http://other.test"),), ("empty-path",)),
    Case(
        "OPTIONS *",
        (head("*", method="OPTIONS"),),
        ("asterisk-form",),
        ("OPTIONS",),
        application="sample_apps.plain_text:app",
    ),
    Case("lower-case and unknown methods", (head(ANY, method="get"),), (), ("get",)),
    Case("a method of one's own", (head(ANY, method="BREW"),), (), ("BREW",)),
    Case("HTTP/1.0 without Host", (head(ANY, version="1.0", close=False),)),
    Case("repeated headers", (head(ANY, "X-Name: a", "X-Name: b", "Accept: c", "accept: d"),)),
    Case("repeated Cookie", (head(ANY, "Cookie: a=1", "Cookie: b=2"),), ("cookies-joined",)),
    Case("underscore", (head(ANY, "X_Name: a", "X-Name: b"),)),
    Case("empty value", (head(ANY, "X-Name:"),)),
    Case("space around a value", (head(ANY, "X-Name: \t a b \t "),), ("trailing-space",)),
    Case("latin-1 value", (head(ANY, "X-Name: caf\u00e9"),)),
    Case("NEL in a value", (head(ANY, "X-Name: a\u0085b"),), ()),
    Case("content type and length", (post(ANY, "Content-Type: text/x; charset=y", body=b"abc"),), (), ("POST",)),
    Case("proxy headers", (head(ANY, "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4", "Via: 1.1 x"),)),
)

CONTENT = (
    Case(
        "read() stops where the content does",
        (post(WHOLE, body=LINES, close=False) + head(ANY),),
        ("input-ends", "next-request"),
        ("POST", "GET"),
        half_close=True,
    ),
    Case("chunked", (chunked(WHOLE, body=b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n"),), (), ("POST",)),
    Case(
        "chunked, by lines",
        (chunked("/reading/by_lines", body=b"7\r\nab\ncd\ne\r\n1\r\nf\r\n0\r\n\r\n"),),
        (),
        ("POST",),
    ),
    Case("chunked, half read", (chunked("/reading/nothing", body=b"3\r\nabc\r\n0\r\n\r\n"),), (), ("POST",)),
    Case("chunk extension", (chunked(WHOLE, body=b"3;a=b\r\nabc\r\n0\r\n\r\n"),), ("chunk-extensions",), ("POST",)),
    Case("trailers", (chunked(WHOLE, body=b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),), ("trailers",), ("POST",)),
    Case("Content-Length: 0", (post("/reading/exact", body=b""),), (), ("POST",)),
    Case("POST without content", (head(WHOLE, method="POST"),), (), ("POST",), half_close=True),
    Case("GET with content", (head("/reading/exact", "Content-Length: 3") + b"abc",)),
    Case("content that nobody reads", (post("/reading/nothing", body=b"x" * 200_000),), (), ("POST",), half_close=True),
    Case(
        "content cut short",
        (head(WHOLE, "Content-Length: 10", method="POST") + b"abc",),
        ("content-cut",),
        ("POST",),
        True,
    ),
    Case(
        "Expect, read",
        (head("/reading/exact", "Content-Length: 3", "Expect: 100-continue", method="POST"), b"abc"),
        ("continue-once",),
        ("POST",),
    ),
    Case(
        "Expect, not read",
        (head("/reading/nothing", "Content-Length: 3", "Expect: 100-continue", method="POST"), b"abc"),
        ("continue-when-read",),
        ("POST",),
        half_close=True,
    ),
    Case(
        "Expect from HTTP/1.0",
        (head("/reading/exact", "Content-Length: 3", "Expect: 100-continue", method="POST", version="1.0") + b"abc",),
        ("continue-when-read",),
        ("POST",),
    ),
    Case("another Expect", (head(ANY, "Expect: something"),), ("refused-expectations",)),
)


# What one server takes and the other refuses


def refused(row: str, *requests: bytes, method: str = "GET") -> Iterator[Case]:
    """A case per request, all of them for one row."""
    for number, request in enumerate(requests, 1):
        yield Case(f"{row} ({number})", (request,), (row,), (method,))


REFUSED = (
    *refused("refused-line-ends", head(ANY).replace(b"\r\n", b"\n"), head(ANY, "X-Name: a\nX-Other: b")),
    *refused("refused-obs-fold", head(ANY, "X-Name: a", " b"), head(ANY, "X-Name: a", "\tb")),
    *refused("refused-field-names", head(ANY, "X-Name : a"), head(ANY, "X Name: a"), head(ANY, "X-(Name): a")),
    *refused("refused-control-bytes", head(ANY, "X-Name: a\x01b"), head(ANY, "X-Name: a\x00b")),
    *refused("refused-no-host", head(ANY, "-")),
    *refused("refused-hosts", head(ANY, "Host: a", "Host: b"), head(ANY, "Host: a/b"), head(ANY, "Host: a b")),
    *refused(
        "refused-length-and-chunked",
        chunked(WHOLE, "Content-Length: 3", body=b"3\r\nabc\r\n0\r\n\r\n"),
        method="POST",
    ),
    *refused(
        "refused-lengths",
        head("/reading/exact", "Content-Length: 3", "Content-Length: 2", method="POST") + b"abc",
        head("/reading/exact", "Content-Length: +3", method="POST") + b"abc",
        head("/reading/exact", "Content-Length: 3, 2", method="POST") + b"abc",
        head(ANY, "Content-Length: -3", method="POST"),
        head(ANY, "Content-Length: 0x3", method="POST"),
        method="POST",
    ),
    *refused(
        "refused-transfer-codings",
        head(ANY, "Transfer-Encoding: gzip", method="POST"),
        head(ANY, "Transfer-Encoding: gzip, chunked", method="POST"),
        head(ANY, "Transfer-Encoding: xchunked", method="POST"),
        method="POST",
    ),
    *refused(
        "refused-chunked-1.0",
        chunked(WHOLE, body=b"3\r\nabc\r\n0\r\n\r\n", version="1.0"),
        method="POST",
    ),
    *refused(
        "refused-chunk-sizes",
        chunked(WHOLE, body=b"0x3\r\nabc\r\n0\r\n\r\n"),
        chunked(WHOLE, body=b"+3\r\nabc\r\n0\r\n\r\n"),
        chunked(WHOLE, body=b"3 \r\nabc\r\n0\r\n\r\n"),
        chunked(WHOLE, body=b"3\nabc\r\n0\r\n\r\n"),
        method="POST",
    ),
    *refused("refused-raw-target", head(f"{ANY}/caf\u00e9"), head(f"{ANY}?name=caf\u00e9")),
    *refused("refused-fragment", head(f"{ANY}#part")),
    *refused("refused-content-types", head(ANY, "Content-Type: a/b", "Content-Type: c/d")),
    *refused("refused-connect", head("other.test:443", method="CONNECT"), method="CONNECT"),
    *refused(
        "refused-line",
        b"GET /bodiless/always_a_body\r\n\r\n",
        b"GET  /bodiless/always_a_body HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
)

REFUSED_BY_BOTH = (
    Case("no request at all", (b"\xff\xfe\xfd\r\n\r\n",), ("refusal-text",)),
    Case("a TLS hello", (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",), ("refusal-text",)),
    Case("HTTP/2.0", (head(ANY, version="2.0"),), ("refusal-text",)),
    Case("a long target", (head("/" + "a" * 70_000),), ("refusal-text",)),
    Case("a long header", (head(ANY, f"X-Name: {'a' * 70_000}"),), ("refusal-text",)),
    Case("many headers", (head(ANY, *(f"X-{number}: a" for number in range(150))),), ("refusal-text",)),
)

CASES = (*behaviour_cases(), *RESPONSES, *CONNECTIONS, *ENVIRONS, *CONTENT, *REFUSED, *REFUSED_BY_BOTH)
