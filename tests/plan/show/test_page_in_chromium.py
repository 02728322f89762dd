"""The page's filters in a real Chromium; skipped, and said so, where there is none."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from crm_migrate.plan.show.html import plan_html
from tests.plan.show.shown import view

CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: the page's filters are not tested (apt: chromium)"
)


def visible(folder: Path, content: str, steps: str) -> tuple[list[str], str]:
    """Actions of the rows that are seen after `steps` (JavaScript), and the count shown."""
    script = f"<script>{steps}</script></body>"
    page = folder / "page.html"
    page.write_text(content.replace("</body>", script), "utf-8")
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    rows = re.findall(r'<tr class="op \w+" data-action="(\w+)"( hidden="")?>', done.stdout)
    count = re.search(r'<span id="count">([^<]*)</span>', done.stdout)
    assert count is not None
    return [action for action, hidden in rows if not hidden], count[1]


def choose(name: str, value: str) -> str:
    return (
        f'var e=document.getElementById("{name}");e.value="{value}";'
        'e.dispatchEvent(new Event("input"));'
    )


def test_filters_show_what_they_say(tmp_path: Path) -> None:
    """Without a filter all rows are seen; by action, entity and words only those that fit."""
    content = plan_html(view("zh"), {}, {})
    everything, count = visible(tmp_path, content, "")
    assert count == str(len(everything)) == "4"
    updates, count = visible(tmp_path, content, choose("action", "update"))
    assert (updates, count) == (["update"], "1")
    people, _ = visible(tmp_path, content, choose("entity", "contact"))
    assert people == ["insert"]
    found, _ = visible(tmp_path, content, choose("search", "甲木 重点客户"))
    assert found == ["update"]
    none, count = visible(tmp_path, content, choose("search", "没有这家"))
    assert (none, count) == ([], "0")
