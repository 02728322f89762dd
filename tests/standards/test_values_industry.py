"""Industries: codes of all four levels, names, free forms, what is never guessed."""

import csv
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.standards import industry
from crm_migrate.standards.data import rebuild_gbt4754
from crm_migrate.standards.reading.industry_names import (
    divisions,
    former_codes,
    names,
)


def cited(raw: str) -> set[str]:
    column = pl.Series([raw])
    value = industry.normalise(column)
    return {rule.code for rule, mask in industry.validate(column, value) if mask.any()}


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("C35", "C35"), ("c 3511", "C3511"), ("３５", "C35"), ("制造业-专用设备", "C35"),
        ("制造业 > 专用设备制造业 > 医疗仪器设备及器械制造", "C358"), ("C-专用设备制造业", "C35"),
        ("专用设备制造业C35", "C35"), ("C3525 模具制造", "C3525"), ("专用设备制造業", "C35"),
        ("软件", "I65"), ("批发零售", "F"), ("C制造业", "C"), ("汽车整车制造", "C361"),
    ],
)  # fmt: skip
def test_codes_and_names(raw: str, canonical: str):
    """R-2.1: code, name or the path of a form become the code."""
    assert industry.normalise(pl.Series([raw])).to_list() == [canonical]


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("设备制造", "ambiguous"), ("机械", "ambiguous"), ("计算机", "ambiguous"),
        ("通用设备制造业、专用设备制造业", "ambiguous"), ("C3598", "unknown"), ("C99", "unknown"),
        ("物流", "unknown"), ("C36 专用设备制造业", "contradictory"), ("制造业", "section_only"),
    ],
)  # fmt: skip
def test_nothing_is_guessed(raw: str, rule: str):
    """R-2.1: several or no industries, codes that do not exist, code against name."""
    assert cited(raw) == {f"industry.{rule}"}


def test_candidates_are_named():
    """R-2.1: 设备制造 could be any of these; a person chooses."""
    listed = industry.candidates(pl.Series(["设备制造"])).to_list()[0]
    assert listed.startswith("C34 通用设备制造业; C35 专用设备制造业; C37 ")


def test_the_classification_is_whole():
    """R-2.1: 20 sections, 97 divisions and 473 groups, as GB/T 4754-2017 counts them, 1,381
    classes; every code, every code with its name and every name of a class is read as itself.
    """
    by_length = [sum(len(code) == n for code in names()) for n in (1, 3, 4, 5)]
    assert by_length == [20, 97, 473, 1381]
    ranges: dict[str, list[str]] = {}
    for d in divisions():
        ranges.setdefault(d.section, []).append(d.code[1:])
    told = " ".join(f"{s}{'–'.join(sorted({d[0], d[-1]}))}" for s, d in ranges.items())
    assert told == (
        "A01–05 B06–12 C13–43 D44–46 E47–50 F51–52 G53–60 H61–62 I63–65 J66–69 K70 L71–72 "
        "M73–75 N76–79 O80–82 P83 Q84–85 R86–90 S91–96 T97"
    )
    every = pl.Series(list(names()))
    assert industry.normalise(every).to_list() == list(names())
    below = pl.Series([code for code in names() if len(code) > 1])
    assert industry.normalise(industry.format(below)).to_list() == below.to_list()
    classes = {code: name for code, name in names().items() if len(code) == 5}
    read = industry.normalise(pl.Series(list(classes.values()))).to_list()
    whole = {code for code in classes if names()[code[:4]] == classes[code]}
    wanted = [code[:4] if code in whole else code for code in classes]
    unlike = {w: r for r, w in zip(read, wanted, strict=True) if r != w}
    assert unlike == {"B120": "B12", "S910": "S91", "T970": "T97"}  # named as their division
    assert len(whole) == 199
    written = pl.Series([d.section_name + "-" + d.name for d in divisions()])
    assert industry.normalise(written).to_list() == [d.code for d in divisions()]


def test_what_people_write():
    """R-2.1: codes, names of all levels and of former editions, English, several, nonsense."""
    path = Path(__file__).with_name("vectors") / "industries.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline=""), delimiter="|"))
    typed = pl.Series([row["typed"] for row in rows])
    value = industry.normalise(typed)
    cited: list[list[str]] = [[] for _ in rows]
    for rule, mask in industry.validate(typed, value):
        for row in mask.arg_true():
            cited[row].append(rule.code.removeprefix("industry."))
    kept = [row["typed"].strip() if row["value"] == "" else row["value"] for row in rows]
    found = [(v, " ".join(c)) for v, c in zip(value, cited, strict=True)]
    assert found == [(v, row["rules"]) for v, row in zip(kept, rows, strict=True)]


def test_the_tables_are_rebuilt_from_the_list(tmp_path: Path):
    """R-2.1: the published list gives the tables as they are; groups may stand without classes."""
    lines = [f"{code[1:] or code},{name}" for code, name in sorted(names().items())]
    (tmp_path / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    rebuild_gbt4754.main(str(tmp_path / "list.csv"), tmp_path)
    kept = Path(rebuild_gbt4754.__file__)
    for table in tmp_path.glob("gbt4754*.csv"):
        assert table.read_text("utf-8") == kept.with_name(table.name).read_text("utf-8")


def test_codes_of_2011_tell_what_they_are_today():
    """R-2.3: a person chooses among the classes of today; each of these is one."""
    told = industry.candidates(pl.Series(["6510", "7240"])).to_list()
    assert told[0].startswith("I6511 基础软件开发; I6512 ")
    assert told[1] == "L7251 互联网广告服务; L7259 其他广告服务"
    assert {c for some in former_codes().values() for c in some} <= set(names())
    assert not {c[1:] for c in names()} & set(former_codes())


def test_few_industries_are_offered() -> None:
    """R-2.3: 其他 could be any of fifty; nobody reads them in a finding."""
    offered = industry.candidates(pl.Series(["其他"])).item()
    assert offered.count(";") == 8
    assert offered.endswith("; …")
