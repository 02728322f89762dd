"""`standardize`: files as people keep them, brought into standard form without a project."""

from io import BytesIO
from pathlib import Path

import msoffcrypto
import polars as pl
import pytest
from openpyxl import Workbook, load_workbook

from tests.cli.command_line import Command
from tests.cli.test_schemas import fits

HEAD = "编号,客户名称,统一社会信用代码,企业地址,登记日期,联系人,手机,邮箱,内部备注"
ROWS = (
    "K1,福州云桥机械有限公司 ,91350100m000100y43,福州市鼓楼区1号,2024/2/29,林一,138-0013-8001,,x",
    "K2,厦门远石食品有限公司,91350100M000100Y44,厦门市思明区二号路2号,明天,陈二,138001380,a@b,x",
    "K3,,,泉州市丰泽区三号路3号,,黄三,13800138003,,x",
    "K4,莆田青禾物流有限公司,,,,,,,",
)
COLUMNS = [
    "record_id", "file", "sheet", "row", "column", "field", "rule", "severity", "message", "hint",
]  # fmt: skip


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "登记表.csv"
    path.write_bytes("\r\n".join([HEAD, *ROWS]).encode("gb18030"))
    return path


def read(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False)
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    return pl.read_excel(path, sheet_id=0)[path.stem.replace("findings", "Findings")]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_records_come_out_in_standard_form_and_findings_say_where(
    command: Command, form: Path, tmp_path: Path, suffix: str
) -> None:
    """R-2.1: values in standard form under the given ids; each finding with file, row, column."""
    out, found = tmp_path / f"out.{suffix}", tmp_path / f"findings.{suffix}"
    ran = command("standardize", form, "--id", "编号", "--out", out, "--findings", found, "--json")
    told = fits(ran, "standardize", 3)
    assert (told["records"], told["accepted"], told["quarantined"]) == (4, 3, 1)
    rows = {row["record_id"]: row for row in read(out).iter_rows(named=True)}
    assert list(rows) == ["K1", "K2", "K4"]  # K3 has nothing to identify the customer by
    assert rows["K1"]["uscc"] == "91350100M000100Y43"
    assert rows["K1"]["source_created_at"] == "2024-02-29"
    assert rows["K1"]["contact.mobile"] == "13800138001"
    assert rows["K2"]["name"] == "厦门远石食品有限公司"
    lines = read(found)
    assert lines.columns == COLUMNS
    assert lines.height == sum(told["findings"].values()) == sum(told["severities"].values())
    stopped = lines.filter(pl.col("severity") == "error")
    assert stopped["record_id"].to_list() == ["K3"]
    checksum = lines.row(by_predicate=pl.col("rule") == "uscc.checksum", named=True)
    assert (checksum["record_id"], checksum["file"]) == ("K2", "登记表.csv")
    assert (int(checksum["row"]), checksum["column"]) == (3, "统一社会信用代码")
    words = suffix == "xlsx"  # people read fields by their labels
    assert checksum["field"] == ("unified social credit code" if words else "uscc")
    assert "checksum" in checksum["rule"]
    assert "Y44" not in " ".join(map(str, checksum.values()))
    place = "contact · mobile" if words else "contact.mobile"
    mobile = lines.filter(pl.col("field") == place, pl.col("severity") == "warning")
    assert set(mobile["record_id"]) == {"K2"}
    unused = told["unused_columns"]
    assert [(c["column"], c["carried_as"], c["could_be"][0]) for c in unused] == [
        ("内部备注", "内部备注", "remark")
    ]


def test_findings_speak_the_language_of_the_reader(
    command: Command, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-8.3: message and hint in Chinese; and no value of any cell stands in them."""
    monkeypatch.setenv("CRM_MIGRATE_LANG", "zh")
    found = tmp_path / "f.csv"
    command("standardize", form, "--out", tmp_path / "o.csv", "--findings", found)
    lines = read(found)
    assert lines["message"].str.contains(r"\p{Han}").all()
    assert lines["hint"].str.contains(r"\p{Han}").all()
    text = found.read_text("utf-8")
    assert not any(v in text for v in ("138-0013", "91350100", "云桥", "鼓楼", "林一"))


def test_several_files_and_ids_that_do_not_serve(
    command: Command, form: Path, tmp_path: Path
) -> None:
    """The file's name before the id; empty and repeated ids are told and replaced."""
    other = tmp_path / "b.parquet"
    pl.DataFrame(
        {
            "编号": ["K1", "K1", None],
            "客户名称": ["福州云桥机械有限公司", "厦门远石食品有限公司", "莆田青禾物流有限公司"],
        }
    ).write_parquet(other)
    out, found = tmp_path / "o.csv", tmp_path / "f.csv"
    ran = command(
        "standardize", form, other, "--id", "编号", "--out", out, "--findings", found, "--json"
    )
    told = fits(ran, "standardize", 3)
    assert told["findings"]["mapping.key_repeated"] == 2
    assert told["findings"]["mapping.key_missing"] == 1
    ids = read(out)["record_id"]
    assert ids.to_list()[:3] == ["登记表.csv:K1", "登记表.csv:K2", "登记表.csv:K4"]
    assert len(ids) == ids.n_unique() == told["accepted"]
    assert not ids.to_list()[-1].startswith("b.parquet:")
    assert set(read(found).filter(pl.col("file") == "b.parquet")["row"]) <= {"1", "2", "3"}


def test_ids_and_values_do_not_depend_on_the_order_of_rows(
    command: Command, form: Path, tmp_path: Path
) -> None:
    """Without --id a record is known by its content, wherever it stands."""
    turned = tmp_path / "turned" / form.name
    turned.parent.mkdir()
    turned.write_bytes("\r\n".join([HEAD, *reversed(ROWS)]).encode("utf-8"))
    outs = []
    for path in (form, turned):
        out, found = path.parent / "o.parquet", path.parent / "f.parquet"
        command("standardize", path, "--out", out, "--findings", found)
        outs.append((read(out).sort("record_id"), read(found).drop("row").sort(pl.all())))
    assert outs[0][0].equals(outs[1][0])
    assert outs[0][1].equals(outs[1][1])


def test_the_suggested_mapping_is_handed_back(command: Command, form: Path, tmp_path: Path) -> None:
    """What --suggest writes does the same with --mapping, and can be corrected."""
    mapping = tmp_path / "m.yaml"
    told = fits(
        command("standardize", form, "--suggest", "--out", mapping, "--json"), "standardize-suggest"
    )
    taken = {c["column"]: (c["entity"], c["field"]) for c in told["columns"]}
    assert taken["手机"] == ("contact", "mobile")
    assert not (tmp_path / "o.csv").exists()
    plain = tmp_path / "o1.csv"
    command("standardize", form, "--out", plain, "--findings", tmp_path / "f.csv")
    text = mapping.read_text("utf-8")
    by_mapping = tmp_path / "o2.csv"
    ran = command(
        "standardize", form, "--mapping", mapping, "--out", by_mapping,
        "--findings", tmp_path / "f.csv", "--json",
    )  # fmt: skip
    fits(ran, "standardize", 3)
    mine = ["record_id"]  # the mapping's name of the source is part of the ids
    assert read(plain).drop(mine).equals(read(by_mapping).drop(mine))
    mapping.write_text(text.replace("手机", "电话号码"), "utf-8")
    ran = command("standardize", form, "--mapping", mapping, "--out", by_mapping,
                  "--findings", tmp_path / "f.csv", "--json")  # fmt: skip
    assert ran.code == 1
    assert "电话号码" in ran.data["error"]["message"]
    mapping.write_text(text.replace("mobile:", "mobil:"), "utf-8")
    ran = command("standardize", form, "--mapping", mapping, "--out", by_mapping,
                  "--findings", tmp_path / "f.csv", "--json")  # fmt: skip
    assert ran.code == 2
    assert "m.yaml:" in ran.data["error"]["where"]


def test_a_workbook_of_several_sheets(command: Command, sources: Path, tmp_path: Path) -> None:
    """A row may stand for something else than a customer; of what is not there it is told."""
    out, found = tmp_path / "o.csv", tmp_path / "f.csv"
    ran = command(
        "standardize", sources / "service.csv", "--entity", "ticket", "--id", "工单编号",
        "--out", out, "--findings", found, "--json",
    )  # fmt: skip
    told = fits(ran, "standardize")
    assert told["entity"] == "ticket"
    first = read(out).row(0, named=True)
    assert (first["record_id"], first["status"]) == ("T1", "已完成")
    assert first["customer.name"].endswith("有限公司")
    ran = command("standardize", sources / "sales.xlsx", "--entity", "contract", "--out", out,
                  "--findings", found, "--json")  # fmt: skip
    assert ran.code == 2
    assert "--entity customer" in ran.data["error"]["remedy"]


def test_workbooks_under_a_password(
    command: Command, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-5.4: with --password-env both workbooks open with the password alone."""
    monkeypatch.setenv("WORT", "ein langer Satz")
    out, found = tmp_path / "o.xlsx", tmp_path / "f.xlsx"
    command("standardize", form, "--out", out, "--findings", found, "--password-env", "WORT")
    for path in (out, found):
        with path.open("rb") as file:
            locked = msoffcrypto.OfficeFile(file)
            locked.load_key(password="ein langer Satz")
            clear = BytesIO()
            locked.decrypt(clear)
        sheets = pl.read_excel(clear, sheet_id=0)
        assert list(sheets.values())[-1]["record_id"].null_count() == 0
    ran = command("standardize", form, "--out", tmp_path / "o.csv", "--findings", found,
                  "--password-env", "WORT", "--json")  # fmt: skip
    assert (ran.code, ran.data["error"]["where"]) == (2, "--password-env")


@pytest.mark.parametrize(
    ("extra", "code", "told"),
    [
        (["--id", "番号"], 2, "番号"),
        (["--entity", "kunde"], 2, "kunde"),
        (["--sheet", "表"], 0, ""),
        (["--out", "o.pdf"], 2, ".pdf"),
    ],
)
def test_wrong_arguments_are_told_before_the_work(
    command: Command, form: Path, tmp_path: Path, extra: list[str], code: int, told: str
) -> None:
    """R-6.5: what is wrong, where, and what to do; nothing is written."""
    given = ["--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv"]
    ran = command("standardize", form, *given, *extra, "--json")
    if code:
        assert ran.code == code
        assert told in ran.data["error"]["message"]
        assert ran.data["error"]["remedy"]
        assert not (tmp_path / "f.csv").exists()


def test_a_file_without_known_columns(command: Command, tmp_path: Path) -> None:
    """Nothing recognised is an error that says so, not an empty result."""
    path = tmp_path / "a.csv"
    path.write_text("甲,乙\n1,2\n3,4\n", "utf-8")
    ran = command("standardize", path, "--out", tmp_path / "o.csv",
                  "--findings", tmp_path / "f.csv", "--json")  # fmt: skip
    assert ran.code == 1
    assert ran.data["error"]["code"] == "source"


def test_people_see_what_was_done(command: Command, form: Path, tmp_path: Path) -> None:
    """R-6.5: what each column was taken for, findings by rule, sums, and the next step."""
    ran = command(
        "standardize", form, "--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv"
    )
    assert ran.code == 3
    for words in ("contact.mobile", "could be", "remark: 内部备注", "uscc.checksum",
                  "4 records = 3 accepted + 1 quarantined", "next: "):  # fmt: skip
        assert words in ran.out


def test_an_ambiguous_industry_names_its_candidates(command: Command, tmp_path: Path) -> None:
    """R-2.1: 设备制造 is not guessed; the finding lists what it could be."""
    source, out, findings = (tmp_path / name for name in ("a.csv", "o.csv", "f.csv"))
    source.write_text("客户名称,所属行业\n恒通科技有限公司,设备制造\n", "utf-8")
    assert command("standardize", source, "--out", out, "--findings", findings).code == 0
    lines = pl.read_csv(findings).filter(pl.col("rule") == "industry.ambiguous")
    assert "C34 通用设备制造业; C35 专用设备制造业; C37 " in lines["hint"][0]


def test_suppliers_with_english_headers(command: Command, tmp_path: Path) -> None:
    """R-1.2: suppliers are known like customers; 注册日期 is no day of entry."""
    path = tmp_path / "suppliers.csv"
    head = "Supplier No,Supplier Name,Tax ID,Address,ID No.,Bank Account,注册日期,摘要"
    row = "S1,福州云桥机械有限公司,91350100M000100Y43,福州市鼓楼区一号路1号,,1402 0290,2024-02-29,x"
    path.write_text(f"{head}\n{row}\n", "utf-8")
    told = fits(command("standardize", path, "--suggest", "--json"), "standardize-suggest")
    taken = {column["column"]: column["field"] for column in told["columns"]}
    assert taken["Supplier No"] == "customer_code"
    assert taken["Supplier Name"] == "name"
    assert taken["摘要"] == "remark"
    assert "注册日期" not in taken


MOSTLY = "编号,客户名称,统一社会信用代码,所属行业,备注\n" + "".join(
    f"K{n},福州云桥{n}号机械有限公司,,{'制造业' if n < 10 else ''},=1+{n}\n" for n in range(12)
)


def test_the_findings_workbook_begins_with_what_matters(
    command: Command, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-8.3: a summary, the columns, then each finding, errors first; words instead of names."""
    monkeypatch.setenv("CRM_MIGRATE_LANG", "zh")
    mostly = tmp_path / "多.csv"
    mostly.write_text(MOSTLY, "utf-8")
    found = tmp_path / "f.xlsx"
    command("standardize", form, mostly, "--out", tmp_path / "o.csv", "--findings", found)
    book = load_workbook(found)
    assert book.sheetnames == ["汇总", "各列情况", "问题清单"]
    for sheet in book:
        assert (sheet.freeze_panes, sheet.auto_filter.ref[:2]) == ("A2", "A1")
        assert not any(c.data_type == "f" for row in sheet for c in row)
    lines = pl.read_excel(found, sheet_name="问题清单")
    assert lines.columns == COLUMNS
    order = ["错误", "警告", "已修正"]
    assert lines["severity"].unique(maintain_order=True).to_list() == order
    warned = lines.filter(pl.col("severity") == "警告")
    assert warned.select("file", "row").equals(warned.sort("file", "row").select("file", "row"))
    assert {"客户名称", "联系人 · 手机"} <= set(lines["field"])
    summary = pl.read_excel(found, sheet_name="汇总")
    counted = summary.drop_nulls("规则")
    assert counted["数量"].cast(pl.Int64).sum() == lines.height
    assert counted["级别"].unique(maintain_order=True).to_list() == order
    industry = counted.row(by_predicate=pl.col("规则") == "industry.section_only", named=True)
    assert (industry["列"], "100%" in industry["整列提示"]) == ("所属行业", True)


def test_columns_are_judged_as_columns(command: Command, tmp_path: Path) -> None:
    """How full and how right each column is; what is wrong with most of one is said of it."""
    path = tmp_path / "a.csv"
    path.write_text(MOSTLY, "utf-8")
    given = ["standardize", path, "--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv"]
    ran = command(*given, "--json")
    told = fits(ran, "standardize")
    parts = {c["column"]: (c["filled"], c["valid"]) for c in told["columns"]}
    assert parts["客户名称"] == (1, 1)
    assert parts["统一社会信用代码"] == (0, None)
    assert parts["所属行业"] == (round(10 / 12, 4), 0)
    assert "column 所属行业: 100% of the values; probably the column holds sections" in ran.err


def test_what_has_no_column_is_said_once(command: Command, tmp_path: Path) -> None:
    """Required fields, and rules that demand one of several: no finding where no column is."""
    path = tmp_path / "a.csv"
    path.write_text("客户名称,联系人\n福州云桥机械有限公司,林一\n", "utf-8")
    ran = command(
        "standardize", path, "--out", tmp_path / "o.csv", "--findings", tmp_path / "f.csv", "--json"
    )
    told = fits(ran, "standardize")
    assert {"uscc", "owner"} <= set(told["missing_columns"])
    assert not {"required.missing", "contact.unreachable"} & set(told["findings"])
    assert ran.err.count("so they are not judged: unified social credit code, ") == 1


def test_ids_go_by_the_name_that_people_see(command: Command, tmp_path: Path) -> None:
    """Of a header in two rows the lower part names the column: 编号, not 基础信息/编号; and a
    column that only begins with 客户 is not offered as the customer's name.
    """
    book = Workbook()
    for row in (
        ("基础信息", None, "联系人信息", None),
        ("编号", "客户名称", "联系人", "客户生日"),
        ("K1", "福州云桥机械有限公司", "林一", "3.8"),
        ("K2", "厦门远石食品有限公司", "陈二", "5.4"),
    ):
        book.active.append(row)
    book.active.merge_cells("A1:B1")
    book.save(tmp_path / "两行表头.xlsx")
    file, out, found = (tmp_path / n for n in ("两行表头.xlsx", "out.csv", "found.csv"))
    ran = command("standardize", file, "--id", "编号", "--out", out, "--findings", found, "--json")
    assert ran.code == 0, ran.err
    assert [c["could_be"] for c in ran.data["unused_columns"]] == [[]]
    assert read(out)["record_id"].to_list() == ["K1", "K2"]
