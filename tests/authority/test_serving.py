"""Which certificate ``--tls`` takes, and what there is to say about it; without mkcert."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsgiserve.authority.files import Folder, default_folder
from wsgiserve.authority.serving import local_certificate
from wsgiserve.errors import UserError

pytestmark = pytest.mark.usefixtures("home", "bin_folder")

UNTRUSTED = "browsers do not trust the certificate yet:  wsgiserve tls install"


@pytest.mark.parametrize(
    ("hosts", "allowed", "notes"),
    [
        (["127.0.0.1", "::1"], [], [UNTRUSTED]),
        ([], ["shop.localhost"], [UNTRUSTED]),
        (
            ["127.0.0.1"],
            ["shop.test", "blog.test"],
            [
                "the certificate is not for shop.test, blog.test: the local authority vouches for localhost alone.",
                UNTRUSTED,
            ],
        ),
        (["0.0.0.0"], [], ["the certificate is for localhost alone: browsers on other machines refuse it.", UNTRUSTED]),
    ],
)
def test_what_there_is_to_say(hosts: list[str], allowed: list[str], notes: list[str]) -> None:
    certificate = local_certificate(hosts, allowed)
    assert list(certificate.notes) == notes
    assert certificate.file.parent == default_folder()
    Folder(default_folder()).note_trust(True)
    assert list(local_certificate(hosts, allowed).notes) == notes[:-1]


def test_a_host_that_may_be_another_machine_is_refused(home: Path) -> None:
    with pytest.raises(UserError, match=r"--tls has no certificate for shop\.test") as caught:
        local_certificate(["127.0.0.1", "shop.test"])
    assert (caught.value.slug, caught.value.exit_code) == ("tls-host", 5)
    assert list(home.iterdir()) == []
