"""From decisions to several workers on the same listeners: sockets, processes, the banner, and an exit code.

The counterpart of ``launcher.launch`` for ``--workers``. What can be wrong with addresses and certificates is found
before there is a second process; the application is imported by each worker on its own, so that its threads,
connections and random numbers are its own as well.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from wsgiserve import logs, messages
from wsgiserve.banner import process_age
from wsgiserve.console import ColorChoice, Console, Form, make_console
from wsgiserve.errors import UserError
from wsgiserve.importer import LoadedApp
from wsgiserve.launcher import Greet, access_log_of, banner_of, discard, open_page, server_for, tools_for
from wsgiserve.listening import load_certificate, open_listeners
from wsgiserve.origins import Origins
from wsgiserve.process.post import Birth
from wsgiserve.process.supervisor import Supervisor
from wsgiserve.process.worker import Worker
from wsgiserve.server.numbers import far_apart, numbers_of, step_of
from wsgiserve.server.servers import ForkingWSGIServer

if TYPE_CHECKING:
    from wsgiserve.config import Config
    from wsgiserve.process.channel import Message

__all__ = ["launch_workers"]

_NO_ORIGINS = Origins()


def launch_workers(
    config: Config,
    load: Callable[[], LoadedApp],
    argv: Sequence[str],
    *,
    origins: Origins = _NO_ORIGINS,
    greet: Greet | None = None,
) -> int:
    """Serve an application by ``config.workers`` processes, until a signal says to stop.

    Args:
        load: called in each of them.
        argv: the command as it was typed, to suggest a better one.
        origins: for the banner.
        greet: says something else than the banner.
    Returns:
        The exit code, in each process: of this one, 0 after SIGTERM, 130 after Ctrl-C.
    Raises:
        UserError: the address is not to be had, the certificate not to be used, or the application not to be loaded.
    """
    console = make_console(cast("Form | None", config.log_format), cast("ColorChoice", config.color))
    handler = logs.configure(console, logging.getLevelNamesMapping()[config.log_level.upper()])
    context = load_certificate(config)
    scheme = "http" if context is None else "https"
    with ExitStack() as cleanup:
        listeners = open_listeners(config, argv)
        for listener in listeners:
            cleanup.callback(discard, listener)
        addresses = [listener.getsockname() for listener in listeners]

        def announce(pids: Sequence[int], app: dict[str, Any]) -> None:
            banner = banner_of(config, LoadedApp(_never, **app), addresses, scheme, origins)._replace(workers=pids)
            handler.write(banner.text(console, process_age()) if greet is None else greet(banner))

        # As soon as all workers have let go of the listeners nobody waits there in vain.
        supervisor = Supervisor(config.workers, config.graceful_timeout, announce, cleanup.close)
        outcome = supervisor.run()
        if isinstance(outcome, Birth):
            cleanup.pop_all()  # it is the supervisor that takes the file of a unix socket away
    if isinstance(outcome, Birth):
        return _Serving(config, listeners, context, console, handler).run(outcome, load)
    if supervisor.failure is not None:
        raise _explain(supervisor.failure)
    return outcome


def _never(*_: object) -> list[bytes]:
    raise NotImplementedError("the application is in other processes")


def _explain(failure: Message) -> UserError:
    if "died" in failure:
        return messages.app_died(failure["died"])
    words, named = failure["error"]
    error: UserError = UserError(*words, **named)
    return error


def _report(error: UserError) -> Message:
    named = {"why": error.why, "fix": error.fix, "exit_code": error.exit_code}
    return {"failed": error.what, "error": [[error.slug, error.what], named]}


@dataclass
class _Serving:
    """What is done in a worker."""

    config: Config
    listeners: Sequence[socket.socket]
    context: ssl.SSLContext | None
    console: Console
    handler: logs.ConsoleHandler

    def run(self, birth: Birth, load: Callable[[], LoadedApp]) -> int:
        """Load and serve; the exit code."""
        worker = Worker(birth.channel)
        try:
            loaded = load()
        except UserError as error:
            worker.report(_report(error))
            return error.exit_code
        access_log = access_log_of(self.config, self.console, self.handler)
        tools = tools_for(self.config)
        server = server_for(self.config, loaded, self.listeners, self.context, access_log, tools, multiprocess=True)
        server.numbers = numbers_of(birth.post, birth.generation, self.config.workers)
        if isinstance(server, ForkingWSGIServer):
            server.numbers_apart = far_apart(step_of(self.config.workers))
        with worker.stopping(server):
            worker.report({"ready": {"name": loaded.name, "framework": loaded.framework, "found_by": loaded.found_by}})
            if self.config.open is not None and (birth.post, birth.generation) == (0, 0):
                # Here, because opening needs a thread, and the supervisor must not have any.
                addresses = [listener.getsockname() for listener in self.listeners]
                open_page(addresses, "http" if self.context is None else "https", self.config.open)
            server.serve_forever()
        return 0
