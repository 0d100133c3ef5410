"""The command in a process of its own: what it imports, what it serves, and its questions on a terminal."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.cli.projects import FLASK_APP, WSGI_APP, Project
from tests.ports import reserved_port
from tests.server.running import SECONDS
from tests.terminals import terminal

COMMAND = [sys.executable, "-m", "wsgiserve"]


def loaded_by(statements: str) -> list[str]:
    """Modules that an interpreter of its own has after these and had not before: coverage brings some."""
    script = f"import sys; before = {{*sys.modules}}; {statements}; print(*{{*sys.modules}} - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_server_is_not_imported_before_the_options_are_read(project: Project) -> None:
    loaded = loaded_by("import wsgiserve.cli")
    assert "wsgiserve.cli" in loaded
    heavy = {"ssl", "logging", "dataclasses", "inspect", "ast", "tomllib", "importlib.metadata"}
    heavy |= {f"wsgiserve.{name}" for name in ("messages.form", "launcher", "importer", "wsgi")}
    assert heavy & set(loaded) == set()
    assert [name for name in loaded if name.startswith("wsgiserve.server.")] == ["wsgiserve.server.deadlines"]


def test_a_plain_function_is_served_without_what_others_need(project: Project) -> None:
    project.write("shop.py", WSGI_APP)
    loaded = loaded_by("from wsgiserve import importer, launcher; importer.load('shop:app')")
    assert {"wsgiserve.server.handler", "shop"} <= set(loaded)
    unneeded = {"ssl", "dataclasses", "inspect", "ast", "json", "http", "datetime", "wsgiserve.messages.form"}
    assert unneeded & set(loaded) == set()


def test_the_module_is_the_command(project: Project) -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: wsgiserve [OPTIONS] [APP]\n")
    done = subprocess.run([*COMMAND, "--realod"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error[unknown-option]: ")


@pytest.mark.parametrize("flag", ["--help", "--show-config", "--version"])
def test_a_reader_who_has_read_enough_is_no_fault(flag: str, project: Project) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*COMMAND, flag], stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@contextmanager
def served(*argv: str, stop: signal.Signals = signal.SIGTERM, code: int = 0) -> Iterator[tuple[str, str]]:
    """The banner of a server, and its URL; it is stopped at the end."""
    process = subprocess.Popen([*COMMAND, *argv, "--port", "0"], stderr=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stderr is not None
            banner = process.stderr.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", banner)
            assert url is not None, banner + process.stderr.read()
            yield banner, url[0]
            process.send_signal(stop)
            assert process.wait(SECONDS) == code
        finally:
            process.kill()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as response:
        content: bytes = response.read()
    return content


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_flask_application_is_found_and_served(stop: signal.Signals, code: int, project: Project) -> None:
    project.write("app.py", FLASK_APP)
    with served(stop=stop, code=code) as (banner, url):
        assert get(url) == b"hello from flask"
        assert f"listening on {url} app=app:app mode=dev pid=" in banner


TELLTALE_APP = """
import sys


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(sys.modules).encode()]
"""


def test_a_request_is_answered_before_anything_is_imported_that_it_does_not_need(project: Project) -> None:
    project.write("telltale.py", TELLTALE_APP)
    with served("telltale:app", "--prod") as (_, url):
        loaded = set(get(url).decode().split())
    bare = subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], stdout=subprocess.PIPE, check=True)
    heavy = {
        "click",
        "difflib",
        "email",
        "http.client",
        "importlib.metadata",
        "secrets",
        "ssl",
        "tomllib",
        "webbrowser",
    }
    assert "wsgiserve.server.handler" in loaded
    assert (loaded - set(bare.stdout.decode().split())) & heavy == set()


DJANGO = {
    "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
    "shop/__init__.py": "",
    "shop/settings.py": """
        ALLOWED_HOSTS = ["*"]
        ROOT_URLCONF = "shop.urls"
        SECRET_KEY = "secret"
        WSGI_APPLICATION = "shop.wsgi.application"
    """,
    "shop/urls.py": """
        from django.http import HttpResponse
        from django.urls import path

        urlpatterns = [path("", lambda request: HttpResponse("hello from django"))]
    """,
    "shop/wsgi.py": """
        import os

        from django.core.wsgi import get_wsgi_application

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        application = get_wsgi_application()
    """,
}


def test_a_django_project_is_found_by_its_manage_py_and_served(project: Project) -> None:
    for name, text in DJANGO.items():
        project.write(name, text)
    with served() as (banner, url):
        assert get(url) == b"hello from django"
        assert " app=shop.wsgi:application " in banner


@contextmanager
def two_ports() -> Iterator[int]:
    """A port that is taken, and the next one is not and will not be."""
    while True:
        with ExitStack() as stack:
            port = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                stack.enter_context(reserved_port(port + 1))
            except (OSError, OverflowError):
                continue
            yield port
            return


def test_on_a_terminal_the_next_port_is_offered_and_taken(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    with two_ports() as port, terminal("web", "-H", "127.0.0.1", "-p", str(port)) as one:
        said = one.until("[Y/n] ")
        assert "error[port-in-use]\x1b[0m: " in said
        assert f"  Why: process {os.getpid()} (" in said
        assert said.endswith(f"\n  Use port {port + 1} this time? [Y/n] ")
        one.type("\n")
        one.until(f"http://127.0.0.1:{port + 1}/")
        assert get(f"http://127.0.0.1:{port + 1}/") == b"hello from app"
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(SECONDS) == 130


def test_on_a_terminal_ctrl_c_at_the_question_is_ctrl_c(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    with two_ports() as port, terminal("web", "-H", "127.0.0.1", "-p", str(port)) as one:
        one.until("[Y/n] ")
        assert one.interrupt() == 130
