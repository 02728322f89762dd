"""Match keys: the forms of values that are compared, never shown and never stored."""

import polars as pl

from crm_migrate.standards import company_name

SKIP_LENGTHS = (4, 12)
"""Name cores of these lengths get one-character-less keys; shorter ones would collide."""


def fold(raw: pl.Series) -> pl.Series:
    """NFKC, lower case, without blanks and punctuation; null when nothing is left."""
    return (
        raw.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{N}]", "")
        .replace("", None)
    )


def exact(raw: pl.Series) -> pl.Series:
    """Trimmed, NFKC; null when empty."""
    return raw.str.normalize("NFKC").str.strip_chars().replace("", None)


def address(raw: pl.Series) -> pl.Series:
    """Folded, without the words for administrative levels, which people leave out at will."""
    shorter = fold(raw).str.replace_all(r"[省市区县镇乡]|自治[区州县]|中国", "")
    return shorter.replace("", None)


_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def valid_uscc(raw: pl.Series) -> pl.Series:
    """The unified social credit code where its form and check character are right (GB 32100)."""
    code = raw.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[\s\-]", "")
    shaped = code.str.contains(r"^[1-9A-HJ-NP-Y][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$")
    frame = pl.DataFrame({"code": code.set(~shaped.fill_null(False), None)})
    total = sum(
        (
            pl.col("code")
            .str.slice(i, 1)
            .replace_strict(list(_ALPHABET), list(range(31)), default=None, return_dtype=pl.Int32)
            * weight
            for i, weight in enumerate(_WEIGHTS)
        ),
        start=pl.lit(0, dtype=pl.Int32),
    )
    check = (
        pl.col("code")
        .str.slice(17, 1)
        .replace_strict(list(_ALPHABET), list(range(31)), default=None, return_dtype=pl.Int32)
    )
    right = frame.select(((31 - total % 31) % 31 == check).fill_null(False)).to_series()
    return frame["code"].set(~right, None)


def phones(raw: pl.Series) -> pl.Series:
    """Lists of digit strings: without country code, separators and extension; 7 digits or more."""
    text = raw.str.normalize("NFKC").str.split(";")
    number = (
        pl.element()
        .str.replace(r"(?i)(转|ext\.?|x|#).*$", "")
        .str.replace_all(r"\D", "")
        .str.replace(r"^(?:00)?86(1[3-9]\d{9}|0\d{9,11})$", "$1")
    )
    long_enough = pl.element().filter(pl.element().str.len_chars() >= 7)
    frame = text.alias("value").to_frame()
    return frame.select(pl.col("value").list.eval(number).list.eval(long_enough)).to_series()


def emails(raw: pl.Series) -> pl.Series:
    """Lists of lower-case addresses."""
    text = raw.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")
    frame = text.str.split(";").alias("value").to_frame()
    well_formed = pl.element().filter(pl.element().str.contains(r"^[^@]+@[^@]+\.[^@]+$"))
    return frame.select(pl.col("value").list.eval(well_formed)).to_series()


_WHOLE_FORM = r"有限|股份|合伙|合作社|事务所|银行|医院|[A-Za-z]"
_VAGUE_FORM = ["公司", "集团", "集团公司", "总公司", "中心", "厂", "店", "行", "社", "部"]


def company_parts(raw: pl.Series) -> dict[str, pl.Series]:
    """The key of the full name and its parts.

    key: the whole name; full: the same, only where a legal form shows that it is a full name;
    core: trade name and business; brand: trade name (字号); region; form: a legal form that
    tells entities apart; branch: its name, `-` for the head office.
    """
    name = raw.str.replace("有限责任公司", "有限公司", literal=True).alias("name")
    distinct = name.drop_nulls().unique(maintain_order=True)
    split = company_name.parts(distinct).with_columns(
        name=distinct, key=company_name.match_key(distinct).replace("", None)
    )
    form = pl.col("legal_form").str.strip_prefix("集团")
    made = split.select(
        "name",
        "key",
        full=pl.when(pl.col("legal_form").str.contains(_WHOLE_FORM)).then("key"),
        core=_folded(pl.concat_str("stem", "industry_word", ignore_nulls=True)),
        brand=_folded(pl.col("stem")),
        region="region",
        form=pl.when(~form.is_in(_VAGUE_FORM)).then(form),
        branch=pl.when(pl.col("key").is_not_null()).then(pl.col("branch").fill_null("-")),
    )
    rows = name.to_frame().join(made, on="name", how="left", maintain_order="left")
    return {part: rows[part] for part in made.columns if part != "name"}


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", "").replace("", None)


def one_character_less(core: pl.Series) -> pl.Series:
    """Lists of the text with each character left out in turn: one typo keeps one of them."""
    low, high = SKIP_LENGTHS
    length = pl.col("core").str.len_chars()
    shortened = [
        pl.when((length >= low) & (length <= high) & (length > i)).then(
            pl.concat_str(pl.col("core").str.slice(0, i), pl.col("core").str.slice(i + 1))
        )
        for i in range(high)
    ]
    frame = core.alias("core").to_frame()
    return frame.select(pl.concat_list(shortened).list.drop_nulls().list.unique()).to_series()
