"""The commands of ``sample_apps/README.md`` do what it says, on the real command line and with the real curl."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "sample_apps" / "README.md").read_text()

# What curl shows of each application, from the sentence below its block.
SHOWN = {
    "sample_apps.plain_text": ["200 OK", "Content-Length: 31", "This text answers any request."],
    "sample_apps.static_pages": ["404 Not Found", "There is no file of that name in this folder."],
    "sample_apps.router": ["200 OK", "\n5\n"],
    "sample_apps.shortly": ["302 FOUND", "Location: /1/details"],
    "sample_apps.flask_index": ["200 OK", "<h1>Index</h1>"],
    "sample_apps.notes": ["302 FOUND", "200 OK", "Ada", "Store note"],
    "sample_apps.django_project.wsgi": ["200 OK", "csrftoken=", "Guest book"],
    "sample_apps.behaviours": ["200 OK", "Content-Length: 5", "right"],
}


def blocks() -> dict[str, str]:
    """Each application that the page starts with one line, and the curl line below it."""
    found = re.findall(r"^\$ wsgiserve (\S+)\n\$ (curl .*)$", README, re.MULTILINE)
    return dict(found)


def test_the_readme_shows_every_application_once() -> None:
    assert blocks().keys() == SHOWN.keys()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("application", SHOWN)
def test_the_command_and_the_curl_line(application: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSGISERVE_SAMPLES_DATA", str(tmp_path / "data"))
    line = [sys.executable, "-m", "wsgiserve", application, "--port", "0", "--host", "127.0.0.1"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        try:
            url = next(found[0] for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            curl = shlex.split(blocks()[application].replace("http://127.0.0.1:8000", url))
            done = subprocess.run(
                [*curl, "--silent", "--max-time", "20"], cwd=tmp_path, capture_output=True, text=True, check=False
            )
        finally:
            server.terminate()
    assert [text for text in SHOWN[application] if text not in done.stdout.replace("\r", "")] == []
