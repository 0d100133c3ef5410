"""The kinds of values: what they take, what they refuse and in which words, and that they show what they take.

And the values of all options together: one for each, which stays what it is.
"""

from __future__ import annotations

from typing import Any

import pytest

from wsgiserve.config import options
from wsgiserve.options import (
    Kind,
    OptionValues,
    choice,
    choices,
    flag,
    integer,
    mount,
    networks,
    option,
    page,
    path,
    paths,
    seconds,
    size,
    text,
    texts,
)

port = integer(0, 65535)
at_least_one = integer(1)
MOUNT = "takes a path such as /shop, as it is before percent-encoding and without a slash at its end"

color = choice("auto", "always", "never")


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (text, "shop", "shop"),
        (path, "a/b", "a/b"),
        (texts, "::1", ("::1",)),
        (texts, "127.0.0.1, ::1", ("127.0.0.1", "::1")),
        (texts, ["127.0.0.1", "::1"], ("127.0.0.1", "::1")),
        (paths, "/static/*, *.map", ("/static/*", "*.map")),
        (paths, [], ()),
        (networks, "10.0.0.0/8, ::1, unix", ("10.0.0.0/8", "::1", "unix")),
        (networks, ("10.0.0.0/8,::1", "unix"), ("10.0.0.0/8", "::1", "unix")),
        (choices("for", "host"), ["For"], ("for",)),
        (choices("for", "host"), ("for,host",), ("for", "host")),
        (paths, ("",), ()),
        (flag, True, True),
        (flag, "yes", True),
        (flag, "Off", False),
        (size, 0, 0),
        (size, "8190", 8190),
        (size, "512k", 512 * 1024),
        (size, "10 MB", 10 << 20),
        (size, "1GiB", 1 << 30),
        (seconds, 3, 3.0),
        (seconds, "0.5", 0.5),
        (seconds, "30s", 30.0),
        (port, "0", 0),
        (port, 65535, 65535),
        (at_least_one, "1", 1),
        (color, "Never", "never"),
        (mount, "", ""),
        (mount, "/shop/v2", "/shop/v2"),
        (mount, "/süß", "/s\xc3\xbc\xc3\x9f"),
        (page, "/admin", "/admin"),
        (page, "yes", "/"),
        (page, False, None),
    ],
)
def test_a_kind_takes(kind: Kind, given: Any, value: Any) -> None:
    parsed = kind.parse(given)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (text, "", "takes a text"),
        (text, 1, "takes a text"),
        (texts, "", "takes one or more texts"),
        (texts, "a,,b", "takes one or more texts"),
        (paths, "static/*", r"takes patterns of paths, such as /static/\*"),
        (paths, [1], "takes one or more texts"),
        (networks, "10.0.0.1/8", "takes addresses and networks such as 10.0.0.0/8, or unix"),
        (networks, "proxy", "takes addresses and networks such as 10.0.0.0/8, or unix"),
        (choices("for", "host"), "for, by", "takes some of for, host"),
        (texts, [], "takes one or more texts"),
        (texts, [1], "takes one or more texts"),
        (texts, 1, "takes one or more texts"),
        (flag, "maybe", "takes true or false"),
        (flag, 1, "takes true or false"),
        (size, -1, "takes a number of bytes, such as 65536, 512k, 10m or 1g"),
        (size, True, "takes a number of bytes, such as 65536, 512k, 10m or 1g"),
        (size, "10 t", "takes a number of bytes, such as 65536, 512k, 10m or 1g"),
        (seconds, 0, "takes a number of seconds above 0, such as 30 or 0.5"),
        (seconds, "nan", "takes a number of seconds above 0, such as 30 or 0.5"),
        (seconds, "inf", "takes a number of seconds above 0, such as 30 or 0.5"),
        (seconds, True, "takes a number of seconds above 0, such as 30 or 0.5"),
        (seconds, [], "takes a number of seconds above 0, such as 30 or 0.5"),
        (port, "x", "takes a whole number from 0 to 65535"),
        (port, 65536, "takes a whole number from 0 to 65535"),
        (port, -1, "takes a whole number from 0 to 65535"),
        (port, 80.0, "takes a whole number from 0 to 65535"),
        (port, True, "takes a whole number from 0 to 65535"),
        (at_least_one, 0, "takes a whole number of at least 1"),
        (color, "green", "takes one of auto, always, never"),
        (color, 1, "takes one of auto, always, never"),
        (mount, "shop", MOUNT),
        (
            mount,
            "/shop/",
            MOUNT,
        ),
        (
            mount,
            "/a%20b",
            MOUNT,
        ),
        (mount, 1, MOUNT),
        (page, "admin", "takes a path such as /admin"),
    ],
)
def test_a_kind_refuses(kind: Kind, given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        kind.parse(given)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (size, 1 << 30, "1g"),
        (size, 64 << 10, "64k"),
        (size, 8190, "8190"),
        (size, 0, "0"),
        (seconds, 10.0, "10"),
        (seconds, 0.25, "0.25"),
        (texts, ("127.0.0.1", "::1"), "127.0.0.1, ::1"),
        (paths, ("/static/*", "*.map"), "/static/*, *.map"),
        (paths, (), ""),
        (flag, True, "true"),
        (mount, "/s\xc3\xbc\xc3\x9f", "/süß"),
    ],
)
def test_a_value_is_shown_as_it_can_be_given(kind: Kind, value: Any, shown: str) -> None:
    assert kind.show(value) == shown
    assert kind.parse(shown) == value


@pytest.mark.parametrize("name", options())
def test_every_default_can_be_given_in_the_words_it_is_shown_in(name: str) -> None:
    about = options()[name]
    if about.default is not None:
        assert about.kind.parse(about.kind.show(about.default)) == about.default


class Shop(OptionValues):
    name: str = option("shop", text, "Name over the door.", group="Shop")
    clerks: int = option(1, at_least_one, "People who sell.", group="Shop")


def test_values_are_those_given_and_the_defaults_of_the_others() -> None:
    assert (Shop().name, Shop(clerks=2).name, Shop(clerks=2).clerks) == ("shop", "shop", 2)
    assert list(Shop.options) == ["name", "clerks"]
    assert repr(Shop(clerks=2)) == "Shop(name='shop', clerks=2)"


def test_values_are_equal_and_hash_alike_where_all_of_them_are() -> None:
    assert Shop(clerks=2) == Shop().replaced(clerks=2)
    assert hash(Shop(clerks=2)) == hash(Shop().replaced(clerks=2))
    assert Shop() != Shop(clerks=2)
    assert Shop() != "shop"


def test_what_is_no_option_has_no_value() -> None:
    with pytest.raises(TypeError, match="no options of Shop: clerk, names"):
        Shop(names="a", clerk=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no options of Shop: clerk"):
        Shop().replaced(clerk=1)


def test_a_value_never_changes_but_another_set_can_have_another_one() -> None:
    shop = Shop()
    with pytest.raises(AttributeError, match="never changes"):
        shop.name = "stall"  # type: ignore[misc]
    assert (shop.name, shop.replaced(name="stall").name) == ("shop", "stall")
