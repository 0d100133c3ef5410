"""Every console block of README.md and the documentation is run, in the order of its page, in a project of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.blocks import Block, Command, blocks, matches
from tests.ports import reserved_port

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
RUN = {document: found for document in DOCUMENTS if (found := blocks(document))}

# Of a command, on a busy machine.
SECONDS = 60.0


class Session:
    """A folder with a page's files, and the server that its last command started."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._server: subprocess.Popen[str] | None = None
        self._log = folder.with_name("log")
        self._port = port
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("WSGISERVE_", "FLASK_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            # Whoever runs the tests has files of their own there, and may have mkcert's authority.
            "HOME": str(folder.with_name("home")),
            "XDG_DATA_HOME": "",
            "CAROOT": str(folder.with_name("home")),
            # Dash comes with the tests of frameworks, and its plugin warns when it is loaded.
            "PYTEST_ADDOPTS": "-p no:dash",
        }

    def write(self, name: str, text: str) -> None:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, command: Command) -> tuple[bool, str]:
        """Run it; whether it said what is written down, and what it said. A client may ask before a save is noticed."""
        line, wanted = self._with_port(command.line), self._with_port(command.output)
        said = self._serve(line) if command.serves else self._ask(line)
        deadline = time.monotonic() + SECONDS
        while not matches(wanted, said) and line.startswith("curl") and time.monotonic() < deadline:
            said = self._ask(line)
        return matches(wanted, said), said

    def _with_port(self, text: str) -> str:
        return re.sub(r"\b(8000|5000)\b", str(self._port), text)

    def _ask(self, line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self._folder,
            env=self._environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        return done.stdout

    def _serve(self, line: str) -> str:
        self.stop()
        port = [] if "--port" in line or "--uds" in line or "runserver" in line else ["--port", str(self._port)]
        with self._log.open("w") as log:
            self._server = subprocess.Popen(
                ["bash", "-c", " ".join(["exec", line, *port])],
                cwd=self._folder,
                env=self._environ,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + SECONDS
        while not re.search("listening on|Running on|Quit the server", self._log.read_text()):
            assert self._server.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.01)
        return self._log.read_text()

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(SECONDS)
            self._server = None


@contextmanager
def session(folder: Path) -> Iterator[Session]:
    project = folder / "shop"
    project.mkdir()
    (project / "pyproject.toml").touch()
    with reserved_port() as port:
        made = Session(project, port)
        try:
            yield made
        finally:
            made.stop()


def is_run(block: Block) -> bool:
    return block.language == "console" and not block.skipped


@pytest.mark.parametrize(
    "document", [document for document, found in RUN.items() if any(map(is_run, found))], ids=lambda path: path.stem
)
def test_the_blocks_of_a_page(document: Path, tmp_path: Path) -> None:
    with session(tmp_path) as made:
        for block in RUN[document]:
            if block.file:
                made.write(block.file, block.text)
            elif is_run(block):
                for command in block.commands():
                    fits, said = made.run(command)
                    assert fits, f"{document.name}:{block.line}: $ {command.line}\n{said}"


def test_a_block_that_is_not_run_says_why() -> None:
    for found in RUN.values():
        for block in found:
            assert block.language not in ("bash", "sh", "shell"), f"{block.document}:{block.line}: write console"
            assert not block.skipped or len(block.skipped) > 5


@pytest.mark.parametrize(
    ("expected", "actual", "fits"),
    [
        ("hello", "hello\n", True),
        ("hello", "hello world", False),
        ("pid=4242 v0.1.0", "pid=7 v1.22.333", True),
        ("a … z", "a b\nc z", True),
        ("", "anything", False),
        ("one\ntwo", "one  \ntwo\n", True),
    ],
)
def test_what_is_written_down_fits_what_is_said(expected: str, actual: str, fits: bool) -> None:
    assert matches(expected, actual) is fits
