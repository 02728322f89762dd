"""The plan as one self-contained, printable HTML page: no request leaves it."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from crm_migrate.language import Text
from crm_migrate.plan.show.page_data import page_data
from crm_migrate.plan.show.totals import by_year
from crm_migrate.plan.show.view import PlanView

if TYPE_CHECKING:
    from jinja2 import Environment

STATE_TEXTS = {
    "empty": Text("nothing to change", "无需变更"),
    "approvable": Text("waits for approval", "待批准"),
    "approved": Text("approved, not yet applied", "已批准，待执行"),
    "blocked": Text("blocked by a gate", "被门禁阻止"),
    "applied": Text("applied", "已执行"),
    "rolled_back": Text("applied and taken back", "已执行并撤回"),
    "partly_rolled_back": Text("applied, partly taken back", "已执行，部分撤回"),
    "expired": Text("expired", "已过期"),
    "rejected": Text("rejected", "已驳回"),
}
KIND_TEXTS = {
    "migration": Text("change plan", "变更计划"),
    "rollback": Text("rollback plan", "撤回计划"),
}
TREATMENT_TEXTS = {
    "seal": Text("encrypted", "加密存储"),
    "index": Text("indexed", "仅索引"),
    "forbid": Text("never stored", "禁止存储"),
    "mask": Text("masked", "脱敏存储"),
}
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


def css_string(text: str) -> str:
    """A text for `content: "…"` in CSS, where letters of the style's own grammar are escaped."""
    return "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in text)


def plan_html(view: PlanView, field_labels: dict[str, str], entity_labels: dict[str, str]) -> str:
    """The page; `field_labels` names `entity.field` in the view's language."""
    from markupsafe import Markup

    language, header = view.language, view.header

    def t(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    treatments = [
        (field_labels.get(name, name), TREATMENT_TEXTS[kind].in_language(language))
        for name, kind in sorted(header.treatments.items())
        if kind in TREATMENT_TEXTS
    ]
    scope = header.scope.in_language(language) if header.scope else None
    return (
        page_environment()
        .from_string(template_text("plan.html.j2"))
        .render(
            view=view,
            h=header,
            t=t,
            zh=language == "zh",
            scope=scope,
            running=Markup(css_string(f"{header.plan_id} {scope or ''}".strip())),  # noqa: S704
            kind=KIND_TEXTS[header.kind].in_language(language),
            deletes=any(c.delete for c in header.counts.values()),
            labels=entity_labels,
            treatments=treatments,
            totals=by_year(header.control_totals),
            differing=[c for c in header.control_totals if c.source_amount != c.plan_amount],
            data=Markup(page_data(view)),  # noqa: S704
            time=local_time,
            severities={k: v.in_language(language) for k, v in SEVERITY_TEXTS.items()},
            state_text=STATE_TEXTS[view.state].in_language(language),
            style=Markup(template_text("page.css") + template_text("plan.css")),  # noqa: S704
            script=Markup(template_text("plan.js")),  # noqa: S704
        )
    )
