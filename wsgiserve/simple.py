"""``run_simple``: a server for a script, with werkzeug's arguments.

Chooses as ``launcher.launch`` does for the command line, and imports the reloader only if it is wanted.
Source: werkzeug 3.1 ``serving.run_simple`` for its arguments, its order of work and its texts.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from wsgiserve import logs
from wsgiserve.console import make_console
from wsgiserve.launcher import access_log_for
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.servers import make_server
from wsgiserve.server.tls import SSLContextSpec, make_ssl_context
from wsgiserve.signals import stopped_by_signals

if TYPE_CHECKING:
    from wsgiserve.reload.sources import Wishes
    from wsgiserve.server.handler import WSGIRequestHandler
    from wsgiserve.wsgi.gateway import Application

__all__ = ["is_running_from_reloader", "run_simple"]

log = logging.getLogger(logs.SERVER_LOGGER)

# Not names of a host: a debugger that trusted them would trust requests that any web page can send.
_EVERYWHERE = frozenset(["", "0.0.0.0", "::"])

_RELOADER_TYPES = frozenset(["auto", "stat", "watchdog"])


def is_running_from_reloader() -> bool:
    """Is this process one that a reloader started to serve, and starts again after changes?"""
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
        use_reloader: run the script in another process, and again when one of its files has changed.
        use_debugger: put werkzeug's debugger around the application.
        use_evalex: let the debugger run code that is typed into its page.
        extra_files: more files that count; of a directory, the Python files in and below it.
        exclude_patterns: for ``fnmatch``; files whose whole paths match do not count.
        reloader_interval: seconds between two looks at the files, with ``stat``.
        reloader_type: ``"auto"`` and ``"watchdog"`` have the system tell of changes; ``"stat"`` looks at the files.
        threaded: a thread for each request; not together with ``processes``.
        processes: up to so many processes, one for each connection.
        static_files: paths of URLs to directories, ``{"/static": "static"}``.
        passthrough_errors: let an exception of the application end the server.
        ssl_context: a context, a pair of files ``(certificate, key)``, ``"adhoc"``, or None.
    Raises:
        TypeError: the port is not an integer.
        ValueError: threads together with processes, or processes where there is no fork.
        KeyError: another ``reloader_type``.
        SystemExit: the address is not to be had; the reason is on standard error, the exit code is 1. With
            ``use_reloader``: the script's exit code where it serves no more, except after Ctrl-C.
    """
    if not isinstance(port, int):
        raise TypeError("port must be an integer")
    wishes = None
    if use_reloader:
        wishes = _wishes(extra_files, exclude_patterns, reloader_interval, reloader_type)
    run = _reloading(application, wishes) if wishes is not None else _serve
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
    with server:
        server.access_log = access_log_for(console, handler, below=None)
        server.socket.set_inheritable(True)
        os.environ["WERKZEUG_SERVER_FD"] = str(server.fileno())
        if not is_running_from_reloader():
            server.log_startup()
            log.info(console.paint("Press CTRL+C to quit", "yellow"))
        run(server)


def _serve(server: BaseWSGIServer) -> None:
    with stopped_by_signals(server, defaults_only=True):
        server.serve_forever()


def _wishes(
    extra_files: Iterable[str] | None, exclude_patterns: Iterable[str] | None, interval: float, reloader_type: str
) -> Wishes:
    from wsgiserve.reload.sources import Wishes

    if reloader_type not in _RELOADER_TYPES:
        raise KeyError(reloader_type)
    return Wishes(tuple(extra_files or ()), tuple(exclude_patterns or ()), interval, reloader_type == "stat")


def _reloading(application: Application, wishes: Wishes) -> Callable[[BaseWSGIServer], None]:
    """What is to be done with the server, in the process that reloads or in the one that serves."""
    if not is_running_from_reloader():
        from wsgiserve.reload.script import supervise_script

        return partial(supervise_script, wishes=wishes)
    from wsgiserve.reload.scriptchild import ScriptChild, fails_on_request

    failing = fails_on_request(application)
    return lambda server: ScriptChild(server, wishes, failing=failing).run()


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
