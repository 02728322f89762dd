"""Rules as they are told of bare files, where there is no project and no quarantine file."""

from collections.abc import Mapping
from dataclasses import replace

from crm_migrate.language import Text
from crm_migrate.records import Rule
from crm_migrate.stages.quality.findings import rule_of
from crm_migrate.standards.entity.record_rules import UNIDENTIFIED

_HINTS = {
    UNIDENTIFIED.code: Text(
        "Add a name, a code or a number in the source and run again.",
        "请在源文件中补充名称、代码或号码后重新运行。",
    ),
}


def told_rule(code: str, own: Mapping[str, Rule]) -> Rule:
    """The rule of a code, its hint as it holds here. Raises: NotFound: nobody declares it."""
    rule = rule_of(code, own)
    return replace(rule, hint=_HINTS[code]) if code in _HINTS else rule
