"""A script that ends in ``run_simple(use_reloader=True)``; beside werkzeug's where both can do the same."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.processes import PROCESS_SECONDS, end, until
from tests.reload.looping import APP, Loop, python
from tests.server.running import SECONDS, once

SCRIPT = """
import atexit, json, os, signal, sys
from wsgiserve.serving import is_running_from_reloader, run_simple
signal.signal(signal.SIGINT, signal.default_int_handler)
{before}
{app}
apps = app

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/exit/"):
        os._exit(int(path[6:]))
    if path != "/env":
        return apps(environ, start_response)
    start_response("200 OK", [])
    return [json.dumps([os.environ["WERKZEUG_RUN_MAIN"], os.environ["WERKZEUG_SERVER_FD"].isdigit(),
                        is_running_from_reloader(), sys.argv, sys.orig_argv[1:], sys.stdin.isatty()]).encode()]

options = {{"use_reloader": True, "threaded": True, "reloader_type": "auto", "reloader_interval": 0.1}}
run_simple("{host}", 0, app, **(options | {options}))
print("returned")
"""

WERKZEUGS = "from werkzeug.serving import is_running_from_reloader, run_simple"


@contextmanager
def script(
    folder: Path,
    *,
    before: str = "",
    options: str = "{}",
    host: str = "127.0.0.1",
    files: dict[str, str] | None = None,
) -> Iterator[Loop]:
    """Run it; no process of it is left at the end."""
    text = SCRIPT.format(before=before, app=APP, options=options, host=host)
    with python(folder, "-X", "utf8", "run.py", "an argument", files={"run.py": text, **(files or {})}) as running:
        try:
            yield running
        finally:
            children = running.children()  # werkzeug's parent leaves them behind
            end(running.process)
            for pid in children:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def ours_or_werkzeugs(name: str, folder: Path) -> AbstractContextManager[Loop]:
    if name == "wsgiserve":
        return script(folder)
    # Its other reloader depends on a package, and does not see every way of saving.
    return script(folder, before=WERKZEUGS, options=str({"reloader_type": "stat"}))


beside_werkzeug = pytest.mark.parametrize("name", ["wsgiserve", "werkzeug"])


@beside_werkzeug
def test_what_a_script_sees_and_says_is_what_it_was_with_werkzeug(name: str, tmp_path: Path) -> None:
    with ours_or_werkzeugs(name, tmp_path) as running:
        argv = ["run.py", "an argument"]
        assert json.loads(running.get("/env")[1]) == ["true", True, True, argv, ["-X", "utf8", *argv], False]
        (child,) = running.children()
        running.word("three")
        until(lambda: says_at_last(running, "three"))
        assert running.children() != [child]
        os.killpg(running.process.pid, signal.SIGINT)  # as a terminal does
        assert running.process.wait(PROCESS_SECONDS) == 0
        log = running.log()
    starts = [line for line in log.splitlines() if " * Restarting with " in line]
    assert len(starts) == 2
    assert f" * Detected change in {str(running.folder / 'words.py')!r}, reloading" in log
    assert log.count("Press CTRL+C to quit") == 1
    assert log.count("returned") == 2  # the child, and the parent


@beside_werkzeug
def test_exit_codes(name: str, tmp_path: Path) -> None:
    with ours_or_werkzeugs(name, tmp_path) as running:
        leave(running, 3)
        until(lambda: says_at_last(running, "one"))
        assert running.log().count(" * Restarting with ") == 2
        leave(running, 0)
        assert running.process.wait(PROCESS_SECONDS) == 0


def says_at_last(running: Loop, word: str) -> bool:
    """Whether it says so; werkzeug's reloader drops the requests that its child has accepted."""
    with suppress(ConnectionError, HTTPException):
        return running.says(word)
    return False


def leave(running: Loop, code: int) -> None:
    """Ask for something that ends the child."""
    with suppress(ConnectionError, HTTPException):
        running.get(f"/exit/{code}")


def test_a_child_that_dies_is_told_of_and_started_again_by_a_save(tmp_path: Path) -> None:
    with script(tmp_path) as running:
        leave(running, 7)
        running.wait_for_log("The script ended (exit code 7); saving a Python file starts it again")
        assert running.children() == []
        running.word("two")
        until(lambda: running.says("two"))


def test_a_script_that_fails_in_the_child_is_mended_by_a_save_the_first_time_too(tmp_path: Path) -> None:
    check = "import os\nif 'WERKZEUG_RUN_MAIN' in os.environ:\n    import setup\n"
    with script(tmp_path, before=check, files={"setup.py": "1 / 0\n"}) as running:
        running.wait_for_log("ZeroDivisionError")
        running.wait_for_log("The script ended (exit code 1)")
        running.save("setup.py", "x = 1\n")
        until(lambda: running.says("one"))
        running.save("words.py", "WORD = (\n")
        running.wait_for_log("SyntaxError: '(' was never closed")
        running.wait_for_log("The script ended (exit code 1)", 2)
        running.save("words.py", "WORD = 'six'\n")
        until(lambda: running.says("six"))
        assert running.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_parent_that_waits_for_a_save(number: int, tmp_path: Path) -> None:
    with script(tmp_path) as running:
        leave(running, 7)
        running.wait_for_log("The script ended")
        assert running.end(number) == 0


def test_what_is_saved_while_the_script_loads_counts(tmp_path: Path) -> None:
    with script(tmp_path) as running:
        running.save("words.py", "WORD = 'two'\nfrom pathlib import Path\nPath('loads').touch()\nopen('go').read()\n")
        os.mkfifo(running.folder / "go")
        until((running.folder / "loads").exists)
        running.word("six")
        with (running.folder / "go").open("w"):  # when the child has opened it, too
            pass
        until(lambda: running.says("six"))


def test_what_is_not_imported_is_left_alone_and_what_is_asked_for_is_not(tmp_path: Path) -> None:
    wishes = "{'extra_files': ['prices.csv', 'more'], 'exclude_patterns': ['*/generated.py']}"
    files = {"generated.py": "", "other.py": "", "prices.csv": "1", "more/a.py": "", "more/b.txt": ""}
    with script(tmp_path, before="import generated", options=wishes, files=files) as running:
        until(lambda: running.says("one"))
        for name in ("generated.py", "other.py", "more/b.txt", "prices.csv"):
            running.save(name, "# new")
        running.wait_for_log("Detected change in ")
        assert f"Detected change in {str(running.folder / 'prices.csv')!r}" in running.log()
        running.wait_for_log("Restarting with", 2)
        until(lambda: running.says("one"))
        running.save("more/a.py", "# new")
        running.wait_for_log(f"Detected change in {str(running.folder / 'more' / 'a.py')!r}")
        assert running.log().count("Detected change") == 2


def test_what_the_application_names_itself_counts(tmp_path: Path) -> None:
    words = "import wsgiserve\nwsgiserve.watch('prices.csv')\nWORD = open('prices.csv').read()\n"
    with script(tmp_path, files={"words.py": words, "prices.csv": "11"}) as running:
        until(lambda: running.says("11"))
        running.save("prices.csv", "222")
        until(lambda: running.says("222"))
        running.save("prices.csv", "3")
        until(lambda: running.says("3"))


def test_a_module_that_the_script_can_do_without_is_watched_on(tmp_path: Path) -> None:
    before = "try:\n    import plugin\nexcept SyntaxError:\n    print('without plugin', flush=True)\n"
    with script(tmp_path, before=before, files={"plugin.py": ""}) as running:
        until(lambda: running.says("one"))
        running.save("plugin.py", "(")
        running.wait_for_log("without plugin")
        until(lambda: running.says("one"))
        running.save("plugin.py", "# mended")
        running.wait_for_log("Detected change", 2)


def test_bytecode_that_looks_fresh_is_not_taken_for_it(tmp_path: Path) -> None:
    with script(tmp_path, before="sys.dont_write_bytecode = False") as running:
        until(lambda: running.says("one"))
        words = running.folder / "words.py"
        times = words.stat().st_atime_ns, words.stat().st_mtime_ns
        (running.folder / "words~").write_text("WORD = 'two'\n")  # as long as it was, in the same second
        os.utime(running.folder / "words~", ns=times)
        (running.folder / "words~").replace(words)
        until(lambda: running.says("two"))


def test_bytecode_of_what_was_saved_before_anybody_watched_is_not_taken_for_fresh(tmp_path: Path) -> None:
    with script(tmp_path, before="sys.dont_write_bytecode = False") as running:
        running.word("two")  # the script has imported the other one, and most often nobody looks yet
        until(lambda: running.says("two"))


def test_what_only_the_child_imports_from_elsewhere_is_watched_too(tmp_path: Path) -> None:
    far = tmp_path / "elsewhere" / "far.py"
    far.parent.mkdir()
    far.write_text("x = 1\n")
    before = f"if is_running_from_reloader():\n    sys.path.insert(0, {str(far.parent)!r})\n    import far"
    with script(tmp_path, before=before) as running:
        until(lambda: running.says("one"))
        far.write_text("x = 22\n")
        running.wait_for_log(f"Detected change in {str(far)!r}")
        until(lambda: running.says("one"))


def test_the_file_of_a_unix_socket_stays_for_the_next_child_and_goes_with_the_parent(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with script(tmp_path, host=f"unix://{path}") as running:
        running.wait_for_log("Restarting with")
        assert over_unix(path).startswith(b"one")
        running.word("three")
        until(lambda: over_unix(path).startswith(b"three"))
        assert running.end() == 0
        assert not path.exists()


def over_unix(path: Path) -> bytes:
    connection = HTTPConnection("localhost", timeout=PROCESS_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", "/")
    body = connection.getresponse().read()
    connection.close()
    return body


def test_a_process_for_each_connection(tmp_path: Path) -> None:
    with script(tmp_path, options=str({"threaded": False, "processes": 2})) as running:
        until(lambda: running.says("one"))
        running.word("two")
        until(lambda: running.says("two"))


@pytest.mark.parametrize("wanted", ["stat", "watchdog"])
def test_both_kinds_of_werkzeugs_work_and_say_what_they_are(wanted: str, tmp_path: Path) -> None:
    with script(tmp_path, options=str({"reloader_type": wanted})) as running:
        until(lambda: running.says("one"))
        running.word("two")
        until(lambda: running.says("two"))
        by_kernel = sys.platform == "linux" and wanted != "stat"
        assert f" * Restarting with {'inotify' if by_kernel else 'stat'}\n" in running.log()


# Ends


def test_a_running_request_is_finished_before_the_next_child(tmp_path: Path) -> None:
    with script(tmp_path) as running, begun(running, "/slow") as connection:
        running.word("two")
        assert connection.getresponse().read() == b"begun and done"
        until(lambda: running.says("two"))


@pytest.mark.parametrize("threaded", [True, False])
def test_a_request_that_never_ends_does_not_keep_the_next_child_waiting(threaded: bool, tmp_path: Path) -> None:
    with script(tmp_path, options=str({"threaded": threaded})) as running, begun(running, "/stuck"):
        running.word("two")
        until(lambda: running.says("two"))


def test_a_thread_of_the_scripts_that_never_ends_does_not_either(tmp_path: Path) -> None:
    before = (
        "import threading\nif is_running_from_reloader():\n    threading.Thread(target=threading.Event().wait).start()"
    )
    with script(tmp_path, before=before) as running:
        until(lambda: running.says("one"))
        running.word("two")
        until(lambda: running.says("two"))


def test_that_holds_when_the_interpreter_has_begun_to_end_before_the_clock_is_set(tmp_path: Path) -> None:
    # Python 3.12 starts no thread from then on.
    before = """
import threading
from wsgiserve.server.base import BaseWSGIServer

retire = BaseWSGIServer.retire

def retire_and_lose_the_race(self, *args):
    retire(self, *args)
    threading.main_thread().join()

BaseWSGIServer.retire = retire_and_lose_the_race
if is_running_from_reloader():
    threading.Thread(target=threading.Event().wait).start()
"""
    with script(tmp_path, before=before) as running:
        until(lambda: running.says("one"))
        running.word("two")
        until(lambda: running.says("two"))


@contextmanager
def begun(running: Loop, target: str) -> Iterator[HTTPConnection]:
    """A request of which the application has begun the answer."""
    connection = HTTPConnection("127.0.0.1", running.port, timeout=PROCESS_SECONDS)
    connection.request("GET", target)
    connection.sock.recv(1, 0x2)  # MSG_PEEK: the head is there
    yield connection
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_parent_ends_the_child(number: int, tmp_path: Path) -> None:
    with script(tmp_path) as running:
        until(lambda: running.says("one"))
        (child,) = running.children()
        assert running.end(number) == (-number if number == signal.SIGKILL else 0)
        until(lambda: not alive(child))


def test_a_child_that_loads_is_ended_at_once(tmp_path: Path) -> None:
    before = "if is_running_from_reloader():\n    print('loading', flush=True)\n    signal.pause()"
    with script(tmp_path, before=before) as running:
        running.wait_for_log("loading")
        (child,) = running.children()
        assert running.end(signal.SIGTERM) == 0
        assert not alive(child)


def test_ctrl_c_is_one_signal_though_both_processes_get_it(tmp_path: Path) -> None:
    with script(tmp_path) as running, begun(running, "/slow") as connection:
        os.killpg(running.process.pid, signal.SIGINT)
        assert connection.getresponse().read() == b"begun and done"
        assert running.process.wait(PROCESS_SECONDS) == 0


@pytest.mark.usefixtures("unmeasured")
def test_the_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with script(tmp_path) as running, begun(running, "/stuck"):
        os.killpg(running.process.pid, signal.SIGINT)
        running.wait_for_log("stopping: GET /stuck")
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(PROCESS_SECONDS) == 0


def alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


# Sockets


def test_every_address_of_localhost_answers_after_a_reload(tmp_path: Path) -> None:
    with script(tmp_path, host="localhost") as running:
        ports = [line.rpartition(":")[2] for line in running.log().splitlines() if "listening on" in line]
        if len(ports) < 2:
            pytest.skip("this machine has no IPv6")
        running.word("two")
        for host in ("127.0.0.1", "::1"):
            until(lambda host=host: says(host, running.port, "two"))  # type: ignore[misc]  # a default binds it


def says(host: str, port: int, word: str) -> bool:
    connection = HTTPConnection(host, port, timeout=PROCESS_SECONDS)
    connection.request("GET", "/")
    text = connection.getresponse().read().decode()
    connection.close()
    return text.startswith(word)


def test_a_request_during_a_reload_waits_and_is_answered(tmp_path: Path) -> None:
    with script(tmp_path) as running:
        until(lambda: running.says("one"))
        answers: list[str] = []
        running.save("words.py", "WORD = 'two'\nfrom pathlib import Path\nPath('loads').touch()\nopen('go').read()\n")
        os.mkfifo(running.folder / "go")
        until((running.folder / "loads").exists)
        asking = once(lambda: True, lambda: answers.append(running.get()[1]))
        with (running.folder / "go").open("w"):
            pass
        asking.join(SECONDS)
        assert answers[0].startswith("two ")


# With another's parent


def test_a_child_of_werkzeugs_reloader_looks_after_itself(tmp_path: Path) -> None:
    before = f"if not is_running_from_reloader():\n    {WERKZEUGS}"
    with script(tmp_path, before=before) as running:
        until(lambda: running.says("one"))
        running.word("two")
        until(lambda: running.says("two"))
        assert " * Detected change in " in running.log()
