"""Match keys of company names in Latin letters: the name, what is left of it, its legal form.

Legal forms after ISO 20275 (entity legal forms), as people write them: with and without dots,
blanks and accents. Those of one meaning count as one form within a country's custom only where
people exchange them at will (Ltd and Limited, Inc and Incorporated).
"""

import polars as pl

_FORMS: dict[str, tuple[str, ...]] = {
    "ltd": ("ltd", "limited", "co ltd", "company limited", "pty ltd", "proprietary limited",
            "pvt ltd", "private limited", "pte ltd"),
    "inc": ("inc", "incorporated", "corp", "corporation", "co inc", "company inc"),
    "llc": ("llc", "l l c", "limited liability company"),
    "plc": ("plc", "p l c", "public limited company"),
    "llp": ("llp", "l l p"),
    "lp": ("lp", "l p"),
    "gmbh": ("gmbh", "g m b h", "mbh", "gesellschaft mit beschraenkter haftung",
             "gesellschaft mit beschrankter haftung"),
    "gmbhcokg": ("gmbh co kg", "gmbh and co kg", "gmbh u co kg", "gmbh und co kg"),
    "ag": ("ag", "a g", "aktiengesellschaft"),
    "kg": ("kg", "k g", "co kg", "and co kg"),
    "ohg": ("ohg",),
    "ug": ("ug", "ug haftungsbeschraenkt", "ug haftungsbeschrankt"),
    "ev": ("e v", "ev"),
    "sa": ("sa", "s a", "societe anonyme", "sociedad anonima"),
    "sas": ("sas", "s a s"),
    "sarl": ("sarl", "s a r l"),
    "srl": ("srl", "s r l"),
    "spa": ("spa", "s p a"),
    "sl": ("sl", "s l"),
    "bv": ("bv", "b v"),
    "nv": ("nv", "n v"),
    "ab": ("ab",),
    "as": ("as", "a s"),
    "aps": ("aps",),
    "oy": ("oy", "oyj"),
    "spzoo": ("sp z o o", "sp zoo", "spolka z o o"),
    "sro": ("s r o", "sro"),
    "kk": ("kk", "k k", "kabushiki kaisha"),
}  # fmt: skip
_CANONICAL = {written: form for form, variants in _FORMS.items() for written in variants}
_FORM = r"\s(" + "|".join(sorted(_CANONICAL, key=lambda v: (-len(v), v))) + r")$"
_VAGUE = r"\s(?:co|company|group|holdings?|and co)$"
_ARTICLE = r"^the\s"
_LETTERS = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "ı": "i"}
_UMLAUT = r"([aou])e"
"""Müller is written Mueller and Muller: all three become muller."""
_SHORT_WORDS = {
    "intl": "international", "int": "international", "natl": "national", "mfg": "manufacturing",
    "svcs": "services", "svc": "service", "tech": "technology", "technologies": "technology",
    "bros": "brothers", "assoc": "associates", "mgmt": "management", "dept": "department",
    "ind": "industries", "inds": "industries", "eng": "engineering", "sys": "systems",
    "dist": "distribution", "transp": "transport", "univ": "university", "gebr": "gebrueder",
}  # fmt: skip
_BRANCH = (
    r"(?:[\s,(-]+)((?:branch|branch office|office|division|zweigniederlassung|niederlassung|"
    r"filiale|succursale|sucursal)\b.*|\w+ (?:branch|office|niederlassung))\)?$"
)


def firm_parts(raw: pl.Series) -> dict[str, pl.Series]:
    """The key of the full name and its parts, all lower case ASCII where letters allow.

    key: all words, without blanks; core: the words before the legal form, joined; sorted: these
    in alphabetical order (for exchanged words); lead: the first two of them; form: the legal
    form, in one spelling; branch: what makes it a branch, `-` elsewhere.

    >>> parts = firm_parts(pl.Series(["The Müller & Söhne G.m.b.H.", "Mueller and Soehne GmbH"]))
    >>> parts["core"].to_list(), parts["form"].to_list()
    (['mullersohne', 'mullersohne'], ['gmbh', 'gmbh'])
    """
    name = raw.alias("name")
    distinct = name.drop_nulls().unique(maintain_order=True)
    lower = distinct.str.normalize("NFKC").str.to_lowercase()
    branch = _plain(_words(lower.str.extract(_BRANCH, 1))).str.replace_all(" ", "")
    words = _words(lower.str.replace(_BRANCH, ""))
    form = words.str.extract(_FORM, 1)
    core = words.str.replace(_FORM, "").str.replace(_VAGUE, "")
    core = core.str.strip_chars().str.replace(_ARTICLE, "").str.replace_all(r"\band\b", "")
    core = core.zip_with(core != "", words).str.strip_chars()
    listed = (
        _plain(core)
        .str.split(" ")
        .list.eval(pl.element().filter(pl.element() != "").replace(_SHORT_WORDS))
    )
    made = pl.DataFrame(
        {
            "name": distinct,
            "key": _plain(words).str.replace_all(" ", "").replace("", None),
            "core": listed.list.join("").replace("", None),
            "sorted": listed.list.sort().list.join("").replace("", None),
            "lead": listed.list.head(2).list.join("").replace("", None),
            "form": form.replace(_CANONICAL),
            "branch": branch.fill_null("-"),
        }
    )
    rows = name.to_frame().join(made, on="name", how="left", maintain_order="left")
    return {part: rows[part] for part in made.columns if part != "name"}


def _words(lower: pl.Series) -> pl.Series:
    """Words between single blanks, a blank in front: accents and signs gone, `&` is `and`."""
    text = lower.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    text = text.str.replace_many(_LETTERS).str.replace_all(r"[&+]", " and ")
    text = text.str.replace_all(r"['’`]", "").str.replace_all(r"[^\p{L}\p{N}]+", " ")
    return " " + text.str.strip_chars()


def _plain(words: pl.Series) -> pl.Series:
    return words.str.replace_all(_UMLAUT, "$1")
