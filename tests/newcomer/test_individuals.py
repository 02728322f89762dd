"""Students, subscribers, members: people without a company are customers themselves (R-1.6)."""

from pathlib import Path

from crm_migrate.mapping.scaffold import scaffold
from crm_migrate.project import load_project
from crm_migrate.project.entities_file import standard_model
from crm_migrate.project.mapping_file import RecordMapping
from tests.newcomer.command import run

STUDENTS = """学号,姓名,手机,邮箱,课程
S1000,张一一,13800138001,a@example.com,英语
S1001,张一一,13900139002,b@example.com,数学
S1002,李二二,13700137003,c@example.com,英语
S1003,李二二,13700137003,c@example.com,物理
"""


def records(tmp_path: Path, name: str, text: str) -> dict[str, RecordMapping]:
    (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    scaffold(tmp_path / "p", [tmp_path / f"{name}.csv"], standard_model(), language="en")
    project = load_project(tmp_path / "p")
    return {r.entity: r for r in project.mappings[name].tables[0].records}


def test_equal_names_stay_apart_and_no_contact_is_an_orphan(tmp_path: Path) -> None:
    """R-1.6: `init` and `plan`: one name with two telephones is two customers, with one number
    and mail it is one; every contact has its customer.
    """
    (tmp_path / "学员.csv").write_text(STUDENTS, "utf-8")
    code, made, said = run("init", "p", "--from", "学员.csv", cwd=tmp_path)
    assert code == 0
    (table,) = made["proposed"]
    assert table["entities"] == ["customer", "contact"]
    assert (table["unsure"], table["unrelated"]) == (4, [])
    assert "mapping export" in said  # the workbook asks for confirmation
    _, planned, _ = run("-C", "p", "plan", cwd=tmp_path)
    customers, contacts = planned["counts"]["customer"], planned["counts"]["contact"]
    assert (customers["accepted"], customers["insert"], customers["merged"]) == (4, 3, 1)
    assert (contacts["insert"], contacts["skip"]) == (3, 0)


def test_a_person_is_proposed_as_a_customer_to_be_confirmed(tmp_path: Path) -> None:
    """R-1.6: name, kind, telephone and mail of the customer are the person's, each unsure."""
    found = records(tmp_path, "学员", STUDENTS)
    customer = found["customer"].fields
    assert {n: o.column or o.constant for n, o in customer.items()} == {
        "name": "姓名",
        "kind": "个人",
        "phone": "手机",
        "email": "邮箱",
    }
    assert all(o.confidence is not None and o.confidence < 0.8 for o in customer.values())
    assert all("without a company" in (o.reason or "") for o in customer.values())
    assert found["contact"].fields["customer"].record == "customer"


def test_members_with_a_number_are_people_too(tmp_path: Path) -> None:
    """R-1.6: a list of members is about customers; the member's number is its key."""
    found = records(
        tmp_path, "会员", "会员号,姓名,手机\nM1,张一一,13800138001\nM2,李二二,13800138002\n"
    )
    assert found["customer"].fields["name"].column == "姓名"
    assert found["contact"].fields["customer"].record == "customer"


def test_contacts_of_companies_elsewhere_are_no_customers(tmp_path: Path) -> None:
    """A code of a customer that no source holds: the company is unknown, not missing."""
    found = records(
        tmp_path,
        "联系人",
        "客户编号,姓名,手机\nK1,张一一,13800138001\nK1,李二二,13800138002\n",
    )
    assert "kind" not in found.get("customer", found["contact"]).fields
