"""Small real sources: a workbook with a two-row header, a GB18030 file, a database."""

import sqlite3
from pathlib import Path

import pytest

SHEET = """
客户信息登记表|||||||
基础信息|||联系人信息||业务信息||
客户编号|客户名称*|企业地址|联系人|手机|年采购预算（元）|客户类型|备用电话
K001|福州示例机械有限公司|福州市鼓楼区一路1号|张一一|13800138001|120000|成交|0591-87000001
K002|厦门示例贸易有限公司|厦门市思明区二路2号|李二二|13800138002|80万元|休眠|
K003|泉州示例食品有限公司|泉州市丰泽区三路3号|王三三|13800138003||潜在|0595-22000003
K004|漳州示例电子有限公司|漳州市芗城区四路4号|||50000|成交|
"""
TICKETS = """工单编号,客户编号,客户名称,问题描述,处理状态,受理日期,处理人
T1,K001,福州示例机械,不能开机,已完成,2024-02-29,周一
T2,K001,福州示例机械,有异响,处理中,2024-03-01,周一
T3,K003,泉州示例食品,漏油,挂起,2024-03-02,吴二(离职)
"""
DATABASE = """
create table customers (cust_id text primary key, cust_name text, owner_name text);
create table orders (order_no text primary key, cust_id text, amount numeric, order_date text,
                     secret_note text);
insert into customers values ('1', '宁德示例能源有限公司', '郑六');
insert into customers values ('2', '莆田示例鞋业有限公司', '郑六');
insert into orders values ('D1', '1', 100.5, '2024-01-02', 'x'), ('D2', '2', 7, '2024-01-03', 'y');
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with sales.xlsx, service.csv and erp.db."""
    from openpyxl import Workbook

    folder = tmp_path / "in"
    folder.mkdir()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "登记表"
    for line in SHEET.strip().splitlines():
        sheet.append([cell or None for cell in line.split("|")])
    for cells in ("A1:H1", "A2:C2", "D2:E2", "F2:H2"):
        sheet.merge_cells(cells)
    book.save(folder / "sales.xlsx")
    (folder / "service.csv").write_bytes(TICKETS.encode("gb18030"))
    connection = sqlite3.connect(folder / "erp.db")
    connection.executescript(DATABASE)
    connection.close()
    return folder
