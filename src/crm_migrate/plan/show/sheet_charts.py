"""Charts that a spreadsheet program draws from the cells of the workbook."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

SIZE = (480, 320)
"""Width and height in pixels."""
_COLORS = ("#D2D9E1", "#9FB0C3", "#1F5FA8")
_FONT = {"name": "Microsoft YaHei", "size": 9}


@dataclass(frozen=True)
class Chart:
    """Shares of some rows of a sheet: bars, or with `over_time` a line; series are columns.

    rows: first and last row, counted from 0 with the head as row 0. The head names the series.
    """

    title: str
    sheet: str
    rows: tuple[int, int]
    labels: int
    series: Sequence[int]
    over_time: bool = False


def draw(book: "Workbook", page: "Worksheet", charts: Sequence[Chart], row: int) -> None:
    """Put the charts onto the page from `row` on, two beside each other."""
    for number, chart in enumerate(charts):
        down, right = divmod(number, 2)
        place = {"x_offset": right * (SIZE[0] + 10), "y_offset": down * (SIZE[1] + 10)}
        page.insert_chart(row, 0, _drawn(book, chart), {**place, "description": chart.title})


def _drawn(book: "Workbook", chart: Chart) -> object:
    drawn = book.add_chart({"type": "line" if chart.over_time else "bar"})
    first, last = chart.rows
    colors = _COLORS[-len(chart.series) :]
    for color, column in zip(colors, chart.series, strict=True):
        look: dict[str, object] = {"fill": {"color": color}, "gap": 60}
        if chart.over_time:
            marker = {"type": "circle", "size": 6, "fill": {"color": color}}
            look = {"line": {"color": color, "width": 2.25}, "marker": marker}
        drawn.add_series(
            {
                "name": [chart.sheet, 0, column],
                "categories": [chart.sheet, first, chart.labels, last, chart.labels],
                "values": [chart.sheet, first, column, last, column],
                **look,
            }
        )
    drawn.set_title({"name": chart.title, "name_font": {**_FONT, "size": 11}, "overlay": False})
    drawn.set_legend({"position": "bottom", "font": _FONT})
    shares: dict[str, object] = {"num_format": "0%", "max": 1, "num_font": _FONT}
    shares["major_gridlines"] = {"visible": True, "line": {"color": "#E3E8EE"}}
    names: dict[str, object] = {"num_font": _FONT, "interval_unit": 1}
    if chart.over_time:
        drawn.set_y_axis(shares)
        drawn.set_x_axis(names)
    else:  # the first name is to stand on top, the shares at the bottom
        drawn.set_y_axis({**names, "reverse": True, "crossing": "max"})
        drawn.set_x_axis({**shares, "min": 0})
    drawn.set_size({"width": SIZE[0], "height": SIZE[1]})
    return drawn
