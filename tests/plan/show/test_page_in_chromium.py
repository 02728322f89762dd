"""The page's filters in a real Chromium; skipped, and said so, where there is none."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from crm_migrate.plan.show.cells import CellChange
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
    (folder / "dom.html").write_text(done.stdout, "utf-8")
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
    assert (len(everything), count) == (4, "1–4 / 4")
    updates, count = visible(tmp_path, content, choose("action", "update"))
    assert (updates, count) == (["update"], "1–1 / 1")
    people, _ = visible(tmp_path, content, choose("entity", "contact"))
    assert people == ["insert"]
    found, _ = visible(tmp_path, content, choose("search", "甲木 重点客户"))
    assert found == ["update"]
    none, count = visible(tmp_path, content, choose("search", "没有这家"))
    assert (none, count) == ([], "0")


def test_a_hundred_at_a_time_risks_first_and_what_differs_is_marked(tmp_path: Path) -> None:
    """Long plans are paged, what is left out comes first; in a change the middle is marked."""
    few = view("zh")
    customers = next(e for e in few.entities if e.name == "customer")
    insert = next(o for o in customers.operations if o.action == "insert")
    held = replace(insert, action="skip", action_label="暂不处理")
    moved = CellChange("地址", "福州市鼓楼区一号路1号", "福州市鼓楼区二号路1号", "")
    change = replace(insert, action="update", cells=(moved,))
    many = replace(customers, operations=(change, *[insert] * 250, held), total=252)
    content = plan_html(replace(few, entities=(many,)), {}, {})
    first, count = visible(tmp_path, content, "")
    assert (first[:3], len(first), count) == (["skip", "update", "insert"], 100, "1–100 / 252")
    last, count = visible(tmp_path, content, "after.click();after.click();")
    assert (len(last), count) == (52, "201–252 / 252")
    printed, _ = visible(tmp_path, content, 'window.dispatchEvent(new Event("beforeprint"));')
    assert len(printed) == 252
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "一号路" in page
    marked = (
        'document.title=[].map.call(document.querySelectorAll(".changed"),'
        "function(e){return e.textContent}).join();"
    )
    visible(tmp_path, content, marked)
    assert "<title>一,二</title>" in (tmp_path / "dom.html").read_text("utf-8")
