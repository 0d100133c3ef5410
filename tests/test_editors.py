"""Links that open an editor."""

from __future__ import annotations

import pytest

from wsgiserve.editors import editor_link, editor_template, parse_editor


@pytest.mark.parametrize(
    ("editor", "link"),
    [
        ("vscode", "vscode://file/home/a%20b/shop.py:3:5"),
        ("cursor", "cursor://file/home/a%20b/shop.py:3:5"),
        ("zed", "zed://file/home/a%20b/shop.py:3:5"),
        ("PyCharm", "pycharm://open?file=/home/a%20b/shop.py&line=3&column=5"),
        ("sublime", "subl://open?url=file:///home/a%20b/shop.py&line=3&column=5"),
        ("x://{file}:{line}:{column}", "x:///home/a%20b/shop.py:3:5"),
        ("x://{file}?{other}", "x:///home/a%20b/shop.py?{other}"),
    ],
)
def test_each_editor_has_its_links(editor: str, link: str) -> None:
    assert editor_link(editor_template(parse_editor(editor), {}), "/home/a b/shop.py", 3, 5) == link


def test_what_a_file_is_called_stays_a_part_of_its_path() -> None:
    assert editor_link("x://{file}", "/a/{line}&\"'<?#.py", 3, 5) == "x:///a/%7Bline%7D%26%22%27%3C%3F%23.py"


@pytest.mark.parametrize(("template", "file"), [("", "/shop.py"), ("x://{file}", "<string>")])
def test_where_there_is_nothing_to_open_there_is_no_link(template: str, file: str) -> None:
    assert editor_link(template, file, 1, 1) == ""


@pytest.mark.parametrize("value", ["notepad", "", "javascript:alert({file})", "x://nothing", "x://{file} {line}", 3])
def test_what_is_no_editor_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="takes one of vscode, pycharm"):
        parse_editor(value)


@pytest.mark.parametrize(
    ("environ", "scheme"),
    [
        ({"VISUAL": "code --wait"}, "vscode"),
        ({"EDITOR": "/usr/bin/zed"}, "zed"),
        ({"VISUAL": "vim", "EDITOR": "subl -w"}, "subl"),
        ({"EDITOR": "vim", "TERM_PROGRAM": "vscode"}, "vscode"),
        ({"TERM_PROGRAM": "vscode", "CURSOR_TRACE_ID": "1"}, "cursor"),
        ({"TERM_PROGRAM": "zed"}, "zed"),
        ({"TERMINAL_EMULATOR": "JetBrains-JediTerm"}, "pycharm"),
        ({"EDITOR": "vim"}, ""),
        ({}, ""),
    ],
)
def test_the_editor_is_guessed_where_none_was_named(environ: dict[str, str], scheme: str) -> None:
    assert editor_template(None, environ).partition("://")[0] == scheme


def test_who_names_one_is_not_guessed_at() -> None:
    assert editor_template("zed", {"VISUAL": "code"}).startswith("zed://")
