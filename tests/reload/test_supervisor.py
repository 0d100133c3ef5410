"""Edit, reload, err, mend: the loop as a developer sees it, with real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from tests.processes import until
from tests.reload.looping import APP, ROOT, loop, python
from tests.server.client import connect, request


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_saved_module_is_served_and_the_log_says_which(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        assert project.says("one")
        project.word("two")
        until(lambda: project.says("two"))
        project.wait_for_log("reloaded: words.py -> words  ")
        assert project.end() == 0
        assert "Traceback" not in project.log()


def test_two_saves_within_a_second_of_the_same_size_are_two(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        for word in ("two", "six", "ten"):
            project.word(word)
            until(partial(project.says, word))


# A worker has a moment to say what it has imported, and all the time that a busy machine needs where that is tested.
PATIENT = "from wsgiserve.reload import inquiry; inquiry._ANSWER_SECONDS = 20.0; from wsgiserve.cli import main; main()"


@pytest.mark.parametrize("options", [["--poll"], []])
def test_what_changes_nothing_or_is_not_imported_reloads_nothing(options: list[str], tmp_path: Path) -> None:
    argv = ["-c", PATIENT, "app", "--reload", "--port", "0", "--log-level", "debug", *options]
    with python(tmp_path, *argv, files={"pyproject.toml": "", "app.py": APP}) as project:
        _, before = project.get()
        project.word("one")
        project.save("test_cart.py", "1 / 0")
        project.wait_for_log("test_cart.py changed; not imported, no reload")
        assert project.get() == (200, before)


def test_a_request_of_another_worker_has_another_id(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        project.get()
        project.word("two")
        until(lambda: project.says("two"))
        project.wait_for_log("GET / 200", 2)
        ids = re.findall(r" id=(\w{4})", project.log())
        assert len(ids) == len(set(ids))


ELSEWHERE = """
import os, time
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [time.strftime("%z").encode()]
"""


def test_the_log_stays_in_the_zone_of_its_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    before = int(time.time())
    with loop(tmp_path, "--log-format", "pretty", files={"app.py": ELSEWHERE}) as project:
        assert project.get() == (200, "+0900")
        project.wait_for_log("200")
        clock = project.log().splitlines()[-1].partition(" ")[0]
    assert clock in [time.strftime("%H:%M:%S", time.gmtime(second)) for second in range(before, int(time.time()) + 1)]


LATE = """
def app(environ, start_response):
    import late
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [late.WORD.encode()]
"""


def test_a_module_that_a_request_could_not_import_counts_when_it_is_mended(tmp_path: Path) -> None:
    files = {"app.py": LATE, "late.py": "import words\n", "words.py": "WORD = (\n"}
    with loop(tmp_path, files=files) as project:
        status, text = project.get()
        assert (status, "SyntaxError" in text) == (500, True)
        project.save("words.py", "WORD = 'tea'\n")
        project.wait_for_log("reloaded: words.py  ")
        project.save("late.py", "WORD = UNKNOWN\n")
        until(lambda: "NameError" in project.get()[1])
        project.save("late.py", "WORD = 'tea'\n")
        project.wait_for_log("reloaded: late.py  ")
        assert project.get() == (200, "tea")


def test_templates_and_what_was_asked_for_need_not_be_imported(tmp_path: Path) -> None:
    files = {"templates/base.html": "x", "prices.csv": "1"}
    with loop(tmp_path, "--reload-on", "*.csv", files=files) as project:
        project.save("templates/base.html", "y")
        project.wait_for_log("reloaded: templates/base.html  ")
        project.save("prices.csv", "2")
        project.wait_for_log("reloaded: prices.csv  ")


def test_an_application_that_is_broken_is_explained_and_heals_on_the_next_save(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        project.save("words.py", "WORD = (\n")
        until(lambda: project.get()[0] == 503)
        status, text = project.get(Accept="application/json")
        assert status == 503
        assert json.loads(text)["error"]["what"].startswith("words.py line 1: SyntaxError: '(' was never closed")
        url = f"http://localhost:{project.port}/"
        project.wait_for_log("ERROR words.py line 1: SyntaxError: '(' was never closed\n")
        project.wait_for_log(
            "  Why: the app cannot be loaded.\n"
            f"       the error page is being served at {url}\n"
            "  Fix: save a fix and it reloads by itself.\n"
        )
        project.word("two")
        until(lambda: project.says("two"))


def test_the_first_load_may_fail_too(tmp_path: Path) -> None:
    with loop(tmp_path, files={"words.py": "import no_such_module"}) as project:
        assert "no_such_module" in project.get()[1]
        project.save("unrelated.py", "while nothing runs, any file may be the one that was missing")
        project.wait_for_log("No module named 'no_such_module'", 2)
        project.word("one")
        until(lambda: project.says("one"))
        assert project.end() == 0


@pytest.mark.parametrize(
    ("app", "code", "message"),
    [
        ("ap", 3, 'error[module-not-found]: cannot import "ap".'),
        ("app:(", 2, 'error[bad-option]: "(" is neither a name nor'),
    ],
)
def test_what_no_save_can_mend_ends_it(app: str, code: int, message: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    command = [sys.executable, "-m", "wsgiserve", app, "--reload", "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert "by itself" not in done.stderr


def test_a_save_while_the_application_loads_starts_anew(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        (first,) = project.workers()
        project.save("words.py", "import threading\nthreading.Event().wait()\n")
        until(lambda: project.workers() and first not in project.workers())
        project.word("two")
        until(lambda: project.says("two"))


def test_what_runs_may_finish(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        client = connect(("127.0.0.1", project.port))
        client.send(request("/slow"))
        assert b"200 OK" in client.read_head()
        project.word("two")
        until(lambda: project.says("two"))
        assert b"begun" in (rest := client.rest())
        assert b" and done" in rest
        client.close()


def test_what_does_not_finish_is_cut_and_named(tmp_path: Path) -> None:
    with loop(tmp_path, "--reload-grace", "0.2") as project:
        client = connect(("127.0.0.1", project.port))
        client.send(request("/stuck"))
        assert b"200 OK" in client.read_head()
        old = project.workers()
        project.word("two")
        until(lambda: project.says("two"))
        client.rest()
        client.close()
        project.wait_for_log("GET /stuck did not finish within 0.2 s of the reload; it was cut.")
        until(lambda: all(map(gone, old)))


GATED = """
import os
import words
from wsgiserve.server.base import BaseWSGIServer

retire = BaseWSGIServer.retire

def retire_late(self, seconds):
    open("gate").close()
    retire(self, seconds)

if words.WORD == "one":
    BaseWSGIServer.retire = retire_late
open("loaded", "a").write(words.WORD)

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{words.WORD} ".encode()]
"""


def test_the_next_begins_when_the_one_before_has_left_and_never_are_there_two(tmp_path: Path) -> None:
    with loop(tmp_path, "--reload-grace", "60", files={"app.py": GATED}) as project:
        os.mkfifo(project.folder / "gate")
        project.word("two")
        until(lambda: (project.folder / "loaded").read_text() == "onetwo")
        assert all(project.says("one") for _ in range(100))
        assert "reloaded" not in project.log()
        (project.folder / "gate").write_text("")
        project.wait_for_log("reloaded: words.py")
        assert all(project.says("two") for _ in range(100))


def is_last(seen: list[str], word: str) -> bool:
    return word in seen[-2:]


def test_no_request_is_refused_or_lost_while_it_reloads(tmp_path: Path) -> None:
    with loop(tmp_path, "--no-access-log") as project:
        stop = threading.Event()
        wrong: list[str] = []
        seen: list[str] = []

        def ask() -> None:
            while not stop.is_set():
                try:
                    status, body = project.get()
                except OSError as error:
                    wrong.append(repr(error))
                else:
                    seen.append(body.split()[0])
                    if status != 200:
                        wrong.append(body)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(5):
            project.word(f"w{number}")
            until(partial(is_last, seen, f"w{number}"))
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_a_crash_is_told_and_another_process_started(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        with pytest.raises(RemoteDisconnected):
            project.get("/crash")
        until(lambda: project.says("one"))
        project.wait_for_log("the app's process ended (exit code 7); started another")


def test_after_the_second_crash_it_waits_for_a_save(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        for _ in range(2):
            assert project.says("one")
            (pid,) = project.workers()
            os.kill(pid, signal.SIGSEGV)
            until(partial(gone, pid))
        until(lambda: project.get()[0] == 503)
        assert "the app's process ended twice (SIGSEGV)" in project.get()[1]
        project.word("two")
        until(lambda: project.says("two"))


def test_a_crash_while_it_loads_is_explained(tmp_path: Path) -> None:
    with loop(tmp_path, files={"words.py": "import os; os._exit(3)"}) as project:
        assert "the app's process ended while it was loaded (exit code 3)" in project.get()[1]
        project.word("two")
        until(lambda: project.says("two"))


def test_when_the_page_that_explains_a_crash_crashes_too_it_gives_up(tmp_path: Path) -> None:
    with loop(tmp_path, files={"words.py": "import os; os._exit(3)"}) as project:
        (pid,) = project.workers()
        os.kill(pid, signal.SIGSEGV)
        assert project.process.wait(30) == 1
        assert "the process that serves the error page ended (SIGSEGV); giving up\n" in project.log()


def test_a_worker_that_does_not_say_what_it_has_imported_may_have_imported_it(tmp_path: Path) -> None:
    with loop(tmp_path, files={"other.py": "NUMBER = 1"}) as project:
        (silent,) = project.workers()
        os.kill(silent, signal.SIGSTOP)
        project.save("other.py", "NUMBER = 2")
        until(lambda: len(project.workers()) > 1)
        os.kill(silent, signal.SIGKILL)
        project.wait_for_log("reloaded: other.py  ")
        assert project.says("one")


FLAGS = """
import sys

def app(environ, start_response):
    start_response("200 OK", [])
    flags = sys.flags.optimize, sys.flags.utf8_mode, sys.flags.dont_write_bytecode, sys.flags.int_max_str_digits
    return [repr((*flags, sys.warnoptions)).encode()]
"""


def test_a_worker_is_an_interpreter_like_its_supervisors(tmp_path: Path) -> None:
    options = ["-OO", "-X", "utf8", "-X", "int_max_str_digits=0", "-B", "-W", "ignore::UserWarning"]
    with loop(tmp_path, files={"app.py": FLAGS}, options=options) as project:
        assert project.get() == (200, "(2, 1, 1, 0, ['ignore::UserWarning'])")


def test_while_git_works_it_waits(tmp_path: Path) -> None:
    with loop(tmp_path, files={".git/HEAD": "x"}) as project:
        lock = project.folder / ".git" / "index.lock"
        lock.touch()
        project.word("two")
        assert project.says("one")
        project.word("three")
        lock.unlink()
        until(lambda: project.says("three"))
        assert "two" not in project.log()
        project.wait_for_log("reloaded: words.py")
        assert project.log().count("reloaded") == 1


# The end


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_all_of_it(number: int, code: int, tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        workers = project.workers()
        assert project.end(number) == code
        until(lambda: all(map(gone, workers)))
        assert "Traceback" not in project.log()


def test_a_signal_lets_requests_finish_and_names_them(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        client = connect(("127.0.0.1", project.port))
        client.send(request("/held"))
        assert b"200 OK" in client.read_head()
        project.process.send_signal(signal.SIGINT)
        project.wait_for_log("stopping: GET /held may take up to 10 s; Ctrl-C again stops at once")
        project.save("go", "")
        assert b" and done" in client.rest()
        client.close()
        assert project.process.wait(20) == 130


@pytest.mark.usefixtures("unmeasured")
def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    with loop(tmp_path, "--graceful-timeout", "600") as project:
        client = connect(("127.0.0.1", project.port))
        client.send(request("/stuck"))
        assert b"200 OK" in client.read_head()
        project.process.send_signal(signal.SIGINT)
        project.wait_for_log("Ctrl-C again stops at once")
        assert project.end(signal.SIGINT) == 130
        client.rest()
        client.close()


def test_a_worker_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        workers = project.workers()
        project.process.kill()
        until(lambda: all(map(gone, workers)))


def test_a_worker_that_loads_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    with loop(tmp_path) as project:
        (first,) = project.workers()
        project.save("words.py", "import threading\nthreading.Event().wait()\n")
        until(lambda: project.workers() and first not in project.workers())
        workers = project.workers()
        project.process.kill()
        until(lambda: all(map(gone, workers)))


def test_a_unix_socket_outlives_its_workers_and_is_removed_at_the_end(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"

    def answer() -> bytes:
        client = connect(str(path))
        client.send(request("/", "Connection: close"))
        body = client.read().body
        client.close()
        return body

    with loop(tmp_path, "--uds", str(path)) as project:
        assert answer().startswith(b"one ")
        project.word("two")
        until(lambda: answer().startswith(b"two "))
        assert project.end() == 0
        assert not path.exists()


@pytest.mark.parametrize("options", [[], ["--no-zygote"]])
def test_the_server_does_nothing_while_nothing_happens(options: list[str], tmp_path: Path) -> None:
    with loop(tmp_path, *options) as project:
        assert project.says("one")
        until(lambda: bool(project.zygote()) is not bool(options))

        def ticks() -> int:
            total = 0
            for pid in [project.process.pid, project.zygote(), *project.workers()]:
                if pid:
                    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                    total += int(fields[11]) + int(fields[12])
            return total

        def idle_for_a_second() -> bool:
            before = ticks()
            threading.Event().wait(1.0)  # what passes is what is measured
            return ticks() == before

        until(idle_for_a_second)  # the zygote has to be warm first


# --- files with variables

COLORED = """
import os

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ.get("COLOR", "none").encode()]
"""


@pytest.mark.parametrize("how", ["--zygote", "--no-zygote"])
def test_a_changed_file_with_variables_counts_after_the_reload(how: str, tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("COLOR=green\n")
    with loop(tmp_path, "--env-file", "../my.env", how, files={"app.py": COLORED}) as project:
        assert project.get() == (200, "green")
        assert " settings=my.env" in project.log()
        file.write_text("COLOR=blue\n")
        until(lambda: project.get() == (200, "blue"))
        file.write_bytes(b"COLOR=\xff\n")
        until(lambda: project.get()[0] == 503)
        assert "my.env cannot be read." in project.get()[1]
        file.write_text("")
        until(lambda: project.get() == (200, "none"))


# --- files that the application names, and templates

NAMING = """
import json
import wsgiserve

with open("../settings.json") as file:
    settings = json.load(file)
wsgiserve.watch("../settings.json")

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [settings["word"].encode()]
"""


@pytest.mark.parametrize("how", ["--no-poll", "--poll"])
def test_a_file_that_the_application_names_counts(how: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"word": "one"}')
    with loop(tmp_path, how, files={"app.py": NAMING}) as project:
        file.write_text('{"word": "two"}')
        until(lambda: project.get() == (200, "two"))
        file.write_text('{"word": "three"}')
        until(lambda: project.get() == (200, "three"))
        project.wait_for_log(f"reloaded: {file}", 2)


FLASK = """
from flask import Flask, render_template

app = Flask(__name__)

@app.get("/")
def index():
    return render_template("index.html")
"""


def test_flask_in_debug_reads_a_changed_template_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with loop(tmp_path, files={"app.py": FLASK, "templates/index.html": "one"}) as project:
        worker = project.workers()
        assert project.get() == (200, "one")
        project.save("templates/index.html", "two")
        project.wait_for_log("templates/index.html changed; the framework reads it anew, nothing to reload")
        assert project.get() == (200, "two")
        assert project.workers() == worker


@pytest.mark.parametrize("words", [["--reload-on", "*.html"], ["--watch-also", "templates/index.html"]])
def test_a_template_that_was_asked_for_is_reloaded_all_the_same(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with loop(tmp_path, *words, files={"app.py": FLASK, "templates/index.html": "one"}) as project:
        project.save("templates/index.html", "two")
        project.wait_for_log("reloaded: ")


def test_without_debug_it_does_not_and_is_reloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "0")
    with loop(tmp_path, files={"app.py": FLASK, "templates/index.html": "one"}) as project:
        assert project.get() == (200, "one")
        project.save("templates/index.html", "two")
        until(lambda: project.get() == (200, "two"))
        project.wait_for_log("reloaded: templates/index.html")
