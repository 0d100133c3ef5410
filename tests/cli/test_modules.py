"""Modules and files: where they are looked for, and whose fault it is when one cannot be imported."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.projects import WSGI_APP, Project
from wsgiserve.errors import UserError
from wsgiserve.importer import load
from wsgiserve.modules import parse_target


def refusal(app: str, **how: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        load(app, **how)
    assert caught.value.exit_code == 3
    return caught.value


# --- where


def test_a_file_in_a_package_is_imported_as_its_module(project: Project) -> None:
    for package in ("src/shop", "src/shop/web"):
        project.package(package)
    project.write("src/shop/web/pages.py", "from shop import web\n" + WSGI_APP)
    assert load("src/shop/web/pages.py").name == "shop.web.pages:app"
    assert sys.path[0] == str(project.directory / "src")


def test_a_packages_directory_is_the_package(project: Project) -> None:
    project.write("src/shop/__init__.py", WSGI_APP)
    for typed in ("src/shop", "src/shop/__init__.py"):
        target = parse_target(typed, project.directory)
        assert (target.module, target.path) == ("shop", (project.directory / "src",))


def test_a_file_may_have_a_name_that_is_no_identifier(project: Project) -> None:
    project.write("my-shop.py", WSGI_APP)
    assert load("my-shop.py").name == "my-shop:app"
    assert load("my-shop").name == "my-shop:app"


def test_a_windows_path_is_split_behind_its_drive() -> None:
    assert parse_target(r"shop:app", Path("/x")).expression == "app"
    with pytest.raises(UserError, match=r"C:\\shop\.py"):
        parse_target(r"C:\shop.py:app", Path("/x"))


def test_the_projects_directory_comes_first_on_the_path(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    load("web")
    load("web")
    assert sys.path[0] == str(project.directory)
    assert sys.path.count(str(project.directory)) == 1


def test_another_directory_takes_its_place(project: Project) -> None:
    project.write("elsewhere/web.py", WSGI_APP)
    assert load("web", directory=Path("elsewhere")).name == "web:app"
    assert sys.path[0] == str(project.directory / "elsewhere")


def test_src_is_added_when_the_package_is_there_and_nowhere_else(project: Project) -> None:
    project.package("src/shop")
    project.write("src/shop/web.py", WSGI_APP)
    assert load("shop.web").name == "shop.web:app"
    assert sys.path[:2] == [str(project.directory), str(project.directory / "src")]


def test_src_stays_aside_when_the_package_is_here(project: Project) -> None:
    project.package("src/blog")
    project.package("blog")
    project.write("blog/web.py", WSGI_APP)
    assert load("blog.web").name == "blog.web:app"
    assert str(project.directory / "src") not in sys.path


def test_src_stays_aside_when_the_package_is_installed(project: Project) -> None:
    project.package("src/json")
    assert parse_target("json.tool", project.directory).path == (project.directory,)


def test_a_folder_of_the_same_name_that_is_no_package_does_not_keep_src_aside(project: Project) -> None:
    project.write("shop/style.css")
    project.write("src/shop.py", WSGI_APP)
    assert load("shop").name == "shop:app"


def test_a_module_that_knows_nothing_of_its_origin_does_not_keep_src_aside(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("src/shop.py", WSGI_APP)
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))  # find_spec raises ValueError for it
    assert parse_target("shop", project.directory).path[-1] == project.directory / "src"


def test_no_module_is_no_app(project: Project) -> None:
    with pytest.raises(UserError, match='":app" names no module') as caught:
        load(":app")
    assert caught.value.exit_code == 2


# --- what is missing


def test_a_missing_module_is_told_with_where_it_was_looked_for(project: Project) -> None:
    error = refusal("shop.web")
    assert (error.slug, error.what) == ("module-not-found", 'cannot import "shop.web".')
    assert error.why == f"there is no module of that name in {project.directory} (looked in: ., site-packages)."
    project.package("src/blog")
    assert "(looked in: ., ./src, site-packages)" in refusal("shop.web").why


@pytest.mark.parametrize(
    ("app", "meant"),
    [
        ("shop.wev", "shop.web"),
        ("shpo.web", "shop.web"),
        ("shpo.wev:app", "shop.web"),
        ("shop.web.app", "shop.web:app"),
        ("blgo", "blog"),
        ("parts.pgaes", "parts.pages"),
        ("shop/wev.py", "shop/web.py"),
        ("./shop/wev.py:app", "shop/web.py"),
    ],
)
def test_a_module_that_was_meant_is_told(app: str, meant: str, project: Project) -> None:
    project.package("shop")
    project.write("shop/web.py", WSGI_APP)
    project.package("src/blog")
    project.write("parts/pages.py")
    project.write("static/style.css")
    assert refusal(app).fix == f'did you mean "{meant}"? Run from the project\'s root or pass --app-dir.'


@pytest.mark.parametrize(
    "app", ["xyzzy", "shop.xyzzy", "shop.web.app.x", "shop..web", ".shop", "xyzzy/app.py", "stati"]
)
def test_when_none_is_near_none_is_told(app: str, project: Project) -> None:
    project.package("shop")
    project.write("shop/web.py", WSGI_APP)
    project.write("static/style.css")
    error = refusal(app)
    assert error.slug == "module-not-found"
    assert error.fix == "Run from the project's root or pass --app-dir."


def test_a_file_is_looked_for_in_its_directory_only(project: Project) -> None:
    assert refusal("shop/web.py").why.endswith(f"in {project.directory} (looked in: shop).")


# --- whose fault


def test_a_module_that_the_users_code_misses_is_the_users(project: Project) -> None:
    project.package("shop")
    project.write("shop/web.py", "import xyzzy\n")
    error = refusal("shop.web")
    assert (error.slug, error.why) == ("import-failed", "shop/web.py:1  import xyzzy")
    assert error.fix.startswith("pip install xyzzy — you are using ")


def test_a_package_that_misses_the_module_that_was_asked_for_is_the_users_too(project: Project) -> None:
    project.write("shop/__init__.py", "from shop.web import app\n")
    error = refusal("shop.web")
    assert (error.slug, error.why) == ("import-failed", "shop/__init__.py:1  from shop.web import app")


def test_a_module_of_that_name_raised_by_hand_is_the_users(project: Project) -> None:
    project.write("web.py", "raise ModuleNotFoundError('no web today', name='web')\n")
    assert refusal("web").what == 'importing "web" raised ModuleNotFoundError: no web today.'


def test_a_name_that_cannot_be_imported_is_the_users(project: Project) -> None:
    project.write("web.py", "from json import xyzzy\n")
    error = refusal("web")
    assert error.slug == "import-failed"
    assert error.why == "web.py:1  from json import xyzzy"


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("raise RuntimeError('No way.')", "RuntimeError: No way"),
        ("raise ValueError('one\\ntwo')", "ValueError: one"),
        ("assert False", "AssertionError"),
    ],
)
def test_whatever_a_module_raises_is_told(statement: str, raised: str, project: Project) -> None:
    project.write("web.py", f"{statement}\n")
    error = refusal("web")
    assert error.what == f'importing "web" raised {raised}.'
    assert error.why == f"web.py:1  {statement}"


def test_frames_of_libraries_are_left_out_unless_all_are_wanted(project: Project) -> None:
    project.write("web.py", "import json\n\njson.loads('{')\n")
    assert refusal("web").why == "web.py:3  json.loads('{')"
    whole = refusal("web", full_traceback=True)
    assert "json/decoder.py" in whole.why
    assert "importlib" in whole.why
    assert whole.fix == "mend that line."


def test_when_no_frame_is_the_users_the_innermost_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("lib/site-packages/broken.py", "import sys\n\nraise RuntimeError\n")
    monkeypatch.syspath_prepend(project.directory / "lib" / "site-packages")
    assert refusal("broken").why == "lib/site-packages/broken.py:3  raise RuntimeError"


def test_a_file_that_cannot_be_compiled_is_told_with_its_line(project: Project) -> None:
    project.package("shop")
    project.write("shop/web.py", "import shop.cache\n")
    project.write("shop/cache.py", "def f():\n\treturn (1,\n")
    error = refusal("shop.web")
    assert error.slug == "app-error"
    assert error.what == "shop/cache.py line 2: SyntaxError: '(' was never closed\nreturn (1,\n       ^"


def test_a_syntax_error_in_something_that_is_no_file_is_an_error_as_any_other(project: Project) -> None:
    project.write("web.py", "eval('1 +')\n")
    error = refusal("web")
    assert error.slug == "import-failed"
    assert error.why == "web.py:1  eval('1 +')"


def test_a_keyboard_interrupt_goes_through(project: Project) -> None:
    project.write("web.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load("web")


# --- names that are taken


@pytest.mark.parametrize("app", ["json", "json:app", "./json.py", "json.web"])
def test_a_file_that_python_has_a_module_of_the_same_name_for_is_told(app: str, project: Project) -> None:
    project.write("json.py", WSGI_APP)
    error = refusal(app)
    assert (error.slug, error.what) == ("module-not-found", 'cannot import "json".')
    assert error.why.endswith("json/__init__.py has the same name as json.py and is loaded already.")
    assert error.fix == "give json.py another name."


def test_a_file_with_the_name_of_a_builtin_module_is_told(project: Project) -> None:
    project.write("time.py", WSGI_APP)
    assert refusal("time").why == "Python's own module time has the same name as time.py and is loaded already."


def test_a_module_that_is_loaded_already_is_itself(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    assert load("web").application is load("web.py").application
