"""Every key of the environ, from the bytes of a request."""

from __future__ import annotations

import pytest

from tests.wsgi.playing import GET, builder, environ, parse
from wsgiserve.errors import RemoteProtocolError
from wsgiserve.wsgi.filewrapper import FileWrapper


def test_what_every_request_has() -> None:
    assert environ(multithread=True) == {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_SOFTWARE": "test/1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/path",
        "QUERY_STRING": "",
        "REQUEST_URI": "/path",
        "RAW_URI": "/path",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "example",
    }


def test_https_says_so_twice() -> None:
    found = environ(url_scheme="https")
    assert (found["wsgi.url_scheme"], found["HTTPS"]) == ("https", "on")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/a%20b", "/a b", ""),
        (b"/%FF", "/\xff", ""),
        (b"/%e2%82%ac", "/\xe2\x82\xac", ""),
        (b"/a%2Fb", "/a/b", ""),
        (b"/%zz%4", "/%zz%4", ""),
        (b"//a//b", "//a//b", ""),
        (b"/a?b=%20&c=%FF?", "/a", "b=%20&c=%FF?"),
        (b"/a+b?c+d", "/a+b", "c+d"),
        (b"http://other", "/", ""),
        (b"http://other/a%20b?c", "/a b", "c"),
    ],
)
def test_the_path_is_decoded_byte_for_byte_and_the_query_left_alone(target: bytes, path: str, query: str) -> None:
    found = environ(GET.replace(b"/path", target))
    assert (found["PATH_INFO"], found["QUERY_STRING"]) == (path, query)
    assert found["REQUEST_URI"] == found["RAW_URI"] == target.decode()


def test_the_authority_of_an_absolute_target_takes_the_place_of_host() -> None:
    assert environ(GET.replace(b"/path", b"http://other:81/"))["HTTP_HOST"] == "other:81"


def test_the_asterisk_has_no_path() -> None:
    found = environ(b"OPTIONS * HTTP/1.1\r\nHost: example\r\n\r\n")
    assert (found["PATH_INFO"], found["REQUEST_URI"]) == ("", "*")


def test_the_version_is_the_one_that_is_spoken() -> None:
    assert environ(b"GET / HTTP/1.0\r\n\r\n")["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert environ(b"GET / HTTP/1.9\r\nHost: example\r\n\r\n")["SERVER_PROTOCOL"] == "HTTP/1.1"


@pytest.mark.parametrize(
    ("fields", "key", "value"),
    [
        (b"X-One: 1\r\n", "HTTP_X_ONE", "1"),
        (b"x-ONE:  1 \r\n", "HTTP_X_ONE", "1"),
        (b"X-One: 1\r\nX-ONE: 2\r\nx-one:\r\n", "HTTP_X_ONE", "1,2,"),
        (b"Cookie: a=1\r\nCookie: b=2\r\n", "HTTP_COOKIE", "a=1; b=2"),
        (b"X-One: \xe9\xff\r\n", "HTTP_X_ONE", "\xe9\xff"),
        (b"Content-Type: text/plain\r\n", "CONTENT_TYPE", "text/plain"),
        (b"Content-Length: 0\r\n", "CONTENT_LENGTH", "0"),
        (b"Transfer-Encoding: chunked\r\n", "HTTP_TRANSFER_ENCODING", "chunked"),
    ],
)
def test_a_field_is_a_header(fields: bytes, key: str, value: str) -> None:
    assert environ(GET[:-2] + fields + b"\r\n")[key] == value


def test_content_type_and_length_have_one_name_only() -> None:
    found = environ(GET[:-2] + b"Content-Type: a/b\r\nContent-Length: 0\r\n\r\n")
    assert {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} & found.keys() == set()


def test_a_name_with_an_underscore_cannot_pass_for_one_with_a_hyphen() -> None:
    found = environ(GET[:-2] + b"X_Real_IP: 10.0.0.1\r\nContent_Length: 5\r\n\r\n")
    assert {"HTTP_X_REAL_IP", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"} & found.keys() == set()


@pytest.mark.parametrize(
    ("target", "path"), [(b"/shop", ""), (b"/shop/", "/"), (b"/shop/a%20b", "/a b"), (b"/%73hop/x", "/x")]
)
def test_a_mounted_application_sees_what_follows_its_mount(target: bytes, path: str) -> None:
    found = environ(GET.replace(b"/path", target), script_name="/shop")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/shop", path)


@pytest.mark.parametrize("target", [b"/", b"/shopping", b"/other/shop"])
def test_outside_of_the_mount_there_is_nothing(target: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        environ(GET.replace(b"/path", target), script_name="/shop")
    assert caught.value.status == 404


def test_the_asterisk_is_everywhere() -> None:
    found = environ(b"OPTIONS * HTTP/1.1\r\nHost: example\r\n\r\n", script_name="/shop")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/shop", "")


def test_what_an_application_does_to_its_environ_is_its_own_business() -> None:
    build = builder()
    connection = build.connection_environ({})
    http, request = parse(GET + GET)
    first = build.build(connection, request)
    first["HTTP_HOST"] = first["PATH_INFO"] = "changed"
    first["wsgi.version"] = None
    first.pop("SERVER_SOFTWARE")
    second = build.build(connection, request)
    assert (second["HTTP_HOST"], second["PATH_INFO"]) == ("example", "/path")
    assert (second["wsgi.version"], second["SERVER_SOFTWARE"]) == ((1, 0), "test/1")
    assert http.request is request


def test_every_cgi_value_is_a_str() -> None:
    found = environ(GET[:-2] + b"X-One: 1\r\n\r\n")
    assert {type(value) for key, value in found.items() if not key.startswith("wsgi.")} == {str}
