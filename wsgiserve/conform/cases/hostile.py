"""Two readers of one request, and requests without an end."""

from __future__ import annotations

from functools import partial

from wsgiserve.conform.case import MUST, SHOULD, Broken, Theme
from wsgiserve.conform.client import Client, FailedError, check
from wsgiserve.conform.rows import REFUSALS

__all__ = ["LIMITS", "SMUGGLING"]

SMUGGLING = Theme(
    "smuggling",
    "Request smuggling",
    "A proxy and a server that find two ends of one request: what is behind the first is served as another user's.",
)
LIMITS = Theme(
    "limits",
    "Limits",
    "Without them one client takes the memory of all.",
)

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"
_SERVED = Broken(
    rb"(?s)\A.*\Z",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"environ": {"PATH_INFO": "/smuggled"}}  ',
)


def _smuggles(data: bytes, client: Client) -> None:
    """Whatever is answered, it is nothing that was hidden."""
    connection = client.connect()
    connection.send(data)
    while not connection.silent() and connection.answers():
        try:
            response = connection.response()
        except FailedError:
            check(b"/smuggled" not in connection.seen(), "the hidden request was served")
            raise
        check(b'"PATH_INFO": "/smuggled"' not in response.body, "the hidden request was served")
        if not response.persists:
            connection.expect_end()


def _post(fields: bytes, content: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a.example\r\n" + fields + b"\r\n" + content


_CHUNKED = b"0\r\n\r\n" + _SMUGGLED  # its end by Transfer-Encoding, the rest by nobody
_COUNTED = b"Content-Length: %d\r\n" % len(_CHUNKED)

_KNOWN = {
    "te-cl": "gunicorn CVE-2024-6827",
    "te-space-before-colon": "Node.js CVE-2021-22959",
    "te-vertical-tab": "waitress CVE-2019-16789",
    "te-prefix": "gunicorn CVE-2024-1135",
    "te-identity-last": "gunicorn CVE-2024-1135",
    "te-list": "waitress CVE-2019-16786",
    "te-folded": "Node.js CVE-2022-32215",
    "te-behind-bare-cr": "Node.js CVE-2023-30589",
    "cl-cl": "waitress CVE-2019-16792",
    "cl-plus": "waitress CVE-2022-24761, aiohttp CVE-2023-47627, hyper CVE-2021-32715",
    "cl-underscore": "waitress CVE-2022-24761",
    "cl-space-before-colon": "Node.js CVE-2024-27982",
    "chunk-extension-lf": "aiohttp CVE-2024-52304",
    "chunk-spill": "h11 CVE-2025-43859",
    "chunk-size-sign": "waitress CVE-2022-24761",
    "trailer-in-place": "gevent CVE-2023-41419, aiohttp CVE-2025-53643, eventlet CVE-2025-58068",
    "endless-chunk-size": "gunicorn before 26.2.1",
    "endless-chunk-extension": "Node.js CVE-2024-22019, Puma CVE-2024-21647",
}
"""Published faults of this kind, by the name of a case."""

# Each hides the request behind an end that only one of two readers sees.
for _name, _fields, _content, _rule in (
    ("cl-te", _COUNTED + b"Transfer-Encoding: chunked\r\n", _CHUNKED, "CL.TE: both fields"),
    ("te-cl", b"Transfer-Encoding: chunked\r\n" + _COUNTED, _CHUNKED, "TE.CL: both fields, in the other order"),
    (
        "te-space-before-colon",
        _COUNTED + b"Transfer-Encoding : chunked\r\n",
        _CHUNKED,
        "TE.TE: white space before the colon",
    ),
    ("te-vertical-tab", _COUNTED + b"Transfer-Encoding: \x0bchunked\r\n", _CHUNKED, "TE.TE: a vertical tab"),
    ("te-form-feed", _COUNTED + b"Transfer-Encoding: chunked\x0c\r\n", _CHUNKED, "TE.TE: a form feed"),
    ("te-nul", _COUNTED + b"Transfer-Encoding: chunked\0\r\n", _CHUNKED, "TE.TE: a NUL"),
    ("te-no-break-space", _COUNTED + b"Transfer-Encoding: \xa0chunked\r\n", _CHUNKED, "TE.TE: a no-break space"),
    ("te-prefix", _COUNTED + b"Transfer-Encoding: xchunked\r\n", _CHUNKED, "TE.TE: another coding's name"),
    (
        "te-identity-first",
        _COUNTED + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        _CHUNKED,
        "TE.TE: two lines",
    ),
    (
        "te-identity-last",
        _COUNTED + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        _CHUNKED,
        "TE.TE: two lines, turned",
    ),
    ("te-list", _COUNTED + b"Transfer-Encoding: chunked, identity\r\n", _CHUNKED, "TE.TE: a list"),
    ("te-folded", _COUNTED + b"Transfer-Encoding:\r\n chunked\r\n", _CHUNKED, "TE.TE: folded"),
    (
        "te-folded-into",
        _COUNTED + b"X-A: 1\r\n Transfer-Encoding: chunked\r\n",
        _CHUNKED,
        "TE.TE: a fold of another field",
    ),
    ("te-behind-bare-cr", _COUNTED + b"X-A: 1\rTransfer-Encoding: chunked\r\n", _CHUNKED, "TE.TE: behind a bare CR"),
    ("te-quoted", _COUNTED + b'Transfer-Encoding: "chunked"\r\n', _CHUNKED, "TE.TE: quoted"),
    ("te-parameter", _COUNTED + b"Transfer-Encoding: chunked;a=b\r\n", _CHUNKED, "TE.TE: with a parameter"),
    ("te-underscore", _COUNTED + b"Transfer_Encoding: chunked\r\n", _CHUNKED, "TE.TE: with an underscore"),
    ("te-two-words", _COUNTED + b"Transfer-Encoding: chunked foo\r\n", _CHUNKED, "TE.TE: two words"),
    ("cl-cl", b"Content-Length: 0\r\n" + _COUNTED, _SMUGGLED.ljust(len(_CHUNKED)), "CL.CL: two lengths"),
    (
        "cl-list",
        b"Content-Length: 0, %d\r\n" % len(_CHUNKED),
        _SMUGGLED.ljust(len(_CHUNKED)),
        "CL.CL: a list of lengths",
    ),
    ("cl-plus", b"Content-Length: +%d\r\n" % len(_SMUGGLED), _SMUGGLED, "CL.CL: a sign"),
    ("cl-hexadecimal", b"Content-Length: 0x%x\r\n" % len(_SMUGGLED), _SMUGGLED, "CL.CL: another base"),
    (
        "cl-underscore",
        b"Content-Length: %d_%d\r\n" % divmod(len(_SMUGGLED), 10),
        _SMUGGLED,
        "CL.CL: a digit separator of Python",
    ),
    (
        "cl-space-before-colon",
        b"Content-Length : %d\r\n" % len(_SMUGGLED),
        _SMUGGLED,
        "CL.0: white space before the colon",
    ),
    ("cl-get", b"", b"", "CL.0: content of a GET"),
):
    _data = (
        b"GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n" % len(_SMUGGLED) + _SMUGGLED
        if _name == "cl-get"
        else _post(_fields, _content)
    )
    SMUGGLING.add(
        _name,
        MUST,
        f"{_rule}; nothing hidden is served",
        "RFC 9112 §11.2",
        partial(_smuggles, _data),
        _SERVED,
        known=_KNOWN.get(_name, ""),
    )

_TE = b"Transfer-Encoding: chunked\r\n"

for _name, _content, _rule in (
    ("chunk-extension-lf", b"2;\nxx\r\n4c\r\n0\r\n\r\n" + _SMUGGLED, "TERM.EXT: LF in a chunk extension"),
    ("chunk-extension-cr", b"2;a\rxx\r\n4c\r\n0\r\n\r\n" + _SMUGGLED, "EXT.TERM: CR in a chunk extension"),
    ("chunk-spill", b"5\r\nabcdeXX0\r\n\r\n" + _SMUGGLED, "SPILL.TERM: bytes behind a chunk that are no CRLF"),
    ("chunk-size-sign", b"+0\r\n\r\n" + _SMUGGLED, "a sign before a chunk's size"),
    ("chunk-size-hexadecimal", b"0x0\r\n\r\n" + _SMUGGLED, "0x before a chunk's size"),
    ("chunk-size-overflow", b"10000000000000000\r\n\r\n0\r\n\r\n" + _SMUGGLED, "a chunk's size beyond 64 bits"),
    ("last-chunk-lf", b"0\n\n" + _SMUGGLED, "LF behind the last chunk"),
    ("trailer-lf", b"0\r\nX-A: b\n\n" + _SMUGGLED, "LF behind the trailer section"),
    ("trailer-in-place", b"0\r\n" + _SMUGGLED, "a request in place of the trailer section"),
):
    SMUGGLING.add(
        _name,
        MUST,
        f"{_rule}; nothing hidden is served",
        "RFC 9112 §7.1, §11.2",
        partial(_smuggles, _post(_TE, _content)),
        _SERVED,
        known=_KNOWN.get(_name, ""),
    )


@SMUGGLING.case(
    MUST,
    "a field in the trailer section replaces none of the head",
    "RFC 9110 §6.5.1",
    (rb'"HTTP_X_A": "head"', b'"HTTP_X_A": "trailer"'),
)
def _trailer_replaces_nothing(client: Client) -> None:
    data = _post(_TE + b"X-A: head\r\n", b"0\r\nX-A: trailer\r\nHost: evil.example\r\n\r\n")
    response = client.ask(data, "POST")
    if response.status == 200:
        environ = response.echo().environ
        check((environ["HTTP_X_A"], environ["HTTP_HOST"]) == ("head", "a.example"), f"X-A is {environ['HTTP_X_A']!r}")


SMUGGLING.add(
    "behind-a-connect",
    SHOULD,
    "what follows a CONNECT that opened no tunnel is no request",
    "RFC 9931 §8",
    partial(_smuggles, b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n" + _SMUGGLED),
    _SERVED,
    why="A client that does not wait has sent what others gave it for the tunnel.",
    known="gunicorn before 27.0.0",
)


@SMUGGLING.case(
    MUST,
    "what follows a request that is refused is not served, nor is the application called",
    "RFC 9112 §6.3 rule 5",
    (rb"\[\]\Z", b'["closed"]'),
    why="Nobody knows where a request begins that is behind an invalid Content-Length.",
    known="waitress CVE-2024-49768",
)
def _behind_a_refused_request(client: Client) -> None:
    connection = client.connect()
    hidden = f"GET /conform/closes?{client.token} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
    connection.send(_post(b"Content-Length: x\r\n", hidden))
    if connection.answers():
        response = connection.response("POST")
        check(response.status >= 400, f"answered with {response.status} {response.reason}")
        connection.expect_end()
    connection.close()  # so that a server that waits for this end is not one that fails
    noted = client.journal()
    check(not noted, f"the application was called: {noted}")


@LIMITS.case(SHOULD, "a request line of 8000 bytes is served", "RFC 9112 §3", (rb"200 OK", b"414 URI Too Long"))
def _line_of_8000_bytes(client: Client) -> None:
    path = "/" + "a" * (8000 - len("GET / HTTP/1.1"))
    response = client.get(path)
    check(response.status == 200 and response.echo().environ["PATH_INFO"] == path, f"answered with {response.status}")


@LIMITS.case(SHOULD, "fifty fields are served", "RFC 9110 §5.4", (rb"200 OK", b"431 Request Header Fields Too Large"))
def _fifty_fields(client: Client) -> None:
    response = client.get("/", fields="".join(f"X-A{number}: {'a' * 40}\r\n" for number in range(50)))
    check(response.status == 200 and "HTTP_X_A49" in response.echo().environ, f"answered with {response.status}")


@LIMITS.case(
    MUST,
    "a head of 3000 bytes is the same if it comes byte by byte",
    "RFC 9112 §2.2",
    (rb"200 OK", b"431 Request Header Fields Too Large"),
    why="TCP may cut a request anywhere: sizes must not be counted again with each piece.",
    known="waitress before 2.1.2 (#376)",
)
def _head_in_pieces(client: Client) -> None:
    value = "a" * 3000
    connection = client.connect()
    for byte in f"GET / HTTP/1.1\r\nHost: a.example\r\nX-A: {value}\r\n\r\n".encode():
        connection.send(bytes([byte]))
    response = connection.response()
    check(response.status == 200, f"answered with {response.status} {response.reason}")
    check(response.echo().environ.get("HTTP_X_A") == value, "the value is another one")


@LIMITS.case(
    SHOULD,
    "whether a value is valid is seen in a time that does not explode with its length",
    "RFC 9110 §17.5",
    (rb"HTTP/1\.1 400 Bad Request", b"HTTP/1.1 500 Internal Server Error"),
    why="A grammar as a careless regular expression takes for ever, and one request all of a processor.",
    known="waitress CVE-2020-5236",
)
def _judged_at_once(client: Client) -> None:
    for value in (b"a" * 4000, b"a " * 2000, b"a\t" * 2000):
        connection = client.connect()
        connection.send(b"GET / HTTP/1.1\r\nHost: a.example\r\nX-A: " + value + b"\x10\r\n\r\n")
        if connection.answers():
            response = connection.response()
            check(response.status in (200, *REFUSALS), f"answered with {response.status} {response.reason}")
        connection.close()


_PIECE = b"a" * 65536
_MOST = 256  # pieces: 16 MiB


def _is_endless(head: bytes, piece: bytes, client: Client) -> None:
    """The server refuses, or closes, before 16 MiB."""
    connection = client.connect()
    connection.send(head)
    for _ in range(_MOST):
        connection.send(piece, kept=False)
        if not connection.silent(0.001):
            break
    else:
        check(False, f"{_MOST * len(piece) >> 20} MiB were taken")
    if connection.answers():
        response = connection.response()
        check(response.status >= 400, f"answered with {response.status} {response.reason}")


_CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
_UNLIMITED = Broken(rb"(?s)\A.*\Z", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

for _name, _head, _more, _rule, _section in (
    ("endless-request-line", b"GET /", _PIECE, "a request line without an end is refused: 414", "RFC 9112 §3"),
    ("endless-method", b"", _PIECE, "a method without an end is refused: 501", "RFC 9112 §3"),
    ("endless-value", b"GET / HTTP/1.1\r\nX-A: ", _PIECE, "a value without an end is refused: 431", "RFC 9110 §5.4"),
    ("endless-name", b"GET / HTTP/1.1\r\n", _PIECE, "a name without an end is refused: 431", "RFC 9110 §5.4"),
    (
        "endless-fields",
        b"GET / HTTP/1.1\r\n",
        b"X-A: 1\r\n" * 8192,
        "fields without an end are refused: 431",
        "RFC 9110 §5.4",
    ),
    ("endless-chunk-size", _CHUNKED_HEAD, b"0" * 65536, "a chunk's size without an end is refused", "RFC 9112 §7.1"),
    (
        "endless-chunk-extension",
        _CHUNKED_HEAD + b"1;",
        _PIECE,
        "a chunk's extension without an end is refused",
        "RFC 9112 §7.1.1",
    ),
    (
        "endless-trailers",
        _CHUNKED_HEAD + b"0\r\n",
        b"X-A: 1\r\n" * 8192,
        "trailers without an end are refused",
        "RFC 9112 §7.1.2",
    ),
):
    LIMITS.add(
        _name, SHOULD, _rule, _section, partial(_is_endless, _head, _more), _UNLIMITED, known=_KNOWN.get(_name, "")
    )
