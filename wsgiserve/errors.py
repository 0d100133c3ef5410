"""Every exception that wsgiserve raises, and who is to blame for it.

Knows nothing of sockets, WSGI or the command line; every floor may import it::

    WSGIServeError
    ├── ProtocolError                RFC 9110/9112 or PEP 3333 was broken
    │   ├── RemoteProtocolError      by the client: answer ``status``, then close
    │   └── LocalProtocolError       by the application: 500, or close when a head is out
    ├── ClientDisconnected           the peer went away; also a ConnectionError
    │   └── ClientTimeout            the peer was too slow; a deadline passed
    └── UserError                    a mistake on the command line or in the configuration
"""

from __future__ import annotations

__all__ = [
    "ClientDisconnected",
    "ClientTimeout",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "UserError",
    "WSGIServeError",
]


class WSGIServeError(Exception):
    """Root. Catching it catches what we raise, and nothing else."""


class ProtocolError(WSGIServeError):
    """RFC 9110/9112 or PEP 3333 was broken; the subclass says by whom."""


class RemoteProtocolError(ProtocolError):
    """By the client: answer ``status``, then close. The reason never quotes the client's bytes.

    ``slug`` names mistakes that a person can mend, and that deserve more than a line in the log: ``"tls-on-http"``.
    """

    def __init__(self, reason: str, *, status: int = 400, slug: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.slug = slug

    def __eq__(self, other: object) -> bool:
        """Two refusals are equal when the client could not tell them apart."""
        return type(other) is type(self) and (other.args, other.status) == (self.args, self.status)

    def __hash__(self) -> int:
        return hash((self.args, self.status))


class LocalProtocolError(ProtocolError):
    """By the application: 500 if no response head is out yet, otherwise close.

    ``code`` names the rule, as the pages of ``docs/lint/`` do; ``blame`` is the place in the application to look at,
    ``"file.py:12 in function"``, when it is known.
    """

    def __init__(self, reason: str, *, code: str, blame: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.blame = blame


class ClientDisconnected(WSGIServeError, ConnectionError):
    """The peer went away. Normal life: logged at DEBUG, never a traceback.

    A ConnectionError too, so that an application's own ``except OSError`` around ``wsgi.input`` works.
    """


class ClientTimeout(ClientDisconnected):
    """The peer did not send or take bytes before a deadline."""


class UserError(WSGIServeError):
    """A person made a mistake that we can explain: what happened, why, and what to do.

    Args:
        slug: names the message and its page in the documentation, e.g. ``"port-in-use"``.
        what: one sentence, what happened.
        why: one sentence or line, the reason; may be empty where ``what`` says it all.
        fix: what to do about it, in words or as a command; never empty.
        exit_code: of the process, by the table in ``docs/cli.md``.
    """

    def __init__(self, slug: str, what: str, *, why: str, fix: str, exit_code: int) -> None:
        super().__init__(what)
        self.slug = slug
        self.what = what
        self.why = why
        self.fix = fix
        self.exit_code = exit_code
