"""What shells are answered, as click's scripts ask: words in COMP_WORDS, the number of the one that is typed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.projects import Project

SCRIPT = [sys.executable, "-m", "wsgiserve"]


def complete(words: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bash is offered in place of the last word; kind and value in each line."""
    monkeypatch.setenv("_WSGISERVE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    done = subprocess.run(SCRIPT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("wsgiserve --watch-i", ["plain,--watch-ignore"]),
        ("wsgiserve --log-format p", ["plain,pretty", "plain,plain"]),
        ("wsgiserve --concurrency ", ["plain,pool", "plain,thread", "plain,fork", "plain,single"]),
        ("wsgiserve --cert c", ["file,c"]),
        ("wsgiserve --port 8", []),
        ("wsgiserve s", ["plain,shop", "plain,site"]),
        ("wsgiserve -p 0 shop.", ["plain,shop.admin", "plain,shop.web"]),
        ("wsgiserve shop.w", ["plain,shop.web"]),
        ("wsgiserve ./s", ["file,./s"]),
        ("wsgiserve shop/w", ["file,shop/w"]),
    ],
)
def test_tab(words: str, offered: list[str], project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("shop/__init__.py", "shop/web.py", "shop/admin/__init__.py", "site.py", "s-1.py", "sub/mod.py"):
        project.write(name)
    assert complete(words, monkeypatch) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(shell: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_WSGISERVE_COMPLETE", f"{shell}_source")
    done = subprocess.run(SCRIPT, capture_output=True, text=True, check=True)
    assert "_WSGISERVE_COMPLETE" in done.stdout
