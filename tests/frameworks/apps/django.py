"""Django, in one file; its process is its own, since its settings are global."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="not a secret",
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    LOGGING_CONFIG=None,
)


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello from django")


def give_back(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"got": json.loads(request.body)})


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.POST['name']} {request.FILES['file'].size}")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def blocks() -> Iterator[str]:
        for number in range(10):
            yield f"{number},"

    return StreamingHttpResponse(blocks(), content_type="text/plain")


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).with_name("__init__.py").open("rb"))


def go(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/")


def cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("set")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", httponly=True)
    return response


def error(request: HttpRequest) -> HttpResponse:
    raise KeyError("sku")


def name(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(name)


urlpatterns = [
    path("", index),
    path("json", give_back),
    path("form", form),
    path("stream", stream),
    path("file", file),
    path("go", go),
    path("cookies", cookies),
    path("error", error),
    path("path/<name>", name),
]
app = get_wsgi_application()
