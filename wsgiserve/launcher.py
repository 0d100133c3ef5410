"""From decisions to a running server: the server class, the access log, the banner, and an exit code.

``launch`` does it for the command line, ``run_simple`` for callers of werkzeug's function of that name. Everything is
chosen here, before the first request; the server is told and asks nobody. Knows how the parts are put together, not
what is in them.
Source: werkzeug 3.1 ``serving.run_simple`` for its arguments, its order of work and its texts.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
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
from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer, make_server
from wsgiserve.server.sockets import unlink_unix
from wsgiserve.server.tls import SSLContextSpec, make_ssl_context
from wsgiserve.signals import EXIT_CODES, stopped_by_signals

if TYPE_CHECKING:
    from wsgiserve.config import Config
    from wsgiserve.dev.tools import Tools
    from wsgiserve.importer import LoadedApp
    from wsgiserve.server.handler import WSGIRequestHandler
    from wsgiserve.wsgi.gateway import Application

__all__ = [
    "access_log_for",
    "banner_of",
    "discard",
    "is_running_from_reloader",
    "launch",
    "open_page",
    "run_simple",
    "server_for",
    "tools_for",
]

log = logging.getLogger(logs.SERVER_LOGGER)

_NO_ORIGINS = Origins()

# Not names of a host: a debugger that trusted them would trust requests that any web page can send.
_EVERYWHERE = frozenset(["", "0.0.0.0", "::"])


# For the command line


def launch(config: Config, loaded: LoadedApp, argv: Sequence[str], *, origins: Origins = _NO_ORIGINS) -> int:
    """Serve an application as configured, until a signal says to stop.

    Args:
        argv: the command as it was typed, to suggest a better one.
        origins: for the banner.
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
        # A handler on the root logger is for whatever happens; one on our loggers is for these very lines.
        access_log = access_log_for(console, handler, below=logs.SERVER_LOGGER) if config.access_log else None
        server = server_for(config, loaded, listeners, context, access_log, tools_for(config))
        received = cleanup.enter_context(stopped_by_signals(server))
        banner = banner_of(config, loaded, addresses, "http" if context is None else "https", origins)
        handler.write(banner.text(console, process_age()))
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


def access_log_for(console: Console, handler: logs.ConsoleHandler, *, below: str | None) -> AccessLog | None:
    """Ours, unless a handler of the user's waits for access lines; ``below`` is for ``is_handled_by_user``."""
    if not log.isEnabledFor(logging.INFO):
        return None
    if logs.is_handled_by_user(logs.ACCESS_LOGGER, logging.INFO, below=below):
        return log_access
    return make_access_log(console, handler.write)


def tools_for(config: Config) -> Tools | None:
    """The developer's tools; none in production, where they are not even imported."""
    if config.effective_mode()[0] != "dev":
        return None
    from wsgiserve.dev.tools import Tools

    return Tools(config)


def server_for(
    config: Config,
    loaded: LoadedApp,
    listeners: Sequence[socket.socket],
    context: ssl.SSLContext | None,
    access_log: AccessLog | None,
    tools: Tools | None = None,
) -> BaseWSGIServer:
    """The server that is configured, on listeners that are open already."""
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
        ssl_context=context,
        listeners=listeners,
        limits=config.limits(),
        deadlines=config.deadlines(),
        max_connections=config.max_connections,
        script_name=config.script_name,
        access_log=access_log,
    )
    if tools is not None:
        tools.attach(server)
    return server


def banner_of(config: Config, loaded: LoadedApp, addresses: Sequence[object], scheme: str, origins: Origins) -> Banner:
    """What to say when the server accepts connections."""
    mode, reason = config.effective_mode()
    return Banner(
        addresses,
        scheme,
        app=loaded.name,
        about=", ".join(filter(None, [loaded.framework, loaded.found_by])),
        mode=mode,
        # Development on this machine is what everybody expects; anything else is worth a reason.
        why=origins.mode if config.mode is not None else reason if mode == "prod" else "",
        settings=origins.others,
        notes=origins.notes,
    )


# For callers of werkzeug.serving


def is_running_from_reloader() -> bool:
    """Is this process one that werkzeug's reloader started to serve, and starts again after changes?"""
    return os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def run_simple(
    hostname: str,
    port: int,
    application: Application,
    use_reloader: bool = False,
    use_debugger: bool = False,
    use_evalex: bool = True,
    extra_files: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    reloader_interval: int = 1,
    reloader_type: str = "auto",
    threaded: bool = False,
    processes: int = 1,
    request_handler: type[WSGIRequestHandler] | None = None,
    static_files: dict[str, str | tuple[str, str]] | None = None,
    passthrough_errors: bool = False,
    ssl_context: SSLContextSpec = None,
) -> None:
    """Serve an application until Ctrl-C or SIGTERM; the arguments are those of ``werkzeug.serving.run_simple``.

    Args:
        hostname: a name, an address, or ``unix://path``.
        port: 0 lets the system pick.
        use_reloader: must be false, and the four arguments about reloading as they are by default.
        use_debugger: put werkzeug's debugger around the application.
        use_evalex: let the debugger run code that is typed into its page.
        threaded: a thread for each request; not together with ``processes``.
        processes: up to so many processes, one for each connection.
        static_files: paths of URLs to directories, ``{"/static": "static"}``.
        passthrough_errors: let an exception of the application end the server.
        ssl_context: a context, a pair of files ``(certificate, key)``, ``"adhoc"``, or None.
    Raises:
        TypeError: the port is not an integer.
        ValueError: threads together with processes, or processes where there is no fork.
        NotImplementedError: an argument about reloading.
        SystemExit: the address is not to be had; the reason is on standard error, the exit code is 1.
    """
    if not isinstance(port, int):
        raise TypeError("port must be an integer")
    _refuse_reloader(
        use_reloader=use_reloader,
        extra_files=bool(extra_files),
        exclude_patterns=bool(exclude_patterns),
        reloader_interval=reloader_interval != 1,
        reloader_type=reloader_type != "auto",
    )
    application = _with_middleware(application, hostname, static_files, use_debugger=use_debugger, evalex=use_evalex)
    console = make_console()
    handler = logs.configure(console)
    start = partial(
        make_server,
        hostname,
        port,
        application,
        threaded,
        processes,
        request_handler,
        passthrough_errors,
        make_ssl_context(ssl_context),
    )
    server = _bind(start, port)
    with server, stopped_by_signals(server, defaults_only=True):
        server.access_log = access_log_for(console, handler, below=None)
        server.socket.set_inheritable(True)
        os.environ["WERKZEUG_SERVER_FD"] = str(server.fileno())
        if not is_running_from_reloader():
            server.log_startup()
            log.info(console.paint("Press CTRL+C to quit", "yellow"))
        server.serve_forever()


def _refuse_reloader(**differs: bool) -> None:
    names = [name for name, different in differs.items() if different]
    if names:
        raise NotImplementedError(
            f"run_simple() of wsgiserve cannot be given {', '.join(names)}: it has no reloader yet, and to serve "
            "without the one that was asked for would leave changes unnoticed. Leave the argument out, and have a "
            "program that watches files restart this one, for example: watchfiles 'python app.py'"
        )


def _with_middleware(
    application: Application,
    hostname: str,
    static_files: dict[str, str | tuple[str, str]] | None,
    *,
    use_debugger: bool,
    evalex: bool,
) -> Application:
    if static_files:
        from werkzeug.middleware.shared_data import SharedDataMiddleware

        application = SharedDataMiddleware(application, static_files)
    if use_debugger:
        from werkzeug.debug import DebuggedApplication

        application = debugged = DebuggedApplication(application, evalex=evalex)
        if hostname not in _EVERYWHERE:
            debugged.trusted_hosts.append(hostname)
    return application


def _bind(start: Callable[..., BaseWSGIServer], port: int) -> BaseWSGIServer:
    """Start on the socket that a reloader left us, if there is one; explain it in werkzeug's words if we cannot."""
    if is_running_from_reloader():
        # The variable may be missing, or of another process (werkzeug#2361, #3025); then the address has to do.
        with suppress(KeyError, ValueError, OSError):
            return start(fd=int(os.environ["WERKZEUG_SERVER_FD"]))
    try:
        return start()
    except OSError as error:
        sys.stderr.write(_explain_like_werkzeug(error, port))
        raise SystemExit(1) from None


def _explain_like_werkzeug(error: OSError, port: int) -> str:
    lines = [error.strerror or str(error)]
    if error.errno == errno.EADDRINUSE:
        lines.append(
            f"Port {port} is in use by another program. Either identify and stop that program, or start the server "
            "with a different port."
        )
        if sys.platform == "darwin" and port == 5000:
            lines.append("On macOS, try searching for and disabling 'AirPlay Receiver' in System Settings.")
    return "".join(f"{line}\n" for line in lines)
