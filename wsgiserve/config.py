"""Every option of wsgiserve: name, default, unit, check and explanation, once.

The command line, the environment variables ``WSGISERVE_<NAME>``, the table ``[tool.wsgiserve]`` of ``pyproject.toml``,
``--show-config`` and the reference in ``docs/cli.md`` are all made from what ``Config`` declares. Defaults that belong
to a lower floor (limits, deadlines) are taken from there.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Mapping
from typing import Literal

from wsgiserve.http11.limits import Limits
from wsgiserve.options import (
    Option,
    OptionValues,
    choice,
    choices,
    editor,
    flag,
    hosts,
    integer,
    mount,
    networks,
    option,
    page,
    path,
    paths,
    seconds,
    size,
    text,
    texts,
)
from wsgiserve.server.deadlines import Deadlines

__all__ = ["Config", "Mode", "options"]

Mode = Literal["dev", "prod"]

_LIMITS, _DEADLINES = Limits(), Deadlines()
_LOOPBACKS = ("127.0.0.1", "::1")

_APP, _WHERE, _HOW = "Application", "Where to listen", "How to run it"
_RELOAD, _BROWSER, _CLIENTS = "Reloading", "Errors in the browser", "Limits and deadlines for clients"
_PROXIES, _SAY = "Behind a proxy", "What to print"


class Config(OptionValues):
    """What the server is told. Frozen: it is settled before anything is started."""

    app: str | None = option(
        None, text, "Application to run: MODULE, MODULE:NAME, MODULE:FACTORY(...) or FILE[:NAME].", group=_APP
    )
    factory: bool = option(False, flag, "Call NAME, whatever it looks like; it returns the application.", group=_APP)
    app_dir: str | None = option(
        None, path, "Directory to look for the application in, instead of the current one.", group=_APP
    )
    env_file: str | None = option(
        None, path, "File with environment variables for the application, NAME=value in each line.", group=_APP
    )
    script_name: str = option("", mount, "Path at which the application is mounted, such as /shop.", group=_APP)

    host: tuple[str, ...] = option(
        _LOOPBACKS, hosts, "Address or name to listen on; may be repeated.", group=_WHERE, short="-H"
    )
    port: int = option(
        8000, integer(0, 65535), "Port to listen on; 0 lets the system pick one.", group=_WHERE, short="-p"
    )
    uds: str | None = option(None, path, "Unix socket to listen on instead.", group=_WHERE)
    fd: int | None = option(None, integer(0), "Descriptor of a listening socket to use instead.", group=_WHERE)
    tls: bool = option(
        False,
        flag,
        "HTTPS with a certificate of the local authority; see wsgiserve tls.",
        group=_WHERE,
        flags=("--tls", "--no-tls"),
    )
    cert: str | None = option(
        None, path, 'Certificate (PEM) for HTTPS, or "adhoc" for one made on the spot.', group=_WHERE
    )
    key: str | None = option(None, path, "Private key (PEM), if it is not in the certificate's file.", group=_WHERE)

    mode: Mode | None = option(
        None,
        choice("dev", "prod"),
        "Development or production; development by default where only this machine can connect.",
        group=_HOW,
        flags=("--dev", "--prod"),
    )
    open: str | None = option(None, page, "Open it in the browser when it is there; at / by default.", group=_HOW)
    concurrency: str = option(
        "pool",
        choice("pool", "thread", "fork", "single"),
        "Who runs a request: a pool of threads, a thread or a process each, or one after the other.",
        group=_HOW,
    )
    workers: int = option(
        1,
        integer(1, 512),
        "Processes that run the application, each with threads of its own; the reloader runs one.",
        group=_HOW,
        short="-w",
    )
    threads: int | None = option(
        None,
        integer(1, 10_000),
        "Threads of the pool; 8 by default in development, else 2 × processors + 2.",
        group=_HOW,
    )
    processes: int = option(40, integer(1, 10_000), "Processes at a time; with --concurrency fork only.", group=_HOW)
    graceful_timeout: float = option(
        _DEADLINES.graceful, seconds, "Time to finish for requests that run when a signal says to stop.", group=_HOW
    )

    reload: bool | None = option(
        None,
        flag,
        "Start the application anew when one of its files has changed; by default in development.",
        group=_RELOAD,
        flags=("--reload", "--no-reload"),
    )
    watch: tuple[str, ...] | None = option(
        None, texts, "Directory or file to watch instead of the project; may be repeated.", group=_RELOAD
    )
    watch_also: tuple[str, ...] | None = option(
        None, texts, "Directory or file to watch besides; may be repeated.", group=_RELOAD
    )
    watch_ignore: tuple[str, ...] | None = option(
        None, texts, "Pattern of files and directories to leave alone; may be repeated.", group=_RELOAD
    )
    reload_on: tuple[str, ...] | None = option(
        None, texts, "Pattern of further files that count; may be repeated.", group=_RELOAD
    )
    poll: bool = option(
        False,
        flag,
        "Look at the files instead of waiting for the system to tell.",
        group=_RELOAD,
        flags=("--poll", "--no-poll"),
    )
    zygote: bool = option(
        sys.platform == "linux",
        flag,
        "Keep what the application imports of others imported, and fork for each reload.",
        group=_RELOAD,
        flags=("--zygote", "--no-zygote"),
    )
    reload_grace: float = option(
        2.0, seconds, "Time to finish for requests that run when the application is reloaded.", group=_RELOAD
    )

    debugger: bool = option(
        False,
        flag,
        "Werkzeug's interactive debugger, with its PIN, in place of the page; in development.",
        group=_BROWSER,
    )
    allowed_host: tuple[str, ...] | None = option(
        None, hosts, "Name of this machine, besides localhost, that may show errors; may be repeated.", group=_BROWSER
    )
    editor: str | None = option(
        None,
        editor,
        "Editor that links open: vscode, pycharm, zed, cursor, sublime, or a URL with {file}, {line} and {column}.",
        group=_BROWSER,
    )

    lint: str | None = option(
        None,
        choice("off", "warn", "error"),
        "What the application does against PEP 3333 or at a cost: say nothing, tell, or answer 500; "
        "warn by default in development, else off.",
        group=_HOW,
    )

    proxy_headers: tuple[str, ...] | None = option(
        None,
        networks,
        "Proxy that is believed what it says of its clients: an address, a network, or unix; may be repeated.",
        group=_PROXIES,
    )
    proxy_sets: tuple[str, ...] = option(
        ("for", "proto"),
        choices("for", "proto", "host", "port", "prefix", "forwarded"),  # SAYINGS of wsgi/proxied.py
        "What it sets in every request: of X-Forwarded-*, or Forwarded alone; may be repeated.",
        group=_PROXIES,
    )

    proxy_protocol: tuple[str, ...] | None = option(
        None,
        networks,
        "Peer whose connections begin with a PROXY header: an address, a network, or unix; may be repeated.",
        group=_PROXIES,
    )

    max_connections: int = option(
        16_384, integer(1), "Connections at a time; more wait to be accepted.", group=_CLIENTS
    )
    max_body: int = option(_LIMITS.body, size, "Content of a request; 413 for more.", group=_CLIENTS)
    max_request_line: int = option(_LIMITS.request_line, size, "First line of a request; 414 for more.", group=_CLIENTS)
    max_head: int = option(_LIMITS.head, size, "Header fields of a request together; 431 for more.", group=_CLIENTS)
    max_field: int = option(_LIMITS.field, size, "One header field; 431 for more.", group=_CLIENTS)
    max_fields: int = option(_LIMITS.fields, integer(1), "Number of header fields; 431 for more.", group=_CLIENTS)
    timeout_head: float = option(
        _DEADLINES.head, seconds, "From a request's first byte to the end of its head.", group=_CLIENTS
    )
    timeout_body: float = option(_DEADLINES.body, seconds, "Longest pause in a request's content.", group=_CLIENTS)
    timeout_keep_alive: float = option(
        _DEADLINES.keep_alive, seconds, "How long an idle connection is kept.", group=_CLIENTS
    )
    timeout_write: float = option(
        _DEADLINES.write, seconds, "Longest pause in which a client takes nothing of a response.", group=_CLIENTS
    )
    timeout_tls: float = option(_DEADLINES.tls_handshake, seconds, "For the TLS handshake.", group=_CLIENTS)

    access_log: bool = option(
        True, flag, "A line for each request.", group=_SAY, flags=("--access-log", "--no-access-log")
    )
    quiet_path: tuple[str, ...] = option(
        ("/favicon.ico",),
        paths,
        "Pattern of paths whose requests get no line, unless they fail; may be repeated.",
        group=_SAY,
    )
    server_timing: bool | None = option(
        None,
        flag,
        "Tell browsers how long a response took, in a field of its head; by default in development.",
        group=_SAY,
        flags=("--server-timing", "--no-server-timing"),
    )
    log_level: str = option(
        "info",
        choice("debug", "info", "warning", "error", "critical"),
        "Least important messages to print.",
        group=_SAY,
    )
    log_format: str | None = option(
        None, choice("pretty", "plain", "json"), "Form of the log; pretty on a terminal, else plain.", group=_SAY
    )
    color: str = option(
        "auto", choice("auto", "always", "never"), "Colours; auto honours NO_COLOR and FORCE_COLOR.", group=_SAY
    )
    full_traceback: bool = option(
        False, flag, "Show every frame, not only yours, when the application cannot be loaded.", group=_SAY
    )

    def limits(self) -> Limits:
        """The limits for the parser."""
        return _LIMITS._replace(
            request_line=self.max_request_line,
            field=self.max_field,
            head=self.max_head,
            fields=self.max_fields,
            body=self.max_body,
        )

    def deadlines(self) -> Deadlines:
        """The deadlines for the server."""
        return Deadlines(
            head=self.timeout_head,
            body=self.timeout_body,
            keep_alive=self.timeout_keep_alive,
            write=self.timeout_write,
            tls_handshake=self.timeout_tls,
            graceful=self.graceful_timeout,
        )

    def optional_hosts(self) -> tuple[str, ...]:
        """Hosts that nobody asked for by name, and that a machine without their address family may lack."""
        return _LOOPBACKS if self.host == _LOOPBACKS else ()

    def effective_mode(self, environ: Mapping[str, str] = os.environ) -> tuple[Mode, str]:
        """The mode, and why it is that; empty if somebody said so, which is for ``Settings.sources`` to tell."""
        if self.mode is not None:
            return self.mode, ""
        if _started_by_systemd(environ):
            return "prod", "started by systemd"
        if self.fd is not None:
            return "prod", "an inherited socket may listen anywhere"
        if self.uds is not None or all(map(_is_loopback, self.host)):
            return "dev", "only this machine can connect"
        return "prod", "other machines can connect"

    def effective_reload(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether to reload; where processes cannot inherit sockets, there is no way to."""
        if self.reload is not None:
            return self.reload
        return os.name == "posix" and self.effective_mode(environ)[0] == "dev"

    def effective_workers(self, environ: Mapping[str, str] = os.environ) -> int:
        """Processes that run the application; the reloader replaces one by the next, and has no use for several."""
        return 1 if self.effective_reload(environ) else self.workers

    def effective_server_timing(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether responses tell how long they took."""
        return self.server_timing if self.server_timing is not None else self.effective_mode(environ)[0] == "dev"

    def effective_lint(self, environ: Mapping[str, str] = os.environ) -> str:
        """What is done about findings."""
        return self.lint or ("warn" if self.effective_mode(environ)[0] == "dev" else "off")

    def effective_threads(self, environ: Mapping[str, str] = os.environ) -> int:
        """Threads of the pool."""
        if self.threads is not None:
            return self.threads
        return 8 if self.effective_mode(environ)[0] == "dev" else 2 * _processors() + 2


def options() -> dict[str, Option]:
    """All options by name, in the order of the reference."""
    return Config.options


def _started_by_systemd(environ: Mapping[str, str]) -> bool:
    """Whether this process is a service, or writes to the journal as one.

    ``INVOCATION_ID`` says nothing: a desktop's terminal is a unit too, and every shell in it inherits the variable.
    Source: systemd.exec(5) for ``SYSTEMD_EXEC_PID`` and ``JOURNAL_STREAM``, sd_listen_fds(3) for ``LISTEN_PID``.
    """
    if str(os.getpid()) in (environ.get("SYSTEMD_EXEC_PID"), environ.get("LISTEN_PID")):
        return True
    try:
        stderr = os.fstat(2)
    except OSError:  # closed
        return False
    return environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


def _processors() -> int:
    """Those that this process may run on, which in a container are often fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
