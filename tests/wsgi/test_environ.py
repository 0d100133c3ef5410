"""Every key of the environ, from the bytes of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.wsgi.playing import GET, builder, environ, environs, parse
from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import Connection, Limits, RequestParser
from wsgiserve.http11.events import TemplateRequest
from wsgiserve.wsgi import environ as module
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


def test_it_does_so_in_each_request_that_repeats_the_line_and_in_none_that_does_not() -> None:
    head = b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n"
    hosts = [(b"http://other/", b"a"), (b"http://other/", b"b"), (b"/", b"a"), (b"/", b"b")]
    requests = b"".join([head % pair for pair in hosts])
    assert [found["HTTP_HOST"] for found in environs(requests)] == ["other", "other", "a", "b"]


def test_it_does_so_without_host_too() -> None:
    assert environ(b"GET http://other/ HTTP/1.0\r\n\r\n")["HTTP_HOST"] == "other"


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
        (b"X-One: 1\r\nX_One: 2\r\nX-One: 3\r\n", "HTTP_X_ONE", "1,3"),
        (b"x.1: 1\r\n", "HTTP_X.1", "1"),
        (b"Proxy: evil\r\n", "HTTP_PROXY", "evil"),
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
    ("target", "path"),
    [
        (b"/shop", ""),
        (b"/shop/", "/"),
        (b"/shop//a", "//a"),
        (b"/shop/shop", "/shop"),
        (b"/shop/a%20b", "/a b"),
        (b"/shop%2Fa%2fb", "/a/b"),
        (b"/%73hop/x", "/x"),
        (b"http://other/shop/x", "/x"),
    ],
)
def test_a_mounted_application_sees_what_follows_its_mount(target: bytes, path: str) -> None:
    found = environ(GET.replace(b"/path", target), script_name="/shop")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/shop", path)


def test_a_mount_may_be_of_any_bytes() -> None:
    mount = "/café".encode().decode("latin-1")
    found = environ(GET.replace(b"/path", b"/caf%C3%A9/x"), script_name=mount)
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == (mount, "/x")


@pytest.mark.parametrize("script_name", ["shop", "/", "/shop/", "shop/"])
def test_a_mount_that_nothing_could_be_below_is_an_error(script_name: str) -> None:
    with pytest.raises(ValueError, match="script_name"):
        builder(script_name=script_name)


@pytest.mark.parametrize(
    "target", [b"/", b"/shopping", b"/shop%20", b"/other/shop", b"//shop", b"/Shop", b"http://shop"]
)
def test_outside_of_the_mount_there_is_nothing(target: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        environ(GET.replace(b"/path", target), script_name="/shop")
    assert caught.value.status == 404


def test_the_asterisk_is_everywhere() -> None:
    found = environ(b"OPTIONS * HTTP/1.1\r\nHost: example\r\n\r\n", script_name="/shop")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/shop", "")


def test_what_an_application_does_to_its_environ_is_its_own_business() -> None:
    untouched = next(environs(GET))
    requests = environs(GET * 6)  # anew, from what is kept of lines and fields, and from what is kept of the whole
    for found in requests:
        assert found == untouched
        found |= dict.fromkeys(found, "changed")
        found["added"] = "of its own"
        assert next(requests) == untouched


def test_a_cookie_is_its_requests_own_where_all_else_is_the_same() -> None:
    data = b"".join(GET[:-2] + b"Cookie: a=%d\r\nX-One: 1\r\n\r\n" % number for number in range(4))
    cookies = [(found["HTTP_COOKIE"], found["HTTP_X_ONE"]) for found in environs(data)]
    assert cookies == [(f"a={number}", "1") for number in range(4)]
    assert ["HTTP_COOKIE" in found for found in environs(data + GET[:-2] + b"X-One: 1\r\n\r\n")] == [True] * 4 + [False]


def test_what_is_kept_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_keys", {})
    for number in range(600):
        found = environ(GET[:-2] + b"X-%d: 1\r\nX-%b: 2\r\n\r\n" % (number, b"y" * 100))
        assert (found[f"HTTP_X_{number}"], found["HTTP_X_" + "Y" * 100]) == ("1", "2")
    assert 0 < len(module._keys) <= 512
    assert all(len(name) < 100 for name in module._keys)


def test_a_connection_has_what_its_server_knows_of_it() -> None:
    build = builder()
    first, second = ({"REMOTE_PORT": port} for port in ("1", "2"))
    _, request = parse(GET)
    assert build.build(first, request)["REMOTE_PORT"] == "1"
    assert build.build(second, request)["REMOTE_PORT"] == "2"


def test_every_key_and_every_cgi_value_is_a_str() -> None:
    found = environ(GET[:-2] + b"X-One: 1\r\nX_Two: 2\r\n\r\n", url_scheme="https", script_name="/path")
    assert {type(key) for key in found} == {str}
    assert {type(value) for key, value in found.items() if not key.startswith("wsgi.")} == {str}


@pytest.mark.parametrize("target", [b"/", b"/shop", b"/shop/a?b", b"/shop/%FF%E2%82%AC?%20", b"/shop/?", b"/?a=/shop?"])
@pytest.mark.parametrize("script_name", ["", "/shop"])
@pytest.mark.parametrize("name", [b"Cookie", b"Authorization"])
def test_a_template_that_is_filled_gives_the_environ_of_its_request(
    target: bytes, script_name: str, name: bytes
) -> None:
    def head(number: int) -> bytes:
        fields = b"Host: example\r\nX-One: 1\r\nX_Two: 2\r\n" + name + b": \xe9%d\r\nX-One: 2\r\n\r\n"
        return b"GET " + target + b" HTTP/1.1\r\n" + fields % number

    build, http = builder(script_name=script_name), Connection(RequestParser(Limits()))
    for number in range(4):
        request = http.receive_again(head(number))
        assert (type(request) is TemplateRequest) == (number > 1)
        if request is None:
            http.receive_data(head(number))
            http.next_event()
            request = http.request
        assert request is not None
        found = outcome(lambda: build.build({"REMOTE_ADDR": "127.0.0.1"}, request))  # noqa: B023
        assert found == outcome(lambda: environ(head(number), script_name=script_name))  # noqa: B023
        if isinstance(found, dict):
            found |= dict.fromkeys([*found, "added"], "changed")  # which is nobody else's business
        http.finish()


def outcome(made: Callable[[], dict[str, Any]]) -> object:
    """The environ, or why there is none."""
    try:
        return made()
    except RemoteProtocolError as error:
        return error.status
