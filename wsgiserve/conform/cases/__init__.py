"""Every case, by theme. A new one goes where its theme is."""

from __future__ import annotations

from wsgiserve.conform.cases import (
    answers,
    calls,
    chunks,
    ends,
    environ,
    field_lines,
    framing,
    hostile,
    hosts,
    persistence,
    reading,
    serving,
    start_lines,
    targets,
    waiting,
)

__all__ = ["CASES", "THEMES"]

THEMES = (
    start_lines.EMPTY_LINES,
    start_lines.REQUEST_LINE,
    start_lines.VERSION,
    start_lines.NOT_HTTP,
    targets.TARGET,
    field_lines.FIELD,
    hosts.HOST,
    framing.CONTENT_LENGTH,
    framing.TRANSFER_ENCODING,
    chunks.CHUNKS,
    chunks.TRAILERS,
    persistence.EXPECT,
    persistence.CONNECTION,
    ends.END,
    hostile.SMUGGLING,
    hostile.LIMITS,
    waiting.CONTINUE,
    waiting.PERSISTENCE,
    waiting.ABORTS,
    environ.ENVIRON,
    reading.INPUT,
    calls.CALLS,
    calls.ERRORS,
    calls.STREAMING,
    calls.CLOSE,
    answers.FIELDS,
    answers.INJECTION,
    answers.BODILESS,
    answers.FRAMING,
    serving.FILES,
    serving.FLAGS,
)

CASES = tuple(case for theme in THEMES for case in theme.cases)
