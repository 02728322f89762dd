"""Documents hold together: links lead somewhere, requirement ids exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
REQUIREMENT = re.compile(r"\bR-\d+\.\d+[a-z]?\b")
SKIPPED = {"node_modules", "dist", "exports"}


def files(*patterns: str) -> Iterator[Path]:
    """Files of the repository, leaving out hidden folders and what runs write."""
    for pattern in patterns:
        for path in sorted(REPOSITORY.rglob(pattern)):
            parts = path.relative_to(REPOSITORY).parts
            written = parts[0] == "audit" and parts[1:] != ("README.md",)
            if not written and not any(p.startswith(".") or p in SKIPPED for p in parts):
                yield path


def anchors(text: str) -> set[str]:
    """The anchors of a Markdown text's headings, as forges make them."""
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *$", outside_fences(text), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


def outside_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", [*files("*.md")], ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    """R-8.2: every relative link of a document names a file, and its anchor a heading."""
    text = outside_fences(path.read_text("utf-8"))
    lost = []
    for link in (a or b for a, b in LINK.findall(text)):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        place = path.parent / name if name else path
        if not place.exists() or (
            anchor and place.suffix == ".md" and anchor not in anchors(place.read_text("utf-8"))
        ):
            lost.append(link)
    assert lost == []


def test_requirement_ids_exist() -> None:
    """Every R-id that a test, a document or the code cites stands in docs/requirements.md."""
    requirements = (REPOSITORY / "docs" / "requirements.md").read_text("utf-8")
    known = set(re.findall(r"^\| (R-\S+) \|", requirements, re.MULTILINE))
    assert len(known) > 30
    unknown = {
        f"{path.relative_to(REPOSITORY).as_posix()}: {cited}"
        for path in files("*.md", "*.py", "*.yaml")
        for cited in REQUIREMENT.findall(path.read_text("utf-8"))
        if cited not in known
    }
    assert unknown == set()
