"""Proposals for files that nobody had in mind: other words, other scripts, initials, no words."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from openpyxl import Workbook

from crm_migrate.formats import open_file
from crm_migrate.mapping.apply import map_table
from crm_migrate.mapping.cells import field_cells
from crm_migrate.mapping.headers import read_label, standard_headers
from crm_migrate.mapping.scaffold import scaffold
from crm_migrate.mapping.table_rows import NOWHERE, rows_of, with_rows
from crm_migrate.project import Project, load_project
from crm_migrate.project.entities_file import standard_model

Found = dict[str, dict[str, tuple[str, ...]]]


def proposed(tmp_path: Path, files: Sequence[Path]) -> Project:
    scaffold(tmp_path / "p", list(files), standard_model(), language="en")
    return load_project(tmp_path / "p")


def fields(project: Project, source: str, table: str = "") -> Found:
    """Entity → field → source columns."""
    mapping = next(t for t in project.mappings[source].tables if t.table == table)
    return {
        r.entity: {n: o.source_columns for n, o in r.fields.items() if o.record is None}
        for r in mapping.records
    }


def test_traditional_labels(tmp_path: Path) -> None:
    """R-1.3: labels in traditional characters, in Big5, are known like simplified ones."""
    text = (
        "客戶編號,公司名稱,抬頭,聯絡人,電聯,地址,備註\n"
        "HK-0001,示例機械有限公司,同上,陳先生,2345 6789,香港九龍觀塘道1號,見附件\n"
        "HK-0002,示例貿易有限公司,同上,李小姐,2345 6780,香港九龍觀塘道2號,\n"
    )
    (tmp_path / "hk.csv").write_bytes(text.encode("big5"))
    project = proposed(tmp_path, [tmp_path / "hk.csv"])
    assert project.mappings["hk"].tables[0].key == ("客戶編號",)
    found = fields(project, "hk")
    assert found["customer"] == {
        "customer_code": ("客戶編號",),
        "name": ("公司名稱",),
        "phone": ("電聯",),
        "address": ("地址",),
        "remark": ("備註",),
    }
    assert found["contact"]["name"] == ("聯絡人",)


def test_pinyin_initials_of_an_old_database(tmp_path: Path) -> None:
    """Old databases call 客户名称 khmc: the initials speak, and the key is followed."""
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.executescript(
        """
        create table t_khxx_2 (khbm integer primary key, khmc text, sh text, dz text, bz text);
        create table "T_LXR$" (id integer primary key, kh_id integer, xm text, sj text);
        insert into t_khxx_2 values
          (1, '福州示例机械有限公司', '91350100M000100Y43', '福州市鼓楼区一路1号', 'x'),
          (2, '厦门示例贸易有限公司', '91350200M000200Y43', '厦门市思明区二路2号', 'y');
        insert into "T_LXR$" values
          (1, 1, '张一一', '13800138001'), (2, 2, '李二二', '13800138002');
        """
    )
    connection.close()
    project = proposed(tmp_path, [tmp_path / "old.db"])
    customer = fields(project, "old", "t_khxx_2")["customer"]
    own = {"name": ("khmc",), "uscc": ("sh",), "address": ("dz",), "remark": ("bz",)}
    assert customer == own | {"customer_code": ("khbm",)}
    contact = fields(project, "old", "T_LXR$")["contact"]
    assert contact == {"customer": ("kh_id",), "name": ("xm",), "mobile": ("sj",)}
    source = project.mappings["old"].tables[1].records[0].fields["name"]
    assert source.reason == "pinyin initials of 客户名称"
    assert source.confidence is not None
    assert source.confidence < 0.8  # to be confirmed


def test_values_speak_where_labels_do_not(tmp_path: Path) -> None:
    """A column of company names makes a table of customers, whatever it is called."""
    lines = ["f1,f2", *(f"福州示例{n}机械有限公司,1380013800{n}" for n in range(8))]
    (tmp_path / "x.csv").write_text("\n".join(lines), "utf-8")
    with pytest.raises(Exception, match="columns that the model knows"):
        proposed(tmp_path, [tmp_path / "x.csv"])  # one hint is not enough
    lines = ["f1,f2", *(f"福州示例{n}机械有限公司,9135010{n}M000100Y43" for n in range(8))]
    (tmp_path / "x.csv").write_text("\n".join(lines), "utf-8")
    found = fields(proposed(tmp_path, [tmp_path / "x.csv"]), "x")
    assert found == {"customer": {"name": ("f1",), "uscc": ("f2",)}}


def test_the_name_of_the_invoice_is_second_choice(tmp_path: Path) -> None:
    """抬头 names the customer only where no column does so better."""
    (tmp_path / "客户.csv").write_text(
        "抬头,客户名称,电话\n同客户名称,福州示例机械有限公司,0591-87000001\n", "utf-8"
    )
    found = fields(proposed(tmp_path, [tmp_path / "客户.csv"]), "客户")
    assert found["customer"]["name"] == ("客户名称",)


def test_people_with_the_company_as_text(tmp_path: Path) -> None:
    """A list of people yields contacts, and the companies they belong to."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "企业联系人"
    sheet.append(["姓名", "公司", "手机号", "部门/职务"])
    for n in range(6):
        sheet.append(
            [f"张一{'一二三四五六'[n]}", f"福州示例{n % 2}有限公司", f"1380013800{n}", "经理"]
        )
    book.save(tmp_path / "a.xlsx")
    found = fields(proposed(tmp_path, [tmp_path / "a.xlsx"]), "a", "企业联系人")
    assert found["customer"] == {"name": ("公司",)}
    assert found["contact"]["name"] == ("姓名",)
    assert found["contact"]["mobile"] == ("手机号",)


def test_a_persons_telephone_is_not_the_companys(tmp_path: Path) -> None:
    """Rows about people (identity numbers, few companies) keep the number with the person."""
    lines = ["学员姓名,身份证号码,联系电话,所在单位"]
    lines += [
        f"张一{name},35010219900101{n:03}X,1380013800{n},{'福州示例有限公司' * (n < 2)}"
        for n, name in enumerate("一二三四五六七八")
    ]
    (tmp_path / "台账.csv").write_text("\n".join(lines), "utf-8")
    found = fields(proposed(tmp_path, [tmp_path / "台账.csv"]), "台账")
    assert found["customer"] == {"name": ("所在单位",)}
    assert found["contact"] == {
        "name": ("学员姓名",),
        "mobile": ("联系电话",),
        "id_number": ("身份证号码",),
    }


@pytest.mark.parametrize(
    ("family", "given", "columns", "join"),
    [
        ("张", "一一", ("Last Name", "First Name"), ""),
        ("Example", "Alex", ("First Name", "Last Name"), " "),
    ],
)
def test_a_name_in_two_columns(
    tmp_path: Path, family: str, given: str, columns: tuple[str, ...], join: str
) -> None:
    """First Name and Last Name are joined the way the names are written."""
    (tmp_path / "people.csv").write_text(
        f"First Name;Last Name;E-mail;Company\n{given};{family};a@example.com;Example Ltd\n",
        "utf-8",
    )
    project = proposed(tmp_path, [tmp_path / "people.csv"])
    records = {r.entity: r for r in project.mappings["people"].tables[0].records}
    name = records["contact"].fields["name"]
    assert (name.columns, name.join) == (columns, join)


def test_initials_never_outweigh_a_word() -> None:
    """An English label that is a word stays that word; Chinese labels have no initials."""
    words = standard_headers()
    assert words.matches(read_label("tel"))[0].word == "tel"
    assert {m.word for m in words.matches(read_label("sj"))} >= {"手机"}
    assert words.subject("sys_log") is None


def test_an_owner_alone_is_no_customer(tmp_path: Path) -> None:
    """R-1.3: a contact whose company is not known does not yield a customer of its department."""
    lines = ["姓名,手机,公司,所属部门"]
    lines += [f"张一{n},1380013800{i},福州示例有限公司,销售一部" for i, n in enumerate("一二三四")]
    lines += ["李二二,13800138009,,销售二部"]
    (tmp_path / "联系人.csv").write_text("\n".join(lines), "utf-8")
    project = proposed(tmp_path, [tmp_path / "联系人.csv"])
    (table,) = project.mappings["联系人"].tables
    customer = next(r for r in table.records if r.entity == "customer")
    assert set(customer.fields) == {"name", "department"}
    assert customer.requires == ("name",)
    rows = rows_of(table, project.model)
    unmapped = [replace(r, place=NOWHERE) if r.place == ("customer", "name") else r for r in rows]
    changed = with_rows(table, unmapped, project.model).records
    assert next(r for r in changed if r.entity == "customer").requires == ()
    (batch,) = open_file(tmp_path / "联系人.csv")[0].batches()
    mapped = map_table(
        batch.filter(pl.col("_kind") == "data"),
        table,
        "联系人",
        "联系人.csv",
        None,
        project.model,
        project.value_maps,
        bytes(32),
    )
    assert mapped.counts.records == {"customer": 4, "contact": 5}


def test_placeholders_are_no_owners(tmp_path: Path) -> None:
    """R-1.5: NULL, 无, - in the owner's column are nobody: neither listed nor an open question."""
    nobody = ["NULL", "无", "-", "N/A", " n/a "]
    lines = ["客户名称,负责人"]
    lines += [
        f"福州{n}示例有限公司,{o}" for n, o in zip("甲乙丙丁戊己", ["周一", *nobody], strict=True)
    ]
    (tmp_path / "客户.csv").write_text("\n".join(lines), "utf-8")
    project = proposed(tmp_path, [tmp_path / "客户.csv"])
    assert [o.old for o in project.value_maps["owners"].owners] == ["周一"]
    owner = project.mappings["客户"].tables[0].records[0].fields["owner"]
    cells = field_cells(
        pl.DataFrame({"负责人": ["周一", *nobody, "吴二"]}),
        owner,
        project.model.entity("customer").by_name["owner"],
        project.model,
        project.value_maps,
    )
    ((rule, unknown),) = cells.broken
    assert (rule.code, unknown.arg_true().to_list()) == ("mapping.unknown_owner", [6])
