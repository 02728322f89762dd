"""Charts of the quality report: shares before and after, and their course over runs."""

from collections.abc import Sequence

from markupsafe import Markup

from crm_migrate.reports.charts import WIDTH, cut
from crm_migrate.reports.page_parts import rendered

_LABELS, _NOTES, _ROW = 190, 150, 34

_PAIRS = """<svg class="chart" viewBox="0 0 {{ w }} {{ h }}" role="img"><title>{{ title }}</title>
<rect class="before" x="{{ x0 }}" y="4" width="10" height="9"/>\
<text class="tick" x="{{ x0 + 15 }}" y="12">{{ names[0] }}</text>
<rect class="after" x="{{ x0 + 130 }}" y="4" width="10" height="9"/>\
<text class="tick" x="{{ x0 + 145 }}" y="12">{{ names[1] }}</text>
{% for x, text in ticks %}<line class="grid" x1="{{ x }}" x2="{{ x }}" y1="20" y2="{{ h - 16 }}"/>\
<text class="tick middle" x="{{ x }}" y="{{ h - 3 }}">{{ text }}</text>
{% endfor %}{% for r in rows %}<g><title>{{ r.whole }} {{ r.note }}</title>\
<text class="label" x="0" y="{{ r.y + 18 }}">{{ r.label }}</text>\
{% if r.before is not none %}<rect class="before" x="{{ x0 }}" y="{{ r.y + 3 }}" \
width="{{ r.before }}" height="10"/>{% endif %}\
{% if r.after is not none %}<rect class="after" x="{{ x0 }}" y="{{ r.y + 14 }}" \
width="{{ r.after }}" height="10"/>{% endif %}\
<text class="tick end" x="{{ w }}" y="{{ r.y + 18 }}">{{ r.note }}</text></g>
{% endfor %}</svg>"""

_TREND = """<svg class="chart" viewBox="0 0 {{ w }} {{ h }}" role="img"><title>{{ title }}</title>
{% for y, text in levels %}<line class="grid" x1="{{ x0 }}" x2="{{ x1 }}" y1="{{ y }}" \
y2="{{ y }}"/><text class="tick end" x="{{ x0 - 6 }}" y="{{ y + 4 }}">{{ text }}</text>
{% endfor %}{% for x, text in ticks %}<text class="tick middle" x="{{ x }}" y="{{ y1 + 16 }}">\
{{ text }}</text>
{% endfor %}{% for path, dots, name in lines %}<polyline class="line line{{ loop.index }}" \
points="{{ path }}"/>{% set number = loop.index %}{% for x, y in dots %}<circle \
class="dot line{{ number }}" cx="{{ x }}" cy="{{ y }}" r="3.5"/>{% endfor %}\
<text class="name line{{ number }}" x="{{ x0 + 4 + (number - 1) * 150 }}" y="14">{{ name }}</text>
{% endfor %}</svg>"""


def percent(share: float | None) -> str:
    """A share for people; what is not quite all is never shown as all."""
    if share is None:
        return "—"
    if 0.9995 <= share < 1:
        return "99.9%"
    return f"{share:.1%}"


def pairs(
    title: str,
    names: tuple[str, str],
    rows: Sequence[tuple[str, float | None, float | None]],
) -> Markup:
    """Two bars per row on an axis from 0 to 100 %."""
    length = WIDTH - _LABELS - _NOTES
    drawn = [
        {
            "y": 22 + n * _ROW,
            "whole": label,
            "label": cut(label, _LABELS - 10),
            "before": None if before is None else round(before * length, 1),
            "after": None if after is None else round(after * length, 1),
            "note": f"{percent(before)} → {percent(after)}",
        }
        for n, (label, before, after) in enumerate(rows)
    ]
    ticks = [(_LABELS + i * length / 4, f"{i * 25}%") for i in range(5)]
    height = 22 + max(len(rows), 1) * _ROW + 18
    return rendered(
        _PAIRS, title=title, names=names, rows=drawn, ticks=ticks, x0=_LABELS, w=WIDTH, h=height
    )


def trend(
    title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]]
) -> Markup:
    """Shares over runs, evenly spaced; the axis begins below the smallest one."""
    x0, x1, y0, y1 = 46, WIDTH - 40, 26, 186
    known = [v for _, values in series for v in values if v is not None]
    low = max(0.0, int(min(known, default=0.0) * 10 - 0.5) / 10)
    step = (x1 - x0 - 40) / max(len(labels) - 1, 1)

    def place(n: int, value: float) -> tuple[float, float]:
        x = x0 + 20 + n * step
        return round(x, 1), round(y1 - (value - low) / (1 - low) * (y1 - y0), 1)

    lines = []
    for name, values in series:
        dots = [place(n, v) for n, v in enumerate(values) if v is not None]
        lines.append((" ".join(f"{x},{y}" for x, y in dots), dots, name))
    levels = [
        (y1 - i * (y1 - y0) / 4, f"{low + i * (1 - low) / 4:.1%}".replace(".0%", "%"))
        for i in range(5)
    ]
    every = max(1, -(-len(labels) // 8))
    ticks = [(place(n, low)[0], text) for n, text in enumerate(labels) if n % every == 0]
    return rendered(
        _TREND, title=title, lines=lines, levels=levels, ticks=ticks,
        x0=x0, x1=x1, y1=y1, w=WIDTH, h=y1 + 26,
    )  # fmt: skip
