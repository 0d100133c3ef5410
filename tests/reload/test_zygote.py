"""The zygote: what is imported ahead, what is left out, and that a worker that was forked is like any other."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.processes import until
from tests.reload.looping import Loop, loop
from wsgiserve.reload import warm
from wsgiserve.reload.imported import foreign_modules, has_own, modules_of
from wsgiserve.reload.warm import Warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="without Linux there is no zygote by default")


# What is imported, and whose it is


def module(name: str, file: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it had been imported last."""
    made: Any = ModuleType(name)
    made.__file__ = file
    made.__spec__ = type("Spec", (), {"name": name})
    monkeypatch.setitem(sys.modules, name, made)


def test_modules_are_found_by_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    module("shop.cart", str(tmp_path / "link" / "cart.py"), monkeypatch)
    module("shop.strange", 5, monkeypatch)
    cart = str((tmp_path / "cart.py").resolve())
    assert modules_of([cart, str(tmp_path / "other.py")]) == {cart: "shop.cart"}
    assert modules_of([cart], frozenset(sys.modules)) == {}


def test_modules_are_found_by_the_names_of_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "other").symlink_to(tmp_path / "shop")
    (tmp_path / "shop" / "cart.py").symlink_to(tmp_path / "elsewhere.py")
    module("shop.cart", str(tmp_path / "other" / "cart.py"), monkeypatch)
    cart = str((tmp_path / "shop").resolve() / "cart.py")
    assert modules_of([cart]) == {cart: "shop.cart"}


def test_foreign_is_what_is_neither_the_projects_nor_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    module("aaa_own", "/project/shop.py", monkeypatch)
    module("aaa_packaged", "/project/.venv/lib/site-packages/aaa.py", monkeypatch)
    module("aaa_neighbour", "/project-2/shop.py", monkeypatch)
    module("aaa_other_name", "/usr/lib/aaa.py", monkeypatch)
    monkeypatch.setitem(sys.modules, "aaa_alias", sys.modules["aaa_other_name"])
    found = foreign_modules(["/project"])
    assert [name for name in found if name.startswith("aaa")] == ["aaa_packaged", "aaa_neighbour", "aaa_other_name"]
    assert "json" in found
    assert not [name for name in found if name.startswith(("wsgiserve", "__main__"))]
    before = [name for name in sys.modules if not name.startswith("aaa")]
    assert foreign_modules(["/project"], before) == ["aaa_packaged", "aaa_neighbour", "aaa_other_name"]


def test_own_modules_are_looked_for_among_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = frozenset(sys.modules)
    assert not has_own(["/project"], before)
    module("aaa_own", "/project/shop.py", monkeypatch)
    assert has_own(["/project"], before)
    assert not has_own(["/project"], {*before, "aaa_own"})


# With real processes


APP = """
import os
import foreign
import words

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{words.WORD} {os.getppid()}".encode()]
"""


def project_with(folder: Path, foreign: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """A project that needs a package of others, which notes how often it was imported."""
    packages = folder / "site-packages"
    packages.mkdir()
    note = f"open({str(folder / 'imported')!r}, 'a').write('x')\n"
    (packages / "foreign.py").write_text(note + foreign)
    monkeypatch.setattr("tests.reload.looping.ROOT", f"{packages}{os.pathsep}{Path(__file__).parents[2]}")
    return loop(folder, "--no-access-log", "--log-level", "debug", *words, files={"app.py": APP})


def parent(project: Loop) -> int:
    return int(project.get()[1].split()[1])


def reload(project: Loop, word: str) -> None:
    project.word(word)
    until(lambda: project.says(word))


def imports(folder: Path) -> int:
    return len((folder / "imported").read_text())


def wait_until_warm(project: Loop) -> None:
    project.wait_for_log("modules are imported ahead")


def test_what_is_foreign_is_imported_once_and_forked_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_with(tmp_path, "", monkeypatch) as project:
        assert parent(project) == project.process.pid
        wait_until_warm(project)
        zygote = project.zygote()
        for word in ("two", "three", "four"):
            reload(project, word)
            assert parent(project) == project.zygote() == zygote
        assert imports(tmp_path) == 2  # by the first worker, and by the zygote
        assert project.end() == 0


def test_a_worker_that_was_forked_ends_with_its_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_with(tmp_path, "", monkeypatch) as project:
        wait_until_warm(project)
        reload(project, "two")
        pids = [project.zygote(), *project.workers()]
        project.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_how_a_forked_worker_ended_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_with(tmp_path, "", monkeypatch) as project:
        wait_until_warm(project)
        reload(project, "two")
        until(lambda: len(project.workers()) == 1)
        (pid,) = project.workers()
        os.kill(pid, signal.SIGSEGV)
        project.wait_for_log("the app's process ended (SIGSEGV); started another")
        until(lambda: project.says("two"))


@pytest.mark.parametrize(
    "unfit",
    [
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "import socket; kept = socket.socketpair()",
        "import words",
        "import sys, words\nif 'app' not in sys.modules: 1 / 0",
    ],
    ids=["thread", "socket", "project", "project in vain"],
)
def test_what_would_not_survive_a_fork_is_left_out(unfit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_with(tmp_path, unfit, monkeypatch) as project:
        project.wait_for_log("foreign is imported anew at each reload")
        wait_until_warm(project)
        before = imports(tmp_path)
        for word in ("two", "three"):
            reload(project, word)
            assert parent(project) == project.zygote()
        assert imports(tmp_path) == before + 2


def test_what_cannot_be_imported_by_itself_is_left_to_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_with(tmp_path, "import sys\nif 'app' not in sys.modules: 1 / 0", monkeypatch) as project:
        wait_until_warm(project)
        reload(project, "two")
        assert parent(project) == project.zygote()
        assert imports(tmp_path) == 3


MANY = """
import sys
from types import ModuleType
sys.modules.update({f"made_{number}": ModuleType("made") for number in range(99)})
"""


def test_modules_that_are_taken_out_again_hide_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_with(tmp_path, MANY, monkeypatch) as project:
        tidy = "import sys\nfor number in range(99):\n    sys.modules.pop(f'made_{number}', None)\n"
        project.save("app.py", APP + tidy)
        project.wait_for_log("reloaded: app.py")
        wait_until_warm(project)
        for word in ("two", "three"):
            reload(project, word)
            assert parent(project) == project.zygote()


DJANGO = """
import os
if "DJANGO_SETTINGS_MODULE" in os.environ:
    __import__(os.environ["DJANGO_SETTINGS_MODULE"])
"""


def test_what_looks_at_the_settings_of_a_project_does_so_in_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "words")
    with project_with(tmp_path, DJANGO, monkeypatch) as project:
        wait_until_warm(project)
        for word in ("two", "three"):
            reload(project, word)
            assert parent(project) == project.zygote()
        assert imports(tmp_path) == 2
        assert "foreign is imported anew" not in project.log()


LAZY = APP.replace("import foreign\n", "").replace("):\n", "):\n    import foreign\n")


def test_what_requests_import_is_imported_ahead_by_the_next_zygote_while_the_first_one_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.reload.test_zygote.APP", LAZY)
    with project_with(tmp_path, "", monkeypatch) as project:
        wait_until_warm(project)
        for number in range(
            10
        ):  # a worker tells what it has imported when it has left, sometimes after the next one began
            reload(project, f"w{number}")
            if len(project.zygotes()) == 2:
                break
        project.wait_for_log("modules are imported ahead", 2)
        (pid,) = project.workers()
        os.kill(pid, signal.SIGSEGV)
        project.wait_for_log("the app's process ended (SIGSEGV); started another")
        until(lambda: len(project.zygotes()) == 1)
        before = imports(tmp_path)
        for word in ("two", "three"):
            reload(project, word)
            assert parent(project) == project.zygote()
        assert imports(tmp_path) == before


def test_without_its_zygote_it_reloads_all_the_same_and_gets_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_with(tmp_path, "", monkeypatch) as project:
        wait_until_warm(project)
        first = project.zygote()
        os.kill(first, signal.SIGKILL)
        until(lambda: project.zygote() != first)
        reload(project, "two")
        until(lambda: project.zygote() not in (0, first))
        assert project.end() == 0


def test_without_it_each_worker_is_the_supervisors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_with(tmp_path, "", monkeypatch, "--no-zygote") as project:
        for word in ("two", "three"):
            reload(project, word)
            assert parent(project) == project.process.pid
        assert project.zygote() == 0


def test_when_packages_have_changed_it_does_not_fit_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    zygote = Warm(["decimal"], [], [], [], frozenset())
    assert not zygote.fits()
    assert zygote.hear() == "warm"
    assert zygote.fits()
    monkeypatch.setattr(warm, "_packages_changed", lambda: [1])
    assert not zygote.fits()
    zygote.close()


def test_a_zygote_that_is_gone_forks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    zygote = Warm([], [], [], [], frozenset())
    assert zygote.hear() == "warm"
    os.kill(zygote._process.pid, signal.SIGKILL)
    zygote._process.wait()
    assert zygote.hear() == "gone"
    assert zygote.fork(zygote.sock) is None
    assert zygote.wait_for(2**22 + 1) == -signal.SIGKILL
    zygote.close()
