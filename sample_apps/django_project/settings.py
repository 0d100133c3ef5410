"""Settings of the project: what the sample needs and no more."""

from __future__ import annotations

import os
from pathlib import Path

from ..data import data_folder

HERE = Path(__file__).parent
DATA = data_folder("django")

DEBUG = False
# Fixed, so that every process of a server can read every session. A public site sets its own.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "for the sample only")
# Any name: the sample does not build links from the Host field. A public site lists its names.
ALLOWED_HOSTS = ["*"]

ROOT_URLCONF = "sample_apps.django_project.urls"
WSGI_APPLICATION = "sample_apps.django_project.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "sample_apps.django_project.guestbook",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "guestbook.sqlite3",
        "OPTIONS": {"timeout": 5},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
STATIC_URL = "static/"
MEDIA_ROOT = DATA / "photos"
# Django puts this into the process, the server's log included; its own default is a city.
TIME_ZONE = "UTC"
USE_TZ = True
