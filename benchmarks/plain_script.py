"""The same job as a plain script: pandas, recordlinkage, SQLAlchemy. Decently written, no more.

    python -m benchmarks.plain_script FOLDER DATABASE-URL

Reads the three sources, normalises with pandas, links with the Python Record Linkage Toolkit on
exact blocks, keeps one value per field by the trust of the source, encrypts four columns and
writes the table. It has no quarantine, findings, lineage, plan, approval, ledger, resume,
rollback or audit, does not compare with what stands in the CRM, and reads nothing back but the
number of rows.
"""

import json
import os
import sys
import time
from base64 import b64encode
from pathlib import Path

import pandas as pd
import recordlinkage
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from benchmarks.customer_project import CHINESE, database

SEALED = ("account", "mobile", "email", "id_number")
BLOCKS = ("uscc", "mobile", "email", "phone", "key")


def read(root: Path) -> pd.DataFrame:
    """All rows, the most trusted source first."""
    english = {shown: name for name, shown in CHINESE.items()}
    parts = [
        pd.read_csv(root / "sales.csv", encoding="gb18030", dtype=str),
        pd.read_csv(root / "service.csv", dtype=str),
        pd.read_sql("SELECT * FROM customers", sa.create_engine(f"sqlite:///{root}/legacy.db")),
    ]
    frames = [part.rename(columns=english) for part in parts]
    order = (frames[0], frames[2], frames[1])
    return pd.concat(order, ignore_index=True)


def normalised(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns in a comparable form."""
    rows = rows.copy()
    rows["name"] = rows["name"].str.normalize("NFKC").str.replace(r"\s+", "", regex=True)
    rows["uscc"] = rows["uscc"].str.upper()
    rows["email"] = rows["email"].str.lower()
    mobile = rows["mobile"].str.replace(r"\D", "", regex=True)
    rows["mobile"] = mobile.str.replace(r"^86(?=1\d{10}$)", "", regex=True)
    rows["phone"] = rows["phone"].str.replace(r"\D", "", regex=True)
    rows["key"] = (
        rows["name"].str.replace("有限责任公司", "有限公司").str.replace("[省市]", "", regex=True)
    )
    return rows


def linked(rows: pd.DataFrame) -> pd.Series:
    """The number of each row's customer."""
    pairs = None
    for column in BLOCKS:
        index = recordlinkage.Index()
        index.block(column)
        found = index.index(rows[rows[column].notna()])
        pairs = found if pairs is None else pairs.union(found)
    compare = recordlinkage.Compare()
    for column in ("uscc", "mobile", "email", "phone"):
        compare.exact(column, column, label=column)
    compare.string("key", "key", method="jarowinkler", threshold=0.92, label="name")
    compare.string("address", "address", method="levenshtein", threshold=0.75, label="address")
    vectors = compare.compute(pairs, rows)
    match = vectors[(vectors.sum(axis=1) >= 2) & ~rows_differ(rows, vectors.index)]
    left, right = match.index.get_level_values(0), match.index.get_level_values(1)
    size = len(rows)
    graph = coo_matrix(([1] * len(left), (left, right)), shape=(size, size))
    return pd.Series(connected_components(graph, directed=False)[1], index=rows.index)


def rows_differ(rows: pd.DataFrame, pairs: pd.MultiIndex) -> pd.Series:
    """Pairs whose codes are both known and differ: never one customer."""
    left = rows["uscc"].reindex(pairs.get_level_values(0)).to_numpy()
    right = rows["uscc"].reindex(pairs.get_level_values(1)).to_numpy()
    known = pd.notna(left) & pd.notna(right)
    return pd.Series(known & (left != right), index=pairs)


def sealed(values: pd.Series, key: bytes) -> pd.Series:
    """AES-256-GCM, base64."""
    cipher = AESGCM(key)

    def seal(value: object) -> str | None:
        if pd.isna(value):
            return None
        nonce = os.urandom(12)
        return b64encode(nonce + cipher.encrypt(nonce, str(value).encode(), None)).decode()

    return values.map(seal)


def main() -> None:
    """Do the job; print seconds by step and the number of customers."""
    root, url = Path(sys.argv[1]), sys.argv[2]
    seconds: dict[str, float] = {}
    begun = time.perf_counter()

    def step(name: str) -> None:
        nonlocal begun
        seconds[name], begun = round(time.perf_counter() - begun, 2), time.perf_counter()

    rows = normalised(read(root))
    step("read, normalise")
    rows["customer"] = linked(rows)
    step("link")
    golden = rows.drop(columns=["number", "key"]).groupby("customer", sort=False).first()
    step("survive")
    key = os.urandom(32)
    for column in SEALED:
        golden[column] = sealed(golden[column], key)
    step("seal")
    engine = database(url)
    golden.to_sql("plain_accounts", engine, if_exists="replace", chunksize=10_000)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM plain_accounts")).scalar()
    step("load")
    print(json.dumps({"seconds": seconds, "customers": count, "expected": len(golden)}))


if __name__ == "__main__":
    main()
