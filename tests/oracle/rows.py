"""A function for each row of ``docs/differences.md`` that recognises its difference when it sees one.

A row is asked about one fact on which the servers disagree, with all other facts at hand, and says whether that is what
it is about. It should be as narrow as it can: a row that recognises too much would hide a bug.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .facts import Difference

__all__ = ["ROWS", "Row", "documented"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"
ALL = ("single", "pool", "thread", "fork")
NOT_SINGLE = ("pool", "thread", "fork")


@dataclass(frozen=True)
class Row:
    """One row.

    Args:
        recognises: whether a difference is the row's.
        kinds: of the servers, in which it can be seen.
        whole: it accounts for all of an exchange, of which one side may lack a response. Such a row is asked only in
            the cases that show it; the others are asked wherever both sides have the response or the request.
    """

    recognises: Callable[[Difference], bool]
    kinds: tuple[str, ...] = ALL
    whole: bool = False


ROWS: dict[str, Row] = {}
Recognises = Callable[[Difference], bool]


def row(name: str, *, kinds: tuple[str, ...] = ALL, whole: bool = False) -> Callable[[Recognises], Recognises]:
    """Enter a function under the row's id."""

    def enter(recognises: Recognises) -> Recognises:
        ROWS[name] = Row(recognises, kinds, whole)
        return recognises

    return enter


def documented() -> set[str]:
    """The ids in the tables of the document; tests/test_serving.py looks at the names."""
    about_requests = DOCUMENT.read_text().partition("\n## Names\n")[0]
    return set(re.findall(r"^\| `([\w.-]+)` \|", about_requests, re.MULTILINE))


# The connection, and the head of a response


@row("keep-alive")
def keep_alive(d: Difference) -> bool:
    return d.field == "header.connection" and d.theirs == ("close",) and d.ours in (None, ("keep-alive",))


@row("next-request", whole=True)
def next_request(d: Difference) -> bool:
    answered = d.all_theirs["responses"] == 1 < d.all_ours["responses"]
    return answered and (d.field in {"responses", "requests"} or d.index not in {"", "0"})


@row("http-1.1", kinds=("single",))
def http_1_1(d: Difference) -> bool:
    if d.field == "version":
        return (d.theirs, d.ours) == ("HTTP/1.0", "HTTP/1.1")
    # Where the end of the connection is the end of the body, one that breaks off looks whole.
    return d.beside("framing") == ("close", "chunked") and d.field in {"framing", "header.transfer-encoding", "whole"}


@row("no-chunks-for-1.0", kinds=NOT_SINGLE)
def no_chunks_for_1_0(d: Difference) -> bool:
    return d.beside("framing") == ("chunked", "close") and d.field in {"framing", "header.transfer-encoding"}


@row("length-of-lists")
def length_of_lists(d: Difference) -> bool:
    if d.field not in {"framing", "header.transfer-encoding", "header.content-length"}:
        return False
    lengths = d.beside("header.content-length")
    if d.beside("framing") == ("none", "none"):
        # To HEAD the length of the body that is not sent; there is nothing to count here.
        return lengths[0] is None and d.beside("status")[1] not in {204, 304}
    return d.beside("framing")[0] in {"chunked", "close"} and lengths == (None, (str(len(d.beside("body")[1])),))


@row("server-header")
def server_header(d: Difference) -> bool:
    return d.field == "header.server" and d.ours == ("wsgiserve",) and str(d.theirs).startswith("('Werkzeug/")


@row("server-and-date-once")
def server_and_date_once(d: Difference) -> bool:
    return d.field in {"header.server", "header.date"} and d.theirs is not None and d.theirs[1:] == d.ours


ERROR_FIELDS = {"reason", "body", "header.content-type", "header.content-length", "header.x-content-type-options"}


@row("error-response")
def error_response(d: Difference) -> bool:
    kinds_of_page = (("text/html; charset=utf-8",), ("text/plain; charset=utf-8",))
    failed = d.beside("status") == (500, 500) and d.beside("header.content-type") == kinds_of_page
    return failed and d.field in ERROR_FIELDS


# Bodies


def first(d: Difference, field: str) -> tuple[object, object]:
    """A fact of the first response, theirs and ours."""
    return d.all_theirs.get(f"0.{field}"), d.all_ours.get(f"0.{field}")


@row("head-body")
def head_body(d: Difference) -> bool:
    sent = d.field == "junk" and d.theirs and not d.ours
    return bool(sent) and first(d, "framing") == ("none", "none") and first(d, "status") == (200, 200)


@row("no-content-body")
def no_content_body(d: Difference) -> bool:
    return d.field == "junk" and first(d, "status") in {(204, 204), (304, 304)} and d.theirs and not d.ours


@row("reset-content")
def reset_content(d: Difference) -> bool:
    fields = {"framing", "header.transfer-encoding", "header.content-length", "body"}
    return first(d, "status") == (205, 205) and d.field in fields and not d.beside("body")[1]


@row("long-body")
def long_body(d: Difference) -> bool:
    return d.field == "junk" and first(d, "framing") == ("length", "length") and d.theirs and not d.ours


@row("input-ends")
def input_ends(d: Difference) -> bool:
    if d.field not in {"body", "header.content-length"}:
        return False
    theirs, ours = d.beside("body")
    return "GET /" in theirs and "GET /" not in ours


# What the application sees


def environ_row(name: str, key: str, recognises: Callable[[str, str], bool]) -> None:
    """A row about one key of the environ; its values as text."""
    ROWS[name] = Row(lambda d: d.field == f"environ.{key}" and recognises(str(d.theirs), str(d.ours)))


environ_row("server-software", "SERVER_SOFTWARE", lambda a, b: a.startswith("Werkzeug/") and b.startswith("wsgiserve/"))
environ_row("file-wrapper", "wsgi.file_wrapper", lambda a, b: (a, b) == ("None", "callable"))
environ_row("input-terminated", "wsgi.input_terminated", lambda a, b: (a, b) == ("None", "True"))
environ_row("log-of-errors", "wsgi.errors", lambda a, b: (a, b) == ("sys.stderr", "['flush', 'write', 'writelines']"))
environ_row("remote-port", "REMOTE_PORT", lambda a, b: (a, b) == ("int PORT", "str PORT"))
environ_row("cookies-joined", "HTTP_COOKIE", lambda a, b: (a, b) == ("a=1,b=2", "a=1; b=2"))
environ_row("asterisk-form", "PATH_INFO", lambda a, b: (a, b) == ("*", ""))
environ_row("empty-path", "PATH_INFO", lambda a, b: (a, b) == ("", "/"))

# U+FFFD, the sign for bytes that are no UTF-8, twice: as UTF-8 in latin-1 clothes.
REPLACED = "\ufffd\ufffd".encode().decode("latin-1")
environ_row("path-bytes", "PATH_INFO", lambda a, b: a.endswith(f"/{REPLACED}") and b.endswith("/\xff\xfe"))


@row("unix-server-name")
def unix_server_name(d: Difference) -> bool:
    names = d.beside("environ.SERVER_NAME") == ("/", "localhost")
    return names and d.field in {"environ.SERVER_NAME", "environ.SERVER_PORT"}


@row("cgi-keys")
def cgi_keys(d: Difference) -> bool:
    return d.theirs is None and d.field in {"environ.GATEWAY_INTERFACE", "environ.REMOTE_HOST"}


@row("tls-keys")
def tls_keys(d: Difference) -> bool:
    keys = {f"environ.{key}" for key in ("HTTPS", "SSL_PROTOCOL", "SSL_CIPHER", "SSL_CLIENT_VERIFY")}
    return d.theirs is None and d.field in keys


@row("leading-slashes")
def leading_slashes(d: Difference) -> bool:
    keys = {"environ.REQUEST_URI", "environ.RAW_URI", "environ.PATH_INFO"}
    return d.field in keys and d.theirs.startswith("/") and d.ours == f"/{d.theirs}"


@row("trailing-space")
def trailing_space(d: Difference) -> bool:
    return d.field.startswith("environ.HTTP_") and d.theirs != d.ours and str(d.theirs).rstrip(" \t") == d.ours


# Whole exchanges: one server does as it is asked, the other refuses or fails


def statuses(name: str, theirs: set[int | None], ours: set[int | None]) -> None:
    """A row told by the first response's status, which is another on each side; None is no response."""

    def recognises(d: Difference) -> bool:
        a, b = d.all_theirs.get("0.status"), d.all_ours.get("0.status")
        return a != b and a in theirs and b in ours and not d.all_ours["junk"]

    ROWS[name] = Row(recognises, whole=True)


# None: a line without a version is taken for HTTP/0.9, whose answer has no status. 500: the application failed over it.
TAKEN: set[int | None] = {200, 404, 500, None}

for refused in (
    "refused-line-ends",
    "refused-obs-fold",
    "refused-field-names",
    "refused-control-bytes",
    "refused-no-host",
    "refused-hosts",
    "refused-length-and-chunked",
    "refused-lengths",
    "refused-chunked-1.0",
    "refused-chunk-sizes",
    "refused-raw-target",
    "refused-fragment",
    "refused-content-types",
    "refused-line",
):
    statuses(refused, TAKEN, {400})
statuses("refused-transfer-codings", TAKEN, {400, 501})
statuses("refused-connect", TAKEN, {501})
statuses("refused-expectations", {200}, {417})
statuses("hop-by-hop", {200}, {500})
statuses("header-injection", {200}, {500})
statuses("header-names", {200}, {500})
statuses("status-without-reason", {200}, {500})
statuses("bad-lengths", {200}, {500})
statuses("wrong-types", {200, None}, {500})
statuses("system-exit", {None}, {500})
statuses("chunk-extensions", {500}, {200})
statuses("trailers", {500}, {200})
statuses("empty-line-first", {None}, {200})
statuses("content-cut", {200}, {None})


@row("refusal-text", whole=True)
def refusal_text(d: Difference) -> bool:
    refused = d.all_theirs["requests"] == d.all_ours["requests"] == 0
    return refused and d.all_ours.get("0.status") in {400, 414, 431, 505}


@row("continue-once", kinds=NOT_SINGLE, whole=True)
def continue_once(d: Difference) -> bool:
    return continued(d) == ((100, 100, 200), (100, 200))


@row("continue-when-read", whole=True)
def continue_when_read(d: Difference) -> bool:
    theirs, ours = continued(d)
    return theirs[0] == 100 and ours == (200,)


def continued(d: Difference) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The statuses of all responses, theirs and ours."""
    theirs, ours = (
        tuple(answers[f"{index}.status"] for index in range(answers["responses"]))
        for answers in (d.all_theirs, d.all_ours)
    )
    return theirs, ours
