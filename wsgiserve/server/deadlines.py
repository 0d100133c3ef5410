"""How long a client may take, in seconds.

Floor 3. Each deadline belongs to something that the server waits for; none of them limits the application.
Source: RFC 9112 §9.5.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LAST_MOMENT_SECONDS", "UNSET", "Deadlines"]

# In place of a deadline: keep_alive seconds from when somebody looks. So a request costs no look at the clock for it.
UNSET = 0.0

# When a server stops: the first request of a connection may still be on its way through the network.
LAST_MOMENT_SECONDS = 0.5


class Deadlines(NamedTuple):
    """Deadlines of one server, in seconds."""

    head: float = 10.0
    """From a request's first byte, or a connection's first moment, to the end of the head. A head is one packet or two:
    ten seconds forgive a lost one several times, and a client that drips is rid of sooner."""
    body: float = 30.0
    """The longest pause in the content while the application waits for it."""
    keep_alive: float = 15.0
    """An idle connection between two requests. Longer than the pauses of a person who clicks through a page, shorter
    than what browsers and proxies keep by themselves."""
    write: float = 30.0
    """The longest time in which the client takes no byte of a response."""
    tls_handshake: float = 10.0
    """From the connection to the end of the TLS handshake."""
    graceful: float = 10.0
    """What runs when the stop signal comes may finish in this time."""
