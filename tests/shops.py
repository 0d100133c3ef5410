"""Two projects on which a day is spent: the same shop, of Flask and of Django."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DJANGO", "FLASK", "Shop"]

_TEMPLATE = """<!doctype html>
<html lang="en">
<title>Shop</title>
<h1>HEADING</h1>
<ul>
{% for PAIR %}<li>{{ item }}: {{ price }} €</li>
{% endfor %}</ul>
"""

_PRICES = """PRICES = {
    "tea": 3,
}
"""


@dataclass(frozen=True)
class Shop:
    """A project, and where in it what is."""

    name: str
    files: dict[str, str]
    prices: str
    """The module with the prices."""
    views: str
    """The module with the views."""
    request: str
    """What its views are called with."""
    pair: str
    """How its templates go through the prices."""
    template_is_told: str
    """What the terminal says when a template has changed."""

    def in_the_morning(self) -> dict[str, str]:
        """All its files; the prices are not finished."""
        prices = {self.prices: _PRICES.replace("}\n", "")}
        return {"pyproject.toml": "", **self.files, **prices, "templates/index.html": self.template("Tea shop")}

    def template(self, heading: str) -> str:
        """The page's template with a heading."""
        return _TEMPLATE.replace("HEADING", heading).replace("PAIR", self.pair)

    def with_prices(self, **more: int) -> str:
        """The module with the prices of tea and of these."""
        return _PRICES.replace("}\n", "".join(f'    "{item}": {price},\n' for item, price in more.items()) + "}\n")


FLASK = Shop(
    "flask",
    {
        "app.py": """\
import os

from flask import Flask, render_template

from prices import PRICES

app = Flask(__name__)


@app.get("/")
def index():
    return render_template("index.html", prices=PRICES)


@app.get("/cart/<item>")
def cart(item):
    count = 2
    return f"{item}: {count * PRICES[item]} €"


@app.get("/crash")
def crash():
    os._exit(7)
""",
    },
    prices="prices.py",
    views="app.py",
    request="",
    pair="item, price in prices.items()",
    template_is_told="templates/index.html changed; the framework reads it anew",
)

DJANGO = Shop(
    "django",
    {
        "manage.py": """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
""",
        "shop/__init__.py": "",
        "shop/settings.py": """\
ALLOWED_HOSTS = []
DEBUG = True
INSTALLED_APPS = []
ROOT_URLCONF = "shop.urls"
SECRET_KEY = "not a secret"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["templates"]}]
WSGI_APPLICATION = "shop.wsgi.application"
""",
        "shop/urls.py": """\
from django.urls import path

from shop import views

urlpatterns = [
    path("", views.index),
    path("cart/<item>", views.cart),
    path("crash", views.crash),
]
""",
        "shop/views.py": """\
import os

from django.http import HttpResponse
from django.shortcuts import render

from shop.prices import PRICES


def index(request):
    return render(request, "index.html", {"prices": PRICES})


def cart(request, item):
    count = 2
    return HttpResponse(f"{item}: {count * PRICES[item]} €")


def crash(request):
    os._exit(7)
""",
        "shop/wsgi.py": """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
""",
    },
    prices="shop/prices.py",
    views="shop/views.py",
    request="request",
    pair="item, price in prices.items",
    template_is_told="reloaded: templates/index.html",
)
