"""What is believed of what proxies say, and of what clients say in their name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.wsgi.peers import ORIGINAL
from wsgiserve.wsgi.proxied import SAYINGS, ProxyHeaders

TRUSTED = ["10.0.0.0/8", "fd00::/8"]
ALL = SAYINGS[:-1]


def environ(peer: str = "10.0.0.1", **fields: str) -> dict[str, Any]:
    """Of a connection from this peer, with these fields, ``Forwarded`` or ``X_Forwarded_For`` for example."""
    return {
        "REMOTE_ADDR": peer,
        "REMOTE_PORT": "40000",
        "REMOTE_HOST": peer,
        "SERVER_NAME": "10.0.0.9",
        "SERVER_PORT": "8000",
        "SCRIPT_NAME": "",
        "HTTP_HOST": "inside",
        "wsgi.url_scheme": "http",
        **{f"HTTP_{name.upper()}": value for name, value in fields.items()},
    }


def seen(
    fields: dict[str, str], sayings: tuple[str, ...] = ALL, *, trusted: list[str] = TRUSTED, peer: str = "10.0.0.1"
) -> Any:
    changed = environ(peer, **fields)
    ProxyHeaders(trusted, sayings).apply(changed)
    return changed


@pytest.mark.parametrize(
    ("told", "client", "port"),
    [
        ("192.0.2.7", "192.0.2.7", "0"),
        ("192.0.2.7:51000", "192.0.2.7", "51000"),
        ("2001:db8::7", "2001:db8::7", "0"),
        ("[2001:db8::7]:51000", "2001:db8::7", "51000"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7", "0"),
        # The client may claim whatever it likes in front of what the proxy has seen.
        ("127.0.0.1, 192.0.2.7", "192.0.2.7", "0"),
        ("10.0.0.3, 192.0.2.7", "192.0.2.7", "0"),
        ("<script>, 192.0.2.7", "192.0.2.7", "0"),
        # Proxies before the one that we see are passed over, to the first that is none.
        ("127.0.0.1, 192.0.2.7, 10.0.0.3, fd00::3", "192.0.2.7", "0"),
        ("192.0.2.7,10.0.0.3 ,, fd00::3", "192.0.2.7", "0"),
        ("192.0.2.7, ::ffff:10.0.0.3", "192.0.2.7", "0"),
        # All of them trusted: somebody inside.
        ("10.0.0.5, 10.0.0.3", "10.0.0.5", "0"),
        ("unknown", "unknown", "0"),
        ("192.0.2.7, unknown", "unknown", "0"),
        ("192.0.2.7, _hidden:_port", "_hidden", "0"),
    ],
)
def test_the_client_is_whoever_the_last_trusted_proxy_has_seen(told: str, client: str, port: str) -> None:
    changed = seen({"x_forwarded_for": told})
    assert (changed["REMOTE_ADDR"], changed["REMOTE_HOST"], changed["REMOTE_PORT"]) == (client, client, port)


@pytest.mark.parametrize("peer", ["192.0.2.1", "<local>", "unknown", "11.0.0.1", "::1"])
def test_whoever_is_no_proxy_says_nothing_and_leaves_nothing(peer: str) -> None:
    names = ("x_forwarded_for", "x_forwarded_proto", "x_forwarded_ssl", "x_real_ip", "forwarded")
    changed = seen(dict.fromkeys(names, "x"), peer=peer)
    original = changed.pop(ORIGINAL)
    assert changed == environ(peer)
    assert original["HTTP_X_REAL_IP"] == "x"
    assert original["REMOTE_ADDR"] == peer


def test_a_proxy_on_a_unix_socket_is_trusted_by_that_name() -> None:
    assert seen({"x_forwarded_for": "192.0.2.7"}, trusted=["unix"], peer="<local>")["REMOTE_ADDR"] == "192.0.2.7"


def test_a_request_without_such_fields_is_left_as_it_is() -> None:
    assert seen({}) == environ()


def test_what_the_proxy_does_not_set_is_the_clients_claim() -> None:
    fields = {
        "x_forwarded_for": "192.0.2.7",
        "x_forwarded_proto": "https",
        "x_forwarded_prefix": "/admin",
        "x_forwarded_host": "evil.test",
        "x_real_ip": "127.0.0.1",
        "forwarded": "for=127.0.0.1",
    }
    changed = seen(fields, ("for",))
    original = changed.pop(ORIGINAL)
    address = {"REMOTE_ADDR": "192.0.2.7", "REMOTE_HOST": "192.0.2.7", "REMOTE_PORT": "0"}
    assert changed == {**environ(x_forwarded_for="192.0.2.7"), **address}
    assert original["HTTP_X_FORWARDED_PREFIX"] == "/admin"
    assert original["REMOTE_PORT"] == "40000"


def test_all_that_a_proxy_may_say() -> None:
    fields = {
        "x_forwarded_for": "192.0.2.7",
        "x_forwarded_proto": "HTTPS",
        "x_forwarded_host": "shop.test",
        "x_forwarded_port": "8443",
        "x_forwarded_prefix": "/shop/",
    }
    changed = seen(fields)
    assert changed["wsgi.url_scheme"] == "https"
    assert changed["HTTPS"] == "on"
    assert changed["HTTP_HOST"] == "shop.test:8443"
    assert (changed["SERVER_NAME"], changed["SERVER_PORT"]) == ("shop.test", "8443")
    assert changed["SCRIPT_NAME"] == "/shop"


@pytest.mark.parametrize(
    ("fields", "host", "name", "port"),
    [
        ({"x_forwarded_host": "shop.test"}, "shop.test", "shop.test", "80"),
        ({"x_forwarded_host": "shop.test", "x_forwarded_proto": "https"}, "shop.test", "shop.test", "443"),
        ({"x_forwarded_host": "shop.test:81"}, "shop.test:81", "shop.test", "81"),
        ({"x_forwarded_host": "[2001:db8::1]"}, "[2001:db8::1]", "[2001:db8::1]", "80"),
        ({"x_forwarded_host": "[2001:db8::1]:81"}, "[2001:db8::1]:81", "[2001:db8::1]", "81"),
        ({"x_forwarded_port": "81"}, "inside:81", "10.0.0.9", "81"),
        ({"x_forwarded_port": "443", "x_forwarded_proto": "https"}, "inside", "10.0.0.9", "443"),
        ({"x_forwarded_host": "evil.test, shop.test"}, "shop.test", "shop.test", "80"),
    ],
)
def test_host_and_port(fields: dict[str, str], host: str, name: str, port: str) -> None:
    changed = seen(fields)
    assert (changed["HTTP_HOST"], changed["SERVER_NAME"], changed["SERVER_PORT"]) == (host, name, port)


def test_a_port_of_a_request_without_host() -> None:
    changed = environ(x_forwarded_port="81")
    del changed["HTTP_HOST"]
    ProxyHeaders(TRUSTED, ALL).apply(changed)
    assert changed["SERVER_PORT"] == "81"
    assert "HTTP_HOST" not in changed


def test_a_proxy_may_say_that_it_is_plain() -> None:
    changed = {**environ(x_forwarded_proto="http"), "wsgi.url_scheme": "https", "HTTPS": "on"}
    ProxyHeaders(TRUSTED, ALL).apply(changed)
    assert changed["wsgi.url_scheme"] == "http"
    assert "HTTPS" not in changed


def test_the_mount_is_below_the_prefix() -> None:
    changed = {**environ(x_forwarded_prefix="/eu"), "SCRIPT_NAME": "/shop"}
    ProxyHeaders(TRUSTED, ALL).apply(changed)
    assert changed["SCRIPT_NAME"] == "/eu/shop"


@pytest.mark.parametrize(
    ("told_for", "told_proto", "scheme"),
    [
        ("192.0.2.7, 10.0.0.3", "https, http", "https"),  # what the first proxy saw, which the client has spoken to
        ("192.0.2.7, 10.0.0.3", "https", "https"),
        ("192.0.2.7, 10.0.0.3", "http, https, http", "https"),
        ("192.0.2.1, 192.0.2.7", "https, http", "http"),  # the first one is the client's own claim
    ],
)
def test_lists_are_read_from_their_ends(told_for: str, told_proto: str, scheme: str) -> None:
    fields = {"x_forwarded_for": told_for, "x_forwarded_proto": told_proto}
    assert seen(fields)["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("x_forwarded_proto", "ftp"),
        ("x_forwarded_host", "shop.test/evil"),
        ("x_forwarded_host", "evil\xe9"),
        ("x_forwarded_port", "0"),
        ("x_forwarded_port", "65536"),
        ("x_forwarded_port", "8\xb2"),
        ("x_forwarded_port", "-1"),
        ("x_forwarded_prefix", "//evil.test"),
        ("x_forwarded_prefix", "shop"),
        ("x_forwarded_prefix", "/shop?x"),
        ("x_forwarded_for", "shop.test"),
        ("x_forwarded_for", "192.0.2.7:99999999"),
        ("x_forwarded_for", "192.0.2"),
    ],
)
def test_a_proxy_that_says_nonsense_is_refused(field: str, value: str) -> None:
    with pytest.raises(RemoteProtocolError, match="the proxy told of a") as caught:
        seen({field: value})
    assert caught.value.status == 400
    assert value not in str(caught.value)
    assert str(caught.value).isascii()  # it goes into the answer


# RFC 7239


@pytest.mark.parametrize(
    ("told", "client", "scheme", "host"),
    [
        ("for=192.0.2.7", "192.0.2.7", "http", "inside"),
        ('For="[2001:db8::7]:4711"', "2001:db8::7", "http", "inside"),
        ("for=192.0.2.7;proto=https;by=10.0.0.1;host=shop.test", "192.0.2.7", "https", "shop.test"),
        ('for=192.0.2.7;host="shop.test:81"', "192.0.2.7", "http", "shop.test:81"),
        ('for="\\1\\92.0.2.7"', "192.0.2.7", "http", "inside"),
        ('for=192.0.2.7;proto=https, for="10.0.0.3";proto=http', "192.0.2.7", "https", "inside"),
        ("for=127.0.0.1;proto=https, for=192.0.2.7;proto=http", "192.0.2.7", "http", "inside"),
        ("for=unknown", "unknown", "http", "inside"),
        ("for=_secret", "_secret", "http", "inside"),
        ("proto=https", "10.0.0.1", "https", "inside"),
        ("for=192.0.2.7 ; proto=https", "192.0.2.7", "https", "inside"),
    ],
)
def test_forwarded(told: str, client: str, scheme: str, host: str) -> None:
    fields = {"forwarded": told, "x_forwarded_for": "127.0.0.1", "x_forwarded_proto": "ftp"}
    changed = seen(fields, ("forwarded",))
    assert (changed["REMOTE_ADDR"], changed["wsgi.url_scheme"], changed["HTTP_HOST"]) == (client, scheme, host)
    assert "HTTP_X_FORWARDED_FOR" not in changed


@pytest.mark.parametrize(
    "told", ["for", "for=", "for=1;for=2", 'for="192.0.2.7', "for=192.0.2.7;;proto=http", "192.0.2.7", "for=a b", "=1"]
)
def test_forwarded_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        seen({"forwarded": told}, ("forwarded",))
    assert str(caught.value).isascii()


def test_one_or_the_other() -> None:
    with pytest.raises(ValueError, match="what it does not set is its client's claim"):
        ProxyHeaders(TRUSTED, ("forwarded", "for"))
    with pytest.raises(ValueError, match="does not appear to be"):
        ProxyHeaders(["somewhere"], ("for",))


TEXT = st.text(st.characters(max_codepoint=255), max_size=40)
PIECES = st.lists(
    st.sampled_from(
        [
            "for=",
            "proto=",
            ";",
            ",",
            '"',
            "\\",
            "10.0.0.3",
            "192.0.2.7",
            "127.0.0.1",
            "[::1]",
            ":80",
            "https",
            " ",
            "unknown",
        ]
    ),
    max_size=12,
).map("".join)


@given(st.one_of(TEXT, PIECES), st.sampled_from(["10.0.0.1", "192.0.2.1"]))
def test_whatever_a_client_claims_the_address_that_the_proxy_has_seen_is_told(claim: str, peer: str) -> None:
    """A proxy appends who has connected to it to what came."""
    for fields, sayings in (
        ({"x_forwarded_for": f"{claim}, 203.0.113.5"}, ALL),
        ({"forwarded": f"{claim}, for=203.0.113.5"}, ("forwarded",)),
    ):
        refused, changed = False, {}
        try:
            changed = seen(fields, sayings, peer=peer)
        except RemoteProtocolError:
            refused = True  # the claim breaks what stands beside it: the whole field is of no use
        if refused:
            assert (peer, sayings) == ("10.0.0.1", ("forwarded",))
        else:
            assert changed["REMOTE_ADDR"] == ("203.0.113.5" if peer == "10.0.0.1" else peer)
