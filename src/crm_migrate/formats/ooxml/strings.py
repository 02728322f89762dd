"""Text as workbooks write it: shared strings, rich-text runs, XML escapes."""

import html
import re

import polars as pl


def shared_strings(xml: str) -> pl.Series:
    """The strings of a workbook's `sst` part, in the order that cells count them."""
    match = re.search(r"<(\w+):sst\b", xml[:2048])
    if match:
        prefix = match.group(1)
        xml = xml.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</")
    items = pl.Series("x", xml.split("<si")[1:], dtype=pl.String)
    text = items.str.extract(r"^(?:\s[^>]*)?>\s*<t(?:\s[^>/]*)?>([^<]*)</t>\s*</si>")
    odd = text.is_null().arg_true()
    if len(odd):
        slow = [runs(x) for x in items.gather(odd).to_list()]
        text = text.scatter(odd, pl.Series(slow, dtype=pl.String))
    return unescape(text)


def runs(xml: str) -> str:
    """The text of rich-text runs; phonetic hints (`rPh`) are no part of it."""
    xml = re.sub(r"<rPh\b.*?</rPh>", "", xml, flags=re.DOTALL)
    return "".join(re.findall(r"<t(?:\s[^>/]*)?>([^<]*)</t>", xml))


def unescape(text: pl.Series) -> pl.Series:
    """XML text → characters: entities, character references and `_x000D_` escapes."""
    if text.str.contains("\r", literal=True).any():
        text = text.str.replace_all("\r\n", "\n", literal=True)
    if text.str.contains("&", literal=True).any():
        numeric = text.str.contains("&#", literal=True).fill_null(False)
        plain = text.to_frame("x").select(
            pl.col("x").str.replace_many(
                ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"], ["<", ">", '"', "'", "&"]
            )
        )["x"]
        if numeric.any():
            at = numeric.arg_true()
            slow = [html.unescape(t) for t in text.gather(at).to_list()]
            plain = plain.scatter(at, pl.Series(slow, dtype=pl.String))
        text = plain
    escaped = text.str.contains("_x", literal=True)
    if escaped.any():
        at = escaped.arg_true()
        slow = [
            re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m.group(1), 16)), t).replace(
                "\r\n", "\n"
            )
            for t in text.gather(at).to_list()
        ]
        text = text.scatter(at, pl.Series(slow, dtype=pl.String))
    return text
