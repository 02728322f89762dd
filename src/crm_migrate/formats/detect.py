"""What the values of a column are: guessed from the values, helped by the label.

It stands beside the formats because both the profile and the proposal of mappings use it. Values
decide, the label settles what they leave open: a column called 电话 that holds dates is dates.
"""

import re
from dataclasses import dataclass

import polars as pl

from crm_migrate.model import SemanticType as T

SAMPLE = 2000
"""Distinct values that are looked at, drawn by their hash: never by where they stand."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The likeliest type, and how sure that is from 0 to 1 (0: an empty column)."""

    type: T
    confidence: float


_LABELS: tuple[tuple[T, str], ...] = (
    (T.USCC, r"信用代码|uscc|credit_code"),
    (T.TAX_NUMBER, r"税号|纳税人识别|税务登记|\btax_?(?:no|id|number)|taxpayer"),
    (T.ORGANISATION_CODE, r"机构代码|org(?:ani[sz]ation)?_?code"),
    (T.REGISTRATION_NUMBER, r"注册号|reg(istration)?_?no"),
    (T.TRAVEL_DOCUMENT, r"护照|通行证|台胞证|回乡证|passport|travel_?doc"),
    (T.ID_NUMBER, r"身份证|证件号|id_?(number|card|no)$"),
    (T.BANK_CARD, r"银行卡|卡号|bank_?card|card_?no"),
    (T.BANK_ACCOUNT, r"账号|帐号|对公|bank_?account|account_?(no|number)"),
    (T.WECHAT, r"微信号?码?$|wechat(_?(id|no))?$|weixin$"),
    (T.QQ, r"^qq(号码?|_?(no|number|id))?$|QQ号"),
    (T.MOBILE, r"手机|移动电话|mobile|cell"),
    (T.PHONE, r"电话|座机|联系方式|传真|\btel\b|telephone|phone|fax"),
    (T.EMAIL, r"邮箱|邮件|e-?mail|^mail$"),
    (T.WEBSITE, r"网址|官网$|网站$|website|url|homepage"),
    (T.DATE, r"日期|时间|生日|日$|期限[自至起止]?$|date|birthday|_at$|_on$|\btime\b"),
    (T.PERCENTAGE, r"概率|比例|百分比|折扣率|占比|probability|percent|ratio"),
    (T.AMOUNT, r"金额|预算|单价|价格|总额|销售额|收入|资[本金]"
               r"|amount|budget|price|revenue|capital"),
    (T.INDUSTRY, r"行业|industry"),
    (T.ADDRESS, r"地址|住所|addr"),
    (T.TAGS, r"标签|tags?$"),
    (T.TITLE, r"职务|职位|岗位|职称|position|job|title$"),
    (T.OWNER, r"负责人|业务员|销售员|归属人|处理人|跟进人|owner|sales_?rep|handler"),
    (T.DEPARTMENT, r"部门|科室|dept|department"),
    (T.PERSON_NAME, r"联系人|姓名|法人|法定代表人|经营者"
                    r"|full_?name|contact_?name|person|legal_?rep"),
    (T.COMPANY_NAME, r"客户名称|公司|企业名|单位名|客户$|曾用名"
                     r"|cust(omer)?_?name|account_?name|company|old_?name"),
    (T.VOCABULARY, r"类型|类别|等级|级别|状态|阶段|渠道|来源|规模|性质|方式|性别|满意度"
                   r"|type|kind|status|stage|level|grade|channel|source|scale|nature|way$"),
    (T.BOOLEAN, r"是否|^is_|_ok$|同意|consent"),
    (T.CODE, r"编号|编码|单号|代码|学号|工号|会员号|\bcode|number|_no$|_id$|^id$|\bno\b"),
    (T.INTEGER, r"序号|数量|人数|次数|年龄|qty|quantity|count|size|score"),
    (T.FREE_TEXT, r"备注|说明|描述|内容|需求|意见|经营范围|营业范围|scope"
                  r"|remark|note|comment|description|content|requirement|body"),
)  # fmt: skip
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "關陳劉楊黃趙吳孫馬羅鄭梁謝許韓鄧馮蕭"
)
_COMPANY = (
    r"公司|集团|有限|厂$|店$|中心$|合作社|事务所|工作室|经营部|商行|研究院|研究所|大学|学校|医院|银行|酒店|协会"
    r"|(?i:\b(?:co|ltd|inc|llc|corp|gmbh|limited|company|group|s\.a|pty|plc|ag|kg)\b\.?)"
)
_ADDRESS = (
    r"(?:省|市|区|县|州|盟|乡|镇).*(?:路|街|道|巷|号|村|弄|园|大厦|楼|室|栋|幢|座)"
    r"|\d+\s+\w+.*\b(?:Road|Rd|Street|St|Ave)\b"
)
_MOBILE = r"^(?:(?:\+|00)?86[-\s]*)?1[3-9]\d(?:[-\s]*\d){8}(?:\.0)?$|^1\.[3-9]\d*[eE]\+?10$"
_PHONE = (
    r"(?:(?:\+|00)?86[-\s]*)?"
    r"(?:1[3-9]\d(?:[-\s]*\d){8}|\(?0\d{2,3}\)?[-\s]*\d{7,8}|\d{7,8}|[48]00[-\s]*(?:\d[-\s]*){7})"
    r"(?:\.0)?(?:[-\s]*(?:转|ext\.?|x|#|-)\s*\d{1,6})?"
)
_DATE = (
    r"^(?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$"
    r"|^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
    r"|^\d{1,2}/\d{1,2}/(?:19|20)\d{2}$|^(?:19|20)\d{2}年\d{1,2}月$"
)
_TITLE = (
    r"经理|主管|总监|主任|董事|总裁|工程师|专员|助理|会计|出纳|厂长|店长|校长|院长|部长|科长|处长|局长"
    r"|老板|采购员|C[EFT]O|VP|[Mm]anager|[Dd]irector"
)
_CODE = r"^[A-Za-z]{1,6}[-_]?\d{3,}(?:[-_]?\w+)*$"
_RUNNING = r"^[A-Za-z]{1,6}[-_]?\d{2,}(?:[-_]?\w+)*$"
"""Values that are nearly all distinct are numbers even with two digits (N40)."""
_RESIDENT = r"^\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]$"
_BY_LABEL_ONLY = {
    T.TAX_NUMBER: r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$|^\d{6}[0-9A-Z]{8}[\dX]$"
    r"|^\d{17}$|^\d{17}[\dX]\d{2}$",
    T.ORGANISATION_CODE: r"^[0-9A-Z]{8}[\dX]$",
    T.WECHAT: r"^[A-Z_][A-Z0-9_]{4,19}$|^1[3-9]\d{9}$|^[1-9]\d{4,10}$",
    T.QQ: r"^[1-9]\d{4,10}(?:@QQ\.COM)?$",
    T.TRAVEL_DOCUMENT: r"^[A-Z]{1,3}\d{5,12}$|^E[A-Z]\d{7}$|^\d{8,9}$",
}
"""Types whose forms other codes have, too: nothing is taken for one unless the label says so."""
_CREDIT = r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$"
_INDUSTRY = r"业(?:[-—－/].*)?$|制造业|服务业|零售|批发"
# Sections and their divisions, group and class left open (GB/T 4754-2017)
_INDUSTRY_CODE = (
    r"^(?:A0[1-5]|B(?:0[6-9]|1[0-2])|C(?:1[3-9]|[23]\d|4[0-3])|D4[4-6]|E(?:4[7-9]|50)|F5[12]"
    r"|G(?:5[3-9]|60)|H6[12]|I6[3-5]|J6[6-9]|K70|L7[12]|M7[3-5]|N7[6-9]|O8[0-2]|P83|Q8[45]"
    r"|R(?:8[6-9]|90)|S9[1-6]|T97)\d{0,2}$"
)
_REPEATS = 3
"""Rows per distinct value from which on a letter and digits may be an industry, not a number."""


def detect(values: pl.Series, header: str) -> Detected:
    """Guess the semantic type of a column from its values (Strings) and its label.

    The label's last part (after `/`) speaks first. Deterministic and free of row order.
    """
    present = values.drop_nulls().str.strip_chars()
    present = present.filter(present != "")
    expected = _expected(header)
    if not len(present):
        return Detected(expected or T.TEXT, 0.0)
    counts = present.value_counts(name="n")
    label = counts.columns[0]
    drawn = counts.sort(pl.col(label).hash(seed=7), label).head(SAMPLE)
    sample = drawn[label].str.normalize("NFKC")
    scores = _shares(sample, counts.height, len(present), expected)
    best, share = max(scores.items(), key=lambda item: item[1])
    if expected is None or expected == best:
        return Detected(best, _rounded(share + (0.25 * (1 - share) if expected == best else 0)))
    supported = scores.get(expected, 0.0)
    if expected in _LABEL_ONLY and _wordy(best):
        supported = max(supported, 0.5)
    if supported >= 0.25 and (0.5 * supported + 0.5 > share or _akin(expected, best)):
        return Detected(expected, _rounded(0.5 * supported + 0.5))
    return Detected(best, _rounded(0.85 * share))


_LABEL_ONLY = frozenset(
    {T.OWNER, T.DEPARTMENT, T.TITLE, T.TAGS, T.FREE_TEXT, T.CODE, T.BOOLEAN, T.VOCABULARY,
     T.COMPANY_NAME, T.ADDRESS, T.INDUSTRY}
)  # fmt: skip
"""Types whose values have no shape of their own: the label may name them unless values object."""


def _wordy(best: T) -> bool:
    return best in {T.TEXT, T.FREE_TEXT, T.VOCABULARY, T.PERSON_NAME, T.COMPANY_NAME, T.ADDRESS,
                    T.TITLE, T.INDUSTRY, T.CODE, T.TAGS, T.BOOLEAN}  # fmt: skip


def _akin(expected: T, best: T) -> bool:
    """Types that share a shape: there the label decides."""
    kin = (
        {T.MOBILE, T.PHONE},
        {T.INTEGER, T.AMOUNT, T.PERCENTAGE, T.CODE, T.BANK_ACCOUNT, T.BOOLEAN, T.VOCABULARY},
        {T.PERSON_NAME, T.OWNER},
        {T.BANK_CARD, T.BANK_ACCOUNT},
        {T.ID_NUMBER, T.USCC, T.REGISTRATION_NUMBER, T.TAX_NUMBER},
    )
    return any(expected in k and best in k for k in kin)


def _expected(header: str) -> T | None:
    for part in reversed(header.split("/")):
        plain = part.strip()
        forms = {plain, plain.rstrip(".").replace(" ", "_")}  # ID No. as id_no
        for kind, words in _LABELS:
            if any(re.search(words, form, re.IGNORECASE) for form in forms):
                return kind
    return None


def _shares(sample: pl.Series, distinct: int, filled: int, expected: T | None) -> dict[T, float]:
    """Share of the sampled distinct values that look like each type, weighted by how telling."""
    compact = sample.str.replace_all(r"[\s\-]", "").str.to_uppercase()
    number = sample.str.replace_all(r"[,￥¥$元\s]", "")

    def like(series: pl.Series, pattern: str) -> float:
        return float(series.str.contains(pattern).mean() or 0)  # type: ignore[arg-type]

    lengths = sample.str.len_chars()
    resident = like(compact, _RESIDENT)
    credit = like(compact, _CREDIT)
    integers = like(number, r"^-?\d+$")
    decimals = like(number, r"^-?\d+(?:\.\d+)?(?:万元?|亿元?)?$")
    several = rf"^{_PHONE}(?:\s*[、,;/|]\s*{_PHONE})*$"
    person = like(sample, rf"^[{_SURNAMES}]\p{{Han}}{{1,2}}(?:\s*(?:先生|女士|小姐|总|经理))?$")
    prose = float(((lengths > 18) | sample.str.contains(r"[。！？；]")).mean() or 0)  # type: ignore[arg-type]
    codes = expected is T.INDUSTRY or filled >= _REPEATS * distinct
    industry = f"{_INDUSTRY}|{_INDUSTRY_CODE}" if codes else _INDUSTRY
    boolean = like(sample, r"^(?i:true|false|yes|no|y|n|是|否|有|无|0|1|√|×)$")
    scores = {
        T.USCC: credit if resident < 0.8 else 0.5 * credit,
        T.ID_NUMBER: resident,
        T.REGISTRATION_NUMBER: 0.8 * like(compact, r"^\d{15}$"),
        T.BANK_CARD: 0.85 * _luhn(compact),
        T.BANK_ACCOUNT: 0.4 * like(compact, r"^\d{9,25}$"),
        **_labelled(compact, expected),
        T.MOBILE: like(sample, _MOBILE),
        T.PHONE: 0.97 * like(sample, several),
        T.EMAIL: like(sample, r"^\S+@\S+\.\S+$|^.*<\S+@\S+>$"),
        T.WEBSITE: 0.98 * like(sample, r"^(?i:https?://|www\.)\S+$"),
        T.DATE: 0.98 * like(sample, _DATE),
        T.PERCENTAGE: 0.95 * like(sample, r"^-?\d+(?:\.\d+)?\s*%$"),
        T.INTEGER: 0.75 * integers,
        T.AMOUNT: 0.75 * decimals if decimals > integers else 0.6 * decimals,
        T.COMPANY_NAME: 0.95 * like(sample, _COMPANY),
        T.PERSON_NAME: 0.9 * person,
        T.ADDRESS: 0.95 * like(sample, _ADDRESS),
        T.INDUSTRY: 0.85 * like(sample, industry),
        T.TITLE: 0.85 * like(sample, _TITLE) if (lengths.mean() or 0) < 8 else 0.0,  # type: ignore[operator]
        T.BOOLEAN: 0.8 * boolean if distinct <= 4 else 0.0,
        T.CODE: 0.85 * like(sample, _RUNNING if distinct >= 0.95 * filled else _CODE),
        T.TAGS: 0.6 * like(sample, r"^[^、;，,]{1,10}(?:[、;，,][^、;，,]{1,10})+$"),
        T.FREE_TEXT: 0.6 * prose,
        T.TEXT: 0.3,
    }
    if distinct <= 40 and filled >= 4 * distinct and float(lengths.mean() or 0) <= 12:  # type: ignore[arg-type]
        scores[T.VOCABULARY] = 0.7
    if scores[T.PHONE] > scores[T.MOBILE] + 0.05:
        scores[T.MOBILE] *= 0.9
    return scores


def _labelled(compact: pl.Series, expected: T | None) -> dict[T, float]:
    if expected is None or expected not in _BY_LABEL_ONLY:
        return {}
    return {expected: float(compact.str.contains(_BY_LABEL_ONLY[expected]).mean() or 0)}  # type: ignore[arg-type]


def _luhn(digits: pl.Series) -> float:
    """Share of 16 to 19 digits that satisfy the Luhn check (ISO/IEC 7812-1)."""
    right = digits.filter(digits.str.contains(r"^\d{16,19}$"))
    if not len(right):
        return 0.0
    padded = right.str.pad_start(19, "0")
    total = pl.repeat(0, len(right), dtype=pl.Int32, eager=True)
    for place in range(19):
        digit = padded.str.slice(place, 1).cast(pl.Int32)
        if place % 2:  # second, fourth … from the right
            doubled = digit * 2
            digit = doubled // 10 + doubled % 10
        total = total + digit
    return int((total % 10 == 0).sum()) / len(digits)


def _rounded(confidence: float) -> float:
    return round(min(max(confidence, 0.0), 1.0), 2)
