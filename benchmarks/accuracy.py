"""How right `standardize` is on invented data that was written without sight of its rules.

Clean cells that get a finding or another value are false alarms. Of cells damaged in known ways it
is counted how many hold the right value afterwards, are told, pass silently, hold a wrong value, or
are gone without a word.

python -m benchmarks accuracy --rows 20000 --seed 1 --chance 0.08 --kinds
"""

from __future__ import annotations

import argparse
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.blind_cells import HEADERS
from benchmarks.blind_damages import EITHER, REPAIR, TELL
from benchmarks.blind_kinds import Cell, canonical, damage, generate
from crm_migrate.stages.bare.standardize import standardize_files
from crm_migrate.stages.bare.standardized_tables import findings_table, records_table

RIGHT, TOLD, SILENT, WRONG_TOLD, WRONG, LOST = (
    "right",
    "told",
    "silent",
    "wrong, told",
    "wrong",
    "lost",
)
OUTCOMES = (RIGHT, TOLD, SILENT, WRONG_TOLD, WRONG, LOST)
FINE = {REPAIR: {RIGHT}, EITHER: {RIGHT, TOLD}, TELL: {RIGHT, TOLD}}
"""What may become of a cell → the outcomes that are as they should be."""
Values = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Judged:
    """What came out of the records: id → field → value, and (id, field) → (rule, severity)."""

    values: Values
    told: Mapping[tuple[str, str], Sequence[tuple[str, str]]]
    set_aside: frozenset[str]

    def warned(self, row: str, name: str, but: str = "") -> bool:
        """Whether a warning or an error speaks of the cell."""
        found = self.told.get((row, name), ())
        return any(severity != "repair" and rule != but for rule, severity in found)


@dataclass
class Accuracy:
    """What was counted; examples are (column, kind, cell, truth, value that came out)."""

    clean_cells: int = 0
    alarms: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    changed: list[tuple[str, str, str]] = field(default_factory=list)
    outcomes: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[tuple[str, str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    alarmed: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def share(self, columns: Iterable[str], outcomes: Iterable[str]) -> float:
        """The part of the damaged cells of the columns with one of the outcomes."""
        inside, kinds = set(columns), set(outcomes)
        of = [(n, o) for (c, _, _, o), n in self.outcomes.items() if c in inside]
        return sum(n for n, o in of if o in kinds) / max(1, sum(n for n, _ in of))

    def good(self, columns: Iterable[str]) -> float:
        """The part of the damaged cells of the columns that became what they should."""
        inside = set(columns)
        of = [(n, o in FINE[may]) for (c, _, may, o), n in self.outcomes.items() if c in inside]
        return sum(n for n, fine in of if fine) / max(1, sum(n for n, _ in of))


def standardized(rows: list[dict[str, str]]) -> Judged:
    """The rows, written as csv and standardized as the command does it without a mapping."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        pl.DataFrame(rows).write_csv(path, quote_style="always")
        result = standardize_files([path], id_column="客户编号", today=date(2026, 1, 15))
        records, findings = records_table(result), findings_table(result)
    values = {
        row["record_id"]: {k: "" if v is None else _text(v) for k, v in row.items()}
        for row in records.iter_rows(named=True)
    }
    told: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    lines = findings.select("record_id", "field", "rule", "severity").iter_rows()
    for record, name, rule, severity in lines:
        told[record, name].append((rule, severity))
    errors = findings.filter(pl.col("severity") == "error")["record_id"]
    return Judged(values, told, frozenset(errors.to_list()))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "").isdigit() else text


def _folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def outcome(cell: Cell, judged: Judged, row: str) -> tuple[str, str]:
    """What became of a damaged cell, and the value that came out."""
    name = HEADERS[cell.column]
    warned = judged.warned(row, name)
    values = judged.values.get(row)
    if values is None:  # set aside, and an error of the record says so
        return (TOLD if row in judged.set_aside else LOST), ""
    value = values.get(name, "")
    if cell.emptied:
        there = values.get(HEADERS[cell.emptied], "")
        if there == canonical(cell.emptied, cell.kept) and value == cell.truth:
            return RIGHT, value
        warned = warned or judged.warned(row, HEADERS[cell.emptied], "required.missing")
    elif value == cell.truth:
        return RIGHT, value
    if not cell.truth and not cell.emptied and value and _folded(value) not in _folded(cell.text):
        return RIGHT, value  # a free field, which another cell of the row had a value for
    if not value:
        elsewhere = any(_folded(cell.text) in _folded(v) for v in values.values() if v)
        said = warned or (row, name) in judged.told
        return (TOLD if said or elsewhere else LOST), value
    if cell.column == "备注" and (row, name) in judged.told:  # cut out, or pointed out
        return TOLD, value
    if _folded(value) == _folded(cell.text):
        return (TOLD if warned else SILENT), value
    if cell.emptied:
        return (TOLD if warned else SILENT), value
    return (WRONG_TOLD if warned else WRONG), value


def measure(count: int, seed: int, chance: float) -> Accuracy:
    """Clean rows and their damaged copy through the product."""
    rows, found = generate(count, seed), Accuracy()
    judged = standardized(rows)
    for row in rows:
        number = row["客户编号"]
        values = judged.values.get(number, {})
        for column, name in HEADERS.items():
            found.clean_cells += 1
            if values.get(name, "") != canonical(column, row[column]):
                found.changed.append((column, row[column], values.get(name, "")))
    columns = {name: column for column, name in HEADERS.items()}
    texts = {row["客户编号"]: row for row in rows}
    for (number, name), told in judged.told.items():
        for rule, severity in told:
            found.alarms[columns.get(name, name), rule, severity] += 1
            found.alarmed[name, rule].append(texts.get(number, {}).get(columns.get(name, ""), ""))
    copies, cells = damage(rows, seed, chance)
    judged = standardized(copies)
    for cell in cells:
        what, value = outcome(cell, judged, f"KH{cell.row:07d}")
        found.outcomes[cell.column, cell.kind, cell.may, what] += 1
        found.examples[cell.column, cell.kind, what].append((cell.text, cell.truth, value))
    return found


def run(options: Sequence[str] = ()) -> list[dict[str, str]]:
    """Print the table; a line per column for the summary."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks accuracy")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chance", type=float, default=0.08)
    parser.add_argument("--kinds", action="store_true", help="a line per kind, with examples")
    asked = parser.parse_args(list(options))
    found = measure(asked.rows, asked.seed, asked.chance)
    _print_clean(found, asked.kinds)
    _print_damaged(found)
    if asked.kinds:
        _print_kinds(found)
    return _lines(found)


def _print_clean(found: Accuracy, examples: bool) -> None:
    alarms = sum(n for (_, _, severity), n in found.alarms.items() if severity != "repair")
    print(f"clean: {found.clean_cells:,} cells, {len(found.changed):,} changed, {alarms:,} alarms "
          f"({1000 * alarms / max(1, found.clean_cells):.2f} of 1,000 cells)")  # fmt: skip
    for (column, rule, severity), count in found.alarms.most_common():
        print(f"  {column}  {rule}  {severity}  {count:,}")
        if examples:
            print(
                "     ",
                *dict.fromkeys(found.alarmed[HEADERS.get(column, column), rule][:12]),
                sep=" | ",
            )
    for column, count in Counter(column for column, _, _ in found.changed).most_common():
        print(f"  changed: {column}  {count:,}")
        if examples:
            print(
                "     ", *[f"{a} -> {b}" for c, a, b in found.changed if c == column][:8], sep=" | "
            )


def _print_damaged(found: Accuracy) -> None:
    print("\t".join(("column", "cells", "as it should", *OUTCOMES)))
    for column in [*dict.fromkeys(c for c, _, _, _ in found.outcomes), "all"]:
        of = [(k, n) for k, n in found.outcomes.items() if column in (k[0], "all")]
        cells = sum(n for _, n in of)
        good = found.good({key[0] for key, _ in of})
        each = [sum(n for k, n in of if k[3] == what) for what in OUTCOMES]
        print("\t".join((column, f"{cells:,}", f"{good:.1%}", *(f"{n:,}" for n in each))))


def _print_kinds(found: Accuracy) -> None:
    for column, kind, may in dict.fromkeys(k[:3] for k in found.outcomes):
        counts = {w: found.outcomes[column, kind, may, w] for w in OUTCOMES}
        fine = sum(n for w, n in counts.items() if w in FINE[may])
        print(f"{column} · {kind} · {may}: {fine / sum(counts.values()):.0%} ",
              {w: n for w, n in counts.items() if n})  # fmt: skip
        for what, count in counts.items():
            if count and (what not in FINE[may] or what in (WRONG_TOLD, WRONG, LOST)):
                for example in found.examples[column, kind, what][:6]:
                    print(f"      {what}: {example}")


def _lines(found: Accuracy) -> list[dict[str, str]]:
    lines = []
    for column in dict.fromkeys(c for c, _, _, _ in found.outcomes):
        cells = sum(n for (c, _, _, _), n in found.outcomes.items() if c == column)
        bad = found.share([column], [WRONG, LOST])
        line = {"what": f"damaged cells, {column}", "ours": f"{found.good([column]):.1%} good"}
        lines.append(line | {"peer": f"{cells:,} cells", "ratio": f"{bad:.2%} bad"})
    return lines
