"""What the command does: words to settings, an application, a running server, and an exit code.

Every mistake ends as one message on standard error. The server is imported after the options are read, so that
``--help`` and mistakes do not wait for it.
Source: ``docs/cli.md`` for the exit codes.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wsgiserve import messages
from wsgiserve._version import __version__
from wsgiserve.asking import agrees, is_attended
from wsgiserve.config import Config, options
from wsgiserve.console import ColorChoice, make_console
from wsgiserve.errors import UserError
from wsgiserve.flaskvariables import debug_by_default
from wsgiserve.lazy import without_collections
from wsgiserve.origins import Origins
from wsgiserve.settings import Settings, settle, variable_of

if TYPE_CHECKING:
    from wsgiserve.cli import CommandLine
    from wsgiserve.importer import LoadedApp
    from wsgiserve.launcher import Greet
    from wsgiserve.reload.loader import Loader

__all__ = ["Command"]

_INTERRUPTED = 130  # exit code: 128 + SIGINT, as shells report it


class Command:
    """One run of the command.

    Args:
        line: reads the words, and explains them.
        argv: the words, without the program.
    """

    def __init__(self, line: CommandLine, argv: list[str]) -> None:
        self._line = line
        self._argv = argv
        # The settings may be what is wrong, so until they are known only the words themselves are looked at.
        self._color = _color_choice(argv)
        self._typed = ["wsgiserve", *argv]
        self._greet: Greet | None = None

    def exit_code(self) -> int:
        """Do it; the exit code is one of the table in ``docs/cli.md``."""
        return self._reporting(self._run)

    def why(self, file: str = "") -> int:
        """Tell what a change of a file would do; the exit code."""
        return self._reporting(lambda: self._why(Path(file)))

    def tls(self) -> int:
        """Do something about the local authority; the exit code."""
        return self._reporting(self._tls)

    def check(self) -> int:
        """Try the application and tell what the linter finds; the exit code."""
        return self._reporting(self._check)

    def conform(self) -> int:
        """Test servers against the standards; the exit code."""
        return self._reporting(self._conform)

    def serve(
        self,
        settings: Settings,
        *,
        loaded: LoadedApp | None = None,
        loader: Loader | None = None,
        greet: Greet | None = None,
        typed: Sequence[str],
    ) -> int:
        """Serve as settled; the exit code. For commands of others that have options of their own.

        Args:
            loaded: the application, if it is in this process already and is not to be reloaded.
            loader: makes it in a worker, if it is to be reloaded.
            greet: says that the server is there, in place of the banner.
            typed: the whole command, to suggest a better one; its port is behind a flag or at its end.
        """
        self._greet, self._typed = greet, [*typed]
        return self._reporting(lambda: self._serve_settled(settings, loaded, loader))

    def _serve_settled(self, settings: Settings, loaded: LoadedApp | None, loader: Loader | None) -> int:
        config = settings.config
        try:
            options()["port"].kind.parse(config.port)  # which others have not looked at
        except ValueError as error:
            raise messages.bad_option(f"the port {error}, not {config.port}.", "choose another one.") from None
        if loaded is not None:
            return self._launch(settings, loaded)
        return self._supervise(settings, config.app or "", "", _project(config), loader)

    def _reporting(self, run: Callable[[], int]) -> int:
        """Run, and report what goes wrong."""
        try:
            return run()
        except UserError as error:
            self._print(messages.render(error, color=self._is_colored()))
            return error.exit_code
        except KeyboardInterrupt:
            return _INTERRUPTED
        except Exception as error:
            traceback.print_exc()
            self._print(messages.render(messages.internal_error(error), color=self._is_colored()))
            return messages.INTERNAL

    def _run(self) -> int:
        given = self._line.parse(self._argv)
        if given.wants == "help":
            _say(self._line.help())
            return 0
        if given.wants == "version":
            _say(f"wsgiserve {__version__}\n")
            return 0
        settings = settle(given.values, os.environ, _here())
        self._color = settings.config.color
        if given.wants == "show_config":
            _say(_show(settings))
            return 0
        return self._serve(_with_certificate(settings) if settings.config.tls else settings)

    def _why(self, file: Path) -> int:
        from wsgiserve.frameworks import reads_templates_anew
        from wsgiserve.reload.start import project_of
        from wsgiserve.reload.why import explain

        if not file.name:
            raise messages.bad_option("why needs a file.", "wsgiserve why FILE [OPTIONS] [APP]")
        settings = settle(self._line.parse(self._argv).values, os.environ, _here())
        self._color = settings.config.color
        directory = _project(settings.config)
        project = project_of(settings.config, directory, settings.environment)
        app, anew = "", False
        try:
            loaded = _load(settings, *_find_app(settings, directory), directory)
            app, anew = loaded.name, reads_templates_anew(loaded.application)
        except UserError as error:
            self._print(messages.render(error, color=self._is_colored()))
        _say(explain(file, project, app=app, reads_templates_anew=anew))
        return 0

    def _tls(self) -> int:
        from wsgiserve.authority.command import TLS

        given = self._line.parse_tls(self._argv)
        if given.help:
            _say(f"{given.help}\n")
            return 0
        tls = TLS(_say, given.only, given.yes)
        return {"status": tls.status, "install": tls.install, "remove": tls.remove}[given.word]()

    def _check(self) -> int:
        given = self._line.parse_check(self._argv)
        if given.help:
            _say(f"{given.help}\n")
            return 0
        from wsgiserve.checking import Check, Wanted

        check = Check(_say, Wanted(given.paths, given.ignored))
        settings = settle(given.values, os.environ, _here())
        directory = _project(settings.config)
        loaded = _load(settings, *_find_app(settings, directory), directory)
        return check.run(loaded, settings.config.script_name)

    def _conform(self) -> int:
        from wsgiserve.conform.command import Conform, Wanted

        given, help_text = self._line.parse_conform(self._argv)
        if help_text:
            _say(f"{help_text}\n")
            return 0
        files = {kind: file for kind in ("json", "junit", "html", "markdown") if (file := given.pop(kind))}
        return Conform(_say, Wanted(**given, files=files)).run()

    def _serve(self, settings: Settings) -> int:
        directory = _project(settings.config)
        app, found_by = _find_app(settings, directory)
        load = partial(_load, settings, app, found_by, directory)
        if settings.config.effective_reload():
            return self._supervise(settings, app, found_by, directory)
        if settings.config.effective_workers() > 1:
            return self._launch_workers(settings, load)
        return self._launch(settings, load())

    def _launch(self, settings: Settings, loaded: LoadedApp) -> int:
        with without_collections():
            from wsgiserve.launcher import launch

        start = partial(launch, loaded=loaded, argv=self._typed, origins=_origins(settings), greet=self._greet)
        return self._on_free_port(settings.config, start)

    def _launch_workers(self, settings: Settings, load: Callable[[], LoadedApp]) -> int:
        from wsgiserve.prefork import launch_workers
        from wsgiserve.server.forking import can_fork

        if not can_fork:
            raise messages.bad_option(
                f"--workers {settings.config.workers} needs processes that fork, which this system does not have.",
                "leave it out; --threads N is how many requests one process runs at a time.",
            )
        start = partial(launch_workers, load=load, argv=self._typed, origins=_origins(settings), greet=self._greet)
        return self._on_free_port(settings.config, start)

    def _supervise(
        self, settings: Settings, app: str, found_by: str, directory: Path, loader: Loader | None = None
    ) -> int:
        from wsgiserve.reload.start import supervise

        start = partial(
            supervise,
            app=app,
            found_by=found_by,
            directory=directory,
            argv=self._typed,
            origins=_origins(settings),
            environment=settings.environment,
            greet=self._greet,
            loader=loader,
        )
        return self._on_free_port(settings.config, start)

    def _on_free_port(self, config: Config, start: Callable[[Config], int]) -> int:
        """Start; when the port is taken and somebody sits at a terminal, offer the next one. Never move silently."""
        while True:
            try:
                return start(config)
            except UserError as error:
                if error.slug != "port-in-use" or config.port == 65535 or not is_attended():
                    raise
                self._print(messages.render_problem(error, color=self._is_colored()))
                if not agrees(f"Use port {config.port + 1} this time?"):
                    self._print(messages.render_remedy(error))
                    return error.exit_code
                config = config.replaced(port=config.port + 1)

    def _print(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)

    def _is_colored(self) -> bool:
        return make_console("plain", cast("ColorChoice", self._color)).color


def _say(text: str) -> None:
    """What was asked for, on standard output."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:  # whoever reads has read enough; Python would try once more at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _color_choice(argv: Sequence[str]) -> str:
    for word, following in pairwise([*argv, ""]):
        choice = following if word == "--color" else word.removeprefix("--color=")
        if word.startswith("--color") and choice in ("always", "never"):
            return choice
    choice = os.environ.get(variable_of("color"), "").lower()
    return choice if choice in ("always", "never") else "auto"


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise messages.bad_option("the current directory does not exist any more.", "cd to one that does.") from None


def _with_certificate(settings: Settings) -> Settings:
    """With the local authority's, as if its file had been named."""
    from wsgiserve.authority.serving import local_certificate

    config = settings.config
    hosts = config.host if config.uds is None and config.fd is None else ()
    certificate = local_certificate(hosts, config.allowed_host or ())
    return settings._replace(
        config=config.replaced(cert=str(certificate.file)), notes=(*settings.notes, *certificate.notes)
    )


def _project(config: Config) -> Path:
    if config.app_dir is None:
        return _here()
    directory = Path(config.app_dir).absolute()
    if not directory.is_dir():
        raise messages.bad_option(f"--app-dir {config.app_dir} is not a directory.", "name one that is there.")
    return directory


def _find_app(settings: Settings, directory: Path) -> tuple[str, str]:
    """The application to run, and how it was found."""
    from wsgiserve.discovery import discover

    if settings.config.app is not None:
        return settings.config.app, _found_by(settings.sources["app"])
    return discover(directory, {**os.environ, **settings.variables})


def _load(settings: Settings, app: str, found_by: str, directory: Path) -> LoadedApp:
    """Import it into this process."""
    from wsgiserve.importer import load

    os.environ.update(settings.variables)
    config = settings.config
    if config.effective_mode()[0] == "dev":
        debug_by_default(os.environ)
    return load(
        app, factory=config.factory, directory=directory, found_by=found_by, full_traceback=config.full_traceback
    )


def _found_by(source: str) -> str:
    return "" if source == "APP" else f"found by {_place(source)}"


def _place(source: str) -> str:
    """A source in the words of the banner."""
    return "[tool.wsgiserve]" if source.endswith("pyproject.toml") else source


def _origins(settings: Settings) -> Origins:
    files = [file.name for file in settings.environment.files]
    flasks = [source for source in settings.sources.values() if source.startswith("FLASK_")]
    config = settings.config
    ours = [_note_on_workers(config), _note_on_debugger(config)]
    notes = filter(None, [settings.environment.note, *settings.notes, *ours])
    return Origins(_place(settings.sources["mode"]), ", ".join([*flasks, *files]), tuple(notes))


def _note_on_workers(config: Config) -> str:
    if config.effective_workers() == config.workers:
        return ""
    return f"the reloader runs one worker, not {config.workers}: add --no-reload to have them all."


# What a debugger of an editor leaves behind in the process that it has started: modules, and variables where it is to
# follow into other processes.
_DEBUGGERS = {"debugpy": "DEBUGPY_RUNNING", "pydevd": "PYDEVD_LOAD_VALUES_ASYNC"}


def _note_on_debugger(config: Config) -> str:
    for module, variable in _DEBUGGERS.items():
        if config.effective_reload() and (module in sys.modules or variable in os.environ):
            return f"{module} is running, but the application is in another process: add --no-reload to debug it."
    return ""


def _show(settings: Settings) -> str:
    """A line for each option: its key, its value, and where that comes from."""
    config, sources, environment, *_ = settings
    mode, why = config.effective_mode()
    form = make_console(None, cast("ColorChoice", config.color)).form
    derived = {"mode": f"{mode} ({why})", "threads": str(config.effective_threads()), "log_format": form}
    derived["lint"] = config.effective_lint()
    derived["reload"] = str(config.effective_reload()).lower()
    rows = []
    for name, about in options().items():
        value = getattr(config, name)
        rows.append((name, derived.get(name, "-") if value in (None, "") else about.kind.show(value), sources[name]))
    rows += [("", file.name, "variables for the application") for file in environment.files]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}\n" for name, value, source in rows)
