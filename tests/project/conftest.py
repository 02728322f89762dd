"""A small project on disk that tests break in one place or many."""

from pathlib import Path

import pytest

FILES = {
    "crm-migrate.yaml": """\
name: 演示项目
sources:
  sales: {path: data/sales.xlsx}
  erp: {url: "mysql+pymysql://reader:${ERP_PASSWORD}@db/erp"}
target:
  url: sqlite:///crm.db
  sandbox: true
""",
    "mappings/sales.yaml": """\
source: sales
tables:
  - table: 登记表
    key: [编号]
    records:
      - entity: customer
        fields:
          name: 客户名称
          channel: {column: 来源, values: channel}
      - entity: contact
        fields:
          customer: {record: customer}
          name: 联系人
""",
    "mappings/erp.yaml": """\
source: erp
tables:
  - table: orders
    key: [order_no]
    records:
      - entity: order
        fields:
          number: order_no
          customer: {source: sales, table: 登记表, column: customer_code}
""",
    "mappings/values/channel.yaml": "map: {展会: 展会推广}\n",
    "mappings/target.yaml": """\
target: crm
entities:
  customer:
    table: accounts
    key: id
    fields: {name: account_name}
""",
    "rules/entities.yaml": "extends: standard\n",
    "rules/policy.yaml": "{}\n",
    "rules/linkage.yaml": "{}\n",
    "rules/survivorship.yaml": "{}\n",
    "rules/gates.yaml": "{}\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The project's folder, all files written."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path
