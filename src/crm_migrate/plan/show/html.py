"""The plan as one self-contained, printable HTML page: no request leaves it."""

from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from crm_migrate.language import Text
from crm_migrate.plan.show.risks import ACTION_LABELS
from crm_migrate.plan.show.totals import by_year
from crm_migrate.plan.show.view import CellChange, EntityView, OperationView, PlanView

if TYPE_CHECKING:
    from jinja2 import Environment

STATE_TEXTS = {
    "empty": Text("nothing to change", "无需变更"),
    "approvable": Text("waits for approval", "待批准"),
    "approved": Text("approved, not yet applied", "已批准,待执行"),
    "blocked": Text("blocked by a gate", "被门禁阻止"),
    "applied": Text("applied", "已执行"),
    "rolled_back": Text("applied and taken back", "已执行并撤回"),
    "partly_rolled_back": Text("applied, partly taken back", "已执行,部分撤回"),
    "expired": Text("expired", "已过期"),
    "rejected": Text("rejected", "已驳回"),
}
TREATMENT_TEXTS = {
    "seal": Text("encrypted", "加密存储"),
    "index": Text("indexed", "仅索引"),
    "forbid": Text("never stored", "禁止存储"),
    "mask": Text("masked", "脱敏存储"),
}
ACTIONS = ("conflict", "skip", "update", "insert")
PAGE_OTHERS = 1_000
"""Operations without risk per entity on the page; the workbook holds more."""
SEVERITY_TEXTS = {
    "error": Text("error", "错误"),
    "warning": Text("warning", "警告"),
    "repair": Text("repaired", "已修正"),
}


def local_time(time: datetime) -> str:
    """To the minute, as clocks here show it, with the distance from UTC."""
    local = time.astimezone()
    zone = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M} (UTC{zone[:3]}:{zone[3:5]})"


@cache
def template_text(name: str) -> str:
    """A template or asset that ships with the package."""
    return (files("crm_migrate") / "plan" / "show" / "templates" / name).read_text("utf-8")


def page_environment() -> "Environment":
    """Jinja2 with escaping always on."""
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _on_page(entity: EntityView) -> tuple[OperationView, ...]:
    risky = sum(o.action in ("conflict", "skip") for o in entity.operations)
    return entity.operations[: risky + PAGE_OTHERS]


def _row(o: OperationView) -> str:
    """A line of the long table; every value is escaped here, for the template does not see it."""
    told = f"{o.reason}: {o.conflicts}" if o.conflicts else o.reason
    key = f" · #{escape(o.target_key)}" if o.target_key else ""
    cells = "".join(_cell(c, o.action == "update") for c in o.cells)
    return (
        f'<tr class="op {escape(o.action)}" data-action="{escape(o.action)}"><td class="what">'
        f'<span class="badge">{escape(o.action_label)}</span></td><td class="who">'
        f"<b>{escape(o.title)}</b><small>{escape(told)}{key}</small></td>"
        f'<td class="cells">{cells}</td></tr>'
    )


def _cell(c: CellChange, with_origin: bool) -> str:
    before = f"<del>{escape(c.before)}</del> → " if c.before else ""
    origin = f"<small>{escape(c.origin)}</small>" if with_origin and c.origin else ""
    after = escape(c.after) if c.after else "∅"
    return f'<span class="cell"><i>{escape(c.label)}</i>{before}<ins>{after}</ins>{origin}</span>'


def plan_html(view: PlanView, field_labels: dict[str, str], entity_labels: dict[str, str]) -> str:
    """The page; `field_labels` names `entity.field` in the view's language."""
    from markupsafe import Markup

    language = view.language

    def t(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    treatments = [
        (field_labels.get(name, name), TREATMENT_TEXTS[kind].in_language(language))
        for name, kind in sorted(view.header.treatments.items())
        if kind in TREATMENT_TEXTS
    ]
    return (
        page_environment()
        .from_string(template_text("plan.html.j2"))
        .render(
            view=view,
            h=view.header,
            t=t,
            zh=language == "zh",
            labels=entity_labels,
            treatments=treatments,
            actions=[(a, ACTION_LABELS[a].in_language(language)) for a in ACTIONS],
            totals=by_year(view.header.control_totals),
            differing=[c for c in view.header.control_totals if c.source_amount != c.plan_amount],
            shown={e.name: _on_page(e) for e in view.entities},
            rows=lambda operations: Markup("\n".join(map(_row, operations))),  # noqa: S704
            time=local_time,
            severities={k: v.in_language(language) for k, v in SEVERITY_TEXTS.items()},
            state_text=STATE_TEXTS[view.state].in_language(language),
            style=Markup(template_text("page.css")),  # noqa: S704
            script=Markup(template_text("plan.js")),  # noqa: S704
        )
    )
