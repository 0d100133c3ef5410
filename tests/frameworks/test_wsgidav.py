"""WsgiDAV, tried with litmus, which tries WebDAV servers: the same comes of it as behind WsgiDAV's own server.

What litmus finds wrong in both is WsgiDAV's business.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frameworks.pair import paired
from tests.needed import needs
from tests.reload.looping import ROOT

pytestmark = pytest.mark.slow

SUITES = ["basic", "copymove", "props", "locks", "http"]

# WsgiDAV's own server with the same application; it prints its port.
CHEROOT = """
import sys, threading
from cheroot.wsgi import Server
from tests.frameworks.apps.wsgidav import app
server = Server(("127.0.0.1", 0), app)
server.prepare()
print(server.bind_addr[1], flush=True)
threading.Thread(target=server.serve, daemon=True).start()
sys.stdin.read()
server.stop()
"""


def litmus(url: str, folder: Path) -> dict[str, str]:
    """What litmus says of each of its tests: pass, FAIL, WARNING or SKIPPED, with the reason of a failure."""
    folder.mkdir()
    said = subprocess.run(
        ["litmus", "-k", f"{url}/"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
        env={"TESTS": " ".join(SUITES)},
    ).stdout
    results, suite = {}, ""
    for line in said.replace("\r", "\n").splitlines():
        if begun := re.match(r"-> running `(\w+)'", line):
            suite = begun[1]
        elif done := re.match(r"\s*\d+\. (\w+)\.+ (pass|FAIL|SKIPPED|WARNING)", line):
            results[f"{suite}/{done[1]}"] = done[2]
    return results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """Ours, and those of WsgiDAV's own server."""
    needs("litmus")
    place = tmp_path_factory.mktemp("dav")
    for name in ("ours", "theirs"):
        (place / name).mkdir()
    with paired("wsgidav", FOLDER=str(place / "ours")) as pair:
        ours = litmus(pair.ours, place / "litmus-ours")
    process = subprocess.Popen(
        [sys.executable, "-c", CHEROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "FOLDER": str(place / "theirs")},
    )
    with process:
        assert process.stdout is not None
        theirs = litmus(f"http://127.0.0.1:{int(process.stdout.readline())}", place / "litmus-theirs")
        process.communicate(timeout=60)
    return ours, theirs


def test_all_suites_were_run(results: tuple[dict[str, str], dict[str, str]]) -> None:
    assert {name.partition("/")[0] for name in results[0]} == set(SUITES)
    assert len(results[0]) > 60


def test_what_passes_on_its_own_server_passes_on_ours(results: tuple[dict[str, str], dict[str, str]]) -> None:
    ours, theirs = results
    assert {name: said for name, said in ours.items() if said != theirs.get(name)} == {}


def test_nearly_all_passes(results: tuple[dict[str, str], dict[str, str]]) -> None:
    assert [name for name, said in results[0].items() if said == "FAIL"] == []
