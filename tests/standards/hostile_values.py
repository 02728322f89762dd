"""Values that real lists hold and values that nobody should: the same corpus every time."""

from random import Random

VALUES = (
    # unified social credit codes, organisation codes, registration numbers, tax numbers
    "91110000600037341L", "91110108551385082Q", "91350100M000100Y43", "914403001922038216",
    "9111010894Y6W19290", "91350100M000100Y4Z", "MA01KP2T-5", "110108000000016",
    "440301103097413", "911101085513850820",
    # documents, cards, accounts
    "11010519491231002X", "110105491231002", "110105194912310000", "810000199408230021",
    "E12345678", "H12345678", "C1234567", "6222021234567894", "6222 0212 3456 7894",
    "0200003609027008", "4000-0230-1902-6718-324",
    # numbers to call, mailboxes, pages, accounts of messengers
    "13800138000", "+86 138 0013 8000", "138-0013-8000", "13800138000.0", "1.38E+10",
    "010-62345678", "(0755)26345678转801", "400-810-8888", "8008108888", "+85223456789",
    "13800138000/010-62345678", "13800138000;13900139000", "62345678", "20012345678",
    "li.na@example.com", "li.na@163.con", "李娜@qq.com", "a@b.cn", "李娜 <li.na@qq.com>",
    "x@example.com; y@example.com", "www.example.com", "https://例子.中国/路径?q=1",
    "lina_88", "wxid_a1b2c3", "12345678", "10001",
    # names, positions, places, industries
    "北京恒通科技有限公司", "恒通", "上海市恒通(集团)股份有限公司杭州分公司", "ABC Ltd.",
    "某某个体工商户", "恆通貿易有限公司", "张三", "欧阳娜娜", "阿依古丽·买买提", "张总", "李女士",
    "王", "采购经理", "总经理兼法人",
    "采购", "广东省深圳市南山区科技园路1号", "深圳南山区", "鼓楼区",
    "北京市朝阳区", "海南省三沙市", "制造业-专用设备", "C35", "设备制造", "专用设备制造业", "软件",
    # dates, amounts, shares, words of lists
    "2024-02-29", "2023/2/29", "20240229", "2024年2月29日", "45351", "2024.2", "0000-00-00",
    "03/04/2024", "二〇二四年二月二十九日", "1899-12-30", "12万", "1,234.56", "约100万元",
    "50-100万", "壹拾贰万叁仟元整", "¥1,000", "USD 500", "-12.5", "1e5", "60%", "0.6", "六成",
    "是", "否", "Y", "√", "true", "1", "0",
    "潜在客户", "甲", "A", "甲;乙", "甲、乙,丙", "12", "007",
    # what stands in place of a value, and remarks
    "无", "-", "N/A", "#N/A", "暂无", "null", "None", "不详", "身份证11010519491231002X已核",
    "卡6222021234567894", "电话13800138000", "请周三回电。\n另:寄样",
)  # fmt: skip

MARKS = (
    "\u200b", "\ufeff", "\u202d", "\u202e", "\u2066", "\u00ad", "\u0301", "\u0338", "\u20e3",
    "\x00", "\x07", "\x7f", "\x85", "\u2028", "\t", "\r\n", "\u3000", "\u00a0", "\ue000", "\ufffd",
    "\U000f0000", "\U0010fffe", "\ufdd0", "👩‍👩‍👧", "🇨🇳", "①",
    "㎡", "⼈", "⼤", "㈱", "ﷺ", "ß", "İ",
    "ſ", "𝟙", "٣", "〇", "―", "－", "・", "。", "（",
    "）", "＠", "．", "％", "Ａ", "９", "'", '"', "=",
    "=1+1", "@SUM(A1)", "+", "-", ";", "；", "/", "、",
    "|", "\\", "$1", "^", "元", "万", "亿", "转",
    "年", "省", "市", "·", " ", "  ",
)  # fmt: skip


def hostile_values(seed: int = 7, each: int = 6) -> list[str | None]:
    """VALUES as they are, full width, cut, doubled, with marks between; MARKS; long cells."""
    chance = Random(seed)
    made: list[str | None] = [None, "", *VALUES, *MARKS]
    for value in VALUES:
        made.append("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value))
        made += [_spoilt(value, chance) for _ in range(each)]
    made += ["9" * 5_000, "张" * 5_000, "\u200b" * 5_000, "a@" * 2_500, "1;" * 2_500, "=" * 5_000]
    made += [
        "e\u0301" * 400,
        "(" * 2_000,
        "省市区" * 800,
        "\x00" * 500,
        "万" * 500,
        "13800138000" * 300,
    ]
    return made


def _spoilt(value: str, chance: Random) -> str:
    at = chance.randrange(len(value) + 1)
    match chance.randrange(5):
        case 0:
            return value[:at]
        case 1:
            return value[at:] + value[:at]
        case 2:
            return value + chance.choice(MARKS) + chance.choice(VALUES)
        case _:
            return value[:at] + chance.choice(MARKS) + value[at:]
