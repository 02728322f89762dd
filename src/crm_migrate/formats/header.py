"""Where the column labels of a sheet stand: found by evidence, on sheets nobody has seen before.

A header row is full, of short distinct texts that are not values themselves, often of words that
people use as labels, and the rows under it look different. A sheet may have none.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crm_migrate.formats.contract import KIND, Header
from crm_migrate.records import PROVENANCE

Row = Sequence[str | None]

_VALUE = re.compile(
    r"[-+￥¥$]?[\d,.]+%?"  # numbers, amounts, percentages
    r"|\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?.*"  # dates
    r"|[\d\s()+（）\-/转]{7,}"  # telephone numbers
    r"|[0-9A-Z]{15,20}"  # credit codes, ids
    r"|[A-Za-z]{1,6}[-_]?\d{3,}"  # record codes
    r"|\S+@\S+\.\S+|https?://\S+"
    r"|true|false|是|否|男|女|#N/A",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"编号|序号|编码|代码|名称|姓名|公司|单位|企业|客户|联系|电话|手机|邮箱|邮件|地址|日期|时间|行业"
    r"|类型|类别|等级|级别|来源|渠道|负责人|业务员|销售|部门|金额|预算|备注|说明|状态|阶段|职务|职位"
    r"|产品|数量|单价|合同|订单|工单|内容|证件|身份证|卡号|账号|开户行|税号|规模|性质|省|市|区|网址"
    r"|性别|生日|创建|更新|标签|需求|传真|邮编|主题|方式|归属"
    r"|\b(id|no|name|code|company|customer|client|contact|phone|mobile|tel|e-?mail|address|date|time"
    r"|type|status|source|channel|owner|dept|department|amount|budget|remark|note|city|province"
    r"|country|industry|title|product|qty|quantity|price|total|order|number|created|updated|first"
    r"|last|zip|website|stage|level|region|sex|gender|birthday)\b",
    re.IGNORECASE,
)
_PERIOD = re.compile(r"(?:19|20)\d{2}(?:年度?)?|\d{1,2}月|(?:FY|Q)\d{1,4}", re.IGNORECASE)
_UNIT = re.compile(
    r"[(（]?(?:[千万亿百]*元|[￥¥$€%]|人民币|美元|人|个|件|台|套|吨|公斤|千克|米|平方米|天|次|家|年"
    r"|RMB|CNY|USD|EUR|kg|pcs)[)）]?",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:名单|名册|一览表?|登记表|统计表|明细表?|汇总表?|报表|清单)$|共\s*\d+|第\s*\d+|\d{4}年"
)
_SENTENCE = re.compile(r"[。；！!]|[，,].*[，,]|[：:].+")
_CANDIDATES = 40
_BENEATH = 30
_MAX_HEADER_ROWS = 4
_THRESHOLD = 0.55


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One of the first used rows: `number` as a person counts, `cells` with merged values filled.

    `texts` says of each cell whether it is stored as text (None: the format does not tell).
    """

    number: int
    cells: tuple[str | None, ...]
    texts: tuple[bool, ...] | None = None

    def filled(self) -> list[int]:
        """Places of the cells that hold something."""
        return [i for i, c in enumerate(self.cells) if c is not None and c.strip()]


def is_label(cell: str, stored_as_text: bool = True) -> bool:
    """Whether a cell could be a column label rather than a value."""
    cell = cell.strip()
    if _PERIOD.fullmatch(cell):
        return True  # figures by year or month
    return stored_as_text and len(cell) <= 40 and not _VALUE.fullmatch(cell)


def find_header(rows: Sequence[HeadRow]) -> Header | None:
    """The header among the first rows of a table, or None when the sheet has none."""
    filled = [(r, r.filled()) for r in rows]
    used = [r for r, places in filled if places]
    if not used:
        return None
    width = max(len(r.filled()) for r in used)
    best: tuple[float, int] | None = None
    full_above = 0
    for at, row in enumerate(used[:_CANDIDATES]):
        score = _score(row, used[at + 1 : at + 1 + _BENEATH], width) - 0.01 * min(at, 10)
        score -= 0.15 * full_above  # labels do not stand under records
        cells = {row.cells[i] or "" for i in row.filled()}
        if len(cells) >= max(2, 0.7 * width) and _known(cells) < 0.5:
            full_above += 1
        if best is None or score > best[0] + 1e-9:
            best = (score, at)
    if best is None or best[0] < _THRESHOLD:
        return None
    first, last = _extend(used, best[1], width)
    return Header(used[first].number, used[last].number)


def _score(row: HeadRow, beneath: Sequence[HeadRow], width: int) -> float:
    places = row.filled()
    if width > 1 and len({(row.cells[i] or "").strip() for i in places}) < 2:
        return 0.0  # a banner, perhaps merged over the whole width
    cells = [(row.cells[i] or "").strip() for i in places]
    labels = [
        is_label(c, row.texts is None or row.texts[i]) for i, c in zip(places, cells, strict=True)
    ]
    label_share = sum(labels) / len(cells)
    known = _known(cells)
    distinct = len(set(cells)) / len(cells)
    fullness = min(1.0, len(cells) / width)
    sentences = sum(1 for c in cells if _SENTENCE.search(c)) / len(cells)
    score = 0.3 * label_share + 0.25 * known + 0.15 * distinct + 0.2 * fullness
    contrast = _contrast(row, places, [r for r in beneath if r.cells != row.cells])
    score += (0.2 if contrast > 0 else 0.4) * contrast - 0.4 * sentences
    return score if label_share >= 0.6 else score - 0.4


def _known(cells: Collection[str]) -> float:
    """Share of cells with a word that people use as a label."""
    return sum(1 for c in cells if len(c) <= 16 and _WORD.search(c)) / len(cells)


def _contrast(row: HeadRow, places: Sequence[int], beneath: Sequence[HeadRow]) -> float:
    """How unlike the values under them the cells are: 1 unlike, 0 no evidence, below 0 alike."""
    seen, total = 0, 0.0
    for i in places:
        under = [c.strip() for r in beneath if i < len(r.cells) and (c := r.cells[i])]
        if not under:
            continue
        seen += 1
        cell = (row.cells[i] or "").strip()
        if cell in under:
            total -= 1
        elif is_label(cell):
            values = sum(1 for c in under if _VALUE.fullmatch(c)) / len(under)
            alike = len(cell) >= 4 and all(len(c) == len(cell) for c in under) and len(under) > 1
            total += max(values, 0.3) - (0.3 if alike else 0)
        else:
            total -= 0.5
    return total / seen if seen else 0.0


def _extend(used: Sequence[HeadRow], at: int, width: int) -> tuple[int, int]:
    """First and last place of a header over several rows: groups above, finer labels below."""
    first = last = at
    while first > 0 and last - first + 1 < _MAX_HEADER_ROWS:
        above = used[first - 1]
        if above.number != used[first].number - 1 or not _groups(above, used[first], width):
            break
        first -= 1
    while last + 1 < len(used) and last - first + 1 < _MAX_HEADER_ROWS:
        below = used[last + 1]
        if below.number != used[last].number + 1 or not _refines(used[last], below, used, last):
            break
        last += 1
    return first, last


def _groups(above: HeadRow, row: HeadRow, width: int) -> bool:
    """Whether `above` holds group labels of `row`: shared cells, or one label over several."""
    places = above.filled()
    texts = [(above.cells[i] or "").strip() for i in places]
    if len(set(texts)) < 2 and len(places) >= 0.7 * width:
        return False  # a banner over everything
    if not all(is_label(t) and not _SENTENCE.search(t) and not _TITLE.search(t) for t in texts):
        return False
    if len(places) == 1:  # "制表：…" beside a table groups nothing, nor does a title at the left
        return places[0] > 0 and len(texts[0]) <= 8 and bool(_WORD.search(texts[0]))
    shared = sum(1 for i in places if above.cells[i] == row.cells[i])
    repeated = len(texts) - len(set(texts))
    gaps = sum(1 for i in row.filled() if i not in places)
    return shared > 0 or repeated > 0 or (gaps > 0 and len(places) < len(row.filled()))


def _refines(row: HeadRow, below: HeadRow, used: Sequence[HeadRow], last: int) -> bool:
    """Whether `below` holds finer labels of `row`: it shares cells, or fills only the gaps."""
    places = below.filled()
    texts = [(below.cells[i] or "").strip() for i in places]
    stored = [below.texts is None or below.texts[i] for i in places]
    if all(_UNIT.fullmatch(t) for t in texts):
        return True
    if not all(is_label(t, s) for t, s in zip(texts, stored, strict=True)):
        return False
    later = {c for r in used[last + 2 : last + 2 + _BENEATH] for c in r.cells if c}
    if any(t in later for t in texts if t not in {(c or "").strip() for c in row.cells}):
        return False
    above = row.filled()
    shared = sum(1 for i in places if below.cells[i] == row.cells[i])
    doubled = len(above) - len({row.cells[i] for i in above})
    fills = [i for i in places if i not in above]
    return (shared > 0 and doubled > 0) or (
        bool(fills) and len(places) < len(above) + len(fills) and min(fills) > min(above)
    )


def labels(rows: Sequence[Row], width: int) -> tuple[str, ...]:
    """One label per column: parts joined top-down by `/`, empty ones named by letter, all distinct.

    >>> labels([["客户", "联系方式", None, None], ["客户", "手机", "邮箱", None]], 4)
    ('客户', '联系方式/手机', '联系方式/邮箱', '列D')
    """
    spread = [_spread(rows, k, width) for k in range(len(rows))]
    chinese = any("\u4e00" <= ch <= "\u9fff" for r in spread for c in r if c for ch in c)
    out: list[str] = []
    taken = {KIND, *PROVENANCE}
    for i in range(width):
        parts: list[str] = []
        for r in spread:
            part = re.sub(r"\s*[\r\n]+\s*", "", (r[i] or "").strip()).strip()
            if part and (not parts or parts[-1] != part):
                parts.append(part)
        label = "/".join(parts) or (f"列{letters(i)}" if chinese else f"column {letters(i)}")
        name, n = label, 1
        while name in taken:
            n += 1
            name = f"{label} ({n})"
        taken.add(name)
        out.append(name)
    return tuple(out)


def _spread(rows: Sequence[Row], k: int, width: int) -> list[str | None]:
    """Row `k` with group labels carried right over the gaps that finer labels below them fill."""
    row = [*rows[k], *[None] * (width - len(rows[k]))]
    if k + 1 >= len(rows):
        return row
    below = [*rows[k + 1], *[None] * (width - len(rows[k + 1]))]
    for i in range(1, width):
        carried = row[i - 1]
        if row[i] is None and below[i] and below[i - 1] and carried and carried != below[i - 1]:
            row[i] = carried
    return row


def letters(index: int) -> str:
    """The spreadsheet name of a 0-based column.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
