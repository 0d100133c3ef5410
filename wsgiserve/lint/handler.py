"""The handler whose requests are looked at, and whose access lines say what was found."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from wsgiserve.lint.finding import Finding, Linter
from wsgiserve.lint.gateway import LintGateway
from wsgiserve.server.handler import WSGIRequestHandler

__all__ = ["LintingHandler", "linting"]

_Handler = TypeVar("_Handler", bound="LintingHandler")


class LintingHandler(WSGIRequestHandler):
    """Looks at what the application does; ``linting`` makes one for a server."""

    linter: ClassVar[Linter]

    _queued = ""
    _gateway: LintGateway | None = None

    @property
    def findings(self) -> list[Finding]:
        """Of the current request, so far."""
        return self._gateway.findings if self._gateway is not None else []

    def queue_note(self) -> str:
        self._queued = super().queue_note()
        return self._queued

    def make_gateway(self) -> LintGateway:
        self._gateway = LintGateway(self.http, self, linter=self.linter)
        if self._queued and self.server.occupancy().is_full:
            self._gateway.find_queued(f"{self.command} {self.path}", self._queued)
        return self._gateway

    def log_access(self, status: int, seconds: float, note: str = "", besides: str = "", /) -> None:
        # What failed the request has its note already.
        found = "" if note.startswith("✗") else _note(self.findings)
        super().log_access(status, seconds, note, "  ".join(filter(None, (besides, found))))
        self._gateway, self._queued = None, ""


def linting(linter: Linter, base: type[_Handler]) -> type[_Handler]:
    """The handlers of one server."""
    return type(base.__name__, (base,), {"linter": linter})


def _note(findings: list[Finding]) -> str:
    if not findings:
        return ""
    first, *others = findings
    return ", ".join([f"lint {first.code} {first.rule}", *(finding.code for finding in others)])
