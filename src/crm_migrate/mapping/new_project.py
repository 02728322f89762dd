"""The files of a new project, as texts: settings, proposed mappings, rules."""

from importlib.resources import files
from typing import Any

from crm_migrate.language import Language, Text
from crm_migrate.mapping.sandbox import sandbox_target
from crm_migrate.mapping.suggest import UNKNOWN, Proposal
from crm_migrate.mapping.target_proposal import TargetProposal
from crm_migrate.mapping.yaml_text import END, Comment, mapping_data, value_map_data, yaml_text
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import SourceMapping, TargetMapping
from crm_migrate.project.project import PROJECT_FILE, RULE_FILES
from crm_migrate.project.settings import STANDARD_LEVELS
from crm_migrate.project.yaml_file import KeyPath

SANDBOX_URL = "sqlite:///sandbox.db"
OTHER_URL = "postgresql+psycopg://crm_writer:${CRM_PASSWORD}@localhost/crm"
"""Written for a real target; to be corrected by hand."""
_IGNORED = ".crm-migrate/\nexports/\naudit/*\n!audit/README.md\nsandbox.db\n"
"""Nothing that holds customers' data may get into a version control system."""


def project_texts(
    name: str,
    sources: dict[str, dict[str, str]],
    proposal: Proposal,
    model: Model,
    *,
    url: str | None,
    target: TargetProposal | None,
    language: Language,
) -> dict[str, str]:
    """Path inside the project → text.

    `sources`: settings by name; `url`: of the target, None for a sandbox; `target`: what was
    recognised in it.
    """
    settings = _settings(name, sources, url, language)
    texts = {PROJECT_FILE: _packaged(PROJECT_FILE) + yaml_text(settings)}
    for source, mapping in proposal.mappings.items():
        texts[f"mappings/{source}.yaml"] = yaml_text(
            mapping_data(mapping), _comments(mapping, proposal, language)
        )
    for values, value_map in proposal.values.items():
        texts[f"mappings/values/{values}.yaml"] = yaml_text(value_map_data(value_map))
    crm = sandbox_target(model) if target is None else target.mapping
    texts["mappings/target.yaml"] = yaml_text(
        _target_data(crm, create=url is None),
        None if target is None else _open_places(target, language),
    )
    for rules in ("entities", *RULE_FILES):
        texts[f"rules/{rules}.yaml"] = _packaged(f"rules/{rules}.yaml")
    texts[".gitignore"] = _IGNORED
    texts["audit/README.md"] = _packaged("audit/README.md")
    return texts


def _settings(
    name: str, sources: dict[str, dict[str, str]], url: str | None, language: Language
) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "version": 1,
        "name": name,
        "language": language,
        "sources": sources,
        "target": {"name": "crm", "url": url or SANDBOX_URL, "sandbox": url is None},
    }
    if url is not None:
        levels = [level.model_dump(exclude_defaults=True) for level in STANDARD_LEVELS]
        settings["approval"] = {"levels": levels}
    return settings


def _target_data(target: TargetMapping, *, create: bool) -> dict[str, Any]:
    """A target mapping as plain data, columns in their short form."""
    data: dict[str, Any] = target.model_dump(mode="json", exclude_defaults=True)
    for entity in data["entities"].values():
        entity["fields"] = {
            n: c["column"] if list(c) == ["column"] else c for n, c in entity["fields"].items()
        }
    if not create:
        data.pop("create", None)
    return data


def _open_places(target: TargetProposal, language: Language) -> dict[KeyPath, Comment]:
    """What a person decides, above the place where the decision is written."""
    lines: dict[KeyPath, list[str]] = {}
    for place in target.open:
        at: KeyPath = ("entities", *place.place) if place.place else END
        lines.setdefault(at, []).append(place.message.in_language(language))
    return {at: Comment(above=tuple(found)) for at, found in lines.items()}


def _comments(
    mapping: SourceMapping, proposal: Proposal, language: Language
) -> dict[KeyPath, Comment]:
    """Why columns stay behind, where that is more than not having been recognised."""
    comments: dict[KeyPath, Comment] = {}
    for number, table in enumerate(mapping.tables):
        reasons = [
            f"{column}：{why.in_language(language)}"
            for column in table.ignore
            if (why := proposal.left_out.get((mapping.source, table.table, column), UNKNOWN))
            is not UNKNOWN
        ]
        if reasons:
            comments["tables", number, "ignore"] = Comment(above=tuple(reasons))
    left = "、".join(name for source, name in proposal.left_tables if source == mapping.source)
    if left:
        why = Text("tables that were not recognised: {left}", "未识别的表：{left}")
        comments[END] = Comment(above=(why.in_language(language, left=left),))
    return comments


def _packaged(name: str) -> str:
    place = files("crm_migrate") / "mapping" / "data" / "new_project"
    return place.joinpath(*name.split("/")).read_text("utf-8")
