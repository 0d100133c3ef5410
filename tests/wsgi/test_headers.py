"""Status and headers of applications: what passes, what does not, and what the refusal says."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from wsgiserve.errors import LocalProtocolError
from wsgiserve.wsgi import headers as module
from wsgiserve.wsgi.headers import check_response


@pytest.fixture(autouse=True)
def _empty_memos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_statuses", {})
    monkeypatch.setattr(module, "_lines", {})
    monkeypatch.setattr(module, "_heads", {})


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("200 OK", 200, b"OK"),
        ("404 Not Found", 404, b"Not Found"),
        ("599 a\tb", 599, b"a\tb"),
        ("200  OK", 200, b" OK"),
        ("299 caf\xe9", 299, b"caf\xe9"),
    ],
)
def test_a_status_is_a_code_and_a_reason(status: str, code: int, reason: bytes) -> None:
    for _ in range(2):  # the second time from the memo
        head = check_response(status, [])
        assert (head.status, head.reason) == (code, reason)


BAD_STATUSES = [
    "200",
    "200 ",
    "OK",
    "",
    "20 OK",
    "2000 OK",
    "100 Continue",
    "101 Up",
    "600 No",
    "200 O\nK",
    "200 \u20ac",
]


@pytest.mark.parametrize("status", [*BAD_STATUSES, "200 OK\r\nX: y", "200 \x7f", "٢٠٠ OK", b"200 OK", 200, None])
def test_anything_else_is_none(status: Any) -> None:
    with pytest.raises(LocalProtocolError, match="PEP 3333"):
        check_response(status, [])


def test_headers_become_field_lines_in_order() -> None:
    head = check_response("200 OK", [("X-One", "1"), ("x-two", " 2\t"), ("X-One", ""), ("Set-Cookie", "caf\xe9")])
    assert head.fields == b"X-One: 1\r\nx-two: 2\r\nX-One: \r\nSet-Cookie: caf\xe9\r\n"
    assert (head.length, head.date, head.server) == (None, False, False)


@pytest.mark.parametrize(("text", "length"), [("0", 0), ("042", 42), (" 5\t", 5), ("9" * 18, 10**18 - 1)])
def test_a_length_is_noted_and_left_to_the_framing(text: str, length: int) -> None:
    for _ in range(2):
        head = check_response("200 OK", [("content-LENGTH", text)])
        assert (head.length, head.fields) == (length, b"")


def test_date_and_server_are_noted_each_time() -> None:
    for _ in range(2):
        head = check_response("200 OK", [("date", "today"), ("Server", "mine")])
        assert (head.date, head.server, head.fields) == (True, True, b"date: today\r\nServer: mine\r\n")


@pytest.mark.parametrize("length", ["", "-1", "+1", "1.0", "0x1", "1 2", "1_0", "١", "9" * 19])
def test_a_length_is_a_number(length: str) -> None:
    with pytest.raises(LocalProtocolError, match=r"Content-Length|latin-1"):
        check_response("200 OK", [("Content-Length", length)])


def test_there_is_one_length() -> None:
    with pytest.raises(LocalProtocolError, match="twice"):
        check_response("200 OK", [("Content-Length", "5"), ("content-length", "5")])


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "caf\xe9", "(x)", "X\0"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="token"):
        check_response("200 OK", [(name, "value")])


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "a\rb", "\0", "\x1f", "\x7f", "\u20ac", "\u2028"])
def test_a_value_has_no_control_characters_and_nothing_beyond_latin_1(value: str) -> None:
    with pytest.raises(LocalProtocolError, match="value of X-One"):
        check_response("200 OK", [("X-One", value)])


HOP_BY_HOP = "Connection Keep-Alive Proxy-Authenticate Proxy-Authorization TE Trailers Transfer-Encoding Upgrade"


@pytest.mark.parametrize("name", [*HOP_BY_HOP.split(), "cOnNeCtIoN"])
def test_what_belongs_to_the_connection_is_not_the_applications(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="hop-by-hop"):
        check_response("200 OK", [(name, "close")])


@pytest.mark.parametrize(
    "headers", [(("X", "1"),), {"X": "1"}, None, "X: 1", iter([]), [["X", "1"]], [("X",)], [("X", "1", "2")], ["X1"]]
)
def test_headers_are_a_list_of_pairs(headers: Any) -> None:
    with pytest.raises(LocalProtocolError, match=r"list|tuple"):
        check_response("200 OK", headers)


@pytest.mark.parametrize("header", [("X", 1), (b"X", "1"), ("X", b"1"), ("X", None), ("X", ["1"]), (1, 2)])
def test_names_and_values_are_str(header: Any) -> None:
    with pytest.raises(LocalProtocolError, match="must be str"):
        check_response("200 OK", [header])


def test_a_refusal_does_not_quote_the_value() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        check_response("200 OK", [("Set-Cookie", "secret\n")])
    assert "secret" not in str(caught.value)


# The memos


class Text(str):
    """Holds a text, and says that it is another."""

    __slots__ = ()

    def _another(self, *arguments: Any) -> Any:
        return "bad\r\nX: y"

    __str__ = __format__ = strip = _another

    def encode(self, *arguments: Any) -> bytes:
        return b"bad\r\nX: y"


@pytest.mark.parametrize("first", [True, False])
def test_a_subclass_of_str_is_the_text_it_holds(first: bool) -> None:
    if not first:
        check_response("200 OK", [("X", "1")])
    head = check_response(Text("200 OK"), [(Text("X"), Text("1"))])
    assert (head.status, head.reason, head.fields) == (200, b"OK", b"X: 1\r\n")


class AnyCase(str):
    """Text that ignores case, as some libraries have for the names of headers."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(self.lower())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()


@pytest.mark.parametrize("first", [str, AnyCase])
@pytest.mark.parametrize("second", [str, AnyCase])
def test_what_calls_itself_equal_does_not_get_the_line_of_another(first: type[str], second: type[str]) -> None:
    check_response(first("200 ok"), [(first("x-id"), first("abc"))])
    head = check_response(second("200 OK"), [(second("X-ID"), second("ABC"))])
    assert (head.reason, head.fields) == (b"OK", b"X-ID: ABC\r\n")


class Sly:
    """Equal to a text, and none."""

    def __hash__(self) -> int:
        return hash("1")

    def __eq__(self, other: object) -> bool:
        return other == "1"


@pytest.mark.parametrize("value", [Sly(), 1, True, b"1", ["1"]])
def test_what_was_right_before_does_not_make_another_type_right(value: Any) -> None:
    check_response("200 OK", [("X", "1")])
    with pytest.raises(LocalProtocolError, match="must be str"):
        check_response("200 OK", [("X", value)])


def test_a_header_may_be_a_named_tuple() -> None:
    for _ in range(2):
        assert check_response("200 OK", [Named("X", "1")]).fields == b"X: 1\r\n"


class Named(NamedTuple):
    name: str
    value: str


def test_what_was_checked_once_is_not_checked_again() -> None:
    check_response("200 OK", [("X", "1")])
    module._statuses["200 OK"] = 299, b"kept"
    module._lines["X", "1"] = b"kept"
    assert check_response("200 OK", [("X", "1")]).fields == b"X: 1\r\n", "the whole of it is kept"
    head = check_response("200 OK", [("X", "1"), ("X", "1")])
    assert (head.status, head.reason, head.fields) == (299, b"kept", b"keptkept")


def test_what_was_said_before_is_the_very_same_head() -> None:
    said = [("Content-Type", "text/plain"), ("content-length", "5")]
    head = check_response("200 OK", said)
    assert head.length == 5
    assert check_response("200 OK", [*said]) is head
    assert check_response("200 OK", said[::-1]) is not head
    assert check_response("201 OK", said) is not head


@pytest.mark.parametrize("header", [("Set-Cookie", "a=1"), ("X", "x" * 300), ("date", "now"), ("SERVER", "s")])
def test_a_head_with_one_that_is_not_kept_is_not_kept(header: tuple[str, str]) -> None:
    check_response("200 OK", [("X", "1"), header])
    assert module._heads == {}


def test_what_is_no_plain_text_finds_no_head() -> None:
    check_response("200 OK", [("X", "abc")])
    assert check_response("200 OK", [("X", AnyCase("ABC"))]).fields == b"X: ABC\r\n"
    assert check_response(AnyCase("200 ok"), [("X", "abc")]).reason == b"ok"
    assert {type(text) for status, headers in module._heads for text in (status, *sum(headers, ()))} == {str}


def test_memos_are_bounded() -> None:
    for number in range(2000):
        check_response(f"200 OK {number}", [("X", str(number))])
    assert 0 < len(module._statuses) <= 512
    assert 0 < len(module._lines) <= 512
    assert 0 < len(module._heads) <= 512


@pytest.mark.parametrize("header", [("Set-Cookie", "a=1"), ("X", "x" * 300), ("date", "now"), ("SERVER", "s")])
def test_a_memo_keeps_no_cookies_nothing_long_and_nothing_that_must_be_noted(header: tuple[str, str]) -> None:
    check_response("200 " + "x" * 300, [header])
    assert module._lines == {}
    assert module._statuses == {}


def test_a_memo_keeps_plain_text_alone() -> None:
    check_response(AnyCase("200 OK"), [(AnyCase("X"), Text("1"))])
    assert not any(isinstance(status, AnyCase) for status in module._statuses)
    assert {type(text) for header in module._lines for text in header} == {str}
