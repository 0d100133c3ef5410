"""Several workers as a person sees them: who answers, what is said when one ends, and how all of them stop."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.certificates import write_pair
from tests.process.crowd import APP, Crowd, crowd, gone
from tests.processes import PROCESS_SECONDS, until
from tests.server.client import Client, connect
from tests.server.running import refused

BANNER = re.compile(r"pid=(\d+) workers=([\d,]+)\n")


def answered(running: Crowd) -> int:
    """Process id of a worker that has answered."""
    status, body = running.get()
    assert status == 200
    pid: int = json.loads(body)[0]
    return pid


@contextmanager
def held(running: Crowd) -> Iterator[list[Client]]:
    """Clients whose requests are in the midst of being answered, by each worker at least one."""
    with ExitStack() as cleanup:
        clients: list[Client] = []
        seen: set[int] = set()
        while seen != set(running.children()):
            clients.append(connect(("127.0.0.1", running.port)))
            cleanup.callback(clients[-1].close)
            clients[-1].send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
            clients[-1].read_head()
            seen.add(json.loads(chunk(clients[-1]))[0])
        yield clients


def chunk(client: Client) -> bytes:
    """The next chunk of a response whose head has been read; empty at the end."""
    size = int(client.file.readline(), 16)
    return client.file.read(size + 2)[:-2]


def is_finished(client: Client) -> bool:
    """Whether the rest of what was held is there, to its end."""
    return (chunk(client), chunk(client)) == (b" and done", b"")


# Who answers


@pytest.mark.parametrize("kind", ["pool", "thread", "fork", "single"])
def test_every_kind_of_server_can_be_several(kind: str, tmp_path: Path) -> None:
    with crowd(tmp_path, "--concurrency", kind) as running:
        supervisor, workers = BANNER.search(running.log()).groups()  # type: ignore[union-attr]  # the assertion
        assert int(supervisor) == running.process.pid
        pids = {int(pid) for pid in workers.split(",")}
        assert pids == set(running.children())
        seen: set[int] = set()

        def all_have_answered() -> bool:
            pid, parent, multiprocess, multithread = json.loads(running.get()[1])
            assert (multiprocess, multithread) == (True, kind in ("pool", "thread"))
            seen.add(parent if kind == "fork" else pid)
            return seen == pids

        until(all_have_answered)
        assert running.end() == 0
        assert "Traceback" not in running.log()


def test_one_worker_is_no_other_process(tmp_path: Path) -> None:
    with crowd(tmp_path, workers=1) as running:
        assert json.loads(running.get()[1]) == [running.process.pid, os.getpid(), False, True]
        assert "workers=" not in running.log()
        assert running.children() == []


def test_a_unix_socket_is_shared_and_its_file_is_gone_at_the_end(tmp_path: Path) -> None:
    with crowd(tmp_path, "--uds", str(tmp_path / "s")) as running:
        seen: set[int] = set()

        def all_have_answered() -> bool:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(tmp_path / "s"))
                client = Client(sock)
                seen.add(json.loads(client.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").body)[0])
                client.close()
            return seen == set(running.children())

        until(all_have_answered)
        assert running.end() == 0
        assert not (tmp_path / "s").exists()


def test_https_is_the_same_in_all_of_them(tmp_path: Path) -> None:
    write_pair(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    trusting.check_hostname = False
    session: list[ssl.SSLSession | None] = [None]
    seen: dict[int, bool] = {}
    with crowd(tmp_path, "--cert", "cert.pem", "--key", "key.pem") as running:

        def resumed_by_both() -> bool:
            with socket.create_connection(("127.0.0.1", running.port)) as plain:
                sock = trusting.wrap_socket(plain, session=session[0])
                client = Client(sock)
                pid = json.loads(client.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").body)[0]
                seen[pid] = seen.get(pid, False) or bool(sock.session_reused)
                session[0] = sock.session
                client.close()
                sock.close()
            return len(seen) == 2 and all(seen.values())

        until(resumed_by_both)
        assert set(seen) == set(running.children())


def test_lines_of_the_log_are_whole_and_no_two_requests_have_the_same_id(tmp_path: Path) -> None:
    count, threads = 200, 8
    with crowd(tmp_path) as running:

        def ask() -> None:
            connection = HTTPConnection("127.0.0.1", running.port, timeout=PROCESS_SECONDS)
            for number in range(count):
                connection.request("GET", f"/{'x' * number}")
                connection.getresponse().read()
            connection.close()

        asking = [threading.Thread(target=ask) for _ in range(threads)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        running.wait_for_log(" 200 ", count * threads)
        assert running.end() == 0
        _, *lines = running.log().splitlines()
    ids = [re.fullmatch(r"GET /x* 200 [\d.]+ms \d+B id=(\w{4})(?: queue .*)?", line)[1] for line in lines]  # type: ignore[index]
    assert len(ids) == len(set(ids)) == count * threads


# Who follows whom


@pytest.mark.parametrize(("target", "how"), [("/kill", "SIGKILL"), ("/exit", "exit code 7")])
def test_another_worker_takes_the_place_of_one_that_has_ended(target: str, how: str, tmp_path: Path) -> None:
    with crowd(tmp_path) as running:
        before = set(running.children())
        client = connect(("127.0.0.1", running.port))
        client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.rest()
        client.close()
        running.wait_for_log("; starting another")
        (ended,) = re.findall(rf"ERROR worker (\d+) ended \({how}\); starting another\n", running.log())
        until(lambda: len(running.children()) == 2)
        (new,) = set(running.children()) - before
        assert int(ended) in before
        until(lambda: answered(running) == new)
        assert running.end() == 0


def test_a_worker_that_cannot_load_what_others_could_is_tried_again_later(tmp_path: Path) -> None:
    with crowd(tmp_path) as running:
        running.save("app.py", "1 / 0")
        for pid in running.children():
            os.kill(pid, signal.SIGKILL)
        running.wait_for_log("starting another in 1 s", 2)
        assert re.search(
            r'ERROR worker \d+ could not load the application: importing "app" raised ZeroDivisionError: division by '
            r"zero\.; starting another in 1 s\n",
            running.log(),
        )
        assert running.process.poll() is None
        running.save("app.py", APP)
        assert running.get()[0] == 200, "who connects meanwhile waits"


@pytest.mark.parametrize(
    ("app", "told"),
    [
        ("1 / 0", 'error[import-failed]: importing "app" raised ZeroDivisionError: division by zero.\n'),
        ("import os; os._exit(0)", "error[app-died]: the app's process ended while it was loaded (exit code 0).\n"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "error[app-died]: the app's process ended while it was loaded (SIGSEGV).\n",
        ),
    ],
)
def test_what_cannot_be_loaded_is_told_once_and_that_is_the_end(app: str, told: str, tmp_path: Path) -> None:
    with crowd(tmp_path, app=app, workers=4) as running:
        assert running.process.wait(PROCESS_SECONDS) == 3
        assert running.log().count("error[") == 1
        assert running.log().startswith(told)


def test_who_still_loads_is_ended_when_another_cannot(tmp_path: Path) -> None:
    app = "import os, time\ntry: os.mkdir('first')\nexcept FileExistsError: time.sleep(600)\nelse: 1 / 0"
    with crowd(tmp_path, app=app, workers=3) as running:
        assert running.process.wait(PROCESS_SECONDS) == 3


# Ends


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("to_all", [False, True], ids=["to the supervisor", "to all"])
def test_a_graceful_stop_finishes_what_runs_in_every_worker(
    number: signal.Signals, code: int, to_all: bool, tmp_path: Path
) -> None:
    with crowd(tmp_path) as running, held(running) as clients:
        (os.killpg if to_all else os.kill)(running.process.pid, number)
        running.wait_for_log("INFO stopping: GET /held", 2)
        until(lambda: refused(running.port))
        running.let_go()
        assert all(map(is_finished, clients))
        assert running.process.wait(PROCESS_SECONDS) == code
        assert running.log().count("INFO stopping: ") == 2, "each worker tells once, however often it is told"
        assert "Traceback" not in running.log()


@pytest.mark.parametrize("to_all", [False, True], ids=["to the supervisor", "to all"])
def test_a_second_signal_ends_all_of_them_at_once(to_all: bool, tmp_path: Path) -> None:
    with crowd(tmp_path, "--graceful-timeout", "600") as running, held(running):
        workers = running.children()
        for told in (2, 2):
            (os.killpg if to_all else os.kill)(running.process.pid, signal.SIGTERM)
            running.wait_for_log("INFO stopping: ", told)
        assert running.process.wait(PROCESS_SECONDS) == 0
        assert all(map(gone, workers))


def test_a_worker_that_takes_no_notice_is_killed_when_time_is_up(tmp_path: Path) -> None:
    app = f"import threading\nthreading.Thread(target=threading.Event().wait).start()\n{APP}"
    with crowd(tmp_path, "--graceful-timeout", "0.1", app=app) as running:
        workers = running.children()
        assert running.end() == 0
        _, *lines = running.log().splitlines()
        assert lines == [f"WARNING worker {pid} has not ended in time; killed it" for pid in workers]


def test_no_worker_outlives_its_supervisor(tmp_path: Path) -> None:
    with crowd(tmp_path) as running:
        before = running.children()
        running.save("app.py", "import time\nopen('loads', 'w').close()\ntime.sleep(600)")
        os.kill(before[0], signal.SIGKILL)
        until((tmp_path / "loads").exists)
        workers = running.children()
        running.process.kill()
        until(lambda: all(map(gone, workers)))
        assert before[1] in workers
        assert len(workers) == 2


def test_what_runs_is_finished_without_a_supervisor(tmp_path: Path) -> None:
    with crowd(tmp_path) as running, held(running) as clients:
        running.process.kill()
        until(lambda: refused(running.port))
        running.let_go()
        assert all(map(is_finished, clients))
