"""`standardize --suggest`: show what the columns are taken for, and write it as a mapping."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crm_migrate.cli.output import Output
from crm_migrate.language import Text

if TYPE_CHECKING:
    from crm_migrate.stages.bare.file_mappings import FileMappings


def suggest_mapping(
    files: tuple[Path, ...],
    target: Path | None,
    out: Output,
    *,
    mapping: Path | None,
    entity: str | None,
    id_column: str | None,
    sheet: str | None,
    encoding: str | None,
) -> None:
    """Standardize nothing; `target`: the YAML file that takes the mapping, its value maps beside.

    Raises:
        SourceFault, ProjectFault, UsageFault: as `map_files`.
        UsageFault: the target is not called .yaml.
    """
    from crm_migrate.cli.standardized import show_columns, show_unused
    from crm_migrate.pipeline import map_files
    from crm_migrate.project.entities_file import standard_model
    from crm_migrate.stages.bare.carried import carry
    from crm_migrate.stages.bare.mapping_texts import mapping_texts
    from crm_migrate.stages.bare.table_files import require_suffix
    from crm_migrate.stages.bare.told_columns import taken_columns, unused_columns

    if target is not None:
        require_suffix(target, (".yaml", ".yml"))
    model = standard_model()
    found = map_files(files, model, mapping=mapping, entity=entity, id_column=id_column,
                      sheet=sheet, encoding=encoding)  # fmt: skip
    show_columns(found, model, out)
    unused = list(unused_columns(carry(found, model), model))
    show_unused(unused, files[0], out)
    text, value_maps = mapping_texts(found, unused)
    _say_of_which(found, out)
    written = [] if target is None else _write(target, text, value_maps, out)
    chosen = f" --mapping {target}" if target else ""
    out.next_step(
        f"crm-migrate standardize {files[0]}{chosen} --out clean.csv --findings findings.xlsx"
    )
    out.result(
        {
            "entity": found.entity,
            "columns": list(taken_columns(found, model)),
            "unused_columns": unused,
            "unused_tables": list(found.left_tables),
            "mapping": text,
            "out": written,
        }
    )


def _say_of_which(found: "FileMappings", out: Output) -> None:
    """Of several files the mapping is that of the first."""
    own = found.tables[0]
    others = dict.fromkeys(t.table.info.file for t in found.tables if t.source != own.source)
    if others:
        names, file = ", ".join(others), own.table.info.file
        out.say(
            Text(
                f"the mapping is that of {file} alone, not of: {names}",
                f"映射仅对应 {file}，不含：{names}",
            ),
            "yellow",
        )


def _write(target: Path, text: str, value_maps: Mapping[str, str], out: Output) -> list[str]:
    """Write the mapping and its value maps; the paths."""
    from crm_migrate.stages.bare.table_files import write_file

    values = target.parent / "values"
    texts = {target: text} | {values / f"{name}.yaml": t for name, t in value_maps.items()}
    for path, content in texts.items():
        write_file(path, content.encode("utf-8"))
        out.say(str(path))
    return [str(path) for path in texts]
