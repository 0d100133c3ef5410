"""The projects that are served and saved: files, how their application is named, and what importing it means.

In each, ``/`` answers with ``words.WORD``, and ``words.py`` is what is saved.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["PROJECTS", "Project"]


class Project(NamedTuple):
    """One of them.

    Attributes:
        title: for tables.
        module: in which the application is.
        attribute: and its name in there.
        files: texts by their paths.
    """

    title: str
    module: str
    attribute: str
    files: dict[str, str]

    def write(self, folder: Path) -> None:
        """Put it into an empty directory."""
        files = {"pyproject.toml": "", "words.py": "WORD = 'start'\n", "asgi_app.py": self._asgi(), **self.files}
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def _asgi(self) -> str:
        """For servers of ASGI: https://uvicorn.dev/settings/ says that a2wsgi is what it has for WSGI."""
        application = f"from {self.module} import {self.attribute} as wsgi"
        return f"from a2wsgi import WSGIMiddleware\n{application}\napp = WSGIMiddleware(wsgi)\n"


_FLASK = """
import flask
import words

app = flask.Flask(__name__)

@app.get("/")
def index():
    return words.WORD
"""

# Django: the applications that `startproject` installs, and five of our own, each with what such ones have.

_OWN = ("accounts", "catalogue", "orders", "reports", "shop")

_SETTINGS = f"""
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for a benchmark"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles",
    *{_OWN!r},
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "project.urls"
TEMPLATES = [{{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {{"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]}},
}}]
WSGI_APPLICATION = "project.wsgi.application"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
"""

_MANAGE = """
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""

_WSGI = """
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()
"""

_URLS = f"""
from django.contrib import admin
from django.urls import include, path
from shop.views import index

urlpatterns = [
    path("", index),
    path("admin/", admin.site.urls),
    *[path(f"{{name}}/", include(f"{{name}}.urls")) for name in {_OWN!r}],
]
"""

_MODEL = """

class {name}(models.Model):
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    made = models.DateTimeField(auto_now_add=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["-made"]

    def __str__(self):
        return self.title
"""

_VIEWS = """
from django.shortcuts import render
from django.views.generic import DetailView, ListView

import words
from . import forms, models


def index(request):
    return render(request, "index.html", {"word": words.WORD})
"""

_VIEW = """

class {name}List(ListView):
    model = models.{name}


class {name}Detail(DetailView):
    model = models.{name}
"""

_FORM = """

class {name}Form(ModelForm):
    class Meta:
        model = models.{name}
        fields = ["title", "text", "amount"]
"""

_ADMIN = """

@admin.register(models.{name})
class {name}Admin(admin.ModelAdmin):
    list_display = ["title", "made", "amount"]
    search_fields = ["title"]
"""

_APP_URLS = """
from django.urls import path
from . import models, views

urlpatterns = [path("", views.index)]
for model in (models.First, models.Second, models.Third, models.Fourth):
    name = model.__name__
    urlpatterns += [
        path(f"{name.lower()}/", getattr(views, f"{name}List").as_view()),
        path(f"{name.lower()}/<int:pk>/", getattr(views, f"{name}Detail").as_view()),
    ]
"""

_MODELS = ("First", "Second", "Third", "Fourth")


def _repeated(head: str, template: str) -> str:
    return head + "".join(template.format(name=name) for name in _MODELS)


def _django() -> dict[str, str]:
    files = {
        "manage.py": _MANAGE,
        "project/__init__.py": "",
        "project/settings.py": _SETTINGS,
        "project/urls.py": _URLS,
        "project/wsgi.py": _WSGI,
        "templates/index.html": "{{ word }}",
    }
    for app in _OWN:
        files |= {
            f"{app}/__init__.py": "",
            f"{app}/models.py": _repeated("from django.db import models\n", _MODEL),
            f"{app}/views.py": _repeated(_VIEWS, _VIEW),
            f"{app}/forms.py": _repeated("from django.forms import ModelForm\nfrom . import models\n", _FORM),
            f"{app}/admin.py": _repeated("from django.contrib import admin\nfrom . import models\n", _ADMIN),
            f"{app}/urls.py": _APP_URLS,
        }
    return files


PROJECTS = {
    "flask": Project("Flask", "app", "app", {"app.py": _FLASK}),
    "heavy": Project("Flask, pandas, SQLAlchemy", "app", "app", {"app.py": "import pandas, sqlalchemy.orm\n" + _FLASK}),
    "django": Project("Django", "project.wsgi", "application", _django()),
}
