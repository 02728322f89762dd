"""People of whom no column tells the company are proposed as customers themselves (R-1.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_migrate.language import Language, Text
from crm_migrate.mapping.headers import Headers
from crm_migrate.mapping.sample import Sample, table_title
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import FieldSource

CUSTOMER, CONTACT = "customer", "contact"
INDIVIDUAL = "个人"
"""The kind of a customer who is a person."""
SURE = 0.6
"""Whether people are customers of their own is for a person to confirm."""
WHY_PERSON = Text("people without a company: each is a customer", "无单位的个人，本人即客户")
_REACHED_BY = ("mobile", "email", "id_number")
_FROM_PERSON = (("name", "name"), ("phone", "mobile"), ("email", "email"))
"""Field of the customer, field of the contact."""


@dataclass(frozen=True)
class Individuals:
    """Judges whether a table of people (students, subscribers, members) is one of customers."""

    sample: Sample
    samples: Sequence[Sample]
    """All tables of all sources."""
    model: Model
    headers: Headers
    language: Language

    def customer(self, fields: Mapping[str, Mapping[str, FieldSource]]) -> dict[str, FieldSource]:
        """The customer's fields to add (none where the people stand for a company): name, kind,
        telephone and mail from the columns of the contact. `fields`: by entity, as found so far.
        """
        contact, before = fields.get(CONTACT, {}), fields.get(CUSTOMER, {})
        known = CUSTOMER in self.model.by_name and "name" in contact
        if not known or not any(n in contact for n in _REACHED_BY) or self._company(before):
            return {}
        own = self.model.entity(CUSTOMER).by_name
        sure = {"confidence": SURE, "reason": WHY_PERSON.in_language(self.language)}
        added = {
            name: contact[origin].model_copy(update=sure)
            for name, origin in _FROM_PERSON
            if name in own and name not in before and origin in contact
        }
        if "kind" in own and "kind" not in before:
            added["kind"] = FieldSource.model_validate({"constant": INDIVIDUAL, **sure})
        return added

    def _company(self, customer: Mapping[str, FieldSource]) -> bool:
        """Whether the rows are about something else, or anything speaks of a company."""
        own = self.model.entity(CUSTOMER).by_name
        return (
            self.sample.entity not in (CUSTOMER, CONTACT)
            or any(own[n].identifying for n in customer)
            or self._refers_to_company()
            or self._of_companies()
        )

    def _refers_to_company(self) -> bool:
        """Whether rows about people name a customer by a key that none of the sources holds."""
        return self.sample.entity == CONTACT and any(
            CUSTOMER in self.headers.identifies(c.label)
            for c in self.sample.columns
            if c.name not in self.sample.key and c.filled
        )

    def _of_companies(self) -> bool:
        """Whether the table is called a list of contacts and a table of customers is beside it."""
        beside = any(o.entity == CUSTOMER for o in self.samples if o is not self.sample)
        return beside and self.headers.contacts_of_companies(table_title(self.sample.table))
