"""The plan file: opened whole or refused (R-6.3)."""

import io
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from crm_migrate.errors import IntegrityFault, NotFound
from crm_migrate.language import Text
from crm_migrate.plan.file.header_json import header_json, parse_header
from crm_migrate.plan.file.stored import open_plan, open_stored, read_header
from crm_migrate.plan.file.writer import PlanWriter, write_plan
from crm_migrate.plan.header import ControlTotal, Gate
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX
from tests.plan.crm import NOW
from tests.plan.plans import plan

KEY = b"p" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "p-1.crmplan"
    write_plan(path, plan(), KEY)
    return path


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Header, operations and lineage in dependency order; private, and no temporary file left."""
    path = tmp_path / "p-1.crmplan"
    made = plan()
    header = write_plan(path, made, KEY)
    found = open_plan(path, KEY)
    assert found.header == header == read_header(path)
    assert list(found.operations) == ["customer", "contact"]
    assert all(found.operations[e].equals(f) for e, f in made.operations.items())
    assert found.lineage["customer"].equals(made.lineage["customer"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_slices_come_back_in_their_order(tmp_path: Path) -> None:
    """Entities in dependency order, a slice read at a time; what is held back counts over all."""
    made, path = plan(), tmp_path / "p-1.crmplan"
    with PlanWriter(path, made.header.plan_id, KEY) as file:
        for entity, frame in made.operations.items():
            for part in frame.iter_slices(1):
                file.operations(entity, part)
        header = file.finish(made.header)
    whole = write_plan(tmp_path / "whole.crmplan", made, KEY)
    assert header.held == whole.held
    with open_stored(path, KEY) as stored:
        assert stored.entities == ["customer", "contact"]
        for entity, frame in made.operations.items():
            assert [s.collect().height for s in stored.slices(entity)] == [1] * frame.height
            assert stored.operations(entity).collect().equals(frame)
    assert open_plan(path, KEY).operations["contact"].equals(made.operations["contact"])


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path) -> None:
    """Whatever was written of it."""
    made = plan()
    with PlanWriter(tmp_path / "p-1.crmplan", "p-1", KEY) as file:
        file.operations("customer", made.operations["customer"])
        assert [p.suffix for p in tmp_path.iterdir()] == [TEMPORARY_SUFFIX]
    assert list(tmp_path.iterdir()) == []


def test_no_personal_data_stands_in_the_file(path: Path) -> None:
    """R-5.2: neither names nor numbers can be found in its bytes."""
    data = path.read_bytes()
    for text in ("上海甲木", "李雷", "13800138000", "110101199003070011", "account_name"):
        assert text.encode() not in data


def test_a_header_survives_json() -> None:
    """Every part of the header, gates and control totals included."""
    header = replace(
        plan().header,
        gates=(Gate("open_reviews", Text("a", "甲"), 0.25, 0.0, False, "warn"),),
        control_totals=(ControlTotal("contract", "sales", "销售一部", "2024", 3, "1.5", "1.5"),),
    )
    assert parse_header(header_json(header)) == header
    assert header.created_at == NOW


def test_any_altered_byte_is_found(path: Path) -> None:
    """Every part of the file, its structure and its seal included."""
    data = path.read_bytes()
    for at in [*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 90, len(data))]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(IntegrityFault):
            open_plan(path, KEY)


def test_a_cut_or_extended_file_is_refused(path: Path) -> None:
    """Truncated anywhere, or with something behind it."""
    data = path.read_bytes()
    for changed in (b"", data[:100], data[: len(data) // 2], data[:-1], data + b"x"):
        path.write_bytes(changed)
        with pytest.raises(IntegrityFault):
            open_plan(path, KEY)


def test_another_key_and_a_plain_substitute_are_refused(path: Path) -> None:
    """A part in clear under the right name opens nothing."""
    with pytest.raises(IntegrityFault):
        open_plan(path, b"q" * 32)
    buffer = io.BytesIO()
    pl.DataFrame({"golden_id": ["g1"]}).write_parquet(buffer)
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    parts["operations/customer/0000"] = buffer.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with pytest.raises(IntegrityFault):
        open_plan(path, KEY)


def test_a_missing_plan_is_not_found(tmp_path: Path) -> None:
    """And a file of another kind is no plan."""
    with pytest.raises(NotFound):
        read_header(tmp_path / "none.crmplan")
    other = tmp_path / "other.crmplan"
    other.write_text("not a plan")
    with pytest.raises(IntegrityFault):
        read_header(other)
