"""Owners and departments, before and after: who looked after a customer and who does now."""

from random import Random

POOL = "公海"
"""The common pool: customers without a responsible person."""

STAFF = {
    "王建民": "销售一部", "李思远": "销售一部", "张若琳": "销售一部", "周启明": "销售一部",
    "陈雅文": "销售二部", "吴浩然": "销售二部", "徐子涵": "销售二部", "郭立新": "销售二部",
    "赵卫东": "大客户部", "孙晓梅": "大客户部", "林志强": "大客户部",
    "何婉清": "渠道部", "马国栋": "渠道部", "高翔宇": "渠道部",
    "郑小敏": "客户服务部", "唐海燕": "客户服务部", "宋佳宁": "客户服务部", "冯永杰": "客户服务部",
}  # fmt: skip
"""Everybody who is responsible today, with the department."""

SELLERS = tuple(name for name, department in STAFF.items() if department != "客户服务部")
HANDLERS = tuple(name for name, department in STAFF.items() if department == "客户服务部")

RENAMED = {
    "韩冬生": "李思远", "彭丽华": "王建民", "曹国平": "吴浩然", "许文静": "陈雅文",
    "邓少辉": "孙晓梅", "曾玉洁": "马国栋", "傅永康": POOL, "苏凤英": POOL,
    "王建民(离职返聘)": "王建民", "李思远（代）": "李思远", "吕晓光": "唐海燕",
}  # fmt: skip
"""Names in the old systems: leavers with their successor (or the pool), and odd spellings."""

OLD_DEPARTMENTS = {
    "销售一部": ("销售一部", "华东区", "销售1部"),
    "销售二部": ("销售二部", "华南区", "销售2部"),
    "大客户部": ("大客户部", "KA部"),
    "渠道部": ("渠道部", "渠道组"),
    "客户服务部": ("客户服务部", "售后部"),
    POOL: ("公共客户", "待分配"),
}
"""Department of today and its names in the old systems."""


def department(owner: str) -> str:
    """The department of today's owner."""
    return STAFF.get(owner, POOL)


_FORMER: dict[str, list[str]] = {}
for _old, _new in RENAMED.items():
    _FORMER.setdefault(_new, []).append(_old)


def old_owner(random: Random, owner: str, stale: float) -> str:
    """How an old system names today's owner; `stale` is the chance of a former name."""
    former = _FORMER.get(owner, [])
    if owner == POOL:
        return random.choice(former)
    return random.choice(former) if former and random.random() < stale else owner


def old_department(random: Random, owner: str) -> str:
    """How an old system names the department of today's owner."""
    return random.choice(OLD_DEPARTMENTS[department(owner)])
