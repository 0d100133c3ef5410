"""What is run when nobody names an application: the first rule that hits."""

from __future__ import annotations

import pytest

from tests.cli.projects import Project
from wsgiserve.discovery import discover
from wsgiserve.errors import UserError

MANAGE = """
import os


def main():
    os.environ.setdefault("OTHER", name)
    os.environ.setdefault(which, "x")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


raise SystemExit("manage.py must not be run")
"""

SETTINGS = """
DEBUG: bool = True
WSGI_APPLICATION, = ["x.y"]
OTHER = "x.y"
WSGI_APPLICATION = "config.web.application"
raise SystemExit("settings must not be run")
"""


def found(project: Project, **environ: str) -> tuple[str, str]:
    return discover(project.directory, environ)


def test_flask_app_comes_first(project: Project) -> None:
    project.write("wsgi.py")
    assert found(project, FLASK_APP="shop:create_app()") == ("shop:create_app()", "found by FLASK_APP")
    assert found(project, FLASK_APP="") == ("wsgi.py", "found wsgi.py")


def test_then_wsgi_py_then_app_py(project: Project) -> None:
    project.write("manage.py", MANAGE)
    project.write("config/settings.py", SETTINGS)
    project.write("app.py")
    assert found(project) == ("app.py", "found app.py")
    project.write("wsgi.py")
    assert found(project) == ("wsgi.py", "found wsgi.py")


def test_then_what_the_settings_of_a_django_project_name(project: Project) -> None:
    project.write("manage.py", MANAGE)
    project.write("config/settings.py", SETTINGS)
    project.write("shop/wsgi.py")
    assert found(project) == ("config.web:application", "found by manage.py")


def test_the_settings_may_be_a_package(project: Project) -> None:
    project.write("manage.py", MANAGE)
    project.write("config/settings/__init__.py", SETTINGS)
    assert found(project)[0] == "config.web:application"


def test_a_variable_names_other_settings(project: Project) -> None:
    project.write("manage.py", MANAGE)
    project.write("config/settings.py", SETTINGS)
    project.write("config/test.py", 'WSGI_APPLICATION = "config.test.application"')
    assert found(project, DJANGO_SETTINGS_MODULE="config.test")[0] == "config.test:application"


@pytest.mark.parametrize(
    ("manage", "settings"),
    [
        (MANAGE, ""),
        (MANAGE, "from base import *"),
        (MANAGE, "WSGI_APPLICATION = name()"),
        (MANAGE, "WSGI_APPLICATION = 7"),
        (MANAGE, "this is not Python"),
        ("this is not Python", SETTINGS),
        ("import django", SETTINGS),
    ],
)
def test_a_django_project_that_does_not_say_is_known_by_its_wsgi_py(
    manage: str, settings: str, project: Project
) -> None:
    project.write("manage.py", manage)
    project.write("config/settings.py", settings)
    project.write("config/wsgi.py")
    assert found(project) == ("config.wsgi", "found config/wsgi.py")


def test_then_one_in_a_folder_then_one_below_src(project: Project) -> None:
    project.write("src/blog/app.py")
    assert found(project) == ("blog.app", "found src/blog/app.py")
    project.write("src/blog/wsgi.py")
    assert found(project) == ("blog.wsgi", "found src/blog/wsgi.py")
    project.write("site-1.0/wsgi.py")
    project.write("pages/wsgi.py")
    assert found(project) == ("pages.wsgi", "found pages/wsgi.py")


def test_a_wsgi_py_in_src_is_a_file(project: Project) -> None:
    project.write("src/wsgi.py")
    assert found(project) == ("src/wsgi.py", "found src/wsgi.py")


@pytest.mark.parametrize(
    ("one", "other"),
    [("shop/wsgi", "blog/wsgi"), ("src/shop/wsgi", "src/blog/wsgi"), ("src/shop/wsgi", "src/blog/app")],
)
def test_two_of_one_rank_are_too_many(one: str, other: str, project: Project) -> None:
    project.write(f"{one}.py")
    project.write(f"{other}.py")
    names = [name.removeprefix("src/").replace("/", ".") for name in (other, one)]
    with pytest.raises(UserError) as caught:
        found(project)
    assert (caught.value.slug, caught.value.exit_code) == ("many-apps", 3)
    assert caught.value.what == f"this directory has 2 applications: {', '.join(names)}."
    assert caught.value.fix == f"wsgiserve {names[0]}   or   wsgiserve {names[1]}"


def test_nothing_is_told_with_all_that_was_looked_for(project: Project) -> None:
    with pytest.raises(UserError) as caught:
        found(project)
    assert caught.value.what == "found no WSGI application here."
    assert caught.value.why == (
        "looked for WSGISERVE_APP, [tool.wsgiserve] app, FLASK_APP, wsgi.py, app.py, manage.py, */wsgi.py, "
        "src/*/wsgi.py, src/*/app.py."
    )
