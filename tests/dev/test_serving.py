"""The command in a process of its own: who gets a page, and what production knows of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.processes import PROCESS_SECONDS, until
from tests.reload.looping import ROOT, loop

APP = """
import os, sys

def app(environ, start_response):
    if environ["PATH_INFO"] == "/modules":
        start_response("200 OK", [])
        return [" ".join(sys.modules).encode()]
    password = "hunter2"
    raise KeyError("sku")
"""

FLASK_APP = """
from flask import Flask

app = Flask(__name__)

@app.route("/")
def index():
    raise KeyError("sku")
"""


class Server:
    """The command, serving ``shop.py``."""

    def __init__(self, port: int, log: Path) -> None:
        self._port = port
        self._log = log

    def log(self) -> str:
        return self._log.read_text()

    def get(self, target: str = "/", **headers: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PROCESS_SECONDS)
        try:
            connection.request("GET", target, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@contextmanager
def served(folder: Path, *words: str, app: str = APP, **environ: str) -> Iterator[Server]:
    (folder / "shop.py").write_text(app)
    log = folder / "log"
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "WSGISERVE_MODE": "", **environ}
    argv = [sys.executable, "-m", "wsgiserve", "shop", "--port", "0", "--no-reload", *words]
    with log.open("w") as stderr:
        process = subprocess.Popen(argv, cwd=folder, env=variables, stdout=stderr, stderr=stderr)
    try:
        until(lambda: "listening on" in log.read_text() or process.poll() is not None)
        url = next(word for word in log.read_text().split() if word.startswith("http://"))
        yield Server(int(url.rpartition(":")[2]), log)
    finally:
        process.terminate()
        process.wait(PROCESS_SECONDS)


def test_in_development_an_error_is_explained_to_the_developer(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        status, text = server.get(Accept="text/html")
        assert status == 500
        assert "<title>KeyError: &#x27;sku&#x27;</title>" in text
        assert "log id 0001" in text
        assert "hunter2" not in text.partition("<details>")[2].partition("</details>")[0]
        line = f" {len(text.encode())}B id=0001 ✗ KeyError: 'sku'"
        until(lambda: line in server.log())  # the client may know first
        assert "Traceback (most recent call last)" in server.log()


def test_nobody_else_gets_more_than_a_line(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert "KeyError" not in server.get(X_Forwarded_For="192.0.2.7")[1]
        for _ in range(2):
            assert "KeyError" not in server.get(Host="evil.test")[1]
        assert server.log().count('dev tools refused host "evil.test".') == 1
    with served(tmp_path, "--allowed-host", "evil.test") as server:
        assert "KeyError" in server.get(Host="evil.test:8000")[1]


def test_production_imports_none_of_it_and_explains_nothing(tmp_path: Path) -> None:
    with served(tmp_path, "--prod") as server:
        assert server.get()[1].startswith("500 Internal Server Error\n\nThe application failed")
        assert not [name for name in server.get("/modules")[1].split() if name.startswith("wsgiserve.dev")]
    with served(tmp_path) as server:
        assert "wsgiserve.dev.page" in server.get("/modules")[1].split()
        assert not {"werkzeug", "flask"} & set(server.get("/modules")[1].split())


def test_flask_passes_its_errors_on_unless_somebody_said_no(tmp_path: Path) -> None:
    with served(tmp_path, app=FLASK_APP) as server:
        assert server.get()[1].startswith("KeyError: 'sku'\n")
    with served(tmp_path, app=FLASK_APP, FLASK_DEBUG="0") as server:
        assert "KeyError" not in server.get()[1]


def test_what_cannot_be_loaded_is_explained_by_the_same_page(tmp_path: Path) -> None:
    files = {"words.py": 'token = "hunter2"\nprint(undefined)\n'}
    with loop(tmp_path, "--editor", "zed", files=files) as project:
        status, text = project.get(Accept="application/json")
        assert status == 503
        (raised,) = json.loads(text)["error"]["chain"]
        assert (raised["type"], raised["frames"][-1]["name"]) == ("NameError", "words.py")
        assert raised["frames"][-1]["locals"] == [["token", "••••••••"]]
        assert f'href="zed://file{project.folder}/words.py:2:7"' in project.get(Accept="text/html")[1]
        assert "undefined" not in project.get(Via="1.1 x")[1]


def test_with_reload_in_production_a_broken_application_is_not_explained(tmp_path: Path) -> None:
    with loop(tmp_path, "--prod", files={"words.py": "print(undefined)"}) as project:
        assert project.get(Accept="text/html")[1].startswith("The application cannot be loaded.")


@pytest.mark.parametrize("zygote", ["--zygote", "--no-zygote"])
def test_the_debugger_keeps_its_pin(zygote: str, tmp_path: Path) -> None:
    broken = "def app(environ, start_response):\n    raise KeyError('sku')\n"
    with loop(tmp_path, "--debugger", zygote, files={"app.py": broken}) as project:
        assert "Werkzeug Debugger" in project.get()[1]
        assert "EVALEX = true" in project.get()[1]
        assert "Werkzeug" not in project.get(**{"X-Forwarded-For": "192.0.2.7"})[1]
        assert "Werkzeug" not in project.get(Host="evil.test")[1]
        project.save("app.py", broken.replace("sku", "other"))
        project.wait_for_log("Debugger PIN: ", 2)
        pins = [line.rpartition(" ")[2] for line in project.log().splitlines() if "Debugger PIN" in line]
        assert len(set(pins)) == 1
        until(lambda: "KeyError: 'other'" in project.get()[1] or "KeyError: &#39;other&#39;" in project.get()[1])
