"""From decisions to a running supervisor: sockets, files to watch, the banner, and an exit code.

The counterpart of ``launcher.launch`` for a server that reloads.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wsgiserve import logs, messages
from wsgiserve.banner import process_age, urls_for_people
from wsgiserve.browser import open_browser
from wsgiserve.console import ColorChoice, Console, Form, make_console
from wsgiserve.editors import editor_link, editor_template
from wsgiserve.environment import Environment
from wsgiserve.importer import LoadedApp
from wsgiserve.launcher import Greet, banner_of, discard, open_page
from wsgiserve.listening import load_certificate, open_listeners
from wsgiserve.origins import Origins
from wsgiserve.reload.changes import Project, find_root
from wsgiserve.reload.loader import Loader
from wsgiserve.reload.plan import Plan
from wsgiserve.reload.shortcuts import HINT, Shortcut, Shortcuts, are_wanted
from wsgiserve.reload.supervisor import Supervisor

if TYPE_CHECKING:
    from wsgiserve.config import Config
    from wsgiserve.process.channel import Message

__all__ = ["project_of", "supervise"]

# Home, and erase the screen and what was scrolled out of it: ECMA-48 §8.3.21 and §8.3.39, and xterm's third parameter.
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"

_NO_ORIGINS, _NO_ENVIRONMENT = Origins(), Environment()

log = logging.getLogger("wsgiserve")


def supervise(
    config: Config,
    app: str,
    *,
    found_by: str,
    directory: Path,
    argv: Sequence[str],
    origins: Origins = _NO_ORIGINS,
    environment: Environment = _NO_ENVIRONMENT,
    greet: Greet | None = None,
    loader: Loader | None = None,
) -> int:
    """Serve an application and reload it when it changes, until a signal says to stop.

    Args:
        app: as typed, or found; it is imported by workers alone.
        found_by: how it was found, for the banner.
        directory: the application's.
        argv: the command as it was typed, to suggest a better one.
        origins: for the banner.
        environment: files with variables for the application.
        greet: says something else than the banner.
        loader: makes the application, in place of the import of ``app``.
    Returns:
        The exit code: 0 after SIGTERM, 130 after Ctrl-C.
    Raises:
        UserError: an address is not to be had, a path to watch is not there, or the certificate is of no use.
    """
    console = make_console(cast("Form | None", config.log_format), cast("ColorChoice", config.color))
    handler = logs.configure(console, logging.getLevelNamesMapping()[config.log_level.upper()])
    scheme = "http" if load_certificate(config) is None else "https"
    project = project_of(config, directory, environment)
    with ExitStack() as cleanup:
        listeners = open_listeners(config, argv)
        for listener in listeners:
            cleanup.callback(discard, listener)

        addresses = [listener.getsockname() for listener in listeners]
        wants_shortcuts = are_wanted()
        roots = ", ".join(_homely(root) for root in project.roots if root not in environment.files)

        def announce(report: Message, watching: str) -> None:
            ready = report.get("ready", {})
            loaded = LoadedApp(_never, ready.get("name", app), ready.get("framework", ""), found_by)
            banner = banner_of(config, loaded, addresses, scheme, origins)
            failed = [] if ready else ["the app failed to load; serving the error page and watching for a fix."]
            banner = banner._replace(
                notes=[*failed, *banner.notes],
                watching=f"{roots}  ({watching})",
                hint=HINT if wants_shortcuts else "",
            )
            handler.write(banner.text(console, process_age()) if greet is None else greet(banner))
            if config.open is not None:
                open_page(addresses, scheme, config.open)

        loader = loader or _importing(config, app, found_by, directory)
        plan = Plan(config, loader, app, found_by, directory, environment, urls_for_people(addresses, scheme)[0])
        supervisor = Supervisor(plan, listeners, project, announce)
        if wants_shortcuts:
            link = partial(editor_link, editor_template(config.editor, os.environ))
            supervisor.listen(_shortcuts(supervisor, console, handler.write, addresses, scheme, link).heed)
        return supervisor.run()


def _importing(config: Config, app: str, found_by: str, directory: Path) -> Loader:
    """The loader of an application that has only to be imported."""
    arguments = {
        "app": app,
        "factory": config.factory,
        "directory": str(directory),
        "found_by": found_by,
        "full_traceback": config.full_traceback,
    }
    return Loader("wsgiserve.importer:load", arguments)


def _shortcuts(
    supervisor: Supervisor,
    console: Console,
    write: Callable[[str], None],
    addresses: Sequence[object],
    scheme: str,
    link: Callable[[str, int, int], str],
) -> Shortcuts:
    def show_urls() -> None:
        write("".join(f"  {console.link(url)}\n" for url in urls_for_people(addresses, scheme)))

    def edit() -> None:
        place = supervisor.last_error
        target = link(*place) if place is not None else ""
        if target:
            open_browser(target, log.warning)
        elif place is None:
            write("  there was no error yet\n")
        else:
            write(f"  {place[0]}:{place[1]}   (which editor? --editor NAME, or WSGISERVE_EDITOR)\n")

    known = {
        "r": Shortcut("reload now", supervisor.reload),
        "o": Shortcut("open the app in the browser", lambda: open_page(addresses, scheme, "/")),
        "u": Shortcut("show where it is", show_urls),
        "l": Shortcut("log: all requests, errors, or none", supervisor.cycle_log),
        "e": Shortcut("open the last error in the editor", edit),
        "t": Shortcut("what every thread does: the stacks", supervisor.show_stacks),
        "c": Shortcut("clear the screen", lambda: write(_CLEAR if console.color else "")),
        "q": Shortcut("quit", supervisor.quit),
    }
    return Shortcuts(console, write, known)


def _never(*_: object) -> list[bytes]:
    raise NotImplementedError("the application is in another process")


def project_of(config: Config, directory: Path, environment: Environment) -> Project:
    """What is watched.

    Raises:
        UserError: a path that was named is not there.
    """
    roots = [*_watched(config, directory), *environment.files]
    return Project(roots, config.watch_ignore or (), config.reload_on or ())


def _watched(config: Config, directory: Path) -> list[Path]:
    for flag, paths in (("--watch", config.watch), ("--watch-also", config.watch_also)):
        for path in paths or ():
            if not Path(path).exists():
                raise messages.watch_path(path, flag)
    roots = [Path(path) for path in config.watch] if config.watch else [find_root(directory)]
    return [*roots, *map(Path, config.watch_also or ())]


def _homely(path: Path) -> str:
    try:
        return str(Path("~", path.relative_to(Path.home())))
    except (ValueError, RuntimeError):
        return str(path)
