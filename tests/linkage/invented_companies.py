"""A generator of invented Chinese companies with duplicates; its word lists are its own."""

import random

import polars as pl

_REGIONS = (
    "江苏",
    "浙江省",
    "上海市",
    "北京",
    "深圳市",
    "成都",
    "武汉市",
    "青岛",
    "苏州市",
    "河北省",
)
_FIRST = "恒鼎瑞盛华泰嘉润安宏博远景荣昌腾兴隆凯达"
_SECOND = "通源丰信诚和美康力科峰海龙成亿利德明新天"
_BUSINESS = (
    "科技",
    "贸易",
    "建材",
    "机械设备",
    "电子",
    "食品",
    "物流",
    "软件技术",
    "环保工程",
    "医药",
)
_FORMS = ("有限公司", "有限公司", "有限公司", "股份有限公司")
_STREETS = ("人民路", "建设大道", "学院路", "滨江东路", "科技园一路", "解放北路", "工业大道")
_SURNAMES = "赵钱孙李周吴郑王冯陈"
_GIVEN = ("明", "丽娜", "志强", "晓燕", "建国", "雨桐", "浩", "文静", "子轩", "美玲")
_TYPOS = {"恒": "衡", "鼎": "顶", "瑞": "端", "华": "化", "通": "同", "信": "讯", "康": "糠"}
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = [3**i % 31 for i in range(17)]

FIELDS = ("name", "uscc", "phone", "email", "address")


def credit_code(rng: random.Random) -> str:
    """A well-formed code of no existing company, with its check character."""
    body = "91" + "".join(rng.choice("0123456789") for _ in range(6))
    body += "".join(rng.choice(_ALPHABET) for _ in range(9))
    total = sum(_ALPHABET.index(c) * w for c, w in zip(body, _WEIGHTS, strict=True))
    return body + _ALPHABET[(31 - total % 31) % 31]


def company(rng: random.Random) -> dict[str, str | None]:
    """One clean company."""
    region = rng.choice(_REGIONS)
    brand = rng.choice(_FIRST) + rng.choice(_SECOND)
    if rng.random() < 0.6:
        brand += rng.choice(_FIRST + _SECOND)
    domain = "".join(rng.choice("abcdefghklmnoprstuvwz") for _ in range(7))
    return {
        "name": region + brand + rng.choice(_BUSINESS) + rng.choice(_FORMS),
        "uscc": credit_code(rng),
        "phone": rng.choice(("13", "15", "18")) + "".join(rng.choices("0123456789", k=9)),
        "email": f"{rng.choice(('info', 'sales', 'office'))}@{domain}.example.cn",
        "address": f"{region}{rng.choice(_STREETS)}{rng.randint(1, 999)}号",
    }


def spoilt(rng: random.Random, clean: dict[str, str | None], level: float) -> dict[str, str | None]:
    """The same company as another department typed it."""
    row = dict(clean)
    name = str(row["name"])
    if rng.random() < level:
        name = name.replace("有限公司", "有限责任公司") if "股份" not in name else name
    if rng.random() < level * 0.5:
        name = name.replace("省", "").replace("市", "")
    if rng.random() < level * 0.6:
        for right, wrong in _TYPOS.items():
            if right in name:
                name = name.replace(right, wrong, 1)
                break
    if rng.random() < level * 0.4:
        name = " ".join((name[:4], name[4:]))
    row["name"] = name
    if rng.random() < level:
        row["uscc"] = None
    if rng.random() < level * 0.5:
        row["phone"] = None
    elif rng.random() < level:
        row["phone"] = f"+86 {str(row['phone'])[:3]}-{str(row['phone'])[3:]}"
    if rng.random() < level:
        row["email"] = None if rng.random() < 0.5 else str(row["email"]).upper()
    if rng.random() < level:
        row["address"] = None if rng.random() < 0.5 else f"{row['address']}2楼"
    return row


def branch(rng: random.Random, head: dict[str, str | None]) -> dict[str, str | None]:
    """A branch of a company: shares name and telephone, and must not be merged with it."""
    place = rng.choice(("南京", "杭州", "广州", "西安"))
    return head | {
        "name": f"{head['name']}{place}分公司",
        "uscc": credit_code(rng) if rng.random() < 0.5 else None,
    }


def companies(
    count: int, *, duplicates: float = 0.3, level: float = 0.5, seed: int = 7
) -> pl.DataFrame:
    """record_id, truth, the fields: `count` records, of which a share are duplicates."""
    rng = random.Random(seed)
    rows: list[dict[str, str | None]] = []
    while len(rows) < count:
        clean = company(rng)
        truth = f"t{len(rows)}"
        rows.append(clean | {"truth": truth})
        if rng.random() < duplicates:
            rows.extend(
                spoilt(rng, clean, level) | {"truth": truth} for _ in range(rng.choice((1, 1, 2)))
            )
        if rng.random() < 0.04:
            rows.append(branch(rng, clean) | {"truth": f"t{len(rows)}b"})
    rows = rows[:count]
    rng.shuffle(rows)
    ids = [f"{rng.getrandbits(128):032x}" for _ in rows]
    return pl.DataFrame(
        {"record_id": ids, "truth": [r["truth"] for r in rows]}
        | {f: [r[f] for r in rows] for f in FIELDS}
    )


def pair_scores(clusters: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """Precision and recall over pairs of records in one cluster (truth: record_id, truth)."""
    joined = clusters.join(truth, on="record_id")

    def pairs(by: list[str]) -> int:
        size = pl.col("len").cast(pl.Int64)
        return int(joined.group_by(by).len().select((size * (size - 1) // 2).sum()).item())

    right = pairs(["cluster_id", "truth"])
    return right / max(pairs(["cluster_id"]), 1), right / max(pairs(["truth"]), 1)
