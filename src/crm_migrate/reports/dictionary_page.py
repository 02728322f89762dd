"""The data dictionary as a page for A4 landscape, as Markdown and as a workbook."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_migrate.language import Language, Text
from crm_migrate.plan.show.html import page_environment, template_text
from crm_migrate.plan.show.sheets import Sheet, workbook_bytes
from crm_migrate.project.settings import Cover
from crm_migrate.quality.dictionary import Dictionary, Difference
from crm_migrate.reports.audit_report import Revision
from crm_migrate.reports.dictionary_words import (
    COLUMNS,
    TITLE,
    difference_row,
    field_row,
    gap_lines,
    labels_of,
)
from crm_migrate.reports.page_parts import part

_WIDTHS = {
    "label": 18, "name": 20, "meaning": 30, "type": 14, "form": 30, "spellings": 36, "unit": 6,
    "required": 22, "level": 10, "owner": 14, "update_frequency": 18, "retention": 18,
    "standard": 26, "target": 26, "sources": 36,
}  # fmt: skip


@dataclass(frozen=True)
class DictionaryView:
    """A dictionary with its version and what changed since the one before."""

    project: str
    language: Language
    found: Dictionary
    version: str
    """V1.0 …, or what stands there instead of a version that was not released."""
    cover: Cover
    revisions: tuple[Revision, ...] = ()
    changes: tuple[Difference, ...] = ()
    labels: dict[tuple[str, str], Text] | None = None

    def say(self, text: Text) -> str:
        """In the language of the view."""
        return text.in_language(self.language)

    @property
    def title(self) -> str:
        """The document's title."""
        return self.cover.title if self.language == "zh" else TITLE.en

    @property
    def parts(self) -> list[tuple[str, str, list[dict[str, str]]]]:
        """Entity, its name, and the rows of its fields."""
        return [
            (self.say(p.label), p.name, [field_row(f, self.language) for f in p.fields])
            for p in self.found.parts
        ]

    @property
    def change_rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """What changed since the version before."""
        labels = self.labels or labels_of(self.found)
        return [difference_row(d, labels, self.language) for d in self.changes]


CHANGE_HEAD = (
    Text("change", "变更"),
    Text("entity", "对象"),
    Text("field", "字段"),
    Text("what", "项目"),
    Text("before", "变更前"),
    Text("after", "变更后"),
)


def dictionary_html(view: DictionaryView) -> str:
    """A self-contained, printable page."""
    from markupsafe import Markup

    return (
        page_environment()
        .from_string(part("dictionary.html.j2"))
        .render(
            v=view,
            zh=view.language == "zh",
            t=lambda en, zh: zh if view.language == "zh" else en,
            c={name: view.say(text) for name, text in COLUMNS.items()},
            gaps=gap_lines(view.found, view.language),
            head=[view.say(h) for h in CHANGE_HEAD],
            style=Markup(template_text("page.css")),  # noqa: S704
        )
    )


def dictionary_markdown(view: DictionaryView) -> str:
    """One table per entity."""
    lines = [f"# {view.title}", "", f"{view.project} · {view.version}", ""]
    lines += [f"- {line}" for line in gap_lines(view.found, view.language)]
    heads = [view.say(text) for text in COLUMNS.values()]
    for label, name, rows in view.parts:
        lines += ["", f"## {label} (`{name}`)", "", _line(heads), _line(["---"] * len(heads))]
        lines += [_line([row[c] for c in COLUMNS]) for row in rows]
    if view.changes:
        lines += ["", "## " + view.say(Text("Changes", "变更")), ""]
        lines += [_line([view.say(h) for h in CHANGE_HEAD]), _line(["---"] * len(CHANGE_HEAD))]
        lines += [_line(row) for row in view.change_rows]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    safe = (c.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>") for c in cells)
    return "| " + " | ".join(safe) + " |"


def dictionary_workbook(view: DictionaryView) -> bytes:
    """A sheet per entity; formula-safe."""
    sheets = [_cover(view)]
    heads = [view.say(text) for text in COLUMNS.values()]
    widths = [_WIDTHS[c] for c in COLUMNS]
    for label, _, rows in view.parts:
        sheets.append(Sheet(label, heads, widths, [[row[c] for c in COLUMNS] for row in rows]))
    if view.changes:
        head = [view.say(h) for h in CHANGE_HEAD]
        title = view.say(Text("Changes", "变更"))
        sheets.append(Sheet(title, head, (10, 14, 18, 16, 40, 40), view.change_rows))
    return workbook_bytes(sheets)


def _cover(view: DictionaryView) -> Sheet:
    rows: list[Sequence[object]] = [
        (view.say(Text("number", "编号")), view.cover.number),
        (view.say(Text("title", "名称")), view.title),
        (view.say(Text("version", "版本")), view.version),
        (view.say(Text("scope", "适用范围")), view.project),
        (view.say(Text("confidentiality", "密级")), view.cover.confidentiality),
        (view.say(Text("digest", "摘要")), view.found.digest),
    ]
    rows += [(f"{r.version} {r.date}", f"{r.change} {r.by}".strip()) for r in view.revisions]
    rows += [("", line) for line in gap_lines(view.found, view.language)]
    head = (view.say(Text("item", "项目")), view.say(Text("content", "内容")))
    return Sheet(view.say(Text("Cover", "封面")), head, (22, 80), rows)
