"""What the server says once, while it runs, about a mistake that a person can mend.

Floor 3. Text for the log, which decides where it goes and how it looks.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

__all__ = [
    "HTTP_ON_HTTPS",
    "NO_PROCESS",
    "NO_THREAD",
    "TLS_ON_HTTP",
    "Hint",
    "host_refused",
    "log_hint",
    "threads_exhausted",
]


log = logging.getLogger("wsgiserve")


class Hint(NamedTuple):
    """The same parts as the messages of the command line: what happened, why, what to do."""

    slug: str
    what: str
    why: str
    fix: str


def log_hint(hint: Hint, level: int = logging.WARNING) -> None:
    """Tell it, in the form of the messages of the command line."""
    what, why, fix = (part.replace("\n", "\n       ") for part in hint[1:])
    log.log(level, "%s\n  Why: %s\n  Fix: %s", what, why, fix, extra={"hint": hint})


HTTP_ON_HTTPS = Hint(
    "http-on-https",
    "a browser spoke plain HTTP to the HTTPS port.",
    "the address was probably http://… instead of https://…",
    "use https:// in the address; the client was told so.",
)

TLS_ON_HTTP = Hint(
    "tls-on-http",
    "a client sent a TLS handshake to the plain HTTP port.",
    "the address was probably https://… instead of http://…",
    "use http:// in the address, or start the server with --cert FILE --key FILE.",
)

NO_THREAD = Hint(
    "no-thread",
    "the system refuses to start another thread; requests wait for those that run.",
    "",
    "lower --threads, or raise the limit on processes (ulimit -u) or memory.",
)

NO_PROCESS = Hint(
    "no-process",
    "the system refuses to start another process; requests wait for those that run.",
    "",
    "lower --processes, or raise the limit on processes (ulimit -u) or memory.",
)


def host_refused(host: str) -> Hint:
    """Somebody at this machine asked for the developer's tools under a name that is not known as its own."""
    return Hint(
        "host-refused",
        f'dev tools refused host "{host}".',
        "only localhost may use them, so that other sites cannot reach them through DNS tricks.",
        f"if {host} is yours:  --allowed-host {host}",
    )


def threads_exhausted(threads: int, seconds: float, waiting: int, longest: str) -> Hint:
    """Nobody gets on.

    Args:
        threads: all of the pool.
        seconds: for which they have been busy.
        waiting: requests, and connections that may be about to send one.
        longest: what the thread does that has been busy for the longest time.
    """
    are = "request is" if waiting == 1 else "requests are"
    return Hint(
        "threads-exhausted",
        f"all {threads} threads have been busy for {seconds:g} s; {waiting} {are} waiting.",
        f"longest: {longest}",
        "raise --threads, or mend what they wait for; in development t and Enter prints the stacks of all.",
    )
