"""`rules/records.yaml` and its neighbours: rules that people write, as they stand there."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from crm_migrate.project.entities_file import Label
from crm_migrate.project.settings import Frozen, Url

Weight = Literal["error", "warning", "repair"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _off(value: Any) -> Any:
    """In YAML 1.1 a bare `off` is false."""
    return "off" if value is False else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
"""One name or several."""


class RecordRule(Frozen):
    """One rule; exactly one of `check`, `required`, `unique` says what must hold."""

    field: str | None = None
    """Where the finding stands; default: the first field that is required or unique."""
    check: str | None = None
    """A condition that must not be false."""
    required: Names = ()
    """Fields of which at least one must be filled."""
    unique: Names = ()
    """Fields that no two records may have in common; empty ones are not judged."""
    within: Literal["source", "all"] = "source"
    """With `unique`: among the records of one source, or of all."""
    when: str | None = None
    """Only for records where this condition is true."""
    severity: Weight = "warning"
    message: Label
    hint: Label
    active: bool = True

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [bool(self.check), bool(self.required), bool(self.unique)]
        if sum(said) != 1:
            raise ValueError(
                "give exactly one of `check`, `required`, `unique`"
                " | check、required、unique 须且只能填写一项"
            )
        if self.check and self.field is None:
            raise ValueError(
                "`check` needs the `field` where its finding stands"
                " | check 须同时用 field 指明问题所在字段"
            )
        return self


class Weighing(Frozen):
    """Where a rule weighs otherwise than usual; without `field` and `source`: everywhere."""

    field: str | None = None
    """`entity.field`."""
    source: str | None = None
    severity: Annotated[Literal["error", "warning", "repair", "off"], BeforeValidator(_off)]


class RecordRulesFile(Frozen):
    """The whole of `rules/records.yaml`, after `extends` was resolved."""

    rules: dict[str, RecordRule] = {}
    """By name: `entity.rule`."""
    severities: dict[str, tuple[Weighing, ...]] = {}
    """By the rule's code, those of the standards included; the first that fits counts."""


class AllowedValue(Frozen):
    """A code that is right although it fails a check of its standard."""

    value: str = Field(min_length=1)
    until: date
    """Last day on which it counts; then the code is to be looked at again."""
    reason: str = Field(min_length=1)
    """What shows that the code is right: the licence, an extract from the register."""
    by: str = Field(min_length=1)
    """Who decided."""
    rule: str | None = None
    """Only what this rule finds, e.g. `uscc.checksum`; default: whatever the standard finds."""


class AllowedFile(Frozen):
    """The whole of `rules/allowed.yaml`, after `extends` was resolved."""

    allowed: dict[str, tuple[AllowedValue, ...]] = {}
    """By `entity.field`; only fields that hold codes of organisations."""


class Case(Frozen):
    """A value, and the condition under which it is taken; without a condition: always."""

    value: str
    when: str | None = None


class Derivation(Frozen):
    """How a golden field follows from the other data of the customer."""

    active: bool = True
    mode: Literal["fill", "replace"] = "fill"
    """Only where no source has a value, or always. What a person set stands in either."""
    let: dict[str, str] = {}
    """Names for expressions, each of which may use those before it."""
    cases: tuple[Case, ...] = Field(min_length=1)
    """The first that holds counts."""


class DerivationsFile(Frozen):
    """The whole of `rules/derivations.yaml`, after `extends` was resolved."""

    derivations: dict[str, Derivation] = {}
    """By `entity.field`."""


class VerifierRule(Frozen):
    """Whom to ask a second time about values, outside of this machine (R-2.4)."""

    kind: Literal["dns_mx", "http"]
    fields: Names = Field(min_length=1)
    """`entity.field`."""
    url: Url | None = None
    """With `http`: where the contract of docs/rules.md is served."""
    token_env: str | None = None
    """With `http`: variable with a bearer token."""
    servers: Names = ()
    """With `dns_mx`: addresses of name servers; default: those of this machine."""
    port: int = Field(default=53, ge=1, le=65535)
    """With `servers`: their port."""
    timeout: float = Field(default=3, gt=0, le=60)
    """Seconds for one answer."""
    batch: int = Field(default=100, ge=1, le=1000)
    """With `http`: values in one request."""
    keep_days: int = Field(default=90, ge=1)
    """How long an answer counts."""
    active: bool = True

    @model_validator(mode="after")
    def _has_its_place(self) -> Self:
        if (self.kind == "http") != (self.url is not None):
            raise ValueError(
                "`url` goes with `kind: http`, which needs it | url 用于 kind: http，且为必填"
            )
        own = urlsplit(self.url or "").hostname in ("localhost", "127.0.0.1", "::1")
        if self.url is not None and not self.url.startswith("https://") and not own:
            raise ValueError(
                "`url` begins with https://, or stands on this machine (R-5.2)"
                " | url 须以 https:// 开头，或位于本机（R-5.2）"
            )
        return self


class VerificationFile(Frozen):
    """The whole of `rules/verification.yaml`, after `extends` was resolved."""

    verifiers: dict[str, VerifierRule] = {}
    """By name. None are there by default: nobody outside is asked anything."""
