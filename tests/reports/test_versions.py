"""Reports are versioned documents with a full cover, kept and guarded (R-7.3, R-7.4)."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from crm_migrate.errors import IntegrityFault
from crm_migrate.language import Language
from crm_migrate.plan.header import (
    ControlTotal,
    EntityCounts,
    PlanHeader,
    RowCounts,
    TargetIdentity,
)
from crm_migrate.project.settings import Cover
from crm_migrate.reports.audit_report import AuditReport, JournalFacts, build_report
from crm_migrate.reports.facts import (
    ApplyFacts,
    ApprovalFacts,
    FindingFacts,
    InputFacts,
    LinkageFacts,
    PlanEntry,
    PlanFacts,
)
from crm_migrate.reports.rendering import report_html
from crm_migrate.reports.report_rows import cover_rows
from crm_migrate.reports.versions import load_versions, store_version
from crm_migrate.reports.workbook import report_workbook

NOW = datetime(2025, 8, 31, 9, 0, tzinfo=UTC)
COVER = Cover(number="CRM-AUD-007", title="=HYPERLINK(1)", distribution=("销售部", "审计部"))
HEADER = PlanHeader(
    plan_id="P1", run="R1", format=1, created_at=NOW, created_by="li", expires_at=NOW,
    project="演示", target=TargetIdentity("crm", "sqlite", "crm.db", "f" * 64, False),
    effect="e" * 64, evidence="a" * 64, evidence_parts={"rules": "1" * 64},
    rows=RowCounts(10, 1, 2, 7), counts={"customer": EntityCounts(7, 6, 1, 4, 2)}, gates=(),
    control_totals=(ControlTotal("order", "s", "d", "2024", 3, "1234.5", "1234.5"),),
    waiting={"review": 2}, treatments={"contact.id_number": "seal"}, files={},
)  # fmt: skip
FACTS = PlanFacts(
    inputs=(InputFacts("sales", "客户", "sales.xlsx", "0" * 64, 10, 1, 2, 7, ("备注2",)),),
    findings=(FindingFacts("uscc.checksum", "warning", "check character", "校验位不符", 3),),
    linkage=LinkageFacts("native", 7, 3, 20, 4, 6, 2, 2, 0, "m" * 64),
    redacted={"contact.remark": 1},
    duplicates_in_crm=0,
    seconds={"mapped": 1.0},
)
APPROVAL = ApprovalFacts("wang", "王经理", "审批人", "approve", "2025-08-31T10:00:00Z", "已核对")
APPLIED = ApplyFacts("P1", "2025-08-31T11:00:00Z", "li", {"customer": {"created": 4}}, True, 0)
ENTRY = PlanEntry(
    "P1", "approvable", "2025-08-31T09:00:00Z", "李工", "e" * 64, "a" * 64, (), None
)  # fmt: skip
DONE = replace(ENTRY, state="applied", approvals=(APPROVAL,), applied=APPLIED)


def next_report(
    folder: Path, entry: PlanEntry = DONE, facts: PlanFacts = FACTS, events: int = 5
) -> AuditReport | None:
    revisions, seen = load_versions(folder, COVER.number)
    return build_report(
        cover=COVER, project="演示", header=HEADER, facts=facts, plans=(entry,),
        journal=JournalFacts("OK", events, "9" * 64), revisions=revisions, seen=seen,
        prepared_by="李工", now=NOW,
    )  # fmt: skip


def store(folder: Path, report: AuditReport | None) -> list[Path]:
    assert report is not None
    content = {
        ".html": report_html(report, "zh", {}, {}),
        ".xlsx": report_workbook(report, "zh", {}, {}),
    }
    return store_version(folder, report, content)


def changed(number: int) -> PlanFacts:
    return replace(FACTS, duplicates_in_crm=number)


def test_the_first_version_is_v1_0_and_files_are_named_number_version_date(tmp_path: Path) -> None:
    """`number-version-date`, for page and workbook (R-7.3)."""
    names = [p.name for p in store(tmp_path, next_report(tmp_path))]
    stem = "CRM-AUD-007-V1.0-2025-08-31"
    assert names == [f"{stem}.html", f"{stem}.xlsx"]


def test_nothing_new_makes_no_version_and_a_change_makes_the_next(tmp_path: Path) -> None:
    """Clock, timings and the journal's growth are no change; a plan's new state is (R-7.3)."""
    store(tmp_path, next_report(tmp_path, ENTRY))
    assert next_report(tmp_path, ENTRY, events=99) is None
    assert next_report(tmp_path, ENTRY, replace(FACTS, seconds={"mapped": 9.0})) is None
    report = next_report(tmp_path, DONE)
    assert report is not None
    assert [r.version for r in report.revisions] == ["V1.0", "V1.1"]
    assert report.revisions[0].change == "首次编制"
    assert "P1 已执行" in report.revisions[1].change
    assert [r.approval for r in report.revisions] == ["待批准", "已批准"]
    assert all(r.date and r.by for r in report.revisions)


def test_more_than_five_versions_are_kept_and_can_be_read(tmp_path: Path) -> None:
    """At least five earlier versions stand beside the newest (R-7.3)."""
    for number in range(7):
        store(tmp_path, next_report(tmp_path, DONE, changed(number)))
    pages = sorted(p.name for p in tmp_path.glob("*.html"))
    assert pages == [f"CRM-AUD-007-V1.{n}-2025-08-31.html" for n in range(7)]
    revisions, _ = load_versions(tmp_path, COVER.number)
    assert [r.version for r in revisions] == [f"V1.{n}" for n in range(7)]


def test_a_changed_earlier_version_is_detected(tmp_path: Path) -> None:
    """One altered byte of any stored version stops the next report, and the file is named."""
    first = store(tmp_path, next_report(tmp_path, ENTRY))[0]
    store(tmp_path, next_report(tmp_path, DONE))
    first.write_bytes(first.read_bytes().replace(b"V1.0", b"V1.O", 1))
    with pytest.raises(IntegrityFault) as caught:
        next_report(tmp_path, DONE, changed(1))
    assert first.name in str(caught.value.where)


def test_a_broken_table_of_versions_is_detected(tmp_path: Path) -> None:
    """A table that cannot be read is a fault, not an empty history."""
    store(tmp_path, next_report(tmp_path))
    (tmp_path / "versions.json").write_text("{}", "utf-8")
    with pytest.raises(IntegrityFault):
        next_report(tmp_path)


COVER_ITEMS = {
    "zh": ("编号", "名称", "日期", "编制", "审核", "批准", "版本", "适用范围", "使用对象", "报送",
           "期间", "密级", "生效日期", "更新日期", "分发"),
    "en": ("number", "title", "date", "prepared by", "reviewed by", "approved by", "version",
           "scope", "for", "reported to", "period", "confidentiality", "effective", "updated",
           "distribution"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_cover_has_every_item(tmp_path: Path, language: Language) -> None:
    """All items of the cover are there and none is blank; who must still sign is said (R-7.3)."""
    report = next_report(tmp_path)
    assert report is not None
    cover = dict(cover_rows(report, language))
    assert set(COVER_ITEMS[language]) <= set(cover)
    assert not [name for name, value in cover.items() if not value]
    assert cover[COVER_ITEMS[language][5]] == "王经理"
    assert cover[COVER_ITEMS[language][4]] in ("（待签）", "(still to be signed)")


def test_an_unapproved_report_is_not_yet_in_force(tmp_path: Path) -> None:
    """Without an approval there is no effective date."""
    report = next_report(tmp_path, ENTRY)
    assert report is not None
    cover = dict(cover_rows(report, "zh"))
    assert cover["批准"] == cover["生效日期"] == "（待签）"


def test_the_next_review_is_due_half_a_year_later(tmp_path: Path) -> None:
    """Half-yearly by default, also at the end of a month (R-7.4)."""
    report = next_report(tmp_path)
    assert report is not None
    assert dict(cover_rows(report, "zh"))["下次评审"] == "2026-02-28"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_and_workbook_are_safe_and_hold_figures_and_evidence(
    tmp_path: Path, language: Language
) -> None:
    """No request leaves the page, no formula runs, and the auditor's digests are in both."""
    report = next_report(tmp_path)
    assert report is not None
    page = report_html(report, language, {}, {}).decode()
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<script|src=|href=|url\(", page)
    book = openpyxl.load_workbook(BytesIO(report_workbook(report, language, {}, {})))
    cells = [c.value for sheet in book for row in sheet.iter_rows() for c in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [v for v in cells if isinstance(v, str) and v[:1] in "=+-@"]
    for digest in (HEADER.effect, HEADER.evidence, "1" * 64):
        assert digest in page
        assert digest in cells
    assert "1,234.50" in page
    assert 1234.5 in cells


def test_counts_that_do_not_add_up_are_said_so(tmp_path: Path) -> None:
    """The conclusion checks the equations instead of claiming them."""
    report = next_report(tmp_path)
    assert report is not None
    assert "数量核对一致" in report_html(report, "zh", {}, {}).decode()
    wrong = replace(report, header=replace(HEADER, rows=RowCounts(10, 1, 2, 6)))
    assert "数量核对不一致" in report_html(wrong, "zh", {}, {}).decode()
