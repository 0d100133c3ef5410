"""What the supervisor says while it runs: what happened, why, and what to do.

Text and nothing else, as ``server/hints.py``; the log decides where it goes and how it looks.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsgiserve.reload.failure import Failure
from wsgiserve.server.hints import Hint

__all__ = ["no_events", "not_loaded", "reload_hung", "unwatchable", "watch_limit"]


def not_loaded(failure: Failure, url: str) -> Hint:
    """Message 11, and any other reason why there is no application."""
    why = f"{failure.why}\n" if failure.why else ""
    return Hint(failure.slug, failure.what, f"{why}the error page is being served at {url}", failure.fix)


def watch_limit(limit: str, root: str, folders: int) -> Hint:
    """Message 22."""
    return Hint(
        "watch-limit",
        f"the system ran out of file watches (fs.inotify.max_user_watches = {limit}).",
        f"{root} has {folders:,} directories that count.",
        "polling for now. To mend it: --watch-ignore 'data/**', or sudo sysctl fs.inotify.max_user_watches=524288",
    )


def unwatchable(reason: str) -> Hint:
    """The system refuses to watch for another reason."""
    return Hint(
        "watch-limit",
        "the system does not tell of changed files.",
        f"it says: {reason}.",
        "polling for now; changes may take longer to show.",
    )


def no_events(root: str, system: str, milliseconds: int) -> Hint:
    """Files are on something that sends no events."""
    return Hint(
        "polling",
        f"{root} is on a {system} mount: polling every {milliseconds} ms.",
        "changes made on its other side are no event on this one.",
        "nothing has to be done; changes may take longer to show.",
    )


def reload_hung(requests: Sequence[str], seconds: float) -> Hint:
    """Message 23."""
    return Hint(
        "reload-hung",
        f"{', '.join(requests)} did not finish within {seconds:g} s of the reload; it was cut.",
        "a streaming response keeps a thread until the client leaves.",
        "normal for event streams. --reload-grace changes the limit.",
    )
