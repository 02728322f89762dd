"""Who looks at questions, and how."""

from dataclasses import dataclass

from crm_migrate.language import Language


@dataclass(frozen=True)
class Viewing:
    """Who looks, and how: `clear` values, or masks; `blind`: without what others and we think."""

    person: str | None = None
    clear: bool = False
    blind: bool = False
    language: Language = "en"
