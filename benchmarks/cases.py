"""What is measured: each case is a line of data, and names the driver that measures it.

A family of cases with growing numbers is a curve. The first of a case's metrics is the one that it is about.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.apps import BIG, BODY, FILE_SIZE, PIECE
from benchmarks.servers import Server

__all__ = ["CASES", "CURVE_SERVERS", "FAMILIES", "METRICS", "Case", "Family", "Metric", "Request"]

KI = 1024
MI = 1024 * KI


class Metric(NamedTuple):
    """One figure of a run."""

    title: str
    """With its unit, for the head of a column."""
    form: str
    """As ``format`` takes it."""
    more_is_better: bool = False


METRICS = {
    "rate": Metric("requests/s", ",.0f", more_is_better=True),
    "p50": Metric("p50, ms", ".2f"),
    "p99": Metric("p99, ms", ".2f"),
    "user": Metric("user, µs", ",.1f"),
    "kernel": Metric("kernel, µs", ",.1f"),
    "mebibytes": Metric("MiB/s", ",.0f", more_is_better=True),
    "fast_p99": Metric("p99 of the fast, ms", ".2f"),
    "fast_p50": Metric("p50 of the fast, ms", ".2f"),
    "kept": Metric("connections kept", ",.0f", more_is_better=True),
    "bytes_each": Metric("bytes each", ",.0f"),
    "idle_wakeups": Metric("wake-ups/s", ".1f"),
    "alone_p99": Metric("p99 without them, ms", ".2f"),
    "alone_rate": Metric("requests/s without them", ",.0f", more_is_better=True),
    "milliseconds": Metric("ms", ".1f"),
    "start_mebibytes": Metric("MiB after start", ".1f"),
    "end_mebibytes": Metric("MiB at the end", ".1f"),
    "grown_kibibytes": Metric("KiB more since the first tenth", ",.0f"),
    "served": Metric("requests", ",.0f", more_is_better=True),
    "overhead": Metric("µs more than the application alone", ",.1f"),
    "errors": Metric("faults", ",.0f"),
}


class Request(NamedTuple):
    """What each client sends; its content is so many times ``x``."""

    method: str = "GET"
    target: str = "/"
    fields: tuple[tuple[str, str], ...] = ()
    size: int = 0


class Case(NamedTuple):
    """One table of the report, or one point of a curve."""

    name: str
    title: str
    driver: str = "wrk"
    """A module of ``benchmarks.drivers``."""
    app: str = "benchmarks.apps:hello"
    request: Request = Request()
    answer: bytes = BODY
    connections: int = 32
    others: int = 0
    """Connections beside those of the load: idle ones, or slow clients."""
    threads: int = 16
    transport: str = "tcp"
    """``tcp``, ``unix`` or ``tls``."""
    log: bool = False
    close: bool = False
    """Each request has a connection of its own."""
    streams: bool = False
    """Content has to be sent while there is more to come."""
    script: str = "figures"
    """Of ``benchmarks/wrk/``."""
    metrics: tuple[str, ...] = ("rate", "p50", "p99", "user", "kernel")
    family: str = ""
    x: int = 0
    """Where in the family's curve it stands."""
    rounds: int = 1_000
    """No more than these, whatever is asked for."""
    threaded_only: bool = False

    @property
    def constant(self) -> bool:
        """Whether GET / and the same answer is all: a limit can stand beside it."""
        plain = (self.app, self.request.method, self.answer) == ("benchmarks.apps:hello", "GET", BODY)
        bare = self.driver == "wrk" and self.transport == "tcp" and not self.log
        return plain and bare and not self.threaded_only

    def takes(self, server: Server) -> bool:
        """Whether it makes sense with a server; most do with all."""
        if server.kind == "limit" and not self.constant:
            return False
        return not self.family or (server.name in CURVE_SERVERS and (server.threaded or not self.threaded_only))


class Family(NamedTuple):
    """One curve for each server."""

    name: str
    title: str
    axis: str
    logarithmic: bool = True


FAMILIES = (
    Family("connections", "hello, 1 to 1,024 connections", "connections"),
    Family("headers", "hello, 0 to 60 header fields, 32 connections", "header fields", logarithmic=False),
    Family("body", "a body of 1 B to 1 MiB in one piece, 32 connections", "bytes"),
    Family("threads", "hello, 1 to 64 threads, 64 connections", "threads"),
    Family("waiting", "10 ms blocking call, 1 to 64 threads, 64 connections", "threads"),
)

_CURVE_ROUNDS = 3
# Those whose lines tell something else than their neighbours' do.
CURVE_SERVERS = ("wsgiserve", "granian", "bjoern", "fastwsgi", "gunicorn gthread", "waitress", "limit in C")
_FRAMEWORK = ("rate", "p50", "p99", "user", "kernel", "overhead")
_IDLE = ("bytes_each", "idle_wakeups", "rate", "alone_rate", "p99", "alone_p99")
_DRIPPING = ("rate", "alone_rate", "p99", "alone_p99")
_MEMORY = ("end_mebibytes", "start_mebibytes", "grown_kibibytes", "served")
_TRANSFER = ("rate", "mebibytes", "p99")


def _upload(size: int) -> tuple[Request, bytes]:
    return Request("POST", size=size), b"%d" % size


def _fields(count: int) -> tuple[tuple[str, str], ...]:
    return tuple((f"X-Field-{number}", f"value {number} of a field") for number in range(count))


def _singles() -> list[Case]:
    cases = [
        *(Case(f"hello-{n}", f"hello, {n} connection{'s'[: n > 1]}", connections=n) for n in (1, 32, 256)),
        Case("browser", "a browser's ten fields, every request different, 32 connections", script="browser"),
        Case("close", "a connection for each request, 32 clients", close=True),
        Case("flask", "Flask, hello, 32 connections", "framework", "benchmarks.flaskapp:app", metrics=_FRAMEWORK),
        Case("blocking", "10 ms blocking call, 16 connections", app="benchmarks.apps:blocking", connections=16),
        Case(
            "streaming", "ten pieces of 1 KiB, length unknown", "wrk", "benchmarks.apps:streaming", answer=PIECE * 10
        )._replace(streams=True),
    ]
    cases += [
        Case("mixed", "1 % of 100 ms calls among fast ones, 16 connections", "mixed", "benchmarks.apps:mixed")._replace(
            connections=16, metrics=("fast_p99", "fast_p50", "rate")
        ),
        *_transfers(),
        Case("tls", "hello over TLS, 32 connections", transport="tls"),
        Case("unix", "hello over a Unix socket, 32 connections", transport="unix"),
        Case("log", "hello with an access log in a file, 32 connections", log=True),
        Case("idle", "10,000 idle connections, 8 active ones", "idle", connections=8, others=10_000, metrics=_IDLE),
        Case("dripping", "1,000 clients dripping a head, 32 others", "dripping", others=1_000, metrics=_DRIPPING),
        Case("cold", "from a start to the first answer", "cold", metrics=("milliseconds",)),
        Case("import", "import, over bare Python", "importing", metrics=("milliseconds",)),
        Case("memory", "a million requests, 32 connections", "memory", metrics=_MEMORY, rounds=1),
    ]
    return cases


def _transfers() -> list[Case]:
    def transfer(name: str, title: str, app: str, request: Request, answer: bytes, connections: int) -> Case:
        title = f"{title}, {connections} connections"
        return Case(name, title, "large", f"benchmarks.apps:{app}", request, answer, connections, metrics=_TRANSFER)

    one_kibibyte = Case("upload-1k", "upload of 1 KiB, 32 connections", "wrk", "benchmarks.apps:upload", *_upload(KI))
    return [
        one_kibibyte,
        transfer("upload-1m", "upload of 1 MiB", "upload", *_upload(MI), 8),
        transfer("upload-100m", "upload of 100 MiB", "upload", *_upload(100 * MI), 2),
        transfer("body-10m", "a body of 10 MiB", "big", Request(), BIG, 4),
        transfer("file", "a file of 1 MiB by wsgi.file_wrapper", "file", Request(), BIG[:FILE_SIZE], 8),
    ]


def _curves() -> list[Case]:
    cases = []
    for n in (1, 4, 16, 64, 256, 1024):
        cases.append(Case(f"connections/{n}", f"{n} connections", connections=n, family="connections", x=n))
    for n in (0, 10, 20, 40, 60):
        cases.append(Case(f"headers/{n}", f"{n} fields", request=Request(fields=_fields(n)), family="headers", x=n))
    for n in (1, KI, 16 * KI, 64 * KI, 256 * KI, MI):
        request = Request(target=f"/{n}")
        cases.append(Case(f"body/{n}", f"{n} B", "wrk", "benchmarks.apps:sized", request, BIG[:n], family="body", x=n))
    for n in (1, 2, 4, 8, 16, 32, 64):
        case = Case(
            f"threads/{n}", f"{n} threads", threads=n, connections=64, threaded_only=True, family="threads", x=n
        )
        cases += [case, case._replace(name=f"waiting/{n}", app="benchmarks.apps:blocking", family="waiting")]
    return [case._replace(rounds=_CURVE_ROUNDS) for case in cases]


CASES = tuple(_singles() + sorted(_curves(), key=lambda case: [family.name for family in FAMILIES].index(case.family)))
