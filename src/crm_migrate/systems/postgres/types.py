"""What PostgreSQL's types and checks allow: kinds, digits, ranges, vocabularies, character sets."""

import re

from crm_migrate.systems.target_schema import ColumnKind

CITEXT = "citext"
"""Name of the type, and `ColumnInfo.collation` of its columns."""
_KINDS: dict[str, ColumnKind] = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "oid": "integer",
    "numeric": "decimal",
    "real": "real",
    "double precision": "real",
    "date": "date",
    "timestamp without time zone": "time",
    "timestamp with time zone": "time",
    "time without time zone": "time",
    "time with time zone": "time",
    "interval": "time",
    "bytea": "binary",
}
_RANGES = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}
_CODECS = {
    "EUC_CN": "gb2312", "EUC_JP": "euc_jp", "EUC_KR": "euc_kr", "EUC_TW": "cp950",
    "LATIN1": "latin-1", "LATIN2": "iso8859-2", "LATIN3": "iso8859-3", "LATIN4": "iso8859-4",
    "LATIN5": "iso8859-9", "LATIN6": "iso8859-10", "LATIN7": "iso8859-13",
    "LATIN8": "iso8859-14", "LATIN9": "iso8859-15", "LATIN10": "iso8859-16",
    "ISO_8859_5": "iso8859-5", "ISO_8859_6": "iso8859-6", "ISO_8859_7": "iso8859-7",
    "ISO_8859_8": "iso8859-8", "KOI8R": "koi8-r", "KOI8U": "koi8-u", "WIN866": "cp866",
    "WIN874": "cp874", **{f"WIN{n}": f"cp{n}" for n in range(1250, 1259)},
}  # fmt: skip
"""Server encodings (manual, "Character Set Support") that can't hold every character."""

_MASK, _SIGN = 0x7FF, 0x400
_LITERAL = r"""E?'(?:[^'\\]|''|\\.)*'|-?\d+(?:\.\d+)?"""
_TYPE = (
    r"""::(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?"""
    r"(?: varying| precision| with(?:out)? time zone)?(?:\(\d+(?:,\d+)?\))?(?:\[\])?"
)
_LIST = r"(?:@ISNULLOR)?(?:@=ANYARRAY\[\?(?:,\?)*\]|@=\?(?:OR@=\?)*)(?:OR@ISNULL)?"


def kind_of(base: str) -> ColumnKind:
    """The kind of a base type; what is none of the known ones is text.

    >>> kind_of("numeric"), kind_of("jsonb")
    ('decimal', 'text')
    """
    return _KINDS.get(base, "text")


def integer_range(base: str) -> tuple[int | None, int | None]:
    """Lowest and highest value of an integer type."""
    return _RANGES.get(base, (None, None))


def digits(base: str, modifier: int) -> tuple[int | None, int | None]:
    """Precision and scale of a numeric by its type modifier (information_schema's functions).

    >>> digits("numeric", 4 + (12 << 16 | 2)), digits("numeric", -1)
    ((12, 2), (None, None))
    """
    if base != "numeric" or modifier < 4:
        return None, None
    packed = modifier - 4
    return packed >> 16 & 0xFFFF, ((packed & _MASK) ^ _SIGN) - _SIGN


def codec_of(encoding: str) -> str | None:
    """Python's codec of a server encoding; None where every character fits."""
    return _CODECS.get(encoding)


def vocabulary_of(definition: str, column: str) -> tuple[str, ...]:
    """What a CHECK holds a column to, if it is a plain list; else nothing.

    `definition` is what pg_get_constraintdef returns; IN comes back as `= ANY (ARRAY[…])`.

    >>> vocabulary_of("CHECK ((k = ANY (ARRAY['a'::text, 'it''s'::text])))", "k")
    ('a', "it's")
    >>> vocabulary_of("CHECK (((k IS NULL) OR (k = 'a'::text) OR (k = 'b'::text)))", "k")
    ('a', 'b')
    >>> vocabulary_of("CHECK ((n > 0))", "n")
    ()
    """
    body = re.sub(r"^CHECK\s*|\s+NOT VALID$|\s+NO INHERIT$", "", definition)
    literals = re.findall(_LITERAL, body)
    shape = re.sub(_LITERAL, "?", body)
    shape = re.sub(_TYPE, "", shape)
    plain = re.fullmatch(r"[a-z_][a-z0-9_$]*|VALUE", column) is not None
    shape = shape.replace(column if plain else '"' + column.replace('"', '""') + '"', "@")
    shape = re.sub(r"[()\s]", "", shape)
    if not re.fullmatch(_LIST, shape):
        return ()
    return tuple(_unquoted(text) for text in literals)


def _unquoted(text: str) -> str:
    if text.startswith("E'"):
        text = text[1:].replace("\\\\", "\\")
    return text[1:-1].replace("''", "'") if text.startswith("'") else text
