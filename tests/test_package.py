"""``import wsgiserve``: the public names, and how little comes with them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import wsgiserve
from wsgiserve import dropin, simple, watched
from wsgiserve.server import base, handler, servers

HEAVY = {
    "werkzeug",
    "flask",
    "click",
    "cryptography",
    "socket",
    "ssl",
    "logging",
    "http",
    "wsgiserve.launcher",
    "wsgiserve.simple",
}


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_it_imports_next_to_nothing() -> None:
    before = modules_after("")
    after = modules_after("import wsgiserve")
    assert "wsgiserve" in after
    assert (after - before) & HEAVY == set()


@pytest.mark.parametrize("name", ["run_simple", "make_server"])
def test_a_server_needs_neither_werkzeug_nor_flask_nor_click_nor_cryptography(name: str) -> None:
    loaded = modules_after(f"from wsgiserve import {name}")
    assert f"wsgiserve.{'simple' if name == 'run_simple' else 'server.servers'}" in loaded
    assert loaded & {"werkzeug", "flask", "click", "cryptography", "wsgiserve.cli", "importlib.metadata"} == set()


def test_the_public_names_are_what_they_say() -> None:
    homes = {
        "BaseWSGIServer": base,
        "ForkingWSGIServer": servers,
        "ThreadPoolWSGIServer": servers,
        "ThreadedWSGIServer": servers,
        "WSGIRequestHandler": handler,
        "make_server": servers,
        "install": dropin,
        "is_running_from_reloader": simple,
        "run_simple": simple,
        "uninstall": dropin,
        "watch": watched,
    }
    assert set(wsgiserve.__all__) == {"__version__", *homes}
    for name, home in homes.items():
        assert getattr(wsgiserve, name) is getattr(home, name)


def test_dir_shows_names_that_are_not_loaded_yet() -> None:
    assert set(wsgiserve.__all__) <= set(dir(wsgiserve))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'wsgiserve' has no attribute 'nonsense'"):
        _ = wsgiserve.nonsense
