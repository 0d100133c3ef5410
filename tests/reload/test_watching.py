"""Both kinds of watches tell what has changed; the kernel's tells at once."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.running import descriptors, until
from wsgiserve.reload import inotify, watching
from wsgiserve.reload.changes import Project
from wsgiserve.reload.inotify import Inotify
from wsgiserve.reload.watching import KernelWatch, PollingWatch, Watch, file_system, new_watch
from wsgiserve.server.hints import Hint

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def kernel(project: Project) -> Watch:
    return KernelWatch(project, project.folders())


@pytest.fixture(params=[pytest.param(kernel, marks=on_linux, id="kernel"), pytest.param(PollingWatch, id="polling")])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Watch, Path]]:
    """A watch on a small project, and where that is."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "cart.py").write_text("one")
    (tmp_path / ".git").mkdir()
    watch = request.param(Project([tmp_path]))
    yield watch, tmp_path
    watch.close()


def told(watch: Watch, *paths: Path) -> bool:
    """Whether these paths, and no others, are told of sooner or later."""
    found: set[Path] = set()

    def complete() -> bool:
        found.update(watch.read())
        return found >= set(paths)

    until(complete)
    return found == set(paths)


def test_nothing_happens(watched: tuple[Watch, Path]) -> None:
    watch, _ = watched
    assert watch.read() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("other"),
        lambda path: path.unlink(),
        lambda path: _beside(path).replace(path),
        lambda path: os.utime(path, (1, 1)),
    ],
    ids=["written", "removed", "replaced", "touched"],
)
def test_a_changed_file_is_told(change: Callable[[Path], object], watched: tuple[Watch, Path]) -> None:
    watch, root = watched
    change(root / "shop" / "cart.py")
    assert told(watch, root / "shop" / "cart.py")
    assert watch.read() == []


def _beside(path: Path) -> Path:
    """As editors save: to a file of another name first."""
    temporary = path.with_name(path.name + "~")
    temporary.write_text("other")
    return temporary


def test_new_files_in_new_directories_are_told(watched: tuple[Watch, Path]) -> None:
    watch, root = watched
    deep = root / "shop" / "deep" / "deeper"
    deep.mkdir(parents=True)
    (deep / "new.py").write_text("new")
    assert told(watch, deep / "new.py")
    (deep / "another.py").write_text("new")
    assert told(watch, deep / "another.py")


def test_what_does_not_matter_is_not_told(watched: tuple[Watch, Path]) -> None:
    watch, root = watched
    (root / ".git" / "hook.py").write_text("no")
    (root / "notes.txt").write_text("no")
    (root / "node_modules").mkdir()
    (root / "node_modules" / "a.py").write_text("no")
    (root / "end.py").write_text("yes")
    assert told(watch, root / "end.py")


@on_linux
def test_the_kernels_watch_has_a_descriptor_to_wait_for(tmp_path: Path) -> None:
    before = descriptors()
    watch = KernelWatch(Project([tmp_path]), [tmp_path])
    assert select.select([watch], [], [], 0)[0] == []
    (tmp_path / "app.py").write_text("x")
    assert select.select([watch], [], [], 20)[0] == [watch]
    watch.close()
    assert descriptors() == before


@on_linux
def test_when_the_kernel_has_forgotten_some_everything_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("x")
    watch = KernelWatch(Project([tmp_path]), [tmp_path])
    overflow = inotify._EVENT.pack(-1, inotify._IN_Q_OVERFLOW, 0, 0)
    monkeypatch.setattr(watch._inotify, "read", lambda: watch._inotify._parse(overflow))
    assert watch.read() == [tmp_path / "app.py"]
    watch.close()


@on_linux
def test_directories_that_cannot_be_watched_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    watch = Inotify()
    watch.add(tmp_path / "gone")
    watch.add(tmp_path / "file")
    assert watch.read() == []
    watch.close()


@on_linux
def test_a_watched_directory_may_go(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    watch = KernelWatch(Project([tmp_path]), [tmp_path, tmp_path / "shop"])
    (tmp_path / "shop").rmdir()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "cart.py").write_text("again")
    assert told(watch, tmp_path / "shop" / "cart.py")
    watch.close()


# Which one


def new(root: Path, **options: bool) -> tuple[str, list[str]]:
    said: list[Hint] = []
    project = Project([root])
    watch = new_watch(project, project.folders(), said.append, **options)
    watch.close()
    return watch.kind, [hint.what for hint in said]


@on_linux
def test_on_linux_it_is_the_kernels(tmp_path: Path) -> None:
    assert new(tmp_path) == ("inotify", [])


def test_who_asks_for_polling_gets_it(tmp_path: Path) -> None:
    assert new(tmp_path, poll=True) == ("polling", [])


def test_elsewhere_it_is_polling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "other")
    assert new(tmp_path) == ("polling", [])


@on_linux
def test_on_file_systems_without_events_it_is_polling_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "file_system", lambda path: "9p")
    said = f"{tmp_path} is on a 9p mount: polling every 300 ms."
    assert new(tmp_path) == ("polling", [said])


@on_linux
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the system ran out of file watches (fs.inotify.max_user_watches = "),
        (errno.EMFILE, "the system does not tell of changed files."),
    ],
)
def test_without_watches_it_is_polling_and_told(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Inotify, folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Inotify, "add", refuse)
    before = descriptors()
    kind, (line,) = new(tmp_path)
    assert kind == "polling"
    assert line.startswith(said)
    assert descriptors() == before


@on_linux
def test_errors_of_the_system_carry_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.get_errno", lambda: errno.EMFILE)
    with pytest.raises(OSError, match="Too many open files"):
        inotify._checked(-1)


MOUNTS = """
overlay / overlay rw 0 0
host /work 9p rw 0 0
disk /work/my\\040files ext4 rw 0 0
""".lstrip()


@pytest.mark.parametrize(
    ("path", "system"), [("/etc", "overlay"), ("/work/a", "9p"), ("/workshop", "overlay"), ("/work/my files/a", "ext4")]
)
def test_the_file_system_is_that_of_the_nearest_mount(path: str, system: str, tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    assert file_system(Path(path), tmp_path / "mounts") == system


def test_where_mounts_are_not_told_it_is_not_known(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "nothing") == ""
