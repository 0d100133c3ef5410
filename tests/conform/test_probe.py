"""The probe tells what it was given, and no secrets of the process that serves it."""

from __future__ import annotations

import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from wsgiserve.conform import probe


def told(**more: str) -> Any:
    environ: dict[str, Any] = {"PATH_INFO": "/", **more}
    setup_testing_defaults(environ)
    return json.loads(b"".join(probe(environ, lambda *_: None)))


def test_what_it_was_given() -> None:
    found = told(HTTP_X_A="caf\xe9")
    assert (found["type"], found["environ"]["HTTP_X_A"], found["types"]["wsgi.version"]) == ("dict", "caf\xe9", "tuple")


def test_the_environment_of_its_process_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    found = told(DATABASE_PASSWORD="secret")  # as wsgiref does
    assert "secret" not in json.dumps(found)
