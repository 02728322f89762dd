"""`make bench`: run all measurements, or the ones named, and print them as a table."""

import json
import sys
from importlib import import_module
from pathlib import Path

NAMES = ("reading", "standards", "sealing", "linkage")


def main() -> None:
    """Run and print; the figures also go to benchmarks/results.json (not kept in git)."""
    results = []
    for name in sys.argv[1:] or NAMES:
        print(f"{name} …", flush=True)
        results += import_module(f"benchmarks.{name}").run()
    width = max(len(r["what"]) for r in results)
    for r in results:
        print(f"{r['what']:<{width}}  {r['ours']:>14}  {r['peer']:>14}  {r['ratio']:>8}")
    Path(__file__).with_name("results.json").write_text(
        json.dumps(results, ensure_ascii=False, indent=1), "utf-8"
    )


if __name__ == "__main__":
    main()
