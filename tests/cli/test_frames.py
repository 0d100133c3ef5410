"""An exception, short: its words, the lines that led to it, and where they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.projects import Project
from wsgiserve.frames import describe, mark, short_path, user_frames


def raised_by(file: Path) -> BaseException:
    """What running a file raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        exec(compile(file.read_text(), str(file), "exec"), {})
    return caught.value


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("sku"), "KeyError: 'sku'"),
        (ValueError("it is wrong."), "ValueError: it is wrong"),
        (ValueError("\n  first line \nsecond line"), "ValueError: first line"),
        (RuntimeError(), "RuntimeError"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_an_exception_is_its_class_and_its_first_line(error: BaseException, words: str) -> None:
    assert describe(error) == words


def test_the_innermost_of_the_users_frames_comes_first_and_libraries_are_left_out(project: Project) -> None:
    file = project.write("shop.py", 'import json\n\ndef read():\n    json.loads("[")\n\nread()\n')
    assert user_frames(raised_by(file))[:2] == ['shop.py:4  json.loads("[")', "shop.py:6  read()"]


def test_when_none_is_the_users_the_innermost_that_is_a_file_is_shown() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("[")
    error = caught.value
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this file
    (frame,) = user_frames(error)
    assert frame.startswith(json.decoder.__file__)


def test_the_import_systems_own_frames_have_nothing_to_show(project: Project) -> None:
    code = compile("raise ValueError('nothing to show')", "<frozen importlib._bootstrap>", "exec")
    with pytest.raises(ValueError, match=r"^nothing to show$") as caught:
        exec(code)
    error = caught.value
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
    assert user_frames(error) == []


def test_what_was_never_raised_has_no_frames() -> None:
    assert user_frames(ValueError()) == []


@pytest.mark.parametrize(
    ("text", "offset", "marked"),
    [
        ("app = (", 7, ["app = (", "      ^"]),
        ("    app = (\n", 11, ["app = (", "      ^"]),
        ("\tx\t= (", 5, ["x\t= (", " \t ^"]),
        ("x", None, ["x", "^"]),
        ("x", 0, ["x", "^"]),
        ("  \n", 1, []),
        (None, 1, []),
    ],
)
def test_the_caret_stands_below_the_place(text: str | None, offset: int | None, marked: list[str]) -> None:
    assert mark(SyntaxError("wrong", ("shop.py", 1, offset, text))) == marked


def test_a_path_below_the_current_directory_is_relative(project: Project) -> None:
    assert short_path(str(project.directory / "shop" / "web.py")) == "shop/web.py"
    assert short_path("/usr/lib/shop.py") == "/usr/lib/shop.py"


def test_a_path_stays_when_the_current_directory_is_gone(project: Project) -> None:
    gone = project.directory / "gone"
    gone.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(gone)
        gone.rmdir()
        assert short_path("/usr/lib/shop.py") == "/usr/lib/shop.py"
