"""What each semantic type is called, what it means, and the form of its values, for people."""

from dataclasses import dataclass

from crm_migrate.language import Text
from crm_migrate.model import SemanticType as T


@dataclass(frozen=True, slots=True)
class TypeWords:
    """A semantic type in words."""

    label: Text
    meaning: Text
    """What a field of the type holds, where the field itself does not say."""
    form: Text
    """Range and written form of the canonical value."""


def _words(en: str, zh: str, meaning: tuple[str, str], form: tuple[str, str]) -> TypeWords:
    return TypeWords(Text(en, zh), Text(*meaning), Text(*form))


TYPE_WORDS = {
    T.TEXT: _words(
        "text",
        "文本",
        ("a short text", "简短文本"),
        ("one line, blanks tidied", "单行文本，空白已规整"),
    ),
    T.FREE_TEXT: _words(
        "free text",
        "自由文本",
        ("what people wrote", "人员填写的说明"),
        ("any text without document or card numbers", "任意文本，不得含证件号、卡号"),
    ),
    T.CODE: _words(
        "code",
        "编码",
        ("code or number given out by the company", "企业内部编码或编号"),
        ("letters, digits and signs as given out", "按编码规则，字母、数字与符号"),
    ),
    T.COMPANY_NAME: _words(
        "company name",
        "企业名称",
        ("full name as on the business licence", "营业执照上的企业全称"),
        ("region, name, industry, legal form", "行政区划、字号、行业、组织形式"),
    ),
    T.PERSON_NAME: _words(
        "person's name",
        "个人姓名",
        ("full name of a person", "个人真实姓名"),
        ("full name without form of address; parts joined by ·", "全名，不含称谓；间隔号为 ·"),
    ),
    T.TITLE: _words(
        "job title",
        "职务",
        ("position in the company", "在企业中的职务"),
        ("usual name of the position, others as typed", "规范职务名称；其他职务按原样保留"),
    ),
    T.USCC: _words(
        "unified social credit code",
        "统一社会信用代码",
        (
            "identity of an organisation, given out by the authorities",
            "登记管理部门赋予组织的唯一代码",
        ),
        ("18 digits and capital letters with a check character", "18 位数字或大写字母，含校验位"),
    ),
    T.ORGANISATION_CODE: _words(
        "organisation code",
        "组织机构代码",
        ("identity of an organisation before 2015", "2015 年前组织机构的代码"),
        ("9 characters, the last a check digit", "9 位，末位为校验码"),
    ),
    T.REGISTRATION_NUMBER: _words(
        "business registration number",
        "工商注册号",
        ("number of the old register of companies", "原工商登记注册号"),
        ("15 digits with a check digit", "15 位数字，含校验位"),
    ),
    T.TAX_NUMBER: _words(
        "tax number",
        "税号",
        ("taxpayer identification number", "纳税人识别号"),
        (
            "the unified social credit code; before 2015 15, 17, 18 or 20 characters",
            "统一社会信用代码;2015 年前为 15、17、18 或 20 位",
        ),
    ),
    T.ID_NUMBER: _words(
        "identity document number",
        "证件号码",
        ("number of an identity document", "身份证件号码"),
        ("18 characters, the last a check character", "18 位，末位为校验码"),
    ),
    T.TRAVEL_DOCUMENT: _words(
        "travel document number",
        "出入境证件号码",
        (
            "number of a passport, a permit, a card of Hong Kong, Macau or Taiwan",
            "护照、通行证、港澳台身份证号码",
        ),
        ("letters and digits as printed on the document", "按证件原样，字母与数字"),
    ),
    T.BANK_CARD: _words(
        "bank card number",
        "银行卡号",
        ("number of a personal card", "个人银行卡号"),
        ("16 to 19 digits with a check digit", "16–19 位数字，含校验位"),
    ),
    T.BANK_ACCOUNT: _words(
        "company account",
        "对公账号",
        ("account number of a company", "单位银行账号"),
        ("9 to 30 digits", "9–30 位数字"),
    ),
    T.MOBILE: _words(
        "mobile number",
        "手机号码",
        ("mobile number of a person", "个人移动电话号码"),
        ("11 digits, 1[3-9]…", "11 位数字，以 13–19 开头"),
    ),
    T.PHONE: _words(
        "telephone",
        "电话号码",
        ("telephone number", "联系电话"),
        (
            "area code-number-extension, 400/800, or mobile; several joined by ;",
            "区号-号码-分机、400/800 或手机；多个以分号分隔",
        ),
    ),
    T.EMAIL: _words(
        "mail address", "电子邮箱", ("mail address", "电子邮件地址"), ("name@domain", "用户名@域名")
    ),
    T.WEBSITE: _words(
        "web address", "网址", ("web address", "网站地址"), ("domain with path", "域名及路径")
    ),
    T.WECHAT: _words(
        "WeChat id",
        "微信号",
        ("account in WeChat", "微信账号"),
        (
            "6 to 20 letters, digits, _ and -, a letter first; or a mobile or QQ number",
            "6–20 位字母、数字、下划线或减号，以字母开头；或手机号、QQ 号",
        ),
    ),
    T.QQ: _words(
        "QQ number", "QQ 号", ("account in QQ", "QQ 账号"), ("5 to 11 digits", "5–11 位数字")
    ),
    T.INDUSTRY: _words(
        "industry",
        "行业",
        ("industry of the customer", "所属国民经济行业"),
        ("section and division, e.g. C35 专用设备制造业", "门类与大类,如 C35 专用设备制造业"),
    ),
    T.ADDRESS: _words(
        "address",
        "地址",
        ("postal address", "通信地址"),
        ("province, city, district, detail", "省、市、区县、详细地址"),
    ),
    T.DATE: _words(
        "date", "日期", ("a day", "日期"), ("YYYY-MM-DD, 1901 to 2100", "YYYY-MM-DD,1901–2100 年")
    ),
    T.AMOUNT: _words(
        "amount", "金额", ("an amount of money", "金额"), ("decimal number", "十进制数")
    ),
    T.INTEGER: _words("whole number", "整数", ("a count", "数量"), ("whole number", "整数")),
    T.PERCENTAGE: _words("percentage", "百分比", ("a share", "占比"), ("0 to 100", "0–100")),
    T.BOOLEAN: _words("yes/no", "是否", ("yes or no", "是或否"), ("true / false", "true / false")),
    T.VOCABULARY: _words(
        "vocabulary",
        "取值表",
        ("one value of a closed list", "取值表中的一个值"),
        ("one of the values listed", "取值表之一"),
    ),
    T.TAGS: _words(
        "tags",
        "标签",
        ("words that describe", "描述性标签"),
        ("several joined by ;", "多个以分号分隔"),
    ),
    T.OWNER: _words(
        "owner",
        "负责人",
        ("who is responsible", "责任人"),
        ("name of a person, or 公海", "人员姓名,或“公海”"),
    ),
    T.DEPARTMENT: _words(
        "department",
        "部门",
        ("department in charge", "主管部门"),
        ("name of a department", "部门名称"),
    ),
    T.REFERENCE: _words(
        "reference",
        "引用",
        ("record that this one belongs to", "所关联的记录"),
        ("identity of the other record", "被引用记录的标识"),
    ),
}
"""Every semantic type."""
