"""What is in environ (PEP 3333, environ Variables)."""

from __future__ import annotations

from ipaddress import ip_address

from wsgiserve.conform.case import MAY, MUST, SHOULD, Theme
from wsgiserve.conform.client import Client, check
from wsgiserve.conform.responses import Echo

__all__ = ["ENVIRON"]

ENVIRON = Theme(
    "environ",
    "environ",
    "Frameworks build the request from these keys and nothing else: a wrong one is wrong in every framework.",
)

_PEP = "PEP 3333, environ Variables"
_META = "RFC 3875 §4.1.18"
_STREAMS = "PEP 3333, Input and Error Streams"

_WSGI = {
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.input",
    "wsgi.errors",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
}


def _told(client: Client, path: str = "/", fields: str = "", *, version: str = "1.1") -> Echo:
    response = client.get(path, version=version, fields=fields)
    check(response.status == 200, f"answered with {response.status} {response.reason}")
    return response.echo()


def _environ(client: Client, path: str = "/", fields: str = "", *, version: str = "1.1") -> dict[str, str]:
    return _told(client, path, fields, version=version).environ


def _is(environ: dict[str, str], key: str, *wanted: str | None) -> None:
    check(environ.get(key) in wanted, f"{key} is {environ.get(key)!r}")


@ENVIRON.case(MUST, "environ is a dict, and no subclass of it", _PEP, (rb'"type": "dict"', b'"type": "Environ"'))
def _is_a_dict(client: Client) -> None:
    found = _told(client).type
    check(found == "dict", f"environ is a {found}")


@ENVIRON.case(
    MUST, "all keys beginning with wsgi. are there", _PEP, (rb'"wsgi\.run_once": "[^"]*"', b'"wsgi.other": ""')
)
def _keys_of_wsgi(client: Client) -> None:
    missing = sorted(_WSGI - _environ(client).keys())
    check(not missing, f"missing: {', '.join(missing)}")


@ENVIRON.case(MUST, "wsgi.version is the tuple (1, 0)", _PEP, (rb'"\(1, 0\)"', b'"[1, 0]"'))
def _version_of_wsgi(client: Client) -> None:
    _is(_environ(client), "wsgi.version", "(1, 0)")


@ENVIRON.case(
    MUST, "wsgi.url_scheme is http or https, as it is", _PEP, (rb'"wsgi.url_scheme": "', b'"wsgi.url_scheme": "x')
)
def _url_scheme(client: Client) -> None:
    _is(_environ(client), "wsgi.url_scheme", "https" if client.target.tls else "http")


@ENVIRON.case(
    MUST,
    "variables of CGI are native strings",
    "PEP 3333, A Note On String Types",
    (rb'"SERVER_PORT": "str"', b'"SERVER_PORT": "int"'),
)
def _native_strings(client: Client) -> None:
    types = _told(client).types
    other = sorted(key for key, name in types.items() if key == key.upper() and name != "str")
    check(not other, "not str: " + ", ".join(f"{key} ({types[key]})" for key in other))


@ENVIRON.case(MUST, "SERVER_NAME is never empty", _PEP, (rb'"SERVER_NAME": "[^"]*"', b'"SERVER_NAME": ""'))
def _server_name(client: Client) -> None:
    check(_environ(client).get("SERVER_NAME"), "SERVER_NAME is empty or missing")


@ENVIRON.case(
    MUST, "SERVER_PORT is a number, and never empty", _PEP, (rb'"SERVER_PORT": "[^"]*"', b'"SERVER_PORT": ""')
)
def _server_port(client: Client) -> None:
    # A unix socket has none; RFC 3875 wants one all the same.
    found = _environ(client).get("SERVER_PORT", "")
    check(found.isdecimal(), f"SERVER_PORT is {found!r}")


@ENVIRON.case(MUST, "SERVER_PROTOCOL is what the client said", _PEP, (rb'"HTTP/1\.1"', b'"HTTP/1.0"'))
def _server_protocol(client: Client) -> None:
    _is(_environ(client), "SERVER_PROTOCOL", "HTTP/1.1")


@ENVIRON.case(MUST, "SERVER_PROTOCOL of an HTTP/1.0 client is HTTP/1.0", _PEP, (rb'"HTTP/1\.0"', b'"HTTP/1.1"'))
def _server_protocol_of_1_0(client: Client) -> None:
    _is(_environ(client, version="1.0"), "SERVER_PROTOCOL", "HTTP/1.0")


@ENVIRON.case(MUST, "SCRIPT_NAME is empty at the root", _PEP, (rb'"SCRIPT_NAME": ""', b'"SCRIPT_NAME": "/"'))
def _script_name(client: Client) -> None:
    _is(_environ(client, "/a/b"), "SCRIPT_NAME", "", None)


@ENVIRON.case(SHOULD, "REMOTE_ADDR is the client's address", "RFC 3875 §4.1.8", (rb'"127\.0\.0\.1"', b'"somebody"'))
def _remote_addr(client: Client) -> None:
    found = _environ(client).get("REMOTE_ADDR", "")
    if isinstance(client.target.address, str):
        return  # a unix socket has no address to tell
    try:
        ip_address(found)
    except ValueError:
        check(False, f"REMOTE_ADDR is {found!r}")


@ENVIRON.case(
    MUST,
    "the path is decoded, and its bytes are Latin-1 characters",
    "PEP 3333, Unicode Issues",
    (rb'"/caf[^"]*"', rb'"/caf\\u00e9"'),
)
def _path_of_utf_8(client: Client) -> None:
    _is(_environ(client, "/caf%C3%A9"), "PATH_INFO", "/caf\xc3\xa9")


@ENVIRON.case(
    MUST,
    "a path that is no UTF-8 comes through as it is",
    "PEP 3333, Unicode Issues",
    (rb'"PATH_INFO": "[^"]*"', rb'"PATH_INFO": "/\\ufffd"'),
)
def _path_of_other_bytes(client: Client) -> None:
    _is(_environ(client, "/%FF%FE"), "PATH_INFO", "/\xff\xfe")


@ENVIRON.case(
    MUST,
    "the path is decoded once",
    "RFC 3986 §2.4",
    (rb'"/%41"', b'"/A"'),
    why="What a proxy has checked is decoded once; twice decoded it is another path.",
)
def _path_decoded_once(client: Client) -> None:
    _is(_environ(client, "/%2541"), "PATH_INFO", "/%41")


@ENVIRON.case(SHOULD, "a broken percent sign stays as it is", "RFC 3986 §2.1", (rb'"/%zz"', b'"/zz"'))
def _path_with_a_broken_percent(client: Client) -> None:
    response = client.get("/%zz")
    if response.status != 400:  # which is as good
        _is(response.echo().environ, "PATH_INFO", "/%zz")


@ENVIRON.case(MUST, "a plus in the path is a plus", "RFC 3986 §2.2", (rb'"/a\+b"', b'"/a b"'))
def _path_with_a_plus(client: Client) -> None:
    _is(_environ(client, "/a+b"), "PATH_INFO", "/a+b")


@ENVIRON.case(MUST, "the query is not decoded", _PEP, (rb'"a=%41\+b&c"', b'"a=A b&c"'))
def _query_as_sent(client: Client) -> None:
    _is(_environ(client, "/?a=%41+b&c"), "QUERY_STRING", "a=%41+b&c")


@ENVIRON.case(
    MUST, "without a query QUERY_STRING is empty or missing", _PEP, (rb'"QUERY_STRING": ""', b'"QUERY_STRING": "?"')
)
def _query_missing(client: Client) -> None:
    _is(_environ(client), "QUERY_STRING", "", None)


@ENVIRON.case(
    MUST,
    "without content CONTENT_LENGTH and CONTENT_TYPE are empty or missing",
    _PEP,
    (rb'"environ": \{', b'"environ": {"CONTENT_LENGTH": "-1", '),
)
def _content_missing(client: Client) -> None:
    environ = _environ(client)
    _is(environ, "CONTENT_LENGTH", "", "0", None)
    _is(environ, "CONTENT_TYPE", "", None)


@ENVIRON.case(
    MUST,
    "CONTENT_LENGTH and CONTENT_TYPE are what the client said",
    _PEP,
    (rb'"CONTENT_TYPE": "[^"]*"', b'"CONTENT_TYPE": "text/plain"'),
)
def _content_described(client: Client) -> None:
    environ = client.post("/", b"abc", fields="Content-Type: text/x-a; b=c\r\n").echo().environ
    _is(environ, "CONTENT_LENGTH", "3")
    _is(environ, "CONTENT_TYPE", "text/x-a; b=c")


@ENVIRON.case(
    SHOULD,
    "Content-Length and Content-Type are not told twice",
    _META,
    (rb'"environ": \{', b'"environ": {"HTTP_CONTENT_TYPE": "text/x-a", '),
)
def _content_described_once(client: Client) -> None:
    environ = client.post("/", b"abc", fields="Content-Type: text/x-a\r\n").echo().environ
    _is(environ, "HTTP_CONTENT_LENGTH", None)
    _is(environ, "HTTP_CONTENT_TYPE", None)


@ENVIRON.case(
    MUST,
    "field lines of one name are joined by commas, in order",
    f"{_META}, RFC 9110 §5.3",
    (rb'"HTTP_X_A": "[^"]*"', b'"HTTP_X_A": "2,1"'),
)
def _fields_joined(client: Client) -> None:
    found = _environ(client, fields="X-A: 1\r\nX-B: b\r\nx-a: 2\r\n").get("HTTP_X_A", "")
    check([value.strip() for value in found.split(",")] == ["1", "2"], f"HTTP_X_A is {found!r}")


@ENVIRON.case(
    MAY,
    "two Cookie lines are joined by a semicolon",
    "RFC 9113 §8.2.3",
    (rb"a=1; b=2", b"a=1,b=2"),
    why="Joined by a comma the second cookie becomes part of the first one's value.",
)
def _cookies_joined(client: Client) -> None:
    found = _environ(client, fields="Cookie: a=1\r\nCookie: b=2\r\n").get("HTTP_COOKIE", "")
    check([value.strip() for value in found.split(";")] == ["a=1", "b=2"], f"HTTP_COOKIE is {found!r}")


@ENVIRON.case(
    MUST,
    "bytes of a field beyond ASCII are Latin-1 characters",
    "PEP 3333, Unicode Issues",
    (rb"caf\\u00e9", rb"caf\\ufffd"),
)
def _field_of_latin_1(client: Client) -> None:
    _is(_environ(client, fields="X-A: caf\xe9\r\n"), "HTTP_X_A", "caf\xe9")


_ALIAS = (
    "CGI names have no hyphens: X_A and X-A are one key. A proxy takes away X-A, and X_A gets through in its place."
)


@ENVIRON.case(
    SHOULD,
    "a name with an underscore does not stand for one with a hyphen",
    _META,
    (rb'"HTTP_X_A": "good"', b'"HTTP_X_A": "good,evil"'),
    why=_ALIAS,
    known="Django CVE-2015-0219, waitress before 1.0.0 (#80)",
)
def _underscore_beside_hyphen(client: Client) -> None:
    response = client.get("/", fields="X-A: good\r\nX_A: evil\r\n")
    if response.status != 400:
        _is(response.echo().environ, "HTTP_X_A", "good")


@ENVIRON.case(
    MAY,
    "a name with an underscore stands for nothing at all",
    _META,
    (rb'"environ": \{', b'"environ": {"HTTP_X_FORWARDED_FOR": "evil", '),
    why=_ALIAS,
    known="Django CVE-2015-0219, waitress before 1.0.0 (#80)",
)
def _underscore_alone(client: Client) -> None:
    response = client.get("/", fields="X_Forwarded_For: evil\r\n")
    if response.status != 400:
        _is(response.echo().environ, "HTTP_X_FORWARDED_FOR", None)


@ENVIRON.case(
    MUST,
    "Content_Length is no Content-Length",
    "RFC 9110 §5.1",
    (rb'"environ": \{', b'"environ": {"CONTENT_LENGTH": "5", '),
    why=_ALIAS,
)
def _underscore_in_content_length(client: Client) -> None:
    response = client.get("/", fields="Content_Length: 5\r\n")
    if response.status != 400:
        _is(response.echo().environ, "CONTENT_LENGTH", "", "0", None)


@ENVIRON.case(
    MUST,
    "a client's field cannot be mistaken for a key of the server",
    _META,
    (rb'"wsgi\.url_scheme": "', b'"wsgi.url_scheme": "evil'),
)
def _fields_have_a_prefix(client: Client) -> None:
    plain = _environ(client)
    environ = _environ(client, fields="Wsgi.Url-Scheme: evil\r\nREMOTE-USER: evil\r\nPath-Info: /evil\r\n")
    for key in ("wsgi.url_scheme", "REMOTE_USER", "PATH_INFO"):
        check(environ.get(key) == plain.get(key) != "evilhttp", f"{key} is {environ.get(key)!r}")


@ENVIRON.case(
    MUST,
    "environ is the application's to change, and new for every request",
    _PEP,
    (rb"new", b"old"),
    why="What one request leaves behind in it belongs to somebody else.",
)
def _new_for_every_request(client: Client) -> None:
    connection = client.connect()
    for _ in range(3):
        connection.send(b"GET /conform/alters-environ HTTP/1.1\r\nHost: a.example\r\n\r\n")
        response = connection.response()
        check(response.body == b"new", f"answered with {response.status} {response.body!r}")
        if not response.persists:
            connection = client.connect()


@ENVIRON.case(
    MUST,
    "wsgi.input and wsgi.errors have the methods that PEP 3333 lists",
    _STREAMS,
    (rb"\r\n\r\n.*\Z", b"\r\n\r\nwsgi.input.read"),
)
def _methods_of_streams(client: Client) -> None:
    response = client.behave("methods-of-streams")
    check(response.status == 200 and not response.body, f"missing: {response.body.decode()}")


@ENVIRON.case(MUST, "wsgi.errors takes text of any language", _STREAMS, (rb"200 OK", b"500 Internal Server Error"))
def _errors_of_any_language(client: Client) -> None:
    response = client.behave("writes-errors")
    check(response.status == 200 and response.body == b"hello", f"answered with {response.status} {response.reason}")
