"""What the server says when it accepts connections: where, what, and how long it took.

On a terminal a few lines for a person, with URLs to click; elsewhere one line, or one JSON object, for whoever waits
for it. Knows addresses and words; not Config, not the server.
Source: proc_pid_stat(5), field 22, for the start of the process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wsgiserve._version import __version__
from wsgiserve.console import Console, escape
from wsgiserve.server.addresses import LOOPBACKS, WILDCARDS, get_interface_ip

__all__ = ["Banner", "process_age", "urls_for_people"]

_LOADED = time.monotonic()

# Seconds. A shell that did other work before it called exec shares its start time with us; no start takes so long.
_LONGEST_START = 60.0

# Under nine lines in all, without the hint: three are blank, one is the head.
_LINES_FOR_URLS_AND_NOTES = 4

# Columns.
_BEFORE_URLS = 16


class Banner(NamedTuple):
    """What there is to say."""

    addresses: Sequence[object]
    """Of the listeners, as ``getsockname`` gives them."""
    scheme: str
    app: str
    about: str
    """What is known of the application: its framework, and how it was found."""
    mode: str
    """``dev`` or ``prod``."""
    why: str = ""
    """Why it is this mode, where that is not plain."""
    watching: str = ""
    """What is watched, and how."""
    workers: Sequence[int] = ()
    """Process ids, where there are several that run the application."""
    settings: str = ""
    """Where settings come from, if it is not from us."""
    notes: Sequence[str] = ()
    """Warnings: only what a person would want to change."""
    hint: str = ""
    """What else can be done."""

    def text(self, console: Console, seconds: float) -> str:
        """All of it, the last newline included.

        Args:
            seconds: from the start of the process until now.
        """
        if console.form == "pretty":
            return self._pretty(console, seconds)
        return self._json(seconds) if console.form == "json" else self._plain()

    def _pretty(self, console: Console, seconds: float) -> str:
        rest = f" {__version__}   ready in {_duration(seconds)}"
        mode = {"prod": "production"}.get(self.mode, self.mode) + " mode" + (f" ({self.why})" if self.why else "")
        head = f"  {console.paint('wsgiserve', 'bold')}{rest:<45}{mode}"
        notes = [f"  {console.paint('!', 'yellow')}  {escape(note)}" for note in self.notes[:2]]
        urls = urls_for_people(self.addresses, self.scheme)
        lines = self._pretty_urls(console, urls)
        watching = [f"     Watching   {escape(self.watching)}"] if self.watching else []
        pids = ", ".join(map(str, self.workers))
        workers = [f"     Workers    {len(self.workers)}  (processes {pids})"] if self.workers else []
        settings = [f"     Settings   from {escape(self.settings)}"] if self.settings else []
        room = max(_LINES_FOR_URLS_AND_NOTES - len(notes) - len([*watching, *workers, *settings]), 1)
        if len(lines) > room:
            lines[room - 1 :] = [f"                and {len(lines) - room + 1} more"]
        hint = ["", f"  {self.hint}"] if self.hint else []
        return "\n".join(["", head, "", *lines, *watching, *workers, *settings, *notes, *hint, "", ""])

    def _pretty_urls(self, console: Console, urls: list[str]) -> list[str]:
        app = escape(f"{self.app} ({self.about})" if self.about else self.app)
        room = min((console.width() or 65536) - _BEFORE_URLS - len(app), 32)
        space = " " * max(2, room - len(urls[0]))
        first = f"  {console.paint('➜', 'green')}  App        {_link(console, urls[0])}{space}{app}"
        return [first, *(f"                {_link(console, url)}" for url in urls[1:])]

    def _plain(self) -> str:
        urls = " ".join(_for_machines(self.addresses, self.scheme))
        line = f"wsgiserve {__version__} listening on {urls} app={escape(self.app)} mode={self.mode} pid={os.getpid()}"
        if self.workers:
            line += f" workers={','.join(map(str, self.workers))}"
        if self.settings:
            line += f" settings={escape(self.settings).replace(', ', ',')}"
        return "\n".join([line, *(f"WARNING {escape(note)}" for note in self.notes), ""])

    def _json(self, seconds: float) -> str:
        now = time.time()
        fields = {
            "event": "listening",
            "timestamp": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03d}Z",
            "level": "info",
            "version": __version__,
            "urls": _for_machines(self.addresses, self.scheme),
            "app": self.app,
            "mode": self.mode,
            "pid": os.getpid(),
            "workers": list(self.workers),
            "settings": self.settings,
            "ready_ms": round(seconds * 1000),
            "warnings": list(self.notes),
        }
        import json  # 1 ms, for one of the forms

        return json.dumps(fields) + "\n"


def _link(console: Console, url: str) -> str:
    return console.link(url) if "://" in url else url


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 9.9995 else f"{seconds:.1f} s"


def urls_for_people(addresses: Sequence[object], scheme: str) -> list[str]:
    """URLs that a browser on this machine, or next to it, can open; each once, the likeliest first.

    A unix socket, which no browser can open, is ``unix:PATH``.

    Args:
        addresses: of the listeners, as ``getsockname`` gives them.
    """
    urls: dict[str, None] = {}
    for address in addresses:
        if isinstance(address, tuple):
            hosts = _hosts_for_people(address[0], twins=_has_both_loopbacks(addresses))
            urls |= dict.fromkeys(_url(scheme, host, address[1]) + "/" for host in hosts)
        else:
            urls[_unix(address)] = None
    return list(urls)


def _hosts_for_people(host: str, *, twins: bool) -> list[str]:
    if host in WILDCARDS:
        outside = get_interface_ip(WILDCARDS[host])
        return ["localhost"] if outside in LOOPBACKS else ["localhost", outside]
    return ["localhost"] if twins and host in LOOPBACKS else [host]


def _for_machines(addresses: Sequence[object], scheme: str) -> list[str]:
    """What is listened on, except for the second loopback where it only repeats the first."""
    twins = _has_both_loopbacks(addresses)
    return [
        _url(scheme, *address[:2]) if isinstance(address, tuple) else _unix(address)
        for address in addresses
        if not (twins and isinstance(address, tuple) and address[0] == "::1")
    ]


def _has_both_loopbacks(addresses: Sequence[object]) -> bool:
    return {address[0] for address in addresses if isinstance(address, tuple)}.issuperset(LOOPBACKS)


def _url(scheme: str, host: str, port: int) -> str:
    # RFC 6874: the % of a zone is written %25 in a URL.
    return f"{scheme}://[{host.replace('%', '%25')}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _unix(address: object) -> str:
    return f"unix:{escape(os.fsdecode(address) if isinstance(address, bytes) else str(address))}"


def process_age() -> float:
    """Seconds since this process was started, interpreter and imports included.

    Elsewhere than on Linux, or if a shell that had run for a while became this process: since this module was loaded.
    """
    try:
        # The name in field 2 may contain anything, a parenthesis too.
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[22 - 3]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError):
        age = _LONGEST_START
    return age if age < _LONGEST_START else time.monotonic() - _LOADED
