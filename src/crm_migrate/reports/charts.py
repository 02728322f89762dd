"""Charts as inline SVG: lines over a threshold, and bars of weights. No script, no font file.

Colours come from the page's style sheet (`charts.css`), texts are texts: Chinese labels take the
reader's font, and a chart prints like the page around it. Widths are in SVG units of a 720 wide
drawing; a label is cut where its column ends, and stands whole in the bar's title.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from markupsafe import Markup

from crm_migrate.reports.page_parts import rendered

WIDTH = 720
_LABELS, _NOTES = 250, 130
_ROW = 22
_FONT = 11.0

_LINES = """<svg class="chart" viewBox="0 0 {{ w }} {{ h }}" role="img"><title>{{ title }}</title>
{% for y, text in levels %}<line class="grid" x1="{{ x0 }}" x2="{{ x1 }}" y1="{{ y }}" \
y2="{{ y }}"/><text class="tick end" x="{{ x0 - 6 }}" y="{{ y + 4 }}">{{ text }}</text>
{% endfor %}{% for x, text in ticks %}<line class="grid" x1="{{ x }}" x2="{{ x }}" \
y1="{{ y0 }}" y2="{{ y1 }}"/><text class="tick middle" x="{{ x }}" y="{{ y1 + 16 }}">{{ text }}\
</text>
{% endfor %}{% for x, text in marks %}<line class="mark" x1="{{ x }}" x2="{{ x }}" y1="{{ y0 }}" \
y2="{{ y1 }}"/><text class="tick" x="{{ x + 4 }}" y="{{ y1 - 14 * loop.index }}">{{ text }}</text>
{% endfor %}{% for path, name, x in lines %}<polyline class="line line{{ loop.index }}" \
points="{{ path }}"/><text class="name line{{ loop.index }}" x="{{ x }}" y="14">{{ name }}</text>
{% endfor %}<text class="tick end" x="{{ x1 }}" y="{{ y1 + 32 }}">{{ axis }}</text></svg>"""

_BARS = """<svg class="chart" viewBox="0 0 {{ w }} {{ h }}" role="img"><title>{{ title }}</title>
<line class="zero" x1="{{ zero }}" x2="{{ zero }}" y1="0" y2="{{ h }}"/>
{% for r in rows %}{% if r.heading %}<text class="heading" x="0" y="{{ r.y + 15 }}">{{ r.label }}\
</text>
{% else %}<g><title>{{ r.whole }} {{ r.note }}</title><text class="label" x="8" \
y="{{ r.y + 15 }}">{{ r.label }}</text><rect class="{{ r.kind }}" x="{{ r.x }}" y="{{ r.y + 4 }}" \
width="{{ r.width }}" height="14"/><text class="tick end" x="{{ w }}" y="{{ r.y + 15 }}">\
{{ r.note }}</text></g>
{% endif %}{% endfor %}</svg>"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar between two values, or (without them) the heading of those that follow."""

    label: str
    start: float | None = None
    end: float | None = None
    note: str = ""
    total: bool = False


def lines(
    title: str,
    axis: str,
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    marks: Sequence[tuple[float, str]] = (),
) -> Markup:
    """Shares between 0 and 1 over a common axis; `marks` are upright lines with a word.

    series: name and points (x, share), x ascending.
    """
    x0, x1, y0, y1, h = 46, WIDTH - 10, 24, 264, 304
    xs = [x for _, points in series for x, _ in points] + [x for x, _ in marks]
    low, high = min(xs, default=0.0), max(xs, default=1.0)
    span = (high - low) or 1.0

    def place(x: float) -> float:
        return round(x0 + (x - low) / span * (x1 - x0), 1)

    def drawn(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{place(x)},{round(y1 - y * (y1 - y0), 1)}" for x, y in points)

    step = _step(span)
    first = math.ceil(low / step)
    ticks = [first * step + i * step for i in range(int((high - first * step) / step) + 1)]
    return rendered(
        _LINES,
        title=title,
        axis=axis,
        w=WIDTH,
        h=h,
        x0=x0,
        x1=x1,
        y0=y0,
        y1=y1,
        levels=[(y1 - i * (y1 - y0) / 5, f"{i * 20} %") for i in range(6)],
        ticks=[(place(t), f"{t:g}") for t in ticks],
        marks=[(place(x), text) for x, text in marks],
        lines=[(drawn(points), name, x0 + 4 + i * 120) for i, (name, points) in enumerate(series)],
    )


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """Bars from `start` to `end` beside their labels; what goes up and what goes down differ."""
    ends = [v for r in rows for v in (r.start, r.end) if v is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    scale = (WIDTH - _LABELS - _NOTES) / ((high - low) or 1.0)

    def place(value: float) -> float:
        return round(_LABELS + (value - low) * scale, 1)

    drawn = []
    for number, row in enumerate(rows):
        shape: dict[str, object] = {"y": number * _ROW, "heading": row.start is None}
        if row.start is not None and row.end is not None:
            left, right = sorted((place(row.start), place(row.end)))
            kind = "total" if row.total else "up" if row.end >= row.start else "down"
            shape |= {"x": left, "width": max(round(right - left, 1), 1), "kind": kind}
            shape |= {"whole": row.label, "label": cut(row.label, _LABELS - 14), "note": row.note}
        else:
            shape["label"] = row.label
        drawn.append(shape)
    height = max(len(rows), 1) * _ROW + 2
    return rendered(_BARS, title=title, rows=drawn, w=WIDTH, h=height, zero=place(0.0))


def cut(text: str, width: float) -> str:
    """As much of the text as fits, by the usual widths of letters (an ideograph: one em)."""
    used = 0.0
    for place, character in enumerate(text):
        used += _FONT * (1.0 if east_asian_width(character) in "WF" else 0.56)
        if used > width:
            return text[: max(place - 1, 1)] + "…"
    return text


def _step(span: float) -> float:
    """A round distance that makes about eight ticks."""
    raw = span / 8
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next((f * power for f in (1.0, 2.0, 5.0) if f * power >= raw), 10 * power)
