"""Which files of a script may matter, told by where they lie."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.server.running import until
from wsgiserve.reload.sources import Places, ScriptLookout, Sources, Wishes, places

NOWHERE = Places(frozenset(), frozenset(), frozenset())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("a.py", "data/x.txt", "data/deeper/hidden.py", "shop/cart.py", "shop/templates/x.html", ".venv/v.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path.resolve()


def at(folder: Path, *excluded: str) -> Sources:
    return Sources(Places(frozenset([str(folder)]), frozenset(), frozenset()), Wishes(exclude_patterns=excluded))


def names(folder: Path, sources: Sources) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in sources.files(sources.folders()))


def test_python_files_may_matter_and_nothing_is_looked_for_where_there_is_no_python(project: Path) -> None:
    (project / "data" / "deeper" / "still").mkdir()
    sources = at(project)
    assert names(project, sources) == ["a.py", "data/deeper/hidden.py", "shop/cart.py"]
    (project / "data" / "deeper" / "hidden.py").unlink()
    assert project / "data" / "deeper" not in sources.folders()
    assert project / "shop" / "templates" in sources.folders()  # one step


def test_a_directory_below_another_is_not_looked_at_twice(project: Path) -> None:
    sources = Sources(Places(frozenset([str(project), str(project / "shop")]), frozenset(), frozenset()), Wishes())
    assert sources.roots == [project]


def test_where_modules_lie_is_watched_but_not_what_is_below(project: Path) -> None:
    sources = Sources(Places(frozenset(), frozenset([str(project)]), frozenset()), Wishes())
    assert names(project, sources) == ["a.py"]


def test_extra_files_matter_and_of_extra_folders_the_python_files(project: Path) -> None:
    given = Wishes((str(project / "data" / "x.txt"), str(project / "shop")))
    sources = Sources(NOWHERE, given)
    assert names(project, sources) == ["data/x.txt", "shop/cart.py"]
    assert sources.is_extra(project / "data" / "x.txt")
    assert sources.is_extra(project / "shop" / "cart.py")
    assert not sources.is_extra(project / "a.py")


def test_an_extra_file_that_is_a_link_has_two_names(project: Path) -> None:
    (project / "link.txt").symlink_to("data/x.txt")
    sources = Sources(NOWHERE, Wishes((str(project / "link.txt"),)))
    assert {"data/x.txt", "link.txt"} < set(names(project, sources))


def test_patterns_are_for_whole_paths(project: Path) -> None:
    assert names(project, at(project, "*/shop/*", "a.py", "*.txt")) == [
        "a.py",
        "data/deeper/hidden.py",
    ]


def test_files_that_editors_make_do_not_matter(project: Path) -> None:
    assert not at(project).matters(project / ".#a.py")


def test_this_interpreter_imports_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "archive.zip"
    archive.touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(archive), str(tmp_path / "gone"), *sys.path])
    found = places()
    assert str(tmp_path.resolve()) in found.own
    assert str(archive.resolve()) in found.files
    assert str(Path(__file__).parent) in found.imported
    assert str(Path(pytest.__file__).parent) in found.imported
    assert os.path.dirname(os.__file__) not in found.own | found.imported  # noqa: PTH120
    assert not any("gone" in path for path in found.own | found.files)
    assert found | NOWHERE == found


@pytest.mark.parametrize("stat", [True, False])
def test_changes_are_told_when_their_burst_is_over_and_only_those_of_content(stat: bool, project: Path) -> None:
    where = Places(frozenset([str(project)]), frozenset(), frozenset())
    lookout = ScriptLookout(where, Wishes(interval=0.01, stat=stat), lambda hint: pytest.fail(hint.what))
    assert (lookout.fileno() is None) is (lookout.kind == "stat")
    (project / "a.py").write_text("other")
    os.utime(project / "shop" / "cart.py")
    found: list[Path] = []

    def told() -> list[Path]:
        if lookout.fileno() is not None:
            lookout.look()
        found.extend(lookout.changed())
        return found

    until(told)
    lookout.close()
    assert found == [project / "a.py"]
