"""Chinese and English side by side, at the place where the words are used."""

import locale
import os
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages; `{name}` places are filled by `in_language`.

    >>> Text("{n} rows", "{n} 行").in_language("zh", n=3)
    '3 行'
    """

    en: str
    zh: str

    def in_language(self, language: Language, **values: object) -> str:
        """The message in one language, its `{places}` filled from `values`."""
        template = self.zh if language == "zh" else self.en
        return template.format(**values) if values else template

    def __str__(self) -> str:
        return self.in_language(current_language())

    def fill(self, **values: object) -> "Text":
        """The same message with its `{places}` filled in both languages."""
        return Text(self.en.format(**values), self.zh.format(**values))


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its English noun, so that one thing is not called several.

    >>> counted(1, "row"), counted(2000, "row"), counted(2, "index", "indexes")
    ('1 row', '2,000 rows', '2 indexes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def current_language() -> Language:
    """The user's language: `CRM_MIGRATE_LANG`, then the locale variables, then the system's.

    Anything that does not start with `zh` is answered in English.
    """
    for name in ("CRM_MIGRATE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    try:
        return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
    except ValueError:  # an unknown locale name in the environment
        return "en"
