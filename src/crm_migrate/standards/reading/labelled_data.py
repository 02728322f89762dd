"""Personal data that no form tells, but a label or its wording: regexes over remarks.

Basis: PIPL art. 28 and GB/T 35273-2020, annex B (religion, health, offences, marriages, sexual
orientation, biometrics, children under 14), annex A for homes, birth dates and accounts. Each
pattern demands the label or the wording in which people say it of a person: an industry (佛教用品,
糖尿病药品), a place of business or a lock with a password is none. Not told, since words alone
cannot tell them from business: wages, ethnic groups, party membership, whereabouts, landlines.
"""

_IS = r"[:：=是为在]?\s*"
_DIGITS = "[0-9０-９一二三四五六七八九十百]"
_ASCII = "[!-~]"
PASSWORD = (
    r"(?i)((?:密码|口令|password|passwd|pwd|passcode)(?:\s*(?:是|为))?)"
    rf"(?:\s*[:：=]\s*{_ASCII}{{4,32}}"
    rf"|\s*(?:[!-/:-~]*[0-9]{_ASCII}{{3,31}}|[!-/:-~]{{3,31}}[0-9]{_ASCII}*))"
)
"""Behind the label at least four ASCII characters, with a digit among them unless a colon or an
equals sign stands before; 密码锁50把 is none. Group 1: what stays.
"""
_WECHAT = r"(?:微信|薇信|威信|weixin|wechat|(?:^|[^0-9A-Za-z]|[0-9]{11})[wv]x)"
_NUMBER = "(?:号码?|账号|ID)"
SOCIAL_ACCOUNT = (
    rf"(?i)({_WECHAT}{_NUMBER}?(?:同号)?\s*[:：]\s*|{_WECHAT}{_NUMBER}\s*)"
    r"(?:[A-Za-z][0-9A-Za-z_-]{5,19}|[1-9][0-9]{4,10})"
    rf"|({_WECHAT}\s*)[A-Za-z][A-Za-z-]*[0-9_][0-9A-Za-z_-]{{2,18}}"
    rf"|((?:(?:^|[^0-9A-Za-z]|[0-9]{{11}})QQ|扣扣){_NUMBER}?\s*[:：]?\s*)[1-9][0-9]{{4,10}}"
)
"""The number or name of an account with WeChat or QQ. Groups 1 to 3: what stays."""
_UNIT = "(?:号楼?|栋|幢|座|单元|室|弄|组|楼|层)"
_LAST = rf"{_DIGITS}+\s*{_UNIT}(?:\s*[0-9A-Za-z-]+\s*{_UNIT}?)*"
_PLACE = r"[^\n。；;，,]"
_HOME = "(?:家庭住址|家庭地址|居住地址|现住址|常住地址|户[籍口](?:地址|所在地)|身份证地址|家里地址)"
HOME_ADDRESS = (
    rf"({_HOME}{_IS}|(?:^|[^专国大商厂玩])家住{_IS}|(?:^|[，,。；; ])家在)"
    rf"{_PLACE}{{0,40}}{_LAST}"
    rf"|((?:{_HOME}|居住地|户籍地|常住地|(?:^|[^司业位厂])住址)\s*[:：]\s*)"
    r"[\p{Han}0-9A-Za-z-]{4,40}"
    rf"|(住在)\p{{Han}}{{0,20}}(?:小区|花园|苑|家园|新村|公寓|村|路|街|巷){_LAST}"
)
"""A home, by its label, or by 家住 and a number of house. Groups 1 to 3: what stays."""
_YEAR = r"(?:19[2-9]|20[0-2])[0-9]"
_DATE = (
    rf"(?:{_YEAR}(?:[年./-]\s*[0-9]{{1,2}}(?:[月./-]\s*(?:[0-9]{{1,2}}日?)?)?|[0-9]{{4}}|年)"
    r"|[0-9]{2}年[0-9]{1,2}月(?:[0-9]{1,2}[日号]?)?|[0-9]{1,2}月[0-9]{1,2}[日号]?)"
)
_STOP = r"[，,。；;、！!（）() \n]"
BIRTH_DATE = (
    rf"((?:生日|出生(?:日期|年月日?|于)?|生于)\s*{_IS}(?:[农阴阳公]历)?\s*){_DATE}"
    rf"|(?:19[3-9]|200)[0-9]年(?:\s*[0-9]{{1,2}}月(?:\s*[0-9]{{1,2}}日)?)?(?:出生|生人|生)({_STOP}|$)"
)
"""A birth date, by its label or by 生 at its end; 1985年3月生产 is none. What stays: the groups."""
_FAITHS = "(?:伊斯兰|佛|基督|天主|道|东正|犹太)"
_ILLNESS = (
    "(?:糖尿病|高血压|心脏病|冠心病|癌症?|肿瘤|乙肝|肝炎|抑郁症|精神病|艾滋病|肺结核|白血病|尿毒症|"
    "脑梗|中风)"
)
_END = rf"(?:{_STOP}|$)"
SENSITIVE = "|".join(
    (
        rf"(?:信仰|信奉|皈依|笃信)了?{_FAITHS}教|信{_FAITHS}教?(?:的|{_END})|宗教信仰\s*[:：]",
        rf"[是为](?:一?[名位个])?(?:虔诚的)?(?:(?:佛教|基督教?|天主教|道教)徒|穆斯林){_END}",
        rf"(?:患有?|患过|罹患|身患|确诊(?:为|了)?|查出|得了|(?:本人|客户|联系人|[他她其总])有)"
        rf"\p{{Han}}{{0,6}}?{_ILLNESS}(?:晚期|早期)?{_END}|有{_ILLNESS}病?史|病史\s*[:：]|HIV阳性",
        rf"刚(?:做|动)[了完过]?\p{{Han}}{{0,6}}手术{_END}|手术住院|术后(?:休养|恢复|在家)",
        rf"怀孕(?:中|了|[0-9一二三四五六七八九十]+个?[月周]){_END}|残疾(?:人)?证号?\s*[:：]?\s*[0-9]",
        rf"有(?:犯罪|案底|前科|吸毒)(?:记录|前科|史)?{_END}",
        "坐过牢|服过刑|刑满释放|取保候审|被判刑",
        rf"(?:离异|丧偶|离过婚|刚离婚|已离婚){_END}|[是为](?:同性恋|双性恋)",
        "(?:指纹|人脸|面部|虹膜|声纹)(?:信息|特征|照片)?已(?:录入|采集|登记|存档|留存)",
        f"(?:儿子|女儿|孩子|小孩)[^0-9。，,;；]{{0,4}}(?:1[0-3]|[1-9])岁{_END}",
    )
)
"""What GB/T 35273-2020 counts as sensitive, said of a person."""
WORDS = (
    "(?i:密码|口令|passw|pwd|passcode|微信|薇信|威信|weixin|wechat|wx|vx|qq|扣扣|住址|家庭地址|"
    "居住地|常住地|户籍|户口所在|身份证地址|家里地址|家住|住在|家在|生日|出生|生于|年生|月生|日生|"
    "信仰|信奉|皈依|笃信|信佛|信基督|信天主|信伊斯兰|信道|信东正|信犹太|教徒|基督徒|穆斯林|糖尿病|"
    "高血压|心脏病|冠心病|癌|肿瘤|乙肝|肝炎|抑郁|精神病|艾滋|肺结核|白血病|尿毒症|脑梗|中风|病史|"
    "HIV|手术|术后|怀孕|残疾|犯罪|案底|前科|吸毒|坐过牢|服过刑|刑满释放|取保候审|被判刑|离异|丧偶|"
    "离过婚|离婚|性恋|已录入|已采集|已登记|已存档|已留存|岁)"
)
"""One of these stands in every text that a pattern of this file fits: a cheap first look."""
