"""Names and cells in SQL for SQLite."""


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def stored_text(column: str) -> str:
    """SQL for a cell as stored text: numbers without an idle `.0`, reals exact, blobs as hex."""
    return (
        f"CASE typeof({column}) WHEN 'text' THEN {column}"
        f" WHEN 'integer' THEN CAST({column} AS TEXT)"
        f" WHEN 'real' THEN CASE"
        f" WHEN abs({column}) < 1e15 AND {column} = CAST({column} AS INTEGER)"
        f" THEN CAST(CAST({column} AS INTEGER) AS TEXT)"
        f" WHEN CAST(CAST({column} AS TEXT) AS REAL) = {column} THEN CAST({column} AS TEXT)"
        f" ELSE printf('%!.17g', {column}) END"
        f" WHEN 'blob' THEN 'x''' || hex({column}) || '''' END"
    )
