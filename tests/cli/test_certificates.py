"""What is wrong with a certificate or its key: found out by looking, not by OpenSSL's words."""

from __future__ import annotations

import errno
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.certificates import write_pair
from tests.cli.projects import Project
from wsgiserve.certificates import expiry, explain, refuse_expired
from wsgiserve.config import Config
from wsgiserve.errors import UserError
from wsgiserve.listening import load_certificate


def refusal(cert: str = "dev.pem", key: str | None = "key.pem") -> UserError:
    with pytest.raises(UserError) as caught:
        load_certificate(Config(cert=cert, key=key))
    assert (caught.value.slug, caught.value.exit_code) == ("bad-certificate", 5)
    assert caught.value.what == f"cannot use certificate {cert}."
    return caught.value


@pytest.fixture(autouse=True)
def pair(project: Project) -> None:
    write_pair("dev.pem", "key.pem")


def test_a_missing_key_is_told() -> None:
    assert refusal(key="gone.pem").why == "its key gone.pem does not exist."


def test_a_directory_is_no_certificate(project: Project) -> None:
    (project.directory / "folder").mkdir()
    assert refusal(cert="folder").why == "the file cannot be read: is a directory."
    assert refusal(key="folder").why == "its key folder cannot be read: is a directory."


def test_a_file_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def read_text(path: Path, encoding: str) -> str:
        if path.name == "key.pem":
            raise denied
        return "-----BEGIN CERTIFICATE-----"

    monkeypatch.setattr(Path, "read_text", read_text)
    assert explain("dev.pem", "key.pem", denied).why == "its key key.pem cannot be read: permission denied."


def test_a_key_that_is_not_pem_is_told(project: Project) -> None:
    project.write("key.pem", "secret")
    assert refusal().why == "its key key.pem is not PEM."


def test_a_file_without_a_key_is_told() -> None:
    error = refusal(key=None)
    assert error.why == "there is no private key in it."
    assert error.fix == "name the file that has it:  --cert dev.pem --key FILE"


def test_a_key_in_the_certificates_file_is_found_there(project: Project) -> None:
    both = (project.directory / "key.pem").read_text() + (project.directory / "dev.pem").read_text()
    project.write("both.pem", both)
    assert load_certificate(Config(cert="both.pem")) is not None


def test_an_encrypted_key_in_the_certificates_file_is_told(project: Project) -> None:
    write_pair("dev.pem", "key.pem", password=b"open sesame")
    both = (project.directory / "key.pem").read_text() + (project.directory / "dev.pem").read_text()
    project.write("my dev.pem", both)
    error = refusal("my dev.pem", None)
    assert error.why == "the key is encrypted."
    assert error.fix.startswith("openssl pkey -in 'my dev.pem' -out plain.pem  ")


def test_a_key_of_another_kind_does_not_match_either(project: Project) -> None:
    error = ssl.SSLError(1, "key type mismatch")
    error.reason = "KEY_TYPE_MISMATCH"
    assert explain("dev.pem", "key.pem", error).why == "its key does not match key.pem."


def test_a_certificate_with_nonsense_in_it_is_told_in_openssls_words(project: Project) -> None:
    project.write("dev.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    assert refusal().why.startswith("OpenSSL says: ")


@pytest.mark.parametrize(
    "end",
    [
        datetime(2026, 10, 1, 12, 30, 59, tzinfo=UTC),  # UTCTime
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2051, 1, 2, 3, 4, 5, tzinfo=UTC),  # GeneralizedTime, from 2050 on
    ],
)
def test_the_end_of_a_certificates_time_is_read_from_it(end: datetime) -> None:
    write_pair("dev.pem", "key.pem", end=end)
    assert expiry(Path("dev.pem").read_text()) == end


def test_the_first_of_a_chain_is_the_servers() -> None:
    write_pair("first.pem", "key.pem", end=datetime(2031, 1, 1, tzinfo=UTC))
    assert expiry("some words\n" + Path("first.pem").read_text() + Path("dev.pem").read_text()) == datetime(
        2031, 1, 1, tzinfo=UTC
    )


def test_a_certificate_is_good_until_its_last_second() -> None:
    end = datetime(2031, 1, 1, tzinfo=UTC)
    write_pair("dev.pem", "key.pem", end=end)
    refuse_expired("dev.pem", end)
    with pytest.raises(UserError) as caught:
        refuse_expired("dev.pem", end + timedelta(seconds=1))
    assert caught.value.why == "it expired on 2031-01-01."


BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


# A sequence of a sequence of: serialNumber, signature, issuer, and a validity of two dates of any kind and text.
def certificate(tag: int, text: bytes) -> bytes:
    dates = bytes([0x17, 1]) + b"?" + bytes([tag, len(text)]) + text
    fields = b"\x02\x01\x01" + b"\x30\x00" + b"\x30\x00" + bytes([0x30, len(dates)]) + dates
    inner = bytes([0x30, len(fields)]) + fields
    return bytes([0x30, len(inner)]) + inner


def test_a_certificate_of_version_1_has_no_version_field() -> None:
    assert expiry(pem(certificate(0x17, b"310102030405Z"))) == datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        BEGIN,
        END + BEGIN,
        f"{BEGIN}\n!\n{END}",
        f"{BEGIN}\n{END}",
        pem(b"\x30"),
        pem(b"\x30\x00"),
        pem(b"\x30\x02\x30\x00"),
        pem(certificate(0x17, b"yesterday")),
        pem(certificate(0x18, b"\xff")),
    ],
)
def test_what_is_no_certificate_has_no_end(text: str) -> None:
    assert expiry(text) is None
