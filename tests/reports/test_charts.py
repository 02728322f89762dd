"""Charts are whole SVG drawings whatever stands in their labels."""

from xml.etree import ElementTree

from crm_migrate.reports.charts import WIDTH, Bar, bars, cut, lines

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(
        str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    )


def test_bars_stay_inside_and_labels_are_escaped() -> None:
    """R-4.2: a waterfall goes down and up again inside of the drawing; `<` is a letter."""
    rows = [
        Bar("名称 <相同> & 更多", 0.0, 12.0, "+12.0"),
        Bar("组"),
        Bar("电话不同", 12.0, 9.0, "-3.0"),
        Bar("合计", 0.0, 9.0, "+9.0", total=True),
    ]
    root = drawn(bars("权重", rows))
    shapes = root.findall(f".//{SVG}rect")
    assert [s.get("class") for s in shapes] == ["up", "down", "total"]
    for shape in shapes:
        assert 0 <= float(shape.get("x", "")) <= WIDTH - float(shape.get("width", ""))
    assert "名称 <相同> & 更多" in "".join(root.itertext())


def test_lines_run_from_edge_to_edge() -> None:
    """Shares between 0 and 1 over a common axis, with a mark; nothing leaves the drawing."""
    points = [(-4.0, 0.5), (3.0, 0.9), (20.0, 1.0)]
    root = drawn(lines("曲线", "bits", [("precision", points)], [(4.2, "join from")]))
    (path,) = root.findall(f"{SVG}polyline")
    places = [tuple(map(float, p.split(","))) for p in path.get("points", "").split()]
    assert len(places) == len(points)
    assert all(0 <= x <= WIDTH and 0 <= y <= 304 for x, y in places)
    assert places[0][1] > places[-1][1]
    assert drawn(lines("one", "bits", [("p", [(1.0, 1.0)])])) is not None


def test_long_labels_are_cut_by_their_width() -> None:
    """An ideograph takes the room of about two letters."""
    assert cut("short", 200) == "short"
    assert cut("长" * 40, 110).endswith("…")
    assert len(cut("长" * 40, 110)) < len(cut("l" * 40, 110))
