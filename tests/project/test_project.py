"""The project loader: every fault at once with file and line, secrets, extends, digests."""

from pathlib import Path

import pytest

from crm_migrate.errors import KeyFault, ProjectFault
from crm_migrate.model import SemanticType
from crm_migrate.project import find_project, load_project


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def faults(root: Path) -> dict[str, str]:
    """`file:line` → message, relative to the project's folder."""
    with pytest.raises(ProjectFault) as caught:
        load_project(root)
    return {
        str(Path(f.where).relative_to(root).as_posix()): f.message.zh for f in caught.value.faults
    }


def test_a_sound_project_loads(root: Path) -> None:
    """Settings, mappings, values, target and the standard model are there, frozen."""
    project = load_project(root)
    assert set(project.mappings) == {"sales", "erp"}
    assert project.model.entity("contact").by_name["mobile"].type is SemanticType.MOBILE
    assert [e.name for e in project.model.entities].index("customer") < [
        e.name for e in project.model.entities
    ].index("contact")
    assert project.state == root / ".crm-migrate"
    with pytest.raises(AttributeError):
        project.digest = "x"  # type: ignore[misc]


def test_all_faults_of_all_files_are_reported_together(root: Path) -> None:
    """One run names every fault by file and line, none hides another."""
    change(root, "crm-migrate.yaml", "{path: data/sales.xlsx}", "{}")
    change(root, "mappings/sales.yaml", "客户名称", "{column: a, constant: b}")
    change(root, "mappings/erp.yaml", "entity: order", "entity: invoice")
    change(root, "mappings/target.yaml", "{name: account_name}", "{nmae: account_name}")
    (root / "mappings/values/channel.yaml").write_text("map: {a: b}\nextra: 1\n", "utf-8")
    (root / "mappings/values/broken.yaml").write_text("map: {a: b\nx", "utf-8")
    found = faults(root)
    assert set(found) == {
        "crm-migrate.yaml:3",
        "mappings/sales.yaml:8",
        "mappings/erp.yaml:6",
        "mappings/target.yaml:6",
        "mappings/values/channel.yaml:2",
        "mappings/values/broken.yaml:3",
    }
    assert found["mappings/erp.yaml:6"] == "未知实体“invoice”"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("values: channel", "values: chanel", 9, "找不到取值映射 mappings/values/chanel.yaml"),
        ("name: 联系人", "nickname: 联系人", 13, "未知字段“nickname”"),
        ("{record: customer}", "客户", 12, "引用字段须写明"),
        ("{record: customer}", "{record: ticket}", 12, "在此之前该行没有映射出“ticket”记录"),
        ("name: 客户名称", "name: {column: a, pattern: '['}", 8, "正则表达式有误"),
        ("name: 客户名称", "name: {column: a, pattern: x}", 8, "正则表达式缺少捕获组"),
        ("name: 客户名称", "name: {record: customer}", 8, "该字段不是引用字段"),
        ("source: sales", "source: other", 1, "该文件应描述数据源“sales”"),
        ("    key: [编号]", "    key: [编号]\n    key: [a]", 5, "键“key”重复"),
    ],
)
def test_faults_of_a_mapping(root: Path, old: str, new: str, line: int, message: str) -> None:
    """R-2.3: a mapping that names what does not exist is refused at its own line."""
    change(root, "mappings/sales.yaml", old, new)
    found = faults(root)
    assert message in found[f"mappings/sales.yaml:{line}"]


def test_look_ups_need_a_declared_key(root: Path) -> None:
    """A look-up names a mapped table, and as many columns as its key has."""
    change(root, "mappings/sales.yaml", "key: [编号]", "key: [编号, 部门]")
    assert "2 列" in faults(root)["mappings/erp.yaml:9"]
    change(root, "mappings/erp.yaml", "table: 登记表", "table: 客户表")
    assert "没有 sales/客户表/customer 的映射" in faults(root)["mappings/erp.yaml:9"]


def test_missing_files_are_faults(root: Path) -> None:
    """A source without mapping is named by the file that is missing."""
    (root / "mappings/erp.yaml").unlink()
    assert faults(root)["mappings/erp.yaml"] == "找不到文件"


def test_a_target_value_map_is_total(root: Path) -> None:
    """A vocabulary's value without target value is found before anything is planned."""
    fields = "fields: {name: account_name, size: {column: s, values: {大型: L, 中型: M}}}"
    change(root, "mappings/target.yaml", "fields: {name: account_name}", fields)
    assert "小型" in faults(root)["mappings/target.yaml:6"]


def test_extends_merges_by_name(root: Path) -> None:
    """`extends: standard` changes a field, adds one, takes one away; the rest stays."""
    (root / "rules/entities.yaml").write_text(
        """\
extends: standard
entities:
  customer:
    fields:
      name: {max_length: 60}
      region: {type: text, label: {en: region, zh: 大区}}
      website: null
""",
        "utf-8",
    )
    customer = load_project(root).model.entity("customer").by_name
    assert customer["name"].max_length == 60
    assert customer["name"].required
    assert customer["region"].label.zh == "大区"
    assert "website" not in customer
    assert "uscc" in customer


def test_faults_of_the_model(root: Path) -> None:
    """Unknown references, vocabularies and circles between entities are faults, too."""
    (root / "rules/entities.yaml").write_text(
        """\
extends: standard
entities:
  customer:
    fields:
      size: {vocabulary: sizes}
      parent: {references: company}
""",
        "utf-8",
    )
    assert faults(root) == {
        "rules/entities.yaml:5": "未知的词表“sizes”",
        "rules/entities.yaml:6": "未知的实体“company”",
    }
    (root / "rules/entities.yaml").write_text(
        "extends: standard\nentities: {customer: {fields: {parent: {references: contact}}}}\n",
        "utf-8",
    )
    assert "循环引用" in faults(root)["rules/entities.yaml:2"]


def test_secrets_come_from_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` is filled when it is needed; a missing one is named, with a remedy."""
    project = load_project(root)
    monkeypatch.delenv("ERP_PASSWORD", raising=False)
    with pytest.raises(KeyFault) as caught:
        project.source_place("erp")
    assert "ERP_PASSWORD" in caught.value.message.en
    monkeypatch.setenv("ERP_PASSWORD", "example")
    assert project.source_place("erp") == "mysql+pymysql://reader:example@db/erp"
    assert project.source_place("sales") == str(root / "data/sales.xlsx")
    assert project.target_url == f"sqlite:///{root / 'crm.db'}"


def test_a_password_in_a_file_is_refused_and_not_repeated(root: Path) -> None:
    """Secrets never stand in files, and the fault does not show them."""
    change(root, "crm-migrate.yaml", "${ERP_PASSWORD}", "hunter2")
    found = faults(root)
    assert list(found) == ["crm-migrate.yaml:4"]
    assert "hunter2" not in found["crm-migrate.yaml:4"]


def test_the_digest_covers_what_decides_and_nothing_else(root: Path) -> None:
    """Comments, layout, language and the report's cover change no digest; a mapping does."""
    first = load_project(root).digest
    change(root, "mappings/sales.yaml", "source: sales", "# note\nsource: sales")
    change(root, "mappings/sales.yaml", "name: 客户名称", "name: {column: 客户名称}")
    change(root, "crm-migrate.yaml", "name: 演示项目", "name: 演示项目\nlanguage: en")
    assert load_project(root).digest == first
    change(root, "mappings/values/channel.yaml", "展会推广", "其他")
    second = load_project(root).digest
    assert second != first
    change(root, "rules/gates.yaml", "{}", "{completeness: 0.9}")
    assert load_project(root).digest not in {first, second}


def test_the_project_is_found_from_below(root: Path) -> None:
    """Commands work in any folder of the project; outside, the remedy names `init`."""
    below = root / "mappings" / "values"
    assert find_project(below).resolve() == root.resolve()
    with pytest.raises(ProjectFault) as caught:
        find_project(root.parent)
    assert caught.value.remedy is not None
    assert "init" in caught.value.remedy.en


def test_faults_are_described_for_scripts(root: Path) -> None:
    """The JSON error object lists every fault with its place."""
    change(root, "crm-migrate.yaml", "sandbox: true", "sandbox: maybe")
    change(root, "mappings/erp.yaml", "entity: order", "entity: invoice")
    with pytest.raises(ProjectFault) as caught:
        load_project(root)
    described = caught.value.describe("en")
    assert described["code"] == "project"
    assert "crm-migrate.yaml:7" in str(described["message"])
