"""The servers that reload: how each is started with a project on a port, and which version it is of."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.reload.projects import Project

__all__ = ["TOOLS", "Tool"]


class Tool(NamedTuple):
    """One of them.

    Attributes:
        name: what a developer calls it.
        packages: distributions whose versions tell what was measured.
        command: behind the interpreter; ``{module}``, ``{app}`` and ``{port}`` are filled in.
        only: keys of the projects that it serves; empty for all.
        rest: seconds that a save has to wait after a response in order to be noticed.
    """

    name: str
    packages: tuple[str, ...]
    command: str
    only: tuple[str, ...] = ()
    rest: float = 0.2

    def argv(self, project: Project, port: int) -> list[str]:
        """The whole of it, behind the interpreter."""
        app = f"{project.module}:{project.attribute}"
        return [word.format(module=project.module, app=app, port=port) for word in self.command.split()]


_FLASK = ("flask", "heavy")

TOOLS = (
    Tool("wsgiserve", ("wsgiserve",), "-m wsgiserve {app} --port {port} --no-access-log"),
    Tool("wsgiserve --no-zygote", ("wsgiserve",), "-m wsgiserve {app} --port {port} --no-access-log --no-zygote"),
    Tool("flask run --debug", ("flask", "werkzeug"), "-m flask --app {module} run --debug --port {port}", _FLASK),
    Tool("manage.py runserver", ("django",), "manage.py runserver {port}", ("django",)),
    # Looks once a second, and compares only files that it has seen in an earlier look: those that a first request
    # imports are not seen at once.
    Tool("gunicorn --reload", ("gunicorn",), "-m gunicorn {app} --reload --threads 8 -b 127.0.0.1:{port}", rest=1.1),
    Tool("granian --reload", ("granian", "watchfiles"), "-m granian --interface wsgi {app} --reload --port {port}"),
    Tool("uvicorn --reload", ("uvicorn", "a2wsgi", "watchfiles"), "-m uvicorn asgi_app:app --reload --port {port}"),
)
