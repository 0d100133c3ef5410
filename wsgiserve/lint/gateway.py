"""The gateway with a look at everything that goes through it.

What the server refuses is raised by ``wsgi/gateway.py`` and only noted here, with its code; the other rules are found
at the seams between the steps of a response.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, Protocol

from wsgiserve.errors import LocalProtocolError
from wsgiserve.http11.framing import CHUNKED, NO_CONTENT
from wsgiserve.lint.checks import Problem, check_environ, check_head, check_type, is_stream
from wsgiserve.lint.finding import Finding, Linter
from wsgiserve.lint.input import LintInput
from wsgiserve.wsgi import FileWrapper, Gateway, Transport
from wsgiserve.wsgi.blame import blame_body, blame_callable, blame_frame
from wsgiserve.wsgi.environ import Environ
from wsgiserve.wsgi.gateway import Application, ExcInfo

__all__ = ["LintGateway", "Watched"]

# Seconds of work before start_response in which whoever called the application believes that it is done.
_WORK = 0.1
# Seconds of waiting for content.
_PATIENCE = 1.0
# Blocks, and bytes in each: below, what a block costs is more than what it carries.
_MANY, _SMALL = 100, 64
_LARGE = 10 * 1024 * 1024


class Watched(Transport, Protocol):
    """Where a response goes, as long as it is one."""

    @property
    def detached(self) -> bool:
        """Whether the application has taken the connection over; then it is no HTTP any more."""


class LintGateway(Gateway):
    """One request's way through the application.

    Args:
        linter: what it shares with other requests.
        http, transport: as ``Gateway`` takes them.

    Attributes:
        findings: so far; all of them when ``run`` has ended.
    """

    _depth = 2

    def __init__(self, http: Any, transport: Watched, *, linter: Linter) -> None:
        super().__init__(http, transport)
        self._linter = linter
        self._watched = transport
        self._request = ""
        self._headers: list[tuple[str, str]] = []
        self._place: str | None = None  # of start_response
        self._iterated: float | None = None  # when that began without start_response
        self._blocks = 0
        self._verdict: LocalProtocolError | None = None  # of a linter that is strict
        self.findings: list[Finding] = []

    def run(self, application: Application, environ: Environ) -> None:
        """As ``Gateway.run``; a rule that is broken fails the request if the linter is strict."""
        self._request = f"{environ['REQUEST_METHOD']} {environ['SCRIPT_NAME']}{environ['PATH_INFO']}"
        body = self._watch_input(environ)
        try:
            super().run(application, environ)
        except LocalProtocolError as error:
            self._note_refusal(error)
            raise
        self._look_back(environ, body)

    def find_queued(self, request: str, queue: str) -> None:
        """The request waited for a thread, as ``queue`` says."""
        self._request = request
        self._find("P304", f"waited for a thread: {queue}", None)

    def _watch_input(self, environ: Environ) -> LintInput:
        request = self._http.request
        length = request.length if request is not None else 0
        if length is not None:
            # Not in PEP 3333, so nobody needs it where Content-Length says as much; and who relies on it here could not
            # be told from who reads past the end.
            environ.pop("wsgi.input_terminated", None)
        body = LintInput(environ["wsgi.input"], length, self._on_overread)
        environ["wsgi.input"] = body
        return body

    def _on_overread(self, frame: FrameType) -> None:
        self._find("E111", "wsgi.input is read past the end of the content", blame_frame(frame))

    # What the application calls

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """As ``Gateway.start_response``."""
        try:
            write = super().start_response(status, headers, exc_info)
        except LocalProtocolError as error:
            self._note_refusal(error)
            raise
        finally:
            exc_info = None  # its traceback refers to this frame
        self._fault = self._verdict  # which no other response undoes
        self._headers = headers
        self._place = blame_frame(sys._getframe(1))
        self._find_all(check_head(headers), self._place)
        self._look_for_late_work()
        return write

    def write(self, data: bytes) -> None:
        """As ``Gateway.write``."""
        self._find("W202", "write() is used", blame_frame(sys._getframe(1)))
        super().write(data)

    # The seams

    def _send_whole(self, iterable: Iterable[bytes]) -> bool:
        return False  # block by block, because those are looked at

    def _send_body(self, iterable: Iterable[bytes]) -> None:
        if not isinstance(iterable, list | tuple):
            is_used_up = hasattr(iterable, "__next__") or hasattr(iterable, "close")
            if is_used_up and self._linter.was_returned(iterable):
                self._find("W210", "the iterator of an earlier request was returned again", self._callable())
            if self._head is None:
                self._iterated = time.perf_counter()
        super()._send_body(iterable)
        self._look_at_blocks(iterable)

    def _look_for_late_work(self) -> None:
        started, self._iterated = self._iterated, None
        if started is not None and time.perf_counter() - started > _WORK:
            self._find("W205", "the work before start_response is done in the iteration of the body", self._place)

    def _send_block(self, block: bytes, source: object, *, length: int | None = None) -> None:
        self._blocks += 1
        if len(block) > _LARGE:
            self._find("P303", f"one block of {len(block):,} bytes", blame_body(source, self._application))
        if self._http.framing is None and self._head is not None and self.status not in (204, 304):
            self._find_all(check_type(self._headers, block), self._place)
        super()._send_block(block, source, length=length)

    def _close(self, iterable: object) -> None:
        try:
            super()._close(iterable)
        except Exception as error:
            frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
            self._note("W204", f"close() raised {type(error).__name__}", blame_frame(frames[-1]))
            raise

    # When it is over

    def _look_at_blocks(self, iterable: object) -> None:
        if is_stream(self._headers) or isinstance(iterable, list | tuple | FileWrapper):
            return
        if self._blocks > _MANY and self._http.content_sent < _SMALL * self._blocks:
            mean = self._http.content_sent // self._blocks
            self._find("P301", f"{self._blocks} blocks of {mean} bytes on average", self._callable())
        if self._blocks == 1 and self._http.framing is CHUNKED:
            self._find("P302", "a body of one block without Content-Length", self._callable())

    def _look_back(self, environ: Environ, body: LintInput) -> None:
        excess = self._http.excess
        if self.excess and environ.get("REQUEST_METHOD") != "HEAD":
            # The handler tells of it, and each time.
            if self._http.framing is NO_CONTENT:
                self._find("E108", f"a body of {excess} bytes with status {self.status}", self.excess, told=True)
            else:
                self._find("E107", f"the body is {excess} bytes longer than its Content-Length", self.excess, told=True)
        if not body.is_read and self.status < 400:
            self._find("W203", "the request's content is left unread", self._callable())
        if body.waited > _PATIENCE:
            self._find("P305", f"{body.waited:.1f} s of waiting for the request's content", self._callable())
        self._find_all(check_environ(environ), self._callable())

    def _callable(self) -> str | None:
        return blame_callable(self._application)

    # Findings

    def _find_all(self, problems: Iterable[Problem], place: str | None) -> None:
        for code, rule in problems:
            self._find(code, rule, place)

    def _find(self, code: str, rule: str, place: str | None, *, told: bool = False) -> None:
        """Note it, and fail the request if that is wished for."""
        if self._watched.detached or not self._note(code, rule, place, told=told or self._fails(code)):
            return
        if self._fails(code):
            self._fault = self._verdict = LocalProtocolError(rule, code=code, blame=place)
            raise self._fault

    def _fails(self, code: str) -> bool:
        return self._linter.strict and not code.startswith("P")

    def _note_refusal(self, error: LocalProtocolError) -> None:
        if not self._watched.detached:
            self._note(error.code, str(error), error.blame, told=True)

    def _note(self, code: str, rule: str, place: str | None, *, told: bool = False) -> bool:
        """Whether it is new in this request."""
        finding = Finding(code, rule, place or "", self._request)
        if any((known.code, known.place) == (code, finding.place) for known in self.findings):
            return False
        self.findings.append(finding)
        if not told:
            self._linter.tell(finding)
        return True
