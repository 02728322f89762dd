"""A mapping file outside of a project: `mappings/sales.yaml` with its value maps beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_migrate.errors import Fault, ProjectFault
from crm_migrate.model import Model
from crm_migrate.project.mapping_file import FieldSource, RecordMapping, SourceMapping, ValueMap
from crm_migrate.project.project import read_value_maps, validated
from crm_migrate.project.references import check_mappings
from crm_migrate.project.yaml_file import read_yaml


@dataclass(frozen=True)
class LoneMapping:
    """A mapping and the value maps of its folder, by name."""

    mapping: SourceMapping
    value_maps: Mapping[str, ValueMap]


def load_mapping(path: Path, model: Model) -> LoneMapping:
    """Read a mapping file; value maps lie in `values/` beside it.

    References that are looked up in another source are left out: it is not at hand.

    Raises:
        ProjectFault: with every fault of the file, and of the value maps that it names.
    """
    faults: list[Fault] = []
    file, found = read_yaml(path)
    faults += found
    mapping = validated(SourceMapping, file, file.data, faults)
    if mapping is None:
        raise ProjectFault(faults)
    named = {o.values for t in mapping.tables for r in t.records for o in r.fields.values()}
    others: list[Fault] = []
    values = read_value_maps(path.parent / "values", others)
    faults += [f for f in others if Path(f.where.rpartition(":")[0] or f.where).stem in named]
    alone = without_look_ups_elsewhere(mapping)
    maps = {name: value_map for name, (_, value_map) in values.items()}
    faults += check_mappings(model, {mapping.source: (file, alone)}, maps)
    if faults:
        raise ProjectFault(faults)
    return LoneMapping(alone, maps)


def without_look_ups_elsewhere(mapping: SourceMapping) -> SourceMapping:
    """The mapping without references into tables that it does not describe itself."""
    own = {t.table for t in mapping.tables}

    def at_hand(origin: FieldSource) -> bool:
        return origin.table is None or (
            origin.source in (None, mapping.source) and origin.table in own
        )

    def kept(record: RecordMapping) -> RecordMapping:
        fields = {n: o for n, o in record.fields.items() if at_hand(o)}
        requires = tuple(n for n in record.requires if n in fields)
        return record.model_copy(update={"fields": fields, "requires": requires})

    tables = tuple(
        t.model_copy(update={"records": tuple(kept(r) for r in t.records)}) for t in mapping.tables
    )
    return mapping.model_copy(update={"tables": tables})
