"""Which measure a broken rule speaks against, by the rule's code."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from crm_migrate.model import SemanticType
from crm_migrate.standards.rules.records import RecordRules


class Kind(StrEnum):
    """What a finding says about its cell; but for EMPTY named like the measure it counts in."""

    EMPTY = "empty"
    """Nothing of the field: a placeholder, a formula's error, another field's number."""
    MISSING = "elements"
    FORM = "form"
    REFERENCE = "reference_data"
    SECURITY = "security"
    CONTENT = "content"
    FORMAT = "format"
    RELATED = "related"
    KEY = "distinct"
    ROW = "usable"


_NAMED = {
    Kind.EMPTY: "cell.placeholder cell.pending cell.elsewhere cell.excel_error damage.excel_error"
    " damage.no_result boolean.unknown date.open_ended"
    " uscc.moved uscc.moved_organisation_code uscc.moved_tax_number mobile.landline"
    " registration_number.moved_uscc organisation_code.moved_uscc id_number.moved_document"
    " registration_number.moved_organisation_code organisation_code.moved_registration_number"
    " travel_document.moved_id_number bank_account.moved_bank"
    " bank_account.moved_account"
    " phone.moved_mobile website.moved_mail email.moved_website mobile.moved_mail"
    " phone.moved_mail email.moved_mobile",
    Kind.MISSING: "required.missing",
    Kind.FORM: "uscc.several code.several phone.several mobile.several email.several qq.several"
    " wechat.same_as_mobile bank_account.bank_label"
    " email.note mobile.note phone.note website.note wechat.note qq.note person_name.note"
    " company_name.note_removed company_name.moved_state"
    " person_name.moved_mobile mobile.is_wechat wechat.several"
    " wechat.from_mobile website.several person_name.honorific_removed person_name.moved_title"
    " company_name.former company_name.short company_name.moved_former company_name.moved_short"
    " mobile.left_over value.left_over"
    " date.serial date.epoch date.term_split cell.markup amount.foreign"
    " uscc.from_tax_number uscc.old_beside uscc.region_unlisted id_number.region_unlisted"
    " address.former_name damage.number_as_code damage.float_text damage.date_serial"
    " value.too_long",
    Kind.REFERENCE: "vocabulary.unknown schema.vocabulary industry.ambiguous industry.unknown"
    " industry.former_code"
    " industry.section_only industry.contradictory mapping.unmapped_value"
    " mapping.unknown_owner address.no_region"
    " address.no_district address.ambiguous address.dissolved",
    Kind.SECURITY: "policy.forbidden free_text.id_number free_text.bank_card free_text.mobile"
    " free_text.email free_text.travel_document free_text.plate"
    " free_text.personal_number free_text.mobile_found free_text.email_found"
    " free_text.travel_document_found free_text.plate_found"
    " free_text.password free_text.social_account free_text.home_address free_text.birth_date"
    " free_text.password_found free_text.social_account_found free_text.home_address_found"
    " free_text.birth_date_found free_text.sensitive_found",
    Kind.FORMAT: "uscc.alphabet id_number.too_short id_number.too_long uscc.too_short"
    " uscc.too_long uscc.old_number"
    " person_name.characters mobile.abroad phone.no_area_code"
    " text.private_use email.cjk_local date.ambiguous date.incomplete date.impossible date.range"
    " amount.currency amount.range amount.estimate"
    " integer.range integer.estimate percentage.estimate"
    " schema.form schema.characters mapping.pattern_unmatched",
    Kind.CONTENT: "uscc.organisation uscc.region uscc.authority uscc.class uscc.not_moved"
    " value.not_moved tax_number.personal tax_number.superseded bank_account.personal_card"
    " travel_document.birth_date travel_document.letter_for_digit registration_number.region"
    " bank_account.other_bank bank_account.other_account bank_account.personal"
    " uscc.personal tax_number.region organisation_code.leading_zero travel_document.leading_zero"
    " id_number.birth_date id_number.region mobile.prefix mobile.unknown_prefix mobile.device"
    " mobile.extension phone.area_code phone.former_area_code phone.digits wechat.internal"
    " title.not_a_title email.typo"
    " company_name.placeholder person_name.placeholder person_name.company website.mail"
    " company_name.bracket title.department title.left"
    " person_name.several person_name.left website.typo qq.mobile"
    " company_name.incomplete company_name.doubtful company_name.mistyped company_name.note"
    " company_name.several bank_account.card_mistyped bank_account.made_up person_name.honorific"
    " person_name.incomplete address.no_detail address.several date.implausible date.default"
    " amount.magnitude"
    " percentage.fraction percentage.range damage.leading_zero_lost damage.replacement_char"
    " damage.mojibake cell.corrected verification.mail_domain verification.register",
    Kind.RELATED: "address.contradictory reference.orphan reference.ambiguous"
    " amount.currency_differs",
    Kind.KEY: "mapping.key_missing mapping.key_repeated schema.record_id",
    Kind.ROW: "record.unidentified mapping.no_record correction.stale",
}
BY_ENDING = {
    "normalised": Kind.FORM,
    "letters_read": Kind.FORM,
    "format": Kind.FORMAT,
    "unreadable": Kind.FORMAT,
    "checksum": Kind.CONTENT,
    "made_up": Kind.CONTENT,
    "precision_lost": Kind.CONTENT,
    "damaged": Kind.CONTENT,
    "covered": Kind.CONTENT,
    "out_of_use": Kind.CONTENT,
}
KINDS = {code: kind for kind, codes in _NAMED.items() for code in codes.split()}

CELL_FAULTS = (Kind.FORM, Kind.REFERENCE, Kind.SECURITY, Kind.CONTENT, Kind.FORMAT)
"""What can be wrong with a cell that holds something."""

SETTLED = (
    "uscc.several",
    "mobile.several",
    "email.several",
    "qq.several",
    "website.several",
    "wechat.several",
    "mobile.left_over",
    "value.left_over",
)
"""Warnings about what a cell held beside its value: the value that was taken is right."""

_OF_CELLS = frozenset(
    (*SemanticType, "schema", "required", "record", "value", "cell", "damage", "mapping",
     "reference", "policy", "correction",
     "verification", "allowed")
)  # fmt: skip
"""How codes of the program's own rules begin; those of a project begin with an entity."""


def kind_of(code: str, own: Mapping[str, Kind] = MappingProxyType({})) -> Kind:
    """The kind of a rule; what no list names counts as wrong content, never as right.

    own: the kinds of the project's rules (`own_kinds`). A rule `ENTITY.NAME` that is not among
    them any more looked across fields or records: related data.

    >>> str(kind_of("uscc.checksum")), str(kind_of("date.normalised"))
    ('content', 'form')
    """
    known = own.get(code) or KINDS.get(code)
    if known is not None:
        return known
    if code.partition(".")[0] not in _OF_CELLS:
        return Kind.RELATED
    return BY_ENDING.get(code.rpartition(".")[2], Kind.CONTENT)


_NO_FORM = ("precision_lost", "damaged")
"""How the codes of rules end that speak of cells of which only a ruin is left."""


def kinds_of(code: str, own: Mapping[str, Kind] = MappingProxyType({})) -> tuple[Kind, ...]:
    """The kind of a rule, and FORM beside it: what cannot be read is not written as demanded.

    >>> [str(k) for k in kinds_of("date.impossible")], [str(k) for k in kinds_of("uscc.checksum")]
    (['format', 'form'], ['content'])
    """
    kind = kind_of(code, own)
    if kind is Kind.FORMAT or code.rpartition(".")[2] in _NO_FORM:
        return (kind, Kind.FORM)
    return (kind,)


def own_kinds(rules: RecordRules) -> dict[str, Kind]:
    """The kinds of the project's own rules: what they demand, want unique, or hold together."""
    return {
        j.rule.code: Kind.KEY if j.unique else Kind.MISSING if j.required else Kind.RELATED
        for j in rules.judgements
    }
