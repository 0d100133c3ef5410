"""Names of certificates, and those that can be no other machine's."""

from __future__ import annotations

import pytest

from wsgiserve.authority.names import is_local, names_for


@pytest.mark.parametrize(
    ("hosts", "names"),
    [
        ([], ("localhost", "127.0.0.1", "::1")),
        (["127.0.0.1", "::1"], ("localhost", "127.0.0.1", "::1")),
        (["0.0.0.0", "::"], ("localhost", "127.0.0.1", "::1")),
        (["Shop.Localhost."], ("localhost", "127.0.0.1", "::1", "shop.localhost")),
        (["127.0.0.2", "shop.test", "127.0.0.2"], ("localhost", "127.0.0.1", "::1", "127.0.0.2", "shop.test")),
    ],
)
def test_a_certificate_is_for_this_machine_and_for_what_was_named(hosts: list[str], names: tuple[str, ...]) -> None:
    assert names_for(hosts) == names


@pytest.mark.parametrize(
    "name", ["localhost", "shop.localhost", "a.b.localhost", "127.0.0.1", "127.255.255.254", "::1"]
)
def test_a_name_that_can_be_no_other_machines(name: str) -> None:
    assert is_local(name)


@pytest.mark.parametrize(
    "name",
    ["shop.test", "notlocalhost", "localhost.evil.test", "128.0.0.1", "10.0.0.1", "::2", "::", "fe80::1%eth0", ""],
)
def test_a_name_that_can_be_another_machines(name: str) -> None:
    assert not is_local(name)
