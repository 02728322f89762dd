"""The layout shows the data flow: a package imports only what stands before it."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from crm_migrate.model import SemanticType
from crm_migrate.standards import module_name

SOURCE = Path(__file__).parents[1] / "src" / "crm_migrate"
ORDER = (
    "language", "errors", "instants", "model", "records", "project", "trust", "workspace", "state",
    "formats", "systems", "mapping", "standards", "quality", "linkage", "protection",
    "plan", "loading", "reports", "stages", "pipeline", "cli",
)  # fmt: skip
LINKAGE = (
    "rules", "features", "blocking", "comparing", "model", "deciding", "memory", "engines",
    "golden", "evaluation", "bare",
)  # fmt: skip
STANDARDS = (
    "contract", "rule_families", "data", "columns", "places", "reading", "types", "rules",
    "entity", "catalog",
)  # fmt: skip
"""`types` stands for the files that are each the standard of a type."""


def _package(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def _taken(path: Path) -> tuple[tuple[str, str, str], ...]:
    """(module, name there, name here) of every import of ours; no names for a whole module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, a.name, a.asname or a.name) for a in node.names]
        elif isinstance(node, ast.Import):
            found += [(a.name, "", "") for a in node.names]
    return tuple(f for f in found if f[0].startswith("crm_migrate."))


def test_import_direction() -> None:
    """Every module imports only packages that stand above its own in ORDER."""
    wrong = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py" or path.parent != SOURCE
        for name in {module.split(".")[1] for module, _, _ in _taken(path)}
        if ORDER.index(name) > ORDER.index(_package(path))
    ]
    assert wrong == []


def test_import_direction_within_linkage() -> None:
    """The packages of linkage stand in the order of its flow, too."""
    linkage = SOURCE / "linkage"
    wrong = [
        f"{path.relative_to(linkage)} imports {name}"
        for path in linkage.rglob("*.py")
        if path.parent != linkage
        for name in {m.split(".")[2] for m, _, _ in _taken(path) if m.split(".")[1] == "linkage"}
        if LINKAGE.index(name) > LINKAGE.index(path.relative_to(linkage).parts[0])
    ]
    assert wrong == []
    assert {p.name for p in linkage.iterdir() if p.is_dir()} - {"__pycache__"} == set(LINKAGE)


def test_import_direction_within_standards() -> None:
    """What reads cells knows no type, types know nothing of entities; types use one another in
    one direction. Scripts that rebuild a table may use all of it.
    """
    standards = SOURCE / "standards"
    types = {module_name(t) for t in SemanticType}

    def place(name: str) -> str:
        return "types" if name in types else name

    wrong: list[str] = []
    used: dict[str, set[str]] = {}
    for path in standards.rglob("*.py"):
        here = place(path.relative_to(standards).parts[0].removesuffix(".py"))
        if path == standards / "__init__.py" or path.name.startswith("rebuild_"):
            continue
        for module, name, _ in _taken(path):
            parts = [*module.split("."), name]
            if parts[1] != "standards" or parts[2] == "standard":
                continue
            there = place(parts[2])
            if STANDARDS.index(there) > STANDARDS.index(here):
                wrong.append(f"{path.relative_to(standards)} imports {module}.{name}")
            elif here == there == "types":
                used.setdefault(path.stem, set()).add(parts[2])
    assert wrong == []
    TopologicalSorter(used).prepare()  # raises CycleError


def test_every_package_has_its_place() -> None:
    """No package outside of ORDER, and no empty room in it."""
    found = {
        p.name.removesuffix(".py")
        for p in SOURCE.iterdir()
        if p.name not in {"__init__.py", "__pycache__", "starter", "py.typed"}
    }
    assert found <= set(ORDER)


def test_names_come_from_where_they_are_defined() -> None:
    """No module passes on the names of another; packages have a front door, the pipeline too."""
    taken = {
        "crm_migrate." + ".".join(path.relative_to(SOURCE).with_suffix("").parts): _taken(path)
        for path in SOURCE.rglob("*.py")
    }
    own = {module: {here for _, _, here in names} for module, names in taken.items()}
    wrong = [
        f"{taker} takes {name} from {module}"
        for taker, names in taken.items()
        for module, name, _ in names
        if module != "crm_migrate.pipeline" and name in own.get(module, ())
    ]
    assert wrong == []


def test_start_up_imports_nothing_heavy() -> None:
    """`--help` must start at once (≤ 0.25 s): none of the slow libraries is imported by it."""
    code = (
        "import sys; sys.argv=['crm-migrate','--help']\n"
        "from crm_migrate.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy={'polars','pandera','pandas','numpy','sqlalchemy','recordlinkage','openpyxl',"
        "'pyarrow','pydantic','cryptography','jinja2','rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"
    assert "crm-migrate" in done.stdout
