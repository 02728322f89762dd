"""Tables that differ little from those of an earlier run: only what is different is written.

An edited table stands in two files: the earlier run's file, linked under a second name, and a
small one with the rows that are new or other, and the keys of those that no longer count
(`_gone`). The earlier file's own key is kept, wrapped under the key of the run that edits it: each
run opens its tables alone, and destroying one takes nothing from another.
"""

import shutil
from pathlib import Path

import polars as pl

from crm_migrate.records import in_id_order

GONE = "_gone"
LARGE = 4
"""An edit of more than one row in so many is no longer worth the merging."""


def merged(base: pl.DataFrame, edit: pl.DataFrame, key: str) -> pl.DataFrame:
    """The table that `base` is by the edit, in the order of its key."""
    if edit.is_empty():
        return base
    gone = edit.filter(GONE)[key]
    fresh = edit.filter(~pl.col(GONE)).select(base.columns)
    out = pl.col(key).is_in(gone.implode()).fill_null(False)
    kept = base.filter(~out) if len(gone) else base
    return in_id_order(pl.concat([kept, fresh]), key) if fresh.height else kept


def edit_of(gone: pl.Series, fresh: pl.DataFrame, key: str) -> pl.DataFrame:
    """The rows of an edit: `fresh`, and keys that are `gone`."""
    keys = gone.unique().sort().alias(key).to_frame().with_columns(pl.lit(True).alias(GONE))
    return pl.concat([fresh.with_columns(pl.lit(False).alias(GONE)), keys], how="diagonal")


def no_edit(key: str) -> pl.DataFrame:
    """The edit that leaves a table as it is."""
    return pl.DataFrame(schema={key: pl.String, GONE: pl.Boolean})


def edited_again(
    earlier: pl.DataFrame, gone: pl.Series, fresh: pl.DataFrame, key: str
) -> pl.DataFrame:
    """The edit that does what `earlier` and then the new one do."""
    if earlier.is_empty():
        return edit_of(gone, fresh, key)
    still = earlier.filter(~pl.col(GONE) & ~pl.col(key).is_in(gone.implode())).drop(GONE)
    every = pl.concat([earlier.filter(GONE)[key], gone])
    return edit_of(every, in_id_order(pl.concat([still, fresh.select(still.columns)]), key), key)


def link(source: Path, path: Path) -> None:
    """The file under a second name; a copy of its ciphertext where links are not possible.

    Raises:
        OSError: it can be neither linked nor copied.
    """
    path.unlink(missing_ok=True)
    try:
        path.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, path)
        path.chmod(0o600)
