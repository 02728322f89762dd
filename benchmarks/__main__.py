"""`make bench`: run all measurements, or the ones named, and print them as a table.

python -m benchmarks end_to_end --rows 1400000     options go to the one that is named
"""

import sys
from importlib import import_module
from itertools import takewhile

from benchmarks.results import keep

NAMES = (
    "reading",
    "standards",
    "accuracy",
    "sealing",
    "linkage",
    "linking_packs",
    "showing",
    "loading",
)


def main() -> None:
    """Run and print; the figures also go to benchmarks/results.json (not kept in git)."""
    results = []
    names = list(takewhile(lambda a: not a.startswith("--"), sys.argv[1:]))
    for name in names or NAMES:
        print(f"{name} …", flush=True)
        module = import_module(f"benchmarks.{name}")
        options = sys.argv[1 + len(names) :]
        lines = module.run(options) if options else module.run()
        for line in lines if name != "linkage" else []:  # which keeps its cells itself
            keep(name, line["what"], {k: v for k, v in line.items() if k != "what"})
        results += lines
    width = max((len(r["what"]) for r in results), default=0)
    for r in results:
        print(f"{r['what']:<{width}}  {r['ours']:>14}  {r['peer']:>14}  {r['ratio']:>8}")


if __name__ == "__main__":
    main()
