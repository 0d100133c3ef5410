"""From decisions to a running server: the server class, the access log, the banner, and an exit code.

``launch`` does it for the command line; ``simple.run_simple`` for callers of werkzeug's function of that name.
Everything is chosen here, before the first request; the server is told and asks nobody. Knows how the parts are put
together, not what is in them.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, cast

from wsgiserve import logs
from wsgiserve.accesslog import make_access_log
from wsgiserve.banner import Banner, process_age, urls_for_people
from wsgiserve.browser import open_browser
from wsgiserve.console import ColorChoice, Console, Form, make_console
from wsgiserve.listening import load_certificate, open_listeners
from wsgiserve.origins import Origins
from wsgiserve.server.access import AccessLog, log_access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer
from wsgiserve.server.sockets import unlink_unix
from wsgiserve.servertiming import make_timing
from wsgiserve.signals import EXIT_CODES, stopped_by_signals
from wsgiserve.wsgi.peers import Peers

if TYPE_CHECKING:
    import ssl

    from wsgiserve.config import Config
    from wsgiserve.dev.tools import Tools
    from wsgiserve.importer import LoadedApp

__all__ = [
    "Greet",
    "access_log_for",
    "access_log_of",
    "banner_of",
    "discard",
    "handler_for",
    "launch",
    "open_page",
    "server_for",
    "tools_for",
]

log = logging.getLogger(logs.SERVER_LOGGER)

_NO_ORIGINS = Origins()

Greet = Callable[[Banner], str]
"""From what a banner would say to what is said in its place."""


def launch(
    config: Config,
    loaded: LoadedApp,
    argv: Sequence[str],
    *,
    origins: Origins = _NO_ORIGINS,
    greet: Greet | None = None,
) -> int:
    """Serve an application as configured, until a signal says to stop.

    Args:
        argv: the command as it was typed, to suggest a better one.
        origins: for the banner.
        greet: says something else than the banner.
    Returns:
        The exit code: 0 after SIGTERM, 130 after Ctrl-C.
    Raises:
        UserError: the address is not to be had, or the certificate not to be used.
    """
    console = make_console(cast("Form | None", config.log_format), cast("ColorChoice", config.color))
    handler = logs.configure(console, logging.getLevelNamesMapping()[config.log_level.upper()])
    context = load_certificate(config)
    with ExitStack() as cleanup:
        listeners = open_listeners(config, argv)
        for listener in listeners:
            cleanup.callback(discard, listener)
        addresses = [listener.getsockname() for listener in listeners]
        access_log = access_log_of(config, console, handler)
        server = server_for(config, loaded, listeners, context, access_log, tools_for(config))
        received = cleanup.enter_context(stopped_by_signals(server))
        banner = banner_of(config, loaded, addresses, "http" if context is None else "https", origins)
        handler.write(banner.text(console, process_age()) if greet is None else greet(banner))
        if config.open is not None:
            open_page(banner.addresses, banner.scheme, config.open)
        server.serve_forever()
    return EXIT_CODES[received[0]] if received else 0


def open_page(addresses: Sequence[object], scheme: str, path: str) -> None:
    """Open a path of the server in the browser."""
    url = urls_for_people(addresses, scheme)[0]
    if url.startswith("unix:"):
        log.warning("no browser can open %s", url)
    else:
        open_browser(url.removesuffix("/") + path, log.warning)


def discard(listener: socket.socket) -> None:
    """Close it, and take its file away."""
    unlink_unix(listener)
    listener.close()


def access_log_for(
    console: Console, handler: logs.ConsoleHandler, *, below: str | None, quiet_paths: Sequence[str] = ()
) -> AccessLog | None:
    """Ours, unless a handler of the user's waits for access lines, and can filter them itself.

    Args:
        below: see ``is_handled_by_user``.
        quiet_paths: see ``LineLog``.
    """
    if not log.isEnabledFor(logging.INFO):
        return None
    if logs.is_handled_by_user(logs.ACCESS_LOGGER, logging.INFO, below=below):
        return log_access
    return make_access_log(console, handler.write, quiet_paths)


def access_log_of(config: Config, console: Console, handler: logs.ConsoleHandler) -> AccessLog | None:
    """The access log that is configured."""
    # A handler on the root logger is for whatever happens; one on our loggers is for these very lines.
    if not config.access_log:
        return None
    return access_log_for(console, handler, below=logs.SERVER_LOGGER, quiet_paths=config.quiet_path)


def tools_for(config: Config) -> Tools | None:
    """The developer's tools; none in production, where they are not even imported."""
    if config.effective_mode()[0] != "dev":
        return None
    from wsgiserve.dev.tools import Tools

    return Tools(config)


def handler_for(config: Config) -> type[WSGIRequestHandler]:
    """The class of the server's handlers; the linter is not imported where it is off."""
    lint = config.effective_lint()
    if lint == "off":
        return WSGIRequestHandler
    from wsgiserve.lint import Linter, LintingHandler, linting

    return linting(Linter(strict=lint == "error"), LintingHandler)


def server_for(
    config: Config,
    loaded: LoadedApp,
    listeners: Sequence[socket.socket],
    context: ssl.SSLContext | None,
    access_log: AccessLog | None,
    tools: Tools | None = None,
    *,
    multiprocess: bool = False,
) -> BaseWSGIServer:
    """The server that is configured, on listeners that are open already.

    Args:
        multiprocess: it is one of several on these listeners.
    """
    application = loaded.application
    if tools is not None and config.debugger:
        application = tools.debugged(application)
    kinds: dict[str, Callable[..., BaseWSGIServer]] = {
        "pool": partial(ThreadPoolWSGIServer, threads=config.effective_threads()),
        "thread": ThreadedWSGIServer,
        "fork": partial(ForkingWSGIServer, processes=config.processes),
        "single": BaseWSGIServer,
    }
    server = kinds[config.concurrency](
        "",
        config.port,
        application,
        handler=handler_for(config),
        ssl_context=context,
        listeners=listeners,
        limits=config.limits(),
        deadlines=config.deadlines(),
        max_connections=config.max_connections,
        script_name=config.script_name,
        access_log=access_log,
        multiprocess=multiprocess,
    )
    if tools is not None:
        tools.attach(server)
    if config.proxy_headers is not None:
        from wsgiserve.wsgi.proxied import ProxyHeaders  # 2 ms, which most starts need not wait for

        server.proxy_headers = ProxyHeaders(config.proxy_headers, config.proxy_sets)
    if config.proxy_protocol is not None:
        server.proxy_protocol = Peers(config.proxy_protocol)
    if config.effective_server_timing():
        server.timing = make_timing(shows_ids=config.access_log)
    return server


def banner_of(config: Config, loaded: LoadedApp, addresses: Sequence[object], scheme: str, origins: Origins) -> Banner:
    """What to say when the server accepts connections."""
    mode, reason = config.effective_mode()
    # What could not be loaded has the name of its file.
    found_by = loaded.found_by if loaded.found_by != f"found {loaded.name}" else ""
    return Banner(
        addresses,
        scheme,
        app=loaded.name,
        about=", ".join(filter(None, [loaded.framework, found_by])),
        mode=mode,
        # Development on this machine is what everybody expects; anything else is worth a reason.
        why=origins.mode if config.mode is not None else reason if mode == "prod" else "",
        settings=origins.others,
        notes=origins.notes,
    )
