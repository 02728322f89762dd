"""The plan's page and workbook: masked, safe, in people's words (R-5.3, R-6.3, R-4.2)."""

import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import openpyxl
import polars as pl
import pytest

from crm_migrate.language import Language, Text
from crm_migrate.plan.change import MOVES
from crm_migrate.plan.header import EntityCounts, Gate
from crm_migrate.plan.show.excel import plan_workbook
from crm_migrate.plan.show.html import plan_html
from crm_migrate.plan.show.moves import moves_shown
from crm_migrate.plan.show.names import Names
from crm_migrate.plan.show.risks import gate_text, risks_of
from crm_migrate.plan.show.view import OperationView, PlanView
from crm_migrate.project.mapping_file import TargetMapping
from tests.plan.crm import KEY, MAPPINGS, MODEL
from tests.plan.plans import policy
from tests.plan.show.shown import HOSTILE, PERSONAL, SCRIPT, view

MOVES_SCHEMA = {name: getattr(pl, kind) for name, kind in MOVES.items()}
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def page(view: PlanView) -> str:
    return plan_html(view, {}, {"customer": "客户", "contact": "联系人"})


def operation(view: PlanView, golden_id: str) -> OperationView:
    return next(o for e in view.entities for o in e.operations if o.golden_id == golden_id)


def cells(view: PlanView, golden_id: str) -> dict[str, tuple[str, str]]:
    return {c.label: (c.before, c.after) for c in operation(view, golden_id).cells}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_personal_value_stands_in_page_or_workbook(language: Language) -> None:
    """Mobiles, document numbers, mail and names of persons are masked or left out (R-5.3)."""
    shown = view(language)
    files = [page(shown)]
    with zipfile.ZipFile(BytesIO(plan_workbook(shown, KEY))) as book:
        files += [book.read(n).decode() for n in book.namelist()]
    for content in files:
        assert [n for n, value in enumerate(PERSONAL) if value in content] == []
    assert "138****8000" in files[0]


def test_formulas_and_markup_in_values_stay_text() -> None:
    """A name that is a formula gets an apostrophe, one that is markup is escaped."""
    shown = view("zh")
    book = openpyxl.load_workbook(BytesIO(plan_workbook(shown, KEY)))
    values = [c.value for sheet in book for row in sheet.iter_rows() for c in row]
    assert "'" + HOSTILE in values
    assert not [v for v in values if isinstance(v, str) and v[:1] in "=+-@"]
    assert not [c for sheet in book for r in sheet.iter_rows() for c in r if c.data_type == "f"]
    assert SCRIPT in values
    content = page(shown)
    assert SCRIPT not in content
    assert content.count("<script>") == 1
    data = re.search(r'<script type="application/json" id="data">([^<]*)</script>', content)
    assert data is not None, "no character of the data ends its element"
    titles = [row[2] for row in json.loads(data[1])["rows"]]
    assert SCRIPT in titles


def test_the_page_asks_nothing_of_the_network() -> None:
    """A strict content policy, and no address, import or remote asset."""
    content = page(view("zh"))
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in content
    assert not re.search(r"https?://|src=|href=|@import|url\(|fetch\(|XMLHttp", content)


def test_titles_names_and_words_replace_ids_and_codes() -> None:
    """Records are called by customer and own title; codes and user ids become words."""
    shown = view("zh")
    assert operation(shown, "g1").title == "上海甲木科技有限公司"
    assert operation(shown, "c1").title.startswith("上海甲木科技有限公司 · 韩*")
    assert cells(shown, "c1")["所属客户"] == ("", "上海甲木科技有限公司")
    assert cells(shown, "g2")["负责人"] == ("", "周舟")
    assert cells(shown, "g1")["客户等级"] == ("普通客户", "重点客户")
    assert cells(shown, "g2")["客户类型"] == ("", "潜在客户")
    origin = next(c.origin for c in operation(shown, "g1").cells if c.label == "客户等级")
    assert origin == "sales.xlsx · 客户 · 第 12 行 · 取最可信来源"
    assert "most_trusted" not in page(shown)


def test_what_blocks_comes_first_and_each_risk_is_told_once() -> None:
    """Grave risks lead; a failed gate and the open decision behind it are one line."""
    risks = view("en").risks
    assert [r.grave for r in risks] == [True, False, False, False]
    assert risks[0].figure == "75.0%"
    assert "(limit 50%)" in risks[0].text
    assert len([r for r in risks if r.count == 3]) == 1


class _Table(HTMLParser):
    """The texts of all cells of the page, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        self._open = tag in ("td", "th")
        if self._open:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_counts_shown_are_the_headers(language: Language) -> None:
    """Page and workbook show the header's counts, which add up."""
    shown = view(language)
    parser = _Table()
    parser.feed(page(shown))
    summary = openpyxl.load_workbook(BytesIO(plan_workbook(shown, KEY))).worksheets[0]
    for entity in shown.entities:
        c = entity.counts
        expected = [
            c.accepted, c.made, c.merged, c.golden, c.insert, c.update, c.unchanged, c.conflict,
            c.skip,
        ]  # fmt: skip
        assert c.adds_up()
        assert [entity.label, *map(str, expected)] in parser.rows
        assert (entity.label, *expected) in list(summary.values)
        assert entity.total == c.insert + c.update + c.conflict + c.skip


def test_a_control_total_that_differs_is_shown_by_department() -> None:
    """Sums of a year stand for all departments; a difference is never lost in them (R-6.6)."""
    content = page(view("zh"))
    assert "以下项目与来源不一致" in content
    assert "销售二部" in content
    assert "销售一部" not in content
    assert "1,200,010.50" in content
    assert "≠" in content


def test_before_and_after_are_told_apart_in_the_workbook() -> None:
    """A line per changed cell: the old value struck through, the new one on green."""
    sheet = openpyxl.load_workbook(BytesIO(plan_workbook(view("zh"), KEY)))["客户"]
    row = next(r for r in sheet.iter_rows() if r[4].value == "客户等级")
    assert (row[5].value, row[6].value) == ("普通客户", "重点客户")
    assert row[5].font.strike
    assert row[6].fill.fgColor.rgb == "FFE5F3EC"
    assert sheet.freeze_panes == "A2"
    assert sheet.page_setup.paperSize == 9
    assert sheet.print_title_rows == "$1:$1"


def test_scope_irreversible_unchecked_and_comments_are_told() -> None:
    """R-6.2, R-6.5: a pilot says so on every page, and what can't be taken back or was not seen."""
    shown = view("zh")
    told = {
        "scope": Text('pilot: department = "A\\"</style>', '试点:部门 = "A\\"</style>'),
        "irreversible": (Text("mails of triggers", "触发器发出的邮件"),),
        "unchecked": (Text("triggers were not read", "未读取触发器"),),
    }
    shown = replace(shown, header=replace(shown.header, **told))
    content = page(shown)
    for text in ("试点:部门", "触发器发出的邮件", "未读取触发器", "等级请再核实", "仅部分数据"):
        assert text in content
    assert content.count("</style>") == 1
    book = openpyxl.load_workbook(BytesIO(plan_workbook(shown, KEY)))
    values = [c.value for sheet in book for row in sheet.iter_rows() for c in row]
    for text in ("触发器发出的邮件", "未读取触发器", "等级请再核实"):
        assert text in values


def test_merges_are_listed_with_what_moves_over() -> None:
    """What is given up for which row, and how many rows of which entity go over to it."""
    shown = view("zh")
    moves = pl.DataFrame(
        [
            ["g1", 1, "merge", "customer", "g1", "accounts", "id", "12", None, None, "11", "p",
             "kept_base", None, "d"],
            *(
                ["g1", 1, "reparent", "customer", "g1", "people", "id", k, "account_id", "12",
                 "11", None, None, None, "d"]
                for k in ("5", "6")
            ),
        ],
        schema=MOVES_SCHEMA,
        orient="row",
    )  # fmt: skip
    names = Names(MODEL, policy(), "zh")
    found = moves_shown(moves, TargetMapping(target="crm", entities=MAPPINGS), names)
    assert [(m.kept, m.given_up, m.moved) for m in found] == [("11", "12", (("联系人", 2),))]
    header = replace(shown.header, merges=1, reparented=2)
    content = page(replace(shown, header=header, moves=found))
    assert "并入 1 条记录,随迁关联记录 2 条" in content
    assert "#12" in content


def test_risks_say_what_this_crm_and_this_kind_of_plan_do() -> None:
    """Tags only where the CRM has a place for them; a rollback takes merges apart; 0.1 % shows."""
    header = replace(view("en").header, waiting={"review": 3}, merges=7, reparented=1)
    assert not [r for r in risks_of(header, "en") if "tagged" in r.text]
    tagging = replace(header, counts={**header.counts, "tag": EntityCounts()})
    assert [r for r in risks_of(tagging, "en") if r.text.endswith("and tagged 疑似重复")]
    backwards = [r.text for r in risks_of(replace(header, kind="rollback"), "en") if r.count == 7]
    back = "merges of CRM rows are taken apart; 1 row of what refers to them to be moved back"
    assert backwards == [back]
    share = Gate("changed_share", Text("share", "比例"), 0.0019723865, 0.001, False, share=True)
    assert gate_text(share, "en") == "share: 0.2% (limit 0.1%)"
