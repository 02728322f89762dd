"""A first proposal of mappings, from headers, values, and keys that fit; people confirm it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm_migrate.formats.contract import Table
from crm_migrate.language import Language, Text
from crm_migrate.mapping.address_parts import address_parts
from crm_migrate.mapping.field_candidates import CONTACT, CUSTOMER, LEAST, candidates
from crm_migrate.mapping.fingerprint import header_fingerprint
from crm_migrate.mapping.headers import Headers, Match, read_label, standard_headers
from crm_migrate.mapping.hidden import Hidden, hidden_part
from crm_migrate.mapping.individuals import Individuals
from crm_migrate.mapping.look_ups import look_ups
from crm_migrate.mapping.row_records import KEY, RowRecords
from crm_migrate.mapping.sample import Column, Sample, take_sample
from crm_migrate.mapping.values_proposal import Values
from crm_migrate.model import Model, SemanticType
from crm_migrate.project.mapping_file import (
    FieldSource,
    SourceMapping,
    TableMapping,
    ValueMap,
)

T = SemanticType
_JOINABLE = {T.PHONE, T.MOBILE, T.EMAIL, T.FREE_TEXT, T.TAGS}

WHY_LABEL = Text("column label", "表头")
WHY_SIMILAR = Text("similar label", "表头相近")
WHY_INITIALS = Text("pinyin initials of {word}", "“{word}”的拼音首字母")
WHY_VALUES = Text("values", "数据特征")
UNKNOWN = Text("not recognised", "未识别")
TAKEN = Text("the field is taken by '{column}'", "该字段已取自“{column}”")
NO_TABLE = Text("its table is not among the sources", "所引用的表不在数据源中")
USELESS = Text("a running number", "行号，无业务含义")


@dataclass(frozen=True)
class Proposal:
    """What `init` writes: mappings and value maps, and why the rest is left behind."""

    mappings: dict[str, SourceMapping]
    values: dict[str, ValueMap]
    left_out: dict[tuple[str, str, str], Text]
    """(source, table, column) → why no field takes it."""
    left_tables: tuple[tuple[str, str], ...]
    """(source, table) of tables that are about nothing the model knows."""
    hidden: tuple[Hidden, ...] = ()
    """What is mapped although the workbook hides it."""


def suggest(
    sources: Mapping[str, Sequence[Table]],
    model: Model,
    *,
    language: Language = "zh",
    headers: Headers | None = None,
) -> Proposal:
    """Propose mappings for all tables of all sources together (look-ups may cross sources).

    Raises:
        SourceFault: a table cannot be read.
    """
    words = headers or standard_headers()
    samples = [take_sample(s, t, model, words) for s, tables in sources.items() for t in tables]
    values = Values(model)
    left: dict[tuple[str, str, str], Text] = {}
    mappings: dict[str, list[TableMapping]] = {name: [] for name in sources}
    lost: list[tuple[str, str]] = []
    hidden: list[Hidden] = []
    for sample in samples:
        table = _Proposing(sample, samples, model, words, language, values)
        mapping = table.mapping()
        if mapping is None:
            lost.append((sample.source, sample.name))
            continue
        mappings[sample.source].append(mapping)
        hidden += hidden_part(sample, mapping)
        left |= {(sample.source, sample.name, c): why for c, why in table.left.items()}
    return Proposal(
        mappings={s: SourceMapping(source=s, tables=tuple(t)) for s, t in mappings.items() if t},
        values=values.maps(),
        left_out=left,
        left_tables=tuple(lost),
        hidden=tuple(hidden),
    )


@dataclass
class _Proposing:
    """The proposal for one table while it is being made."""

    sample: Sample
    samples: Sequence[Sample]
    model: Model
    headers: Headers
    language: Language
    values: Values
    left: dict[str, Text] = field(default_factory=dict)
    fields: dict[str, dict[str, FieldSource]] = field(default_factory=dict)
    """Entity → field → where it comes from."""
    taken: set[str] = field(default_factory=set)

    def mapping(self) -> TableMapping | None:
        """The table's mapping; None where it yields nothing that could be identified."""
        sample = self.sample
        if sample.entity is None:
            return None
        references = look_ups(sample, self.samples, self.model, self.headers, self.language)
        self.taken |= {o.column for o in references.values() if o.column}
        allowed = self._allowed(sample.entity, references)
        self._assign(allowed)
        self._name_of_parts(allowed)
        self._mobile_of_contact()
        self._address_of_parts(allowed)
        if not references:
            taken = Individuals(sample, self.samples, self.model, self.headers, self.language)
            self.fields.setdefault(CUSTOMER, {}).update(taken.customer(self.fields))
        self.fields.setdefault(sample.entity, {}).update(references)
        making = RowRecords(sample, self.model, self.headers, self.language, self.left)
        records = tuple(making.records(sample.entity, self.fields))
        if sample.entity not in {r.entity for r in records}:
            return None
        used = {c for r in records for o in r.fields.values() for c in o.source_columns}
        used |= set(sample.key) | {c for r in records for c in r.key or ()}
        ignore = tuple(c.name for c in sample.columns if c.name not in used)
        for name in ignore:
            self.left.setdefault(name, UNKNOWN)
        header = sample.table.info.header
        return TableMapping(
            table=sample.name,
            header=(header.first_row, header.last_row) if header and header.last_row > 1 else None,
            fingerprint=header_fingerprint(sample.table.info.columns),
            key=sample.key,
            records=records,
            ignore=ignore,
        )

    def _allowed(self, entity: str, references: Mapping[str, FieldSource]) -> tuple[str, ...]:
        others = [o for o in self.headers.together.get(entity, ()) if o in self.model.by_name]
        if any(
            self.model.entity(entity).by_name[n].references == CUSTOMER and n != "parent"
            for n in references
        ):
            others = []  # the look-up knows the customer, and through it the contact
        if entity != CONTACT and not self._names_a_person():
            others = [o for o in others if o != CONTACT]
        return (entity, *others)

    def _names_a_person(self) -> bool:
        return len(self._parts()) == 2 or any(
            match.entity == CONTACT and match.field in ("name", "mobile") and not match.generic
            for column in self.sample.columns
            for match in self.headers.matches(column.label)
        )

    def _assign(self, allowed: Sequence[str]) -> None:
        candidates = [
            (-score, not (rank == 0 and self._is_own_label(match)), number, match, column)
            for number, column in enumerate(self.sample.columns)
            if column.name not in self.taken
            for rank, (match, score) in enumerate(self._candidates(column, allowed))
        ]
        later: list[tuple[Match, Column]] = []
        for minus, _, _, match, column in sorted(candidates, key=lambda c: c[:3]):
            place, score = self.fields.setdefault(match.entity, {}), -minus
            if column.name in self.taken or score < LEAST:
                continue
            if match.field in place:
                later.append((match, column))
                continue
            self.taken.add(column.name)
            place[match.field] = self._source(column, match, score)
        for match, column in later:
            if column.name not in self.taken:
                self._join(match, column)

    def _is_own_label(self, match: Match) -> bool:
        """统一社会信用代码 comes before 税号, wherever they stand: it is the field's own name."""
        target = self.model.entity(match.entity).by_name[match.field]
        return read_label(target.label.zh).name == match.word

    def _candidates(self, column: Column, allowed: Sequence[str]) -> Iterator[tuple[Match, float]]:
        """The fields that the column may be, with their scores."""
        if column.label.name in self.headers.useless:
            self.left[column.name] = USELESS
            return
        if column.name in self.sample.key:
            self.left[column.name] = KEY
        elif CUSTOMER in self.headers.identifies(column.label):
            self.left[column.name] = NO_TABLE
        yield from candidates(column, self.sample, allowed, self.model, self.headers)

    def _source(self, column: Column, match: Match, score: float) -> FieldSource:
        target = self.model.entity(match.entity).by_name[match.field]
        why = WHY_VALUES
        if match.word:
            why = WHY_LABEL if match.word == column.label.name else WHY_SIMILAR
            if column.label.name.isascii() and not match.word.isascii():
                why = WHY_INITIALS.fill(word=match.word)
        unit = column.label.unit if column.label.unit != target.unit and target.unit else None
        values, known = self.values.propose(self.sample, column, target)
        return FieldSource(
            column=column.name,
            unit=unit,
            values=values,
            confidence=round(score * (0.75 + known / 4), 2),
            reason=why.in_language(self.language),
        )

    def _join(self, match: Match, column: Column) -> None:
        """A second column for a field that may hold several values; else it stays behind."""
        before = self.fields[match.entity][match.field]
        target = self.model.entity(match.entity).by_name[match.field]
        if target.type not in _JOINABLE:
            self.left[column.name] = TAKEN.fill(column="、".join(before.source_columns))
            return
        self.taken.add(column.name)
        both = {"column": None, "columns": (*before.source_columns, column.name)}
        self.fields[match.entity][match.field] = before.model_copy(update=both)

    def _parts(self) -> dict[str, Column]:
        """The columns that hold the family and the given name."""
        parts = self.headers.name_parts
        return {parts[c.label.name]: c for c in self.sample.columns if c.label.name in parts}

    def _name_of_parts(self, allowed: Sequence[str]) -> None:
        """Family and given name in two columns are one name: 陈大文, but John Smith."""
        parts = self._parts()
        contact = self.fields.setdefault(CONTACT, {})
        if CONTACT not in allowed or "name" in contact or len(parts) < 2:
            return
        family, given = parts["family"], parts["given"]
        chinese = family.values.drop_nulls().str.contains(r"\p{Han}").mean() or 0
        order, join = ((family, given), "") if float(chinese) >= 0.5 else ((given, family), " ")  # type: ignore[arg-type]
        self.taken |= {c.name for c in order}
        reason = WHY_LABEL.in_language(self.language)
        columns = tuple(c.name for c in order)
        contact["name"] = FieldSource(columns=columns, join=join, confidence=0.85, reason=reason)

    def _address_of_parts(self, allowed: Sequence[str]) -> None:
        """Province, city, district and street in columns of their own are one address."""
        customer = self.fields.get(CUSTOMER, {})
        address = customer.get("address")
        others = self.taken - set(address.source_columns if address else ())
        parts = address_parts(self.sample, address, others, self.headers)
        if CUSTOMER not in allowed or "name" not in customer or not parts:
            return
        self.taken |= {c.name for c in parts}
        reason = WHY_LABEL.in_language(self.language)
        columns = tuple(c.name for c in parts)
        customer["address"] = FieldSource(columns=columns, join="", confidence=0.85, reason=reason)

    def _mobile_of_contact(self) -> None:
        """The telephone of a row that names a person and holds mobiles is that person's, too."""
        contact = self.fields.get(CONTACT, {})
        own = contact.get("phone") if self.sample.entity == CONTACT else None
        phone = own or self.fields.get(CUSTOMER, {}).get("phone")
        if "name" in contact and "mobile" not in contact and phone and phone.column:
            values = self.sample.by_name[phone.column].values.drop_nulls()
            digits = values.str.replace_all(r"\D", "").str.contains(r"^(86)?1[3-9]\d{9}$")
            if len(digits) and int(digits.sum()) * 2 >= len(digits):
                reason = WHY_VALUES.in_language(self.language)
                contact["mobile"] = phone.model_copy(update={"reason": reason, "confidence": 0.7})
                if own is not None:
                    del contact["phone"]
