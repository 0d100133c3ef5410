"""``wsgiserve conform``: what it tests, what it tells, how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from wsgiserve.cli import main
from wsgiserve.conform import probe
from wsgiserve.testing import serve


def conform(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["conform", *words])
    printed = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out, printed.err


@pytest.fixture
def url() -> Iterator[str]:
    """Of ours, with the probe."""
    with serve(probe) as server:
        yield server.url("").rstrip("/")


def test_a_server_that_runs(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = conform(capsys, "--target", url, "host", "environ/url-scheme")
    assert (code, err) == (0, "")
    assert out.split() == ["server", "version", "MUST", "SHOULD", "MAY", url, "30/30", "2/2", "1/1"]


def test_a_server_that_breaks_a_must_ends_with_6_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = conform(capsys, "--server", "wsgiref", "host/host-twice", "host/host-port")
    assert code == 6
    assert (
        "MUST    host/host-twice: more than one Host line: 400 (RFC 9112 §3.2)\n          answered with 200 OK" in out
    )
    assert "1/2" in out
    assert "why:" not in out


def test_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = conform(capsys, "--server", "wsgiref", "host/host-twice", "--bytes")
    assert "why: Links, caches and tenants" in out
    assert r"1 client: GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n" in out
    assert "1 server: HTTP/1.0 200 OK" in out


def test_several_servers_side_by_side(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = {kind: tmp_path / kind for kind in ("json", "junit", "html", "markdown")}
    words = [word for kind, file in files.items() for word in (f"--{kind}", str(file))]
    code, out, _ = conform(
        capsys, "host/host-twice", "host/host-port-long", "--server", "wsgiserve", "--server", "wsgiref", *words
    )
    assert code == 6
    assert [line.split() for line in out.splitlines()[-2:]] == [
        ["MUST", "and", "SHOULD", "that", "fail", "wsgiserve", "wsgiref"],
        ["Host", "·", "1"],
    ]
    told = json.loads(files["json"].read_text())
    assert [server["conforms"] for server in told["servers"]] == [True, False]
    case = told["servers"][1]["cases"][0]
    assert (case["id"], case["level"], case["section"], case["passed"]) == (
        "host/host-twice",
        "MUST",
        "RFC 9112 §3.2",
        False,
    )
    assert case["said"][0]["data"].startswith(r"GET / HTTP/1.1\r\n")
    suites = ET.fromstring(files["junit"].read_text())
    assert [(suite.get("tests"), suite.get("failures"), suite.get("skipped")) for suite in suites] == [
        ("2", "0", "0"),
        ("2", "1", "1"),
    ]
    markdown = files["markdown"].read_text()
    assert "| `host/host-twice` | MUST | more than one Host line: 400 (RFC 9112 §3.2) | yes | **no** |" in markdown
    page = files["html"].read_text()
    assert page.startswith("<!doctype html>")
    assert "<summary>wsgiref: host/host-twice</summary>" in page


def test_which_cases_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = conform(capsys, "--list", "*/host-twice*")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["host/host-twice", "MUST"],
        ["host/host-twice-same", "MUST"],
        ["host/host-twice-version-1.0", "MUST"],
    ]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = conform(capsys, "--help")
    assert code == 0
    assert "--server NAME" in out


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (["nothing"], "there is no case 'nothing'.", "wsgiserve conform --list"),
        (["--server", "wekzeug"], "--server knows no 'wekzeug'.", "did you mean werkzeug?"),
        (["--server", "xyzzy"], "--server knows no 'xyzzy'.", "--server takes wsgiserve, "),
        (["--server", "bjoern"], "bjoern is not installed.", "pip install bjoern"),
        (["--target", "ftp://x"], "--target takes the URL of a server, not 'ftp://x'.", "http://HOST:PORT"),
        (["--seconds", "0"], "Invalid value for '--seconds'", "--help"),
        (
            ["--target", "unix:/no/such/socket"],
            "does not serve the application that conform asks.",
            "wsgiserve.conform:probe",
        ),
    ],
)
def test_mistakes(words: list[str], what: str, fix: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = conform(capsys, *words)
    assert (code, out) == (2, "")
    assert what in err
    assert f"Fix: {fix}" in err or fix in err


def test_a_report_that_cannot_be_written(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = conform(capsys, "--target", url, "host/host-twice", "--json", str(tmp_path / "no" / "file"))
    assert code == 2
    assert "cannot be written: No such file or directory." in err
