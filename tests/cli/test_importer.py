"""APP to an application: every form of it, looking through a module, and what is refused."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import pytest

from tests.cli.projects import FLASK_APP, WSGI_APP, Project
from wsgiserve.errors import UserError
from wsgiserve.importer import LoadedApp, load

TWO_FLASKS = """
from flask import Flask

public = Flask("public")
admin = Flask("admin")
"""

ASGI_FRAMEWORK = """
class FastAPI:
    async def __call__(self, scope, receive, send):
        pass


FastAPI.__module__ = "fastapi.applications"
"""


def body(loaded: LoadedApp) -> bytes:
    """What the application answers."""

    def start_response(*args: Any) -> Any:
        return None

    return b"".join(loaded.application({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, start_response))


def refusal(app: str, **how: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        load(app, **how)
    assert caught.value.fix
    return caught.value


FORMS = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"app"]


def other(environ, start_response):
    start_response("200 OK", [])
    return [b"other"]


class Shop:
    app = staticmethod(other)

    def make(self, mode="dev", *, debug=False):
        return lambda environ, start_response: [f"{mode} {debug}".encode()]


shop = Shop()


def create_app(mode="dev", debug=False):
    return lambda environ, start_response: [f"{mode} {debug}".encode()]
"""


@pytest.mark.parametrize(
    ("app", "answer"),
    [
        ("forms", b"app"),
        ("forms:", b"app"),
        ("forms:app", b"app"),
        ("forms:other", b"other"),
        ("forms:shop.app", b"other"),
        ("forms:create_app", b"dev False"),
        ("forms:create_app()", b"dev False"),
        ('forms:create_app("prod", debug=True)', b"prod True"),
        ('forms:shop.make("prod")', b"prod False"),
        ("forms.py", b"app"),
        ("forms.py:other", b"other"),
        ("./forms.py:other", b"other"),
        ("./forms", b"app"),
    ],
)
def test_every_form_of_app_names_an_application(app: str, answer: bytes, project: Project) -> None:
    project.write("forms.py", FORMS)
    loaded = load(app)
    assert body(loaded) == answer
    assert loaded.name.startswith("forms:")


def test_a_framework_is_told_with_its_version_and_how_it_was_found_is_handed_on(project: Project) -> None:
    project.write("web.py", FLASK_APP)
    loaded = load("web", found_by="found by FLASK_APP")
    assert loaded.name == "web:app"
    assert re.fullmatch(r"Flask \d+\.\d+", loaded.framework)
    assert loaded.found_by == "found by FLASK_APP"


def test_a_plain_function_is_of_no_framework(project: Project) -> None:
    project.write("web.py", WSGI_APP)
    assert load("web").framework == ""


# --- looking through a module


def test_application_comes_after_app(project: Project) -> None:
    project.write("web.py", WSGI_APP.replace("def app", "def application"))
    assert load("web").name == "web:application"
    project.write("both.py", WSGI_APP + "\n\napplication = app\n")
    assert load("both").name == "both:app"


def test_the_only_framework_object_is_found_under_any_name(project: Project) -> None:
    project.write("web.py", "from flask import Flask\n\nshop = Flask(__name__)\nsame = shop\n")
    assert load("web").name == "web:shop"


def test_an_object_of_a_subclass_is_one_of_the_framework(project: Project) -> None:
    project.write("web.py", "from flask import Flask\n\n\nclass Mine(Flask):\n    pass\n\n\nshop = Mine(__name__)\n")
    loaded = load("web")
    assert loaded.name == "web:shop"
    assert loaded.framework.startswith("Flask ")


def test_two_framework_objects_are_too_many(project: Project) -> None:
    project.write("pages.py", TWO_FLASKS)
    error = refusal("pages")
    assert error.what == 'module "pages" has 2 applications: public, admin.'
    assert error.fix == "wsgiserve pages:public   or   wsgiserve pages:admin"


def test_a_framework_object_comes_before_a_factory(project: Project) -> None:
    project.write("web.py", "from flask import Flask\n\nshop = Flask(__name__)\n\n\ndef create_app():\n    1 / 0\n")
    assert load("web").name == "web:shop"


@pytest.mark.parametrize("name", ["create_app", "make_app"])
def test_a_factory_is_found_by_its_name(name: str, project: Project) -> None:
    project.write("web.py", f"from flask import Flask\n\n\ndef {name}(mode='dev'):\n    return Flask(mode)\n")
    assert load("web").name == f"web:{name}()"


def test_of_two_factories_the_one_that_needs_nothing_is_called(project: Project) -> None:
    project.write("web.py", FORMS.replace("def app", "def _app").replace('(mode="dev"', "(mode"))
    project.write("web2.py", "from web import create_app\n\n\ndef make_app():\n    return create_app('made')\n")
    assert body(load("web2")) == b"made False"


def test_a_factory_that_needs_something_is_explained(project: Project) -> None:
    project.write("web.py", "def create_app(config):\n    pass\n")
    error = refusal("web")
    assert error.what == "create_app() needs an argument: config."
    assert error.fix == "pass it as a literal:  wsgiserve 'web:create_app(\"dev\")'"


def test_a_function_called_app_without_parameters_is_a_factory(project: Project) -> None:
    project.write("web.py", "from flask import Flask\n\n\ndef app():\n    return Flask('made')\n")
    assert load("web").application.name == "made"  # type: ignore[attr-defined]


def test_a_placeholder_for_an_application_is_passed_over(project: Project) -> None:
    project.write("web.py", "from flask import Flask\n\napp = None\n\n\ndef create_app():\n    return Flask('made')\n")
    assert load("web").name == "web:create_app()"


def test_a_module_without_any_is_told(project: Project) -> None:
    project.write("models.py", "class Article:\n    pass\n")
    assert refusal("models").what == 'found no WSGI application in module "models".'


def test_a_bare_function_counts_only_when_it_is_named(project: Project) -> None:
    project.write("web.py", WSGI_APP.replace("def app", "def serve"))
    assert refusal("web").slug == "no-app-found"
    assert load("web:serve").name == "web:serve"


def test_a_module_that_is_called_app_is_told_with_the_application_in_it(project: Project) -> None:
    project.package("shop")
    project.write("shop/__init__.py", "from shop import app\n")
    project.write("shop/app.py", WSGI_APP)
    for app in ("shop", "shop:app"):
        error = refusal(app)
        assert error.what == "shop:app is a module, not a WSGI application."
        assert error.fix == "wsgiserve shop.app:app"


CLASSES = """
class App:
    def __call__(self, environ, start_response):
        return []

class Body:
    def __init__(self, environ, start_response):
        start_response("200 OK", [])

    def __iter__(self):
        yield b"body"

class Sequence(App):
    def __getitem__(self, index):
        raise IndexError

class New(App):
    def __new__(cls, environ, start_response):
        return [b"new"]

class Meta(type):
    def __call__(cls, environ, start_response):
        return [b"meta"]

class Made(App, metaclass=Meta):
    pass
"""


def test_a_class_of_applications_is_none(project: Project) -> None:
    project.write("web.py", CLASSES)
    error = refusal("web:App")
    assert error.what == "web:App is a class, not a WSGI application."
    assert error.fix == "name the application itself:  wsgiserve MODULE:NAME"


@pytest.mark.parametrize("name", ["Body", "Sequence", "New", "Made"])
def test_a_class_whose_call_returns_a_body_is_an_application(name: str, project: Project) -> None:
    project.write("web.py", CLASSES)
    assert load(f"web:{name}").application.__name__ == name


def test_a_module_of_a_package_is_told_with_the_application_in_it(project: Project) -> None:
    project.package("shop")
    project.write("shop/web.py", WSGI_APP)
    error = refusal("shop:web")
    assert error.what == "shop:web is a module, not a WSGI application."
    assert error.fix == "wsgiserve shop.web:app"


def test_an_application_is_not_called(project: Project) -> None:
    project.write("web.py", "import flask\napp = flask.Flask(__name__)\n")
    error = refusal("web:app()")
    assert error.what == "web:app is an application (Flask), and is not called."
    assert error.fix == "leave out the brackets:  wsgiserve web:app"


def test_a_circle_of_imports_is_told_with_all_that_takes_part(project: Project) -> None:
    project.write("one.py", "from two import b\n")
    project.write("two.py", "from one import a\n")
    assert refusal("one").why == "two.py:1  from one import a\none.py:1  from two import b"


def test_the_only_framework_object_may_speak_asgi_and_is_told(project: Project) -> None:
    project.write("api.py", ASGI_FRAMEWORK + "\n\nshop = FastAPI()\n")
    assert refusal("api").what == "api:shop is an ASGI application (FastAPI)."


# --- --factory


def test_factory_calls_what_looks_like_an_application(project: Project) -> None:
    text = """
    def build(one=None, two=None):
        return lambda environ, start_response: [b"built"]


    def strange(*args):
        assert not args
        return build()
    """
    project.write("web.py", text)
    assert body(load("web:strange", factory=True)) == b"built"


def test_factory_leaves_applications_aside_in_a_module(project: Project) -> None:
    project.write("forms.py", FORMS)
    assert load("forms", factory=True).name == "forms:create_app()"


def test_factory_of_what_cannot_be_called_is_told(project: Project) -> None:
    project.write("web.py", "shop = 7\n")
    assert refusal("web:shop", factory=True).what == "web:shop is an int, not a WSGI application."


# --- what is refused


def test_a_name_that_is_not_there_is_told_with_those_that_are(project: Project) -> None:
    project.write("web.py", FLASK_APP + "\n\ndef create_app():\n    return app\n\n\ndef _hidden_app():\n    pass\n")
    error = refusal("web:ap")
    assert error.what == 'module "web" has no "ap".'
    assert error.why == "it defines: app (Flask), create_app (function)."
    assert error.fix == "wsgiserve web:app"


def test_functions_of_others_are_no_candidates(project: Project) -> None:
    project.write("web.py", "from textwrap import dedent as app_dedent\nfrom bisect import insort\n")
    assert refusal("web:app").why == "it defines nothing that could be an application."


def test_an_attribute_whose_getter_fails_is_told_as_the_users_error(project: Project) -> None:
    project.write("web.py", "class Shop:\n    @property\n    def app(self):\n        return 1 / 0\n\n\nshop = Shop()\n")
    error = refusal("web:shop.app")
    assert error.what == 'importing "web:shop.app" raised ZeroDivisionError: division by zero.'
    assert error.why == "web.py:4  return 1 / 0"


@pytest.mark.parametrize(
    "expression",
    ["create_app(", "1", "create_app(x)", "create_app(**{'a': 1})", "a[0]", "create_app()()", "create_app(*'ab')"],
)
def test_what_is_neither_a_name_nor_a_call_with_literals_is_refused(expression: str, project: Project) -> None:
    project.write("web.py", FORMS)
    error = refusal(f"web:{expression}")
    assert (error.slug, error.exit_code) == ("bad-option", 2)
    assert error.what == f'"{expression}" is neither a name nor a call with literal arguments.'


@pytest.mark.parametrize("app", ["api:app", "api"])
def test_an_application_of_an_asgi_framework_is_told(app: str, project: Project) -> None:
    project.write("api.py", ASGI_FRAMEWORK + "\n\napp = FastAPI()\n")
    error = refusal(app)
    assert error.what == "api:app is an ASGI application (FastAPI)."
    assert error.fix.startswith("uvicorn api:app --reload")


def test_an_asgi_function_is_told(project: Project) -> None:
    project.write("api.py", "async def app(scope, receive, send):\n    pass\n")
    assert refusal("api").what == "api:app is an ASGI application."


def test_an_asgi_application_that_a_factory_made_is_told(project: Project) -> None:
    project.write("api.py", ASGI_FRAMEWORK + "\n\ndef create_app():\n    return FastAPI()\n")
    error = refusal("api")
    assert error.what == "api:create_app() is an ASGI application (FastAPI)."
    assert error.fix.startswith("uvicorn api:create_app --factory --reload")


def test_djangos_asgi_module_is_told(project: Project) -> None:
    text = """
    from django.core.asgi import ASGIHandler

    application = ASGIHandler.__new__(ASGIHandler)
    """
    project.write("asgi.py", text)
    assert refusal("asgi").what == "asgi:application is an ASGI application (Django)."


@pytest.mark.parametrize("app", ["web:create_app", "web:create_app()"])
def test_a_factory_that_gives_a_coroutine_is_told(app: str, project: Project) -> None:
    project.write("web.py", "async def create_app():\n    pass\n")
    assert refusal(app).what == "web:create_app is a coroutine function, not a WSGI application."


@pytest.mark.parametrize(("value", "kind"), [("'text'", "a str"), ("7", "an int"), ("None", "a NoneType")])
def test_what_cannot_be_called_is_told(value: str, kind: str, project: Project) -> None:
    project.write("web.py", f"app = {value}\n")
    assert refusal("web:app").what == f"web:app is {kind}, not a WSGI application."


def test_what_a_factory_made_must_be_an_application_too(project: Project) -> None:
    project.write("web.py", "def create_app():\n    return 7\n")
    assert refusal("web").what == "web:create_app() is an int, not a WSGI application."


# --- Flask's own server


def test_a_module_that_starts_flasks_server_when_imported_is_served_all_the_same(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("web.py", FLASK_APP + "\n\napp.run(port=1)\n")
    assert load("web").name == "web:app"
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out


def test_flask_is_told_nothing_any_more_afterwards(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("one.py", "import os\n\nseen = os.environ['FLASK_RUN_FROM_CLI']\n" + WSGI_APP)
    project.write("two.py", WSGI_APP)
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    load("one")
    assert sys.modules["one"].seen == "true"
    assert "FLASK_RUN_FROM_CLI" not in os.environ
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")
    load("two")
    assert os.environ["FLASK_RUN_FROM_CLI"] == "false"
