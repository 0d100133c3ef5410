"""Who is the developer, and who only seems to be."""

from __future__ import annotations

import pytest

from wsgiserve.dev.audience import Audience
from wsgiserve.server.hints import Hint, host_refused
from wsgiserve.wsgi.peers import ORIGINAL


def admitted(host: str = "localhost:8000", peer: str = "127.0.0.1", **environ: str) -> tuple[bool, list[Hint]]:
    told: list[Hint] = []
    audience = Audience(["shop.test", "Other.Test"], told.append)
    fields = {"HTTP_HOST": host} if host else {}
    keys = {"REMOTE_ADDR": peer, "SERVER_NAME": "192.168.1.5", **fields, **environ}
    return audience.admits(keys), told


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "<local>"])
def test_who_sits_at_this_machine(peer: str) -> None:
    assert admitted(peer=peer) == (True, [])


@pytest.mark.parametrize("peer", ["192.0.2.7", "::", "fe80::1%eth0", "::ffff:192.0.2.7", "example", ""])
def test_who_does_not(peer: str) -> None:
    assert admitted(peer=peer) == (False, [])


@pytest.mark.parametrize(
    "key",
    [
        "HTTP_FORWARDED",
        "HTTP_VIA",
        "HTTP_X_REAL_IP",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_X",
        ORIGINAL,  # whose fields have been taken out, since nobody trusted them
    ],
)
def test_a_proxy_speaks_for_anybody(key: str) -> None:
    assert admitted(**{key: ""}) == (False, [])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "shop.localhost",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.5",
        "shop.test:8000",
        "other.test",
    ],
)
def test_names_of_this_machine(host: str) -> None:
    assert admitted(host) == (True, [])


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "localhost.evil.test",
        "notlocalhost",
        "127.0.0.1.nip.io",
        "a.shop.test",
        "192.168.1.6",
        "8.8.8.8",
        "[2001:db8::1]",
        "localhost@evil.test",
        "evil.test, localhost",
    ],
)
def test_another_name_is_refused_and_told(host: str) -> None:
    is_admitted, (hint,) = admitted(f"{host}:8000")
    assert not is_admitted
    assert hint == host_refused(host.strip("[]"))


def test_no_name_is_none_of_ours() -> None:
    assert admitted("") == (False, [])
