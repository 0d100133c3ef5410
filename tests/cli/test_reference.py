"""``docs/cli.md`` says what the code does: every option, every message, every exit code."""

from __future__ import annotations

import ast
import re

from tests.cli.reference import DOCUMENT, with_tables
from tests.cli.test_messages import user_errors
from wsgiserve import messages
from wsgiserve.config import options
from wsgiserve.messages.form import CANNOT_BIND
from wsgiserve.server import hints

TEXT = DOCUMENT.read_text()


def test_the_tables_of_options_are_those_of_the_code() -> None:
    assert with_tables(TEXT) == TEXT, "python -m tests.cli.reference writes them anew"
    for name in options():
        assert f"| `{name}` |" in TEXT


def test_every_message_is_listed_with_its_exit_code() -> None:
    listed = {slug: int(code) for slug, code in re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", TEXT, re.MULTILINE)}
    assert listed == {slug: exit_code(call) for slug, call in user_errors()}
    for code in listed.values():
        assert f"\n| {code} | " in TEXT


def exit_code(call: ast.Call) -> int:
    value = {keyword.arg: keyword.value for keyword in call.keywords}["exit_code"]
    assert isinstance(value, ast.Name)
    code: int = getattr(messages, value.id) if hasattr(messages, value.id) else CANNOT_BIND
    return code


def test_every_hint_of_the_running_server_is_listed() -> None:
    for name in hints.__all__:
        hint = getattr(hints, name)
        if isinstance(hint, hints.Hint):
            assert f"\n| `{hint.slug}` | " in TEXT
