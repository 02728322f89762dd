"""What all standards declare; what holds of their verbs stands in `test_properties`."""

from crm_migrate.model import SemanticType
from crm_migrate.records import Severity
from crm_migrate.standards import standard
from crm_migrate.standards.catalog import rule, rules


def test_every_rule_speaks_both_languages():
    """R-8.2: message and hint of each rule in Chinese and English; codes are `type.fault`."""
    for code, found in rules().items():
        assert code.count(".") == 1
        assert rule(code) is found
        for text in (found.message, found.hint):
            assert text.en.strip()
            assert any("\u4e00" <= c <= "\u9fff" for c in text.zh)


def test_only_records_that_cannot_be_used_are_errors():
    """R-1.3b: doubtful and missing values are warnings; only these rules quarantine."""
    errors = {code for code, r in rules().items() if r.severity is Severity.ERROR}
    assert errors == {
        "record.unidentified", "schema.form", "schema.vocabulary", "schema.characters",
        "schema.record_id",
    }  # fmt: skip


def test_every_standard_names_its_basis():
    """R-2.2: the data dictionary can cite the standard that a field follows."""
    for type_ in SemanticType:
        assert standard(type_).BASIS.en
        assert standard(type_).BASIS.zh
        assert standard(type_).NORMALISED in standard(type_).RULES
