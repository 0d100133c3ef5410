"""Opening a page in the developer's browser.

Source: the standard library's ``webbrowser``, which knows what is installed, and the variable BROWSER.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from wsgiserve.lazy import LazyModule

if TYPE_CHECKING:
    import webbrowser
else:
    webbrowser = LazyModule("webbrowser")  # 2 ms, for --open alone

__all__ = ["open_browser"]


def open_browser(url: str, tell: Callable[[str], object]) -> None:
    """Open a page, without waiting for it; ``tell`` is called with a sentence if that cannot be done."""
    # Some browsers return when their window is closed.
    threading.Thread(target=_open, args=(url, tell), name="wsgiserve-browser", daemon=True).start()


def _open(url: str, tell: Callable[[str], object]) -> None:
    try:
        browser = webbrowser.get()
        found = not _takes_the_terminal(browser) and browser.open(url)
    except (webbrowser.Error, OSError):
        found = False
    if not found:
        tell(f"found no browser to open; the address is {url}")


def _takes_the_terminal(browser: webbrowser.BaseBrowser) -> bool:
    """One that runs in a terminal would take ours; unless somebody has asked for just that."""
    return type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER")
