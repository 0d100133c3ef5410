"""However ``wsgiserve conform`` ends, no server that it has started is left, and no folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import end, until
from tests.server.running import refused
from wsgiserve.conform.servers import Running, Server


@pytest.mark.usefixtures("unmeasured")  # coverage has a handler of its own for SIGTERM
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_server_too_and_the_code_tells_which(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wsgiserve", "conform", "--server", "wsgiserve"]
    before = signal.signal(number, signal.SIG_DFL)  # nohup has it ignored, here and in children
    try:
        process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)})
    finally:
        signal.signal(number, before)
    try:
        until(lambda: ports(tmp_path))
        (port,) = ports(tmp_path)
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    finally:
        end(process)
    assert refused(port)
    assert [*tmp_path.iterdir()] == []


def ports(folder: Path) -> list[int]:
    """On which servers listen, as their logs say."""
    logs = [log.read_text() for log in folder.glob("wsgiserve-*/log")]
    return [int(port) for log in logs for port in re.findall(r"listening on http://127\.0\.0\.1:(\d+)", log)]


def test_so_it_is_while_the_server_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = tmp_path / "number"
    program = f"import os, signal\nopen({str(number)!r}, 'w').write(f'{{os.getpid()}} ')\nsignal.pause()"
    never = Server("never", "wsgiserve", "", lambda place: ["-c", program])

    def interrupted(running: Running) -> bool:
        until(lambda: number.exists() and number.read_text().endswith(" "))
        raise KeyboardInterrupt

    monkeypatch.setattr(Running, "answers", interrupted)
    with pytest.raises(KeyboardInterrupt), Running(never, tmp_path, 20.0):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)
