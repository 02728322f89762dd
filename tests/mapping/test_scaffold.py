"""`init`: proposals from real files, a project that loads, a sandbox that is laid out."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_migrate.errors import SourceFault, UsageFault
from crm_migrate.formats import open_file
from crm_migrate.mapping.apply import Mapped, map_table
from crm_migrate.mapping.reading import pair_tables, read_rows
from crm_migrate.mapping.references import resolve_orphans
from crm_migrate.mapping.sandbox import create_sandbox_tables
from crm_migrate.mapping.scaffold import scaffold
from crm_migrate.project import Project, load_project
from crm_migrate.project.entities_file import standard_model
from crm_migrate.project.mapping_file import SourceMapping

MODEL = standard_model()
KEY = bytes(32)


@pytest.fixture
def project(sources: Path, tmp_path: Path) -> Project:
    scaffold(tmp_path / "p", [sources], MODEL, language="zh")
    return load_project(tmp_path / "p")


def fields(mapping: SourceMapping, table: str, entity: str) -> dict[str, tuple[str, ...]]:
    found = next(t for t in mapping.tables if t.table == table)
    record = next(r for r in found.records if r.entity == entity)
    return {n: o.source_columns for n, o in record.fields.items()}


def test_a_registration_sheet_is_split_into_customer_and_contact(project: Project) -> None:
    """R-1.3: two-row headers, units in labels, a second telephone, a key, values that are open."""
    table = project.mappings["sales"].tables[0]
    assert table.key == ("基础信息/客户编号",)
    assert fields(project.mappings["sales"], "登记表", "customer") == {
        "customer_code": ("基础信息/客户编号",),
        "name": ("基础信息/客户名称*",),
        "customer_type": ("业务信息/客户类型",),
        "phone": ("业务信息/备用电话",),
        "address": ("基础信息/企业地址",),
        "annual_budget": ("业务信息/年采购预算（元）",),
    }
    contact = fields(project.mappings["sales"], "登记表", "contact")
    assert contact["name"] == ("联系人信息/联系人",)
    assert contact["mobile"] == ("联系人信息/手机",)
    budget = table.records[0].fields["annual_budget"]
    assert budget.unit == "元"
    assert budget.reason == "表头"
    assert project.value_maps["sales_customer_type"].undecided == ("休眠",)


def test_keys_that_fit_become_look_ups(project: Project) -> None:
    """Foreign keys are found by their values, across tables and across sources."""
    order = project.mappings["erp"].tables
    record = next(r for t in order for r in t.records if r.entity == "order")
    assert record.fields["customer"].table == "customers"
    ticket = project.mappings["service"].tables[0].records
    assert [r.entity for r in ticket] == ["ticket"]
    reference = ticket[0].fields["customer"]
    assert (reference.source, reference.table, reference.column) == ("sales", "登记表", "客户编号")


def test_what_is_not_recognised_stays_behind(project: Project) -> None:
    """R-1.2: collection is minimal: a column that says nothing known is not taken."""
    ignored = {c for t in project.mappings["erp"].tables for c in t.ignore}
    assert ignored == {"secret_note"}


def test_owners_are_listed_and_leavers_go_to_the_pool(project: Project) -> None:
    """R-1.5: every owner found is in the owner map."""
    owners = {c.old: c.new for c in project.value_maps["owners"].owners}
    assert owners == {"周一": "周一", "吴二(离职)": "公海", "郑六": "郑六"}


def run(project: Project, folder: Path, name: str, rename: str | None = None) -> Mapped:
    path = folder / name
    if rename is not None:
        path = path.rename(folder / rename)
    mapping = project.mappings[name.partition(".")[0]]
    pairs, _ = pair_tables(open_file(path), mapping)
    table, wanted = pairs[0]
    reading = read_rows(table, wanted, mapping.source)
    return map_table(
        reading.rows,
        wanted,
        mapping.source,
        table.info.file,
        table.info.sheet,
        project.model,
        project.value_maps,
        KEY,
    )


def test_the_proposal_maps_the_files_it_was_made_from(project: Project, sources: Path) -> None:
    """From file to records without a hand: tickets find their customers in another file."""
    sales = run(project, sources, "sales.xlsx")
    service = run(project, sources, "service.csv")
    assert sales.counts.records == {"customer": 4, "contact": 3}
    resolved = resolve_orphans({**sales.records, **service.records}, project.model)
    assert resolved.findings.is_empty()
    names = dict(sales.records["customer"].select("record_id", "name").iter_rows())
    tickets = resolved.records["ticket"].sort("number")["customer"]
    assert [names[i][:2] for i in tickets] == ["福州", "福州", "泉州"]


def test_renamed_files_and_sheets_are_recognised(project: Project, sources: Path) -> None:
    """Identity: another file name, another sheet name, shuffled rows: the same record ids."""
    from openpyxl import load_workbook

    before = run(project, sources, "sales.xlsx")
    book = load_workbook(sources / "sales.xlsx")
    sheet = book.worksheets[0]
    sheet.title = "Sheet1"
    rows = [[c.value for c in r] for r in sheet.iter_rows(min_row=4)]
    for number, row in enumerate(reversed(rows), 4):
        for column, value in enumerate(row, 1):
            sheet.cell(number, column).value = value
    book.create_sheet("其他").append(["随便"])
    book.save(sources / "sales.xlsx")
    after = run(project, sources, "sales.xlsx", rename="2024 最终版.xlsx")
    for entity in ("customer", "contact"):
        columns = ["record_id", *MODEL.entity(entity).field_names]
        assert (
            before.records[entity]
            .select(columns)
            .sort("record_id")
            .equals(after.records[entity].select(columns).sort("record_id"))
        )
    assert after.records["customer"]["_file"].unique().to_list() == ["2024 最终版.xlsx"]


def test_columns_left_behind_are_counted(sources: Path, project: Project) -> None:
    """R-1.2: what no field takes is counted, and never read into the rows."""
    mapping = project.mappings["sales"]
    table = open_file(sources / "sales.xlsx")[0]
    kept = mapping.tables[0]
    contact = next(r for r in kept.records if r.entity == "contact")
    only = kept.model_copy(update={"records": (contact.model_copy(update={"fields": {
        "name": contact.fields["name"]}}),)})  # fmt: skip
    reading = read_rows(table, only, "sales")
    assert set(reading.rows.columns) == {"基础信息/客户编号", "联系人信息/联系人", "_row"}
    left = {b.column: b.filled for b in reading.left_behind}
    assert left["业务信息/备用电话"] == 2
    assert left["联系人信息/手机"] == 3
    assert sum(reading.kinds.values()) == 7
    assert reading.kinds["data"] == reading.rows.height == 4


def test_the_sandbox_is_laid_out(project: Project) -> None:
    """A table per entity; references point to the other table; sealed fields have an index."""
    with sa.create_engine("sqlite://").begin() as connection:
        create_sandbox_tables(connection, project.model, project.target)
        create_sandbox_tables(connection, project.model, project.target)  # nothing twice
        schema = sa.inspect(connection)
        assert set(schema.get_table_names()) == {e.name for e in MODEL.entities}
        columns = {c["name"] for c in schema.get_columns("contact")}
        assert {"id", "golden_id", "id_number", "id_number_index"} <= columns
        links = {k["referred_table"] for k in schema.get_foreign_keys("order")}
        assert links == {"customer", "contract", "product"}
        indexed = [tuple(i["column_names"]) for i in schema.get_indexes("contact")]
        assert (
            "customer",
            "name",
            "mobile",
        ) in indexed  # else each insert scans


def test_nothing_is_ever_overwritten(sources: Path, tmp_path: Path) -> None:
    """A file that exists stops everything before the first one is written."""
    (tmp_path / "q" / "rules").mkdir(parents=True)
    (tmp_path / "q" / "rules" / "gates.yaml").write_text("mine", "utf-8")
    with pytest.raises(UsageFault):
        scaffold(tmp_path / "q", [sources / "sales.xlsx"], MODEL)
    assert [p.name for p in (tmp_path / "q").rglob("*") if p.is_file()] == ["gates.yaml"]


def test_unusable_inputs_are_refused(tmp_path: Path) -> None:
    """Nothing given, nothing recognised, a password in a URL: a fault that says what to do."""
    with pytest.raises(UsageFault):
        scaffold(tmp_path / "a", [], MODEL)
    (tmp_path / "x.csv").write_text("foo,bar\n1,2\n3,4\n", "utf-8")
    with pytest.raises(SourceFault):
        scaffold(tmp_path / "b", [tmp_path / "x.csv"], MODEL)
    with pytest.raises(UsageFault) as caught:
        scaffold(tmp_path / "c", ["postgresql://me:hunter2@db/crm"], MODEL)
    assert "hunter2" not in str(caught.value.describe("en"))
    assert not (tmp_path / "c").exists()


def test_relative_paths_survive_a_move(sources: Path, tmp_path: Path) -> None:
    """Paths in the project are relative to its folder where that is possible."""
    scaffold(tmp_path / "p", [sources / "sales.xlsx", sources / "erp.db"], MODEL)
    settings = load_project(tmp_path / "p").settings
    assert settings.sources["sales"].path == "../in/sales.xlsx"
    assert settings.sources["erp"].url == "sqlite:///../in/erp.db"
