"""Two small invented files, of shapes that the samples do not have, as a reader might have."""

import csv
from pathlib import Path

import openpyxl

SURNAMES, GIVEN = "赵钱孙李周吴郑王", ("敏", "志远", "晓彤", "建国", "雨桐")
CITIES, TRADES = ("苏州", "宁波", "成都", "青岛"), ("精密机械", "电子科技", "食品", "物流")
BRANDS = ("恒澜", "卓锐", "瑞禾", "鼎朗", "星泽", "云帆", "正拓", "博远", "嘉禾", "新桥")


def company(number: int) -> str:
    """An invented name."""
    city, brand = CITIES[number % 4], BRANDS[number % 10]
    return f"{city}{brand}{TRADES[number // 20 % 4]}有限公司"


def mobile(number: int) -> str:
    """A number of the right form."""
    return f"139{number * 7919 % 10**8:08d}"


def write(folder: Path, customers: int = 60) -> None:
    """A price enquiry list with a title row, and a newsletter export; a third stands in both."""
    folder.mkdir(parents=True)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "询价客户"
    sheet.append(["2025 年询价客户汇总"])
    sheet.append(["编号", "公司名称", "联系人", "手机号", "办公地址", "跟进人", "登记时间"])
    for n in range(customers):
        person = SURNAMES[n % 8] + GIVEN[n % 5]
        where = f"{CITIES[n % 4]}市示例路{n + 1}号"
        sheet.append([f"X{n:04d}", company(n), person, int(mobile(n)), where, "李思远", "2025/3/7"])
    book.save(folder / "询价客户.xlsx")
    with (folder / "newsletter.csv").open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["订阅号", "单位名称", "邮箱", "电话"])
        for n in range(customers * 2 // 3, customers * 4 // 3):
            name = company(n).removesuffix("有限公司") + ("有限公司" if n % 2 else "")
            writer.writerow([f"N{n}", name, f"info{n}@example{n}.example", mobile(n)])
