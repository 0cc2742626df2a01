"""The picture: how each row with a bar stands to it, as SVG; `python picture.py FILE` prints it."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

_WIDTH, _LINE, _TOP, _NAMES = 1100, 22, 64, 560
_LEAST, _MOST = 1 / 32, 4.0
_COLOURS = {"aspire": "#1a7f37", "must": "#9a6700", "missed": "#cf222e"}
_STATES = {"aspire": "goal reached", "must": "bar reached", "missed": "bar missed"}


def picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a bar per row: its figure as a part of what it must be, smaller is better."""
    barred = [row for row in rows if row["must"] is not None]
    height = _TOP + _LINE * len(barred) + 20
    x = _x(1.0)
    shown = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}">',
        "<style>text { font: 13px sans-serif }</style>",
        _box(0, 0, _WIDTH, height, "white"),
        _words(12, 24, "Figures to what they must be: the shorter, the better; each step halves"),
    ]
    for number, (state, colour) in enumerate(_COLOURS.items()):
        shown += [_box(12 + 170 * number, 36, 12, 12, colour)]
        shown += [_words(30 + 170 * number, 47, _STATES[state])]
    for number, row in enumerate(barred):
        shown += _bar(row, _TOP + number * _LINE)
    shown += [_stroke(x, _TOP - 6, x, height - 12), "</svg>"]
    return "\n".join(shown) + "\n"


def _bar(row: Mapping[str, Any], y: int) -> list[str]:
    ends = sorted(_x(_part(row, row[name])) for name in ("least", "most"))
    state = "aspire" if row["meets_aspire"] else "must" if row["meets_must"] else "missed"
    left = _x(_LEAST)
    long = max(2.0, _x(_part(row, row["figure"])) - left)
    return [
        _words(12, y + 14, row["what"]),
        _box(left, y + 4, long, 12, _COLOURS[state]),
        _stroke(ends[0], y + 10, ends[1], y + 10),
    ]


def _words(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}">{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<rect {place} fill="{colour}"/>'


def _stroke(x: float, y: float, to_x: float, to_y: float) -> str:
    place = f'x1="{x:.0f}" y1="{y:.0f}" x2="{to_x:.0f}" y2="{to_y:.0f}"'
    return f'<line {place} stroke="black" stroke-opacity="0.6" stroke-width="2"/>'


def _part(row: Mapping[str, Any], figure: float) -> float:
    must = float(row["must"])
    return must / max(figure, 1e-9) if row["at_least"] else figure / must


def _x(part: float) -> float:
    clipped = min(_MOST, max(_LEAST, part))
    span = math.log2(_MOST) - math.log2(_LEAST)
    return _NAMES + (_WIDTH - _NAMES - 20) * (math.log2(clipped) - math.log2(_LEAST)) / span


if __name__ == "__main__":
    sys.stdout.write(picture(json.loads(Path(sys.argv[1]).read_text())["rows"]))
