"""The native engine against the recordlinkage engine on the same invented companies and rules."""

from benchmarks.timing import best_of, line
from crm_migrate.linkage.native_engine import NativeEngine
from crm_migrate.linkage.recordlinkage_engine import RecordLinkageEngine
from crm_migrate.linkage.rules import parse_rules
from crm_migrate.project.entities_file import starter_file
from tests.linkage.invented_companies import companies, pair_scores

RECORDS = 20_000


def run() -> list[dict[str, str]]:
    """Time and pair F1 of both."""
    made = companies(RECORDS, seed=7)
    records, truth = made.drop("truth"), made.select("record_id", "truth")
    rules = parse_rules(starter_file("linkage.yaml").data)[0]["customer"]
    found = {}

    def native() -> None:
        found["native"] = NativeEngine().link(records, rules)

    def toolkit() -> None:
        found["recordlinkage"] = RecordLinkageEngine().link(records, rules)

    seconds = best_of(1, native, toolkit)
    what = f"linking {records.height:,} / recordlinkage, same blocking and levels"
    results = [line(what, *seconds, records.height, "records")]
    for name, linkage in found.items():
        precision, recall = pair_scores(linkage.clusters, truth)
        results.append(
            {
                "what": f"  {name}: pair precision, recall",
                "ours": f"{precision:.4f}",
                "peer": f"{recall:.4f}",
                "ratio": "",
            }
        )
    return results
