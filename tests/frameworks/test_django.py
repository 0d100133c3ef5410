"""``manage.py runserver`` with ``wsgiserve.django`` beside Django's own: options, responses, words; and its reloads."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import until
from tests.reload.looping import Loop, python
from tests.shops import DJANGO

MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent.parent
DEBUG = True
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "secret"
INSTALLED_APPS = [{ours} "django.contrib.staticfiles", "shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
STATIC_URL = "static/"
GREETING = "good morning"
USE_TZ = True
"""

FILES = {
    "manage.py": MANAGE,
    "shop/__init__.py": "",
    "shop/apps.py": """
import os
from django.apps import AppConfig

class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        type(self).run_main = os.environ.get("RUN_MAIN", "")
""",
    "shop/urls.py": """
from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
import words

def index(request):
    return render(request, "index.html", {"word": words.WORD, "greeting": settings.GREETING})

def facts(request):
    threads = request.environ["wsgi.multithread"]
    return HttpResponse(f"threads={threads} RUN_MAIN={apps.get_app_config('shop').run_main}")

urlpatterns = [path("", index), path("facts", facts)]
""",
    "shop/templates/index.html": "{{ greeting }}, {{ word }}",
    "shop/static/shop.css": "body { color: red }",
}


@contextmanager
def runserver(
    folder: Path, *words: str, ours: bool = True, changed: dict[str, str] | None = None, last: str = "0"
) -> Iterator[Loop]:
    folder.mkdir(exist_ok=True)
    settings = SETTINGS.format(ours='"wsgiserve.django",' if ours else "")
    files = {**FILES, "shop/settings.py": settings, **(changed or {})}
    with python(folder, "manage.py", "runserver", *words, *filter(None, [last]), files=files) as project:
        yield project


def test_a_port_that_is_none_is_refused(tmp_path: Path) -> None:
    with runserver(tmp_path, last="70000") as project:
        assert project.process.wait(30) == 2
        assert "error[bad-option]: the port takes a whole number from 0 to 65535, not 70000." in project.log()


def test_it_reloads_code_templates_and_settings_and_heals(tmp_path: Path) -> None:
    with runserver(tmp_path) as project:
        assert project.get() == (200, "good morning, one")
        project.word("two")
        until(lambda: project.get()[1] == "good morning, two")
        project.save("shop/templates/index.html", "{{ word }}!")
        until(lambda: project.get()[1] == "two!")
        project.save("words.py", "WORD = (")
        until(lambda: project.get()[0] == 503)
        project.save("words.py", "WORD = 'three'")
        until(lambda: project.get()[1] == "three!")
        project.save("shop/templates/index.html", "{{ greeting }}")
        settings = (project.folder / "shop" / "settings.py").read_text()
        project.save("shop/settings.py", settings.replace("good morning", "good evening"))
        until(lambda: project.get()[1] == "good evening")
        assert project.get("/static/shop.css") == (200, "body { color: red }")
        assert project.get("/facts") == (200, "threads=True RUN_MAIN=true")
        project.process.send_signal(2)
        assert project.process.wait(30) == 0


def test_what_the_checks_refuse_is_explained_and_heals(tmp_path: Path) -> None:
    with runserver(tmp_path) as project:
        urls = (project.folder / "shop" / "urls.py").read_text()
        project.save("shop/urls.py", urls + "urlpatterns.append('nonsense')\n")
        until(lambda: project.get()[0] == 503)
        project.wait_for_log("ERROR the system checks of Django found errors.")
        assert "Your URL pattern 'nonsense' is invalid" in project.get()[1]
        project.save("shop/urls.py", urls)
        until(lambda: project.get()[0] == 200)


def test_a_project_that_is_broken_from_the_start_heals(tmp_path: Path) -> None:
    with runserver(tmp_path, changed={"shop/urls.py": "urlpatterns = ["}) as project:
        assert project.get()[0] == 503
        project.save("shop/urls.py", FILES["shop/urls.py"])
        until(lambda: project.get()[0] == 200)


BROKEN = "from django.db import models\nclass Cart(models.Model: pass\n"


def test_nor_does_it_matter_if_django_cannot_set_it_up(tmp_path: Path) -> None:
    with runserver(tmp_path, changed={"shop/models.py": BROKEN}) as project:
        status, page = project.get()
        assert (status, "SyntaxError" in page) == (503, True)
        project.save("shop/models.py", "")
        until(lambda: project.get()[0] == 200)
        assert project.get("/static/shop.css")[0] == 200


APPS = """
INSTALLED_APPS += ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.admin"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
GREETING = "hello"
"""


def test_settings_reload_however_often_though_much_of_django_looks_at_them(tmp_path: Path) -> None:
    settings = SETTINGS.format(ours='"wsgiserve.django",') + APPS
    with runserver(tmp_path, "--skip-checks", changed={"shop/settings.py": settings}) as project:
        for greeting in ("one", "two", "three", "four"):
            assert project.get()[0] == 200
            project.save("shop/settings.py", settings + f"GREETING = {greeting!r}\n")
            until(lambda greeting=greeting: project.get()[1] == f"{greeting}, one")  # type: ignore[misc]  # bound now


def test_the_worker_is_told_what_manage_py_has_done(tmp_path: Path) -> None:
    manage = MANAGE.replace("\nexecute", "\nsys.path.append('apps')\nexecute")
    urls = FILES["shop/urls.py"].replace("import words", "import words, extra, sys") + (
        "urlpatterns.append(path('argv', lambda request: HttpResponse(extra.WORD + sys.argv[1])))\n"
    )
    changed = {"manage.py": manage, "shop/urls.py": urls, "apps/extra.py": "WORD = 'extra '"}
    with runserver(tmp_path, changed=changed) as project:
        assert project.get("/argv") == (200, "extra runserver")


NAMES = """
from django.apps import AppConfig
from django.utils.autoreload import autoreload_started

def name(sender, **kwargs):
    sender.extra_files.add(Path("prices.csv"))
    sender.watch_dir(Path("data"), "*.yaml")

from pathlib import Path

class ShopConfig(AppConfig):
    name = "shop"
    run_main = ""

    def ready(self):
        autoreload_started.connect(name)
"""


def test_what_apps_name_to_djangos_reloader_is_watched(tmp_path: Path) -> None:
    changed = {"shop/apps.py": NAMES, "prices.csv": "1", "data/a.yaml": "1"}
    with runserver(tmp_path, changed=changed) as project:
        for name in ("prices.csv", "data/a.yaml"):
            project.save(name, "2")
            project.wait_for_log(f"reloaded: {name}")


def test_what_to_type_for_another_port_is_a_command_of_django(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with runserver(tmp_path, str(port), "--noreload", last="") as project:
            assert project.process.wait(30) == 4
    typed = f"python manage.py runserver --noreload 127.0.0.1:{port + 1}"
    assert f"  Fix: stop it (kill {os.getpid()}), or use another port:  {typed}\n" in project.log()


SAME = [[], ["--nothreading"], ["--nostatic"], ["--insecure"]]


@pytest.mark.parametrize("words", SAME)
def test_it_answers_as_djangos_does(words: list[str], tmp_path: Path) -> None:
    answers = []
    for ours in (True, False):
        with runserver(tmp_path / str(ours), "--noreload", *words, ours=ours) as project:
            targets = ("/", "/static/shop.css", "/static/no.css")
            # Of Django's pages that explain a 404 each shows its own URL.
            answers.append([answer if answer[0] == 200 else answer[0] for answer in map(project.get, targets)])
    assert answers[0] == answers[1]
    assert answers[0][0] == (200, "good morning, one")
    assert answers[0][2] == 404


def test_without_threads_there_are_none(tmp_path: Path) -> None:
    with runserver(tmp_path, "--noreload", "--nothreading") as project:
        assert project.get("/facts") == (200, "threads=False RUN_MAIN=")  # Django's says True all the same


ACTIONS = """
import json, sys
import django
django.setup()
from django.core.management import load_command_class
parser = load_command_class(sys.argv[1], "runserver").create_parser("manage.py", "runserver")
facts = [[a.dest, sorted(a.option_strings), repr(a.default), a.nargs, type(a).__name__] for a in parser._actions]
print(json.dumps(facts))
"""


@pytest.mark.parametrize(
    ("apps", "theirs"),
    [
        ('"django.contrib.staticfiles"', "django.contrib.staticfiles"),
        ('"django.contrib.contenttypes"', "django.core"),
    ],
)
def test_its_options_are_djangos(apps: str, theirs: str, tmp_path: Path) -> None:
    (tmp_path / "own_settings.py").write_text(f'INSTALLED_APPS = ["wsgiserve.django", {apps}]\nSTATIC_URL = "s/"\n')

    def options(app: str) -> str:
        environ = {"DJANGO_SETTINGS_MODULE": "own_settings", "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
        argv = [sys.executable, "-c", ACTIONS, app]
        return subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout

    assert options("wsgiserve.django") == options(theirs)


def test_its_words_are_djangos(tmp_path: Path) -> None:
    """Editors look for them; what differs from one start to the next is left out."""
    told = []
    for ours in (True, False):
        with runserver(tmp_path / str(ours), "--noreload", ours=ours) as project:
            until(lambda project=project: "deployment/" in project.log())  # type: ignore[misc]  # bound now
            words = re.sub(r"\d\d:\d\d:\d\d|:\d{4,5}/", "", project.log())
            told.append(words.partition("deployment/")[0])
    assert told[0] == told[1]


def test_an_error_behind_the_urls_is_one_of_loading_and_heals(tmp_path: Path) -> None:
    files = DJANGO.in_the_morning()
    with python(tmp_path, "-m", "wsgiserve", "--reload", "--port", "0", files=files) as project:
        status, text = project.get()
        assert (status, "shop/prices.py line 1: SyntaxError" in text) == (503, True)
        project.save(DJANGO.prices, DJANGO.with_prices())
        until(lambda: project.get()[0] == 200)


def test_a_project_without_urls_of_its_own_is_loaded(tmp_path: Path) -> None:
    settings = DJANGO.files["shop/settings.py"].replace('ROOT_URLCONF = "shop.urls"', "ROOT_URLCONF = None")
    files = {**DJANGO.in_the_morning(), "shop/settings.py": settings}
    with python(tmp_path, "-m", "wsgiserve", "--no-reload", "--port", "0", files=files) as project:
        assert project.get()[0] == 500  # Django's, as it is without us
