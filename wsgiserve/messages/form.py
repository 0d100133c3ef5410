"""The form of a message, and words that many share.

Source: ``docs/cli.md`` for the exit codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wsgiserve.errors import UserError

__all__ = [
    "CANNOT_BIND",
    "CANNOT_LOAD",
    "FOUND_PROBLEMS",
    "INTERNAL",
    "NOT_CONFORMING",
    "TLS",
    "USAGE",
    "command",
    "did_you_mean",
    "nearest",
    "render",
    "render_problem",
    "render_remedy",
]

# Exit codes.
INTERNAL, USAGE, CANNOT_LOAD, CANNOT_BIND, TLS = 1, 2, 3, 4, 5
# Of ``check`` and of ``conform``, which found what they looked for.
FOUND_PROBLEMS = NOT_CONFORMING = 6

_PAGES = "https://wsgiserve.readthedocs.io/e/"
_INDENT = "\n       "


def render(error: UserError, *, color: bool = False) -> str:
    """A message as it is printed, with a newline at its end; colour only on its first word."""
    return render_problem(error, color=color) + render_remedy(error)


def render_problem(error: UserError, *, color: bool = False) -> str:
    """The first half of a message: what happened, and why."""
    head = f"error[{error.slug}]"
    lines = [f"\x1b[1;31m{head}\x1b[0m: {error.what}" if color else f"{head}: {error.what}"]
    if error.why:
        lines.append(f"  Why: {error.why}")
    return "".join(line.replace("\n", _INDENT) + "\n" for line in lines)


def render_remedy(error: UserError) -> str:
    """The second half: what to do, and where to read more."""
    return f"  Fix: {error.fix}\n{_PAGES}{error.slug}".replace("\n", _INDENT) + "\n"


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of ``known`` that was probably meant; empty when none is near."""
    import difflib  # 1 ms, for a message alone

    near = difflib.get_close_matches(word, list(known))
    # Two letters that changed places are the likeliest slip, and difflib thinks no better of it than of others.
    return next((other for other in near if sorted(other) == sorted(word)), near[0] if near else "")


def did_you_mean(word: str, known: Iterable[str], form: str = "{}") -> str:
    """``did you mean X?`` for the nearest of ``known``, shown in ``form``; empty when none is near."""
    near = nearest(word, known)
    return f"did you mean {form.format(near)}?" if near else ""


def command(argv: Sequence[str]) -> str:
    """The command with these arguments, such that a shell reads them as they are."""
    import shlex

    return shlex.join(["wsgiserve", *argv])
