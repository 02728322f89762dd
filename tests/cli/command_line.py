"""What a command left, and the invented customers that the tests of the command line use."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CUSTOMERS = [
    (
        "K001",
        "福州云桥机械有限公司",
        "91350100M000100Y43",
        "0591-83300001",
        "福州市鼓楼区一号路1号",
    ),
    ("K002", "福州云桥机械有限公司", "", "0591-83300001", "福州市鼓楼区一号路1号"),
    ("K003", "厦门远石食品有限公司", "", "0592-5530002", "厦门市思明区二号路2号"),
    ("K004", "泉州白榕纺织有限公司", "", "0595-22330003", "泉州市丰泽区三号路3号"),
    ("K005", "莆田青禾物流有限公司", "", "0594-2233004", "莆田市城厢区四号路4号"),
]
CONTACTS = ("林一", "林一", "陈二", "黄三", "周四")
MOBILES = ("13800138001", "13800138001", "13800138002", "13800138003", "13800138004")


@dataclass(frozen=True)
class Ran:
    """Exit code, standard output and standard error of one command."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Standard output as exactly one JSON object."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Command = Callable[..., Ran]
