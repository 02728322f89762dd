"""crm-migrate.yaml + mappings/ + rules/ → one validated, frozen `Project`."""

import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crm_migrate.errors import Fault, KeyFault, ProjectFault
from crm_migrate.language import Text
from crm_migrate.model import Model
from crm_migrate.project.entities_file import (
    EntitiesFile,
    build_model,
    resolve_extends,
    starter_file,
)
from crm_migrate.project.form import form_faults
from crm_migrate.project.mapping_file import SourceMapping, TargetMapping, ValueMap
from crm_migrate.project.references import check_references
from crm_migrate.project.settings import Settings, Source
from crm_migrate.project.taken_out import TakenOut, taken_out
from crm_migrate.project.yaml_file import YamlFile, read_yaml

PROJECT_FILE = "crm-migrate.yaml"
RULE_FILES = ("policy", "linkage", "survivorship", "gates", "quality", "records", "allowed",
              "derivations", "verification")  # fmt: skip
"""Rules that the packages named like them parse; a file that is missing means the standard."""

_SECRET = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_T = TypeVar("_T", bound=BaseModel)
_USER = re.compile(r"://[^/@]*@")
"""User and password (or what stands for it) in a URL."""


@dataclass(frozen=True)
class Project:
    """Everything that was decided in files; frozen and valid in itself."""

    root: Path
    settings: Settings
    model: Model
    mappings: dict[str, SourceMapping]
    value_maps: dict[str, ValueMap]
    target: TargetMapping
    rules: dict[str, YamlFile]
    """Plain data of `rules/<name>.yaml` for the names in RULE_FILES, `extends` resolved."""
    digest: str
    """SHA-256 over the meaning of all files (canonical JSON): part of a plan's evidence."""

    def path(self, relative: str) -> Path:
        """A path of the project's files, relative to its folder."""
        return self.root / relative

    @property
    def state(self) -> Path:
        """Folder of the run state, the keyring and the workspace."""
        return self.path(self.settings.state)

    def source_place(self, name: str) -> str:
        """File path or database URL of a source, `${NAME}` filled from the environment.

        Raises:
            KeyFault: a variable is not set.
        """
        source: Source = self.settings.sources[name]
        if source.path is not None:
            return str(self.path(source.path))
        return self._url(source.url or "")

    @property
    def target_url(self) -> str:
        """The target's SQLAlchemy URL, secrets filled in. Raises KeyFault like `source_place`."""
        return self._url(self.settings.target.url)

    def _url(self, url: str) -> str:
        filled = fill_secrets(url)
        prefix = "sqlite:///"
        if filled.startswith(prefix) and not filled.startswith(prefix + "/"):
            return prefix + str((self.root / filled.removeprefix(prefix)).resolve())
        return filled


def fill_secrets(text: str) -> str:
    """Replace `${NAME}` by the environment's value.

    Raises:
        KeyFault: a variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise KeyFault(
                Text(f"environment variable {name} is not set", f"未设置环境变量 {name}"),
                remedy=Text(f"export {name}=…", f"请先设置 {name}"),
            )
        return os.environ[name]

    return _SECRET.sub(value, text)


def find_project(start: Path) -> Path:
    """The nearest folder upwards that holds crm-migrate.yaml.

    Raises:
        ProjectFault: there is none.
    """
    for folder in (start, *start.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    message = Text(f"no {PROJECT_FILE} here or above", f"当前及上级目录中没有 {PROJECT_FILE}")
    remedy = Text("crm-migrate init DIR --from PATH…", "先运行 crm-migrate init DIR --from PATH…")
    raise ProjectFault([Fault(str(start), message, remedy)])


def load_project(root: Path) -> Project:
    """Read and check all files of a project.

    Raises:
        ProjectFault: with every fault of every file.
    """
    faults: list[Fault] = []
    main = _read(root / PROJECT_FILE, faults)
    settings = validated(Settings, main, main.data, faults)
    if settings is None:
        raise ProjectFault(faults)
    entities = _rules_file(root / settings.rules / "entities.yaml", "entities.yaml", faults)
    parsed = validated(EntitiesFile, entities, entities.data, faults)
    model = None
    if parsed is not None:
        model, found = build_model(parsed, entities)
        faults += found
    mappings: dict[str, tuple[YamlFile, SourceMapping]] = {}
    for name in settings.sources:
        file = _read(root / settings.mappings / f"{name}.yaml", faults)
        mapping = validated(SourceMapping, file, file.data, faults) if file.data else None
        if mapping is not None:
            mappings[name] = (file, mapping)
    values = read_value_maps(root / settings.mappings / "values", faults)
    target_file = _read(root / settings.target.mapping, faults)
    target = validated(TargetMapping, target_file, target_file.data, faults)
    out = taken_out(model) if model is not None else None
    rules = {
        n: _rules_file(root / settings.rules / f"{n}.yaml", f"{n}.yaml", faults, out)
        for n in RULE_FILES
    }
    if model is not None:
        plain_values = {n: v for n, (_, v) in values.items()}
        faults += check_references(main, settings, model, mappings, plain_values)
        faults += _check_target(target_file, target, model) if target is not None else []
    if faults or model is None or target is None:
        raise ProjectFault(faults)
    meaning = {
        "settings": _meaning(settings),
        "entities": entities.data,
        "mappings": {n: m.model_dump(mode="json") for n, (_, m) in mappings.items()},
        "values": {n: v.model_dump(mode="json") for n, (_, v) in values.items()},
        "target": target.model_dump(mode="json"),
        # How quality is measured changes no data; what gates make of it is evidence by itself.
        "rules": {n: f.data for n, f in rules.items() if n != "quality"},
    }
    return Project(
        root=root,
        settings=settings,
        model=model,
        mappings={n: m for n, (_, m) in mappings.items()},
        value_maps={n: v for n, (_, v) in values.items()},
        target=target,
        rules=rules,
        digest=hashlib.sha256(
            json.dumps(meaning, sort_keys=True, ensure_ascii=False, default=str).encode()
        ).hexdigest(),
    )


def _meaning(settings: Settings) -> Any:
    """The settings without what changes nothing: the report, and as whom databases are entered."""
    plain: Any = settings.model_dump(mode="json", exclude={"document", "language"})
    for place in (plain["target"], *plain["sources"].values()):
        if place.get("url") is not None:
            place["url"] = _USER.sub("://", place["url"])
    return plain


def validated(kind: type[_T], file: YamlFile, data: Any, faults: list[Fault]) -> _T | None:
    """`data` as `kind`, or None with one fault per violation added to `faults`."""
    if any(f.where.startswith(str(file.path)) for f in faults) and not data:
        return None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        faults += [file.fault(at, text) for at, text in form_faults(error)]
        return None


def _read(path: Path, faults: list[Fault]) -> YamlFile:
    file, found = read_yaml(path)
    faults += found
    return file


def _rules_file(
    path: Path, starter: str, faults: list[Fault], out: TakenOut | None = None
) -> YamlFile:
    """A rules file over the packaged one; `out`: what that one need not speak of."""
    packaged = starter_file(starter)
    if out is not None:
        packaged = replace(packaged, data=out.rules(path.stem, packaged.data))
    if not path.exists():
        return packaged
    file = _read(path, faults)
    return YamlFile(file.path, resolve_extends(file, packaged.data), file.lines)


def read_value_maps(folder: Path, faults: list[Fault]) -> dict[str, tuple[YamlFile, ValueMap]]:
    """The value maps of a folder by name; what is faulty is added to `faults`."""
    maps: dict[str, tuple[YamlFile, ValueMap]] = {}
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        file = _read(path, faults)
        parsed = validated(ValueMap, file, file.data, faults)
        if parsed is not None:
            maps[path.stem] = (file, parsed)
    return maps


def _check_target(file: YamlFile, target: TargetMapping, model: Model) -> list[Fault]:
    faults = []
    for name, entity in target.entities.items():
        at: tuple[str | int, ...] = ("entities", name)
        if name not in model.by_name:
            message = Text(f"unknown entity '{name}'", f"未知的实体“{name}”")
            faults.append(file.fault(at, message))
            continue
        fields = model.entity(name).by_name
        for field_name, column in entity.fields.items():
            place = (*at, "fields", field_name)
            if field_name not in fields:
                message = Text(f"unknown field '{field_name}'", f"未知的字段“{field_name}”")
                faults.append(file.fault(place, message))
                continue
            vocabulary = model.vocabularies.get(fields[field_name].vocabulary or "")
            missing = set(vocabulary.values if vocabulary else ()) - set(column.values)
            if column.values and missing:
                names = "、".join(sorted(missing))
                message = Text(f"values without a target value: {names}", f"缺少取值映射：{names}")
                faults.append(file.fault(place, message))
    return faults
