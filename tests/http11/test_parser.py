"""Request heads, and the memos that make a repeated one cheap."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import Limits, Request, RequestParser
from wsgiserve.http11.events import RequestLine, Template

HOST = b"\r\nHost: a.example"


def line(data: bytes, **limits: int) -> RequestLine:
    return RequestParser(Limits(**limits)).parse_request_line(data)


def refusal(head: bytes, /, **limits: int) -> tuple[int, str]:
    with pytest.raises(RemoteProtocolError) as caught:
        RequestParser(Limits(**limits)).parse_head(head)
    return caught.value.status, str(caught.value)


# Request-line


@pytest.mark.parametrize(
    ("method", "target", "path", "query", "authority"),
    [
        (b"GET", b"/", b"/", b"", None),
        (b"GET", b"/a/b?c=d", b"/a/b", b"c=d", None),
        (b"GET", b"/a?", b"/a", b"", None),
        (b"GET", b"//a.example/b", b"//a.example/b", b"", None),
        (b"GET", b"/?http://b.example/", b"/", b"http://b.example/", None),
        (b"GET", b"/%zz%", b"/%zz%", b"", None),
        (b"GET", b"http://b.example/a?b", b"/a", b"b", b"b.example"),
        (b"GET", b"HTTPS://b.example:443", b"/", b"", b"b.example:443"),
        (b"GET", b"http://[::1]?b", b"/", b"b", b"[::1]"),
        (b"OPTIONS", b"*", b"", b"", None),
        (b"OPTIONS", b"/a", b"/a", b"", None),
    ],
)
def test_a_target_in_parts(method: bytes, target: bytes, path: bytes, query: bytes, authority: bytes | None) -> None:
    parsed = line(b"%b %b HTTP/1.1" % (method, target))
    assert (parsed.method, parsed.target) == (method, target)
    assert (parsed.path, parsed.query, parsed.authority) == (path, query, authority)


@pytest.mark.parametrize(("version", "read"), [(b"1.0", (1, 0)), (b"1.1", (1, 1)), (b"1.2", (1, 1)), (b"1.9", (1, 1))])
def test_a_higher_minor_version_is_read_as_1_1(version: bytes, read: tuple[int, int]) -> None:
    assert line(b"GET / HTTP/" + version).version == read


TARGET = (400, "an invalid request target")
LINE = (400, "an invalid request line")
VERSION = (505, "an HTTP version other than 1.0 or 1.1")
CONNECT = (400, "a CONNECT request whose target is not host:port")


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        (b"GET", LINE),
        (b"GET / ", LINE),
        (b"GET  / HTTP/1.1", LINE),
        (b"GET / HTTP/1.1 ", LINE),
        (b"GET / HTTP/1.11", LINE),
        (b"GET / http/1.1", LINE),
        (b"GET /\xff x HTTP/1.1", LINE),
        (b"GET a", LINE),
        (b"GET /", (400, "a request line without a version, as in HTTP/0.9")),
        (b"GET /\x80 HTTP/1.1", (400, "a request target with bytes beyond ASCII, which must be percent-encoded")),
        (b"GET / HTTP/0.9", VERSION),
        (b"GET / HTTP/2.0", VERSION),
        (b"PRI * HTTP/2.0", VERSION),
        (b"GET a HTTP/1.1", TARGET),
        (b"GET /a#b HTTP/1.1", TARGET),
        (b"GET http:// HTTP/1.1", TARGET),
        (b"GET http://:80 HTTP/1.1", TARGET),
        (b"GET http://a:b/ HTTP/1.1", TARGET),
        (b"GET http://a@b/ HTTP/1.1", TARGET),
        (b"GET ftp://a/ HTTP/1.1", TARGET),
        (b"GET * HTTP/1.1", (400, "the target * with a method other than OPTIONS")),
        (b"CONNECT a:443 HTTP/1.1", (501, "CONNECT asks for a tunnel, and this server is not a proxy")),
        (b"CONNECT a HTTP/1.1", CONNECT),
        (b"CONNECT / HTTP/1.1", CONNECT),
        (b"CONNECT * HTTP/1.1", CONNECT),
        (b"CONNECT :443 HTTP/1.1", CONNECT),
        (b"\x16\x03\x01", (400, "a TLS handshake on a port that speaks plain HTTP; use http:// instead of https://")),
        (b"(GET / HTTP/1.1", (400, "the request does not begin with a method")),
        (b"GET / HTTP/1.1\nHost: a", (400, "a line ends with LF instead of CRLF")),
        (b"GET / HTTP/1.1", (400, "an HTTP/1.1 request without a Host field")),
    ],
)
def test_a_bad_head_is_told_what_is_wrong_with_it(head: bytes, refused: tuple[int, str]) -> None:
    assert refusal(head) == refused


def test_a_tls_handshake_has_a_name_for_the_log_to_explain() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        line(b"\x16\x03\x01")
    assert caught.value.slug == "tls-on-http"


def test_a_long_line_is_too_long_before_it_is_anything_else() -> None:
    assert refusal(b"GET /\xff#" + b"a" * 20, request_line=20) == (414, "the request line is too long")


def test_a_line_feed_beyond_the_limit_does_not_make_a_long_line_a_bad_one() -> None:
    assert refusal(b"GET /" + b"a" * 16 + b"\n", request_line=20) == (414, "the request line is too long")
    assert refusal(b"GET /" + b"a" * 15 + b"\n", request_line=20) == (400, "a line ends with LF instead of CRLF")


# Field section


def test_fields_are_counted_before_they_are_read() -> None:
    assert refusal(b"GET / HTTP/1.1\r\na\r\nb\r\nc", fields=2) == (431, "too many header fields")


def test_a_section_is_measured_before_its_fields() -> None:
    assert refusal(b"GET / HTTP/1.1\r\nX: " + b"a" * 30, head=20, field=10)[1] == "the header fields are too long"
    assert refusal(b"GET / HTTP/1.1\r\nX: " + b"a" * 10, head=20, field=10)[1] == "a header field is too long"


@pytest.mark.parametrize("section", [b"\nX: 1", b"X: 1\n", b"X: 1\nY: 2", b"X: 1\r\n\nY: 2"])
def test_a_line_feed_alone_ends_no_field(section: bytes) -> None:
    assert refusal(b"GET / HTTP/1.1\r\n" + section) == (400, "a line ends with LF instead of CRLF")


def test_content_beyond_the_limit_is_refused_with_the_head() -> None:
    head = b"POST / HTTP/1.1" + HOST + b"\r\nContent-Length: "
    assert RequestParser(Limits(body=5)).parse_head(head + b"5").length == 5
    assert refusal(head + b"6", body=5) == (413, "the content is longer than this server takes")


@pytest.mark.parametrize(
    ("version", "fields", "waits"),
    [
        (b"1.1", b"Content-Length: 1", True),
        (b"1.1", b"Transfer-Encoding: chunked", True),
        (b"1.1", b"Content-Length: 0", False),
        (b"1.1", b"X-A: 1", False),
        (b"1.0", b"Content-Length: 1", False),
    ],
)
def test_a_client_waits_for_100_when_it_speaks_1_1_and_has_content(version: bytes, fields: bytes, waits: bool) -> None:
    head = b"POST / HTTP/" + version + HOST + b"\r\nExpect: 100-continue\r\n" + fields
    assert RequestParser(Limits()).parse_head(head).expect_continue is waits


# Memos


def kept_by(parser: RequestParser) -> Iterator[bytes]:
    """Every bytes object that the parser keeps alive."""
    seen: set[int] = set()
    waiting: list[object] = [parser]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        if isinstance(thing, bytes):
            yield thing
        waiting += gc.get_referents(thing)


def both_ways(head: bytes) -> tuple[Request, Request]:
    parser = RequestParser(Limits())
    return parser.parse_head(head), parser.parse_head(head)


def test_a_repeated_head_is_read_once() -> None:
    first, second = both_ways(b"GET /a HTTP/1.1" + HOST + b"\r\nX-A: 1")
    assert second == first
    assert second.line is first.line
    assert second.fields is first.fields


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a HTTP/1.1" + HOST,
        b"GET /a?b HTTP/1.1" + HOST,
        b"GET http://b.example/a?b HTTP/1.0" + HOST,
        b"GET /a HTTP/1.0",
        b"OPTIONS * HTTP/1.1" + HOST + b"\r\nCookie: a=b\r\nX-A: 1\r\nX-A: 2",
        b"POST / HTTP/1.1" + HOST + b"\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue",
        b"POST / HTTP/1.1" + HOST + b"\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked",
        b"GET /" + b"a" * 2000 + b" HTTP/1.1" + HOST + b"\r\nX-A: " + b"a" * 2000,
    ],
)
def test_what_is_remembered_equals_what_was_read(head: bytes) -> None:
    def conclusions(request: Request) -> list[object]:
        line, fields = request.line, request.fields
        names = ("host", "content_length", "chunked", "close", "keep_alive", "expect_continue", "plain")
        return [line.path, line.query, line.authority, request.expect_continue, *(getattr(fields, n) for n in names)]

    first, second = both_ways(head)
    assert second == first
    assert conclusions(second) == conclusions(first)


def test_a_refused_head_is_refused_again() -> None:
    parser = RequestParser(Limits())
    for head in (b"GET / HTTP/2.0", b"GET / HTTP/1.1\r\nX : 1", b"GET / HTTP/1.1", b"GET / HTTP/1.1" + HOST * 2):
        refusals = set()
        for _ in range(3):
            with pytest.raises(RemoteProtocolError) as caught:
                parser.parse_head(head)
            refusals.add(caught.value)
        assert len(refusals) == 1


@pytest.mark.parametrize("name", [b"Cookie", b"AUTHORIZATION", b"proxy-authorization"])
def test_a_secret_is_never_kept(name: bytes) -> None:
    parser = RequestParser(Limits())
    for _ in range(2):
        parser.parse_head(b"GET / HTTP/1.1" + HOST + b"\r\n" + name + b": s3cret\r\nX-A: kept")
    kept = list(kept_by(parser))
    assert not any(b"s3cret" in data for data in kept)
    assert b"X-A: kept" in kept


def test_a_secret_in_trailers_is_never_kept() -> None:
    parser = RequestParser(Limits())
    assert parser.parse_fields(b"Cookie: s3cret\r\nX-A: kept") == [(b"cookie", b"s3cret"), (b"x-a", b"kept")]
    assert not any(b"s3cret" in data for data in kept_by(parser))


def test_a_query_is_never_kept() -> None:
    parser = RequestParser(Limits())
    for target in (b"/a?token=s3cret", b"http://a.example/?token=s3cret"):
        parser.parse_head(b"GET " + target + b" HTTP/1.1" + HOST)
    assert not any(b"s3cret" in data for data in kept_by(parser))


def test_what_is_refused_is_never_kept() -> None:
    parser = RequestParser(Limits())
    for head in (b"GET /marked#b HTTP/1.1" + HOST, b"GET / HTTP/1.1" + HOST + b"\r\nmarked : 1"):
        with pytest.raises(RemoteProtocolError):
            parser.parse_head(head)
    assert not any(b"marked" in data for data in kept_by(parser))


def test_long_lines_are_not_kept() -> None:
    parser = RequestParser(Limits())
    long = b"a" * 2000
    parser.parse_head(b"GET /" + long + b" HTTP/1.1" + HOST + b"\r\nX-A: " + long)
    assert max(map(len, kept_by(parser))) < len(long)


@pytest.mark.parametrize(("fields", "longest"), [(1, 1024), (4, 4096), (5, 1024)])
def test_memory_is_bounded_however_many_different_requests_come(fields: int, longest: int) -> None:
    parser = RequestParser(Limits())
    for number in range(3000):
        padding = b"%0800d" % number
        parser.parse_head(b"GET /" + padding + b" HTTP/1.1" + HOST + b"".join([b"\r\nX-A: " + padding] * fields))
    kept = list(kept_by(parser))
    # Three memos of 512 entries, each of a key and parts of it.
    assert len(kept) < 3 * 512 * (2 + 2 * (fields + 1))
    assert sum(map(len, kept)) < 3 * 512 * 4 * longest


def test_a_head_of_many_fields_is_kept() -> None:
    parser = RequestParser(Limits())
    head = b"GET / HTTP/1.1" + HOST + b"".join(b"\r\nX-%d: value of a field" % number for number in range(99))
    assert [parser.parse_head(head).repeats for _ in range(2)] == [False, True]
    parser.keep_head(head, parser.parse_head(head))
    assert head in parser.heads


def test_a_full_memo_starts_anew_and_goes_on() -> None:
    parser = RequestParser(Limits())
    heads = [b"GET /%d HTTP/1.1" % number + HOST + b"\r\nX-A: %d" % number for number in range(1500)]
    for head in [*heads, *heads]:
        target, value = head.split()[1], head.split()[-1]
        request = parser.parse_head(head)
        assert (request.line.path, request.fields.pairs[-1]) == (target, (b"x-a", value))
    again = parser.parse_head(heads[-1])
    assert parser.parse_head(heads[-1]).line is again.line


SECTION = b"Host: a.example\r\nX-A: 1"


@pytest.mark.parametrize(
    "section",
    [
        SECTION + b"\r\nCookie: a=%b",
        b"Host: a.example\r\nCookie: a=%b\r\nX-A: 1",
        SECTION + b"\r\nAuthorization: %b\r\nX-B: 2",
        SECTION + b"\r\nCookie: %b\r\nX-B: 2\r\nAuthorization: b",
        SECTION + b"\r\nCookie: %b\r\nCookie: second",
        SECTION + b"\r\nCookie: %b\r\ncookie: second",
        b"Cookie: %b\r\n" + SECTION,
        SECTION + b"\r\nCookie:  %b \t",
        SECTION + b"\r\nCookie: %b\x00",
        SECTION + b"\r\nCookie: %b\nX-B: 2",
        SECTION + b"\r\nCookie: %b\r\n folded",
        SECTION + b"\r\nCookie: %b" + b"x" * 100,
        SECTION + b"\r\nCookie: %b\r\nConnection: close",
        SECTION + b"\r\nCookie: %b\r\nContent-Length: 7",
        SECTION + b"\r\nCookie: %b" + b"\r\nX: y" * 5,
        SECTION + b"\r\nCookie: %b" + b"\r\nX: y" * 4,
        b"X-A: 1\r\nCookie: %b",
    ],
)
def test_a_section_whose_other_lines_were_read_before_is_read_as_if_they_had_not_been(section: bytes) -> None:
    limits = Limits(field=90, fields=7, head=150)
    known = RequestParser(limits)
    for cookie in (b"1", b"22", b"333", b""):
        head = b"GET / HTTP/1.1\r\n" + section % cookie
        assert outcome(known, head) == outcome(RequestParser(limits), head)
    assert not any(b"333" in kept for kept in [*known._sections, *known._pairs, *known.heads])


def outcome(parser: RequestParser, head: bytes) -> tuple[object, ...]:
    """What is read, or why not."""
    try:
        return conclusions(parser.parse_head(head))
    except RemoteProtocolError as error:
        return error.status, str(error)


def conclusions(request: Request) -> tuple[object, ...]:
    """What a request says, and what follows from it."""
    line, fields = request.line, request.fields
    framing = (fields.host, fields.content_length, fields.chunked, fields.close, fields.keep_alive, fields.plain)
    concerning = (request.length, request.persistent, request.expect_continue, request.usual)
    return request, concerning, (line.path, line.query, line.authority, line.usual), fields.pairs, framing


def test_a_browser_whose_cookie_changes_is_read_by_what_does_not() -> None:
    parser = RequestParser(Limits())
    first, second, third = (
        parser.parse_head(b"GET / HTTP/1.1\r\n" + SECTION + b"\r\nCookie: %d\r\nX-B: 2" % number).fields
        for number in range(3)
    )
    assert (first.common, second.own) == (None, (b"cookie", b"1"))
    assert second.common is third.common
    assert second.pairs == ((b"host", b"a.example"), (b"x-a", b"1"), (b"cookie", b"1"), (b"x-b", b"2"))


@pytest.mark.parametrize("cookie", [b"a\x00", b"a\nb", b"x" * 100, b"a\r", b"\x7f"])
def test_a_line_that_is_wrong_is_wrong_between_lines_that_were_read_before(cookie: bytes) -> None:
    known, limits = RequestParser(Limits(field=90)), Limits(field=90)
    head = b"GET / HTTP/1.1\r\n" + SECTION + b"\r\nCookie: %b"
    assert outcome(known, head % b"fine")[0] != 400
    assert outcome(known, head % cookie) == outcome(RequestParser(limits), head % cookie)
    assert outcome(known, head % cookie)[0] in (400, 431)


# Templates


def template_of(parser: RequestParser, section: bytes) -> Template:
    """What is known of a section when it has come twice, with ``%b`` in the place of a secret."""
    for value in (b"1", b"2"):
        fields = parser.parse_head(b"GET / HTTP/1.1\r\n" + section % value).fields
    assert fields.template is not None
    return fields.template


COOKIE = SECTION + b"\r\nCookie: %b"
BETWEEN = SECTION + b"\r\nCookie: %b\r\nX-B: 2"
LIMITS = {"request_line": 40, "field": 50, "head": 90, "fields": 5}


@pytest.mark.parametrize(
    "target", [b"/", b"/a?b", b"/a?", b"//a", b"/?a?b", b"/a%20b", b"/" + b"a" * 26, b'/"<>|^`{}[]\\']
)
@pytest.mark.parametrize("section", [COOKIE, BETWEEN, SECTION + b"\r\nAuthorization: %b", BETWEEN + b"\r\nX-C: 3"])
@pytest.mark.parametrize("value", [b"a", b"a=b; c=d", b"\xe9\xff", b"x" * 20, b"a:b,c"])
def test_a_template_is_filled_with_what_would_have_been_read(target: bytes, section: bytes, value: bytes) -> None:
    parser = RequestParser(Limits(**LIMITS))
    head = b"GET " + target + b" HTTP/1.1\r\n" + section % value
    request = parser.fill(template_of(parser, section), head + b"\r\n\r\n")
    assert request is not None
    assert conclusions(request) == outcome(RequestParser(Limits(**LIMITS)), head)


FILLED = b"GET /a?b HTTP/1.1\r\n" + BETWEEN % b"value" + b"\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        FILLED[:-1],
        FILLED + b"\r\n",
        b"\r\n" + FILLED,
        FILLED + FILLED,
        FILLED.replace(b"GET", b"HEAD"),
        FILLED.replace(b"GET", b"get"),
        FILLED.replace(b"1.1", b"1.0"),
        FILLED.replace(b"/a", b"*"),
        FILLED.replace(b"/a", b"http://a"),
        FILLED.replace(b"?b", b"#b"),
        FILLED.replace(b"?b", b"\x7f"),
        FILLED.replace(b"?b", b"\xe9"),
        FILLED.replace(b"/a", b"/" + b"a" * 25),
        FILLED.replace(b"/a", b"/a b"),
        FILLED.replace(b"value", b""),
        FILLED.replace(b"value", b" a"),
        FILLED.replace(b"value", b"a "),
        FILLED.replace(b"value", b"a\t"),
        FILLED.replace(b"value", b"a\tb"),
        FILLED.replace(b"value", b"a\x00"),
        FILLED.replace(b"value", b"a\nb"),
        FILLED.replace(b"value", b"a\rb"),
        FILLED.replace(b"value", b"a\r\n b"),
        FILLED.replace(b"value", b"a" * 43),
        FILLED.replace(b"value", b"a\r\nCookie: b"),
        FILLED.replace(b"value", b"a\r\nAuthorization: b"),
        FILLED.replace(b"Cookie", b"cookie"),
        FILLED.replace(b"Cookie", b"X-Cookie"),
        FILLED.replace(b"Cookie", b"Authorization"),
        FILLED.replace(b"X-A: 1", b"X-A: 2"),
        FILLED.replace(b"X-B: 2", b"X-B: 3"),
        FILLED.replace(b"\r\nX-B: 2", b""),
        FILLED.replace(b"X-B: 2", b"Connection: close"),
        FILLED.replace(b"X-B: 2", b"Content-Length: 2"),
    ],
)
def test_what_does_not_fill_a_template_is_left_to_the_long_way(head: bytes) -> None:
    parser = RequestParser(Limits(**LIMITS))
    template = template_of(parser, BETWEEN)
    assert parser.fill(template, FILLED) is not None
    assert parser.fill(template, head) is None


@pytest.mark.parametrize("limits", [{"field": 28}, {"head": 61}, {"request_line": 33}])
def test_a_template_is_filled_up_to_the_limits_and_not_beyond(limits: dict[str, int]) -> None:
    head = b"GET /" + b"a" * 19 + b" HTTP/1.1\r\n" + BETWEEN % (b"a" * 20)
    for change, longer in ((b"", None), (b"a", 414 if "request_line" in limits else 431)):
        parser = RequestParser(Limits(**limits))
        template = template_of(parser, BETWEEN)
        longest = head.replace(b" HTTP", change + b" HTTP").replace(b"\r\nX-B", change + b"\r\nX-B")
        request = parser.fill(template, longest + b"\r\n\r\n")
        found = outcome(RequestParser(Limits(**limits)), longest)
        assert (request is None) == (found[0] == longer)
        assert request is None or conclusions(request) == found


def test_a_section_that_closes_the_connection_or_has_no_host_makes_no_template() -> None:
    parser = RequestParser(Limits())
    for section in (b"X-A: 1\r\nCookie: %d", b"Host: a\r\nConnection: close\r\nCookie: %d"):
        for number in range(3):
            fields = parser.parse_head(b"GET / HTTP/1.0\r\n" + section % number).fields
            assert fields.template is None


def test_a_template_of_another_client_is_found_by_what_stands_around_the_secret() -> None:
    parser = RequestParser(Limits())
    mine, other = template_of(parser, COOKIE), template_of(parser, BETWEEN)
    request = parser.fill(mine, FILLED)
    assert request is not None
    assert request.template is other


def test_neither_secret_nor_target_of_what_fills_a_template_is_kept() -> None:
    parser = RequestParser(Limits())
    template = template_of(parser, BETWEEN.replace(b"%b", b"s3cret-%b"))
    parser.fill(template, FILLED.replace(b"value", b"s3cret").replace(b"?b", b"?s3cret"))
    assert not any(b"s3cret" in data for data in kept_by(parser))


def test_templates_are_bounded() -> None:
    parser = RequestParser(Limits())
    for number in range(1100):
        template_of(parser, b"X-A: %d\r\n" % number + BETWEEN)
    assert 0 < len(parser._templates) <= 512
