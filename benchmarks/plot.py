"""What our pictures share: SVG by hand, so that text stays text and is readable on dark and on light pages alike.

Source: SVG 2; Media Queries Level 5 §12.5 for prefers-color-scheme.
"""

from __future__ import annotations

import html
import math
from typing import NamedTuple

__all__ = ["Axis", "label", "picture", "ticks"]

# Colours of lines are such that they can be told from white and from black.
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d1f24 }
.title { font-weight: 600 } .small { font-size: 11px; fill: #5a5e6b }
.grid { stroke: #8a8f9c; stroke-opacity: .3 } .dot { fill: #6b7280; fill-opacity: .45 }
.median { stroke: #6b7280; stroke-width: 3 } .ours .dot { fill: #2f6fdb } .ours .median { stroke: #2f6fdb }
.bar { fill: #a9afbb } .limit .bar { fill: none; stroke: #a9afbb } .ours .bar { fill: #2f6fdb }
.spread { stroke: #1d1f24; stroke-opacity: .6 }
.line { fill: none; stroke: currentColor; stroke-width: 1.5 } .point { fill: currentColor }
.ours .line { stroke-width: 3 }
.ours { color: #2f6fdb } .limit { color: #8a8f9c } .limit .line { stroke-dasharray: 4 3 }
.c0 { color: #d0741c } .c1 { color: #2e9455 } .c2 { color: #a35fc4 } .c3 { color: #cc4b55 } .c4 { color: #1f9299 }
.named { fill: currentColor; font-size: 11px }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e7eb } .small { fill: #a3a8b5 } .dot { fill: #a3a8b5 } .median { stroke: #a3a8b5 }
  .ours .dot { fill: #7aa8ff } .ours .median { stroke: #7aa8ff } .ours .bar { fill: #7aa8ff } .ours { color: #7aa8ff }
  .bar { fill: #666c78 } .limit .bar { stroke: #666c78 } .spread { stroke: #e6e7eb } .named { fill: currentColor }
}
""".strip()


class Axis(NamedTuple):
    """From figures to places, in one direction; what lies beyond an end stands at the end."""

    low: float
    high: float
    start: float
    """Where ``low`` stands."""
    end: float
    logarithmic: bool = True

    def at(self, value: float) -> float:
        """The place of a figure."""
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def picture(name: str, body: list[str], width: int, height: int) -> str:
    """The whole of it; the name is for those who do not see it."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{html.escape(name)}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *body, "</svg>"]) + "\n"


def label(text: str, x: float, y: float, kind: str = "", anchor: str = "start") -> str:
    """A line of text."""
    kind = f' class="{kind}"' if kind else ""
    anchor = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text{kind}{anchor} x="{x:g}" y="{y:g}">{html.escape(text)}</text>'


def ticks(low: float, high: float) -> list[float]:
    """Round figures between two, for an axis whose steps are factors: 1, 2, 5, 10, or powers of ten alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,)):
        found = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(found) <= 7:
            break
    return found
