"""Which encoding a text file is in, decided by the whole file and never by its beginning alone."""

import codecs

import numpy as np

from crm_migrate.errors import SourceFault
from crm_migrate.language import Text

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 16
_MAX_BROKEN = 0.001
"""Share of characters that may be undecodable before the encoding itself is doubted."""
NUL = "\0"
_STRAY = 3
"""NUL bytes that any text may hold, however short (beyond it `_MAX_BROKEN` of its bytes)."""


def decode(data: bytes, file: str, encoding: str | None = None) -> tuple[str, str]:
    """Text and name of the encoding: byte-order mark, strict UTF-8, GB18030 against Big5.

    Single undecodable characters (up to 0.1 %) become U+FFFD and are reported as damage; as few
    NUL bytes in text are kept for the reader of the table to take out and report.

    Raises:
        SourceFault: binary data, a file cut inside a character, or no encoding fits.
    """
    if encoding is not None:
        return _given(data, file, encoding), codecs.lookup(encoding).name
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _strict(data, file, name), name
    wide = _utf16_without_mark(data)
    if wide:
        return _strict(data, file, wide), wide
    if b"\0" in data and not _text_but_for_nuls(data):
        raise _binary(file)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as e:
        fault = e
    if fault.start >= len(data) - 3 and fault.end == len(data) and _multibyte(data[: fault.start]):
        raise _cut(file, "utf-8", data)
    return _chinese(data, file)


def _given(data: bytes, file: str, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except LookupError as e:
        raise SourceFault(
            Text(f"Unknown encoding {encoding!r}", f"未知的编码 {encoding!r}"),
            where=file,
            remedy=Text("Use utf-8, gb18030, big5 or utf-16", "可用 utf-8、gb18030、big5、utf-16"),
        ) from e
    except UnicodeDecodeError as e:
        raise SourceFault(
            Text(
                f"The file is not {encoding}: byte {e.start + 1} cannot be read",
                f"文件不是 {encoding} 编码：第 {e.start + 1} 个字节无法识别",
            ),
            where=f"{file}, {_line(data, e.start)}",
            remedy=Text(
                "Leave the encoding out to have it found", "请去掉 encoding 设置，由程序自动识别"
            ),
        ) from e
    return text.removeprefix("\ufeff")


def _strict(data: bytes, file: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as e:
        raise _cut(file, encoding, data[: e.start]) from e


def _chinese(data: bytes, file: str) -> tuple[str, str]:
    """GB18030, challenged by Big5 (whose bytes often decode as GB18030) and by Western text."""
    if _western(data):
        return data.decode("cp1252", "replace"), "cp1252"
    best: tuple[float, str, str, int] | None = None
    for encoding in ("gb18030", "big5hkscs"):
        text = data.decode(encoding, "replace")
        broken = text.count("\ufffd")
        score = _commonness(text, encoding) - 20 * broken / max(len(text), 1)
        if best is None or score > best[0] + 0.05:  # in doubt GB18030
            best = (score, encoding, text, broken)
    assert best is not None
    score, encoding, text, broken = best
    name = "big5" if encoding == "big5hkscs" else encoding
    if broken:
        try:
            data.decode(encoding)
        except UnicodeDecodeError as e:
            if e.start >= len(data) - 3 and e.end == len(data):
                raise _cut(file, name, data) from e
    if broken > max(1, _MAX_BROKEN * len(text)) or score < 0.3:
        raise _unreadable(file)
    return text, name


def _commonness(text: str, encoding: str) -> float:
    """Share of common characters (level 1 of GB 2312, or of Big5) among the ideographs."""
    step = max(len(text) // 16, _SAMPLE)
    sample = "".join(text[i : i + _SAMPLE] for i in range(0, len(text), step))
    points = np.frombuffer(sample.encode("utf-32-le", "replace"), dtype="<u4")
    points = points[points >= 0x2E80]
    points = points[~((points >= 0xFF00) & (points <= 0xFFEF)) & (points != 0xFFFD)]
    if not len(points):
        return 0.5
    characters, counts = np.unique(points, return_counts=True)
    common = 0
    for character, count in zip(characters.tolist(), counts.tolist(), strict=True):
        try:
            raw = chr(character).encode("gb2312" if encoding == "gb18030" else "big5")
        except UnicodeEncodeError:
            continue
        lead = raw[0]
        level_1 = (
            0xB0 <= lead <= 0xD7 or lead <= 0xA9 if encoding == "gb18030" else 0xA1 <= lead <= 0xC6
        )
        common += count if level_1 else 0
    return common / int(counts.sum())


def _western(data: bytes) -> bool:
    """Whether high bytes stand alone between ASCII letters, as in cp1252 (`Müller`)."""
    high = np.frombuffer(data, dtype=np.uint8) >= 0x80
    padded = np.concatenate(([False], high, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded))
    lengths = edges[1::2] - edges[::2]
    return len(lengths) > 0 and float((lengths == 1).mean()) > 0.8


def _utf16_without_mark(data: bytes) -> str | None:
    sample = np.frombuffer(data[: 1 << 20], dtype=np.uint8)
    even, odd = sample[::2], sample[1::2]
    if len(odd) < 4:
        return None
    zeros = float((even == 0).mean()), float((odd == 0).mean())
    if max(zeros) < 0.2 or min(zeros) > 0.02:
        return None
    encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    text = data[: 1 << 16].decode(encoding, "ignore")
    return None if any(ch < " " and ch not in "\t\r\n" for ch in text) else encoding


def _text_but_for_nuls(data: bytes) -> bool:
    """Whether NULs are few and no other control characters tell of binary data."""
    counts = np.bincount(np.frombuffer(data, dtype=np.uint8), minlength=256)
    controls = int(counts[1:32].sum() - counts[[9, 10, 11, 12, 13, 26]].sum())
    few = max(_STRAY, int(_MAX_BROKEN * len(data)))
    return int(counts[0]) <= few and controls <= int(counts[0])


def _multibyte(data: bytes) -> bool:
    return any(b >= 0x80 for b in data)


def _line(data: bytes, at: int) -> str:
    lines = data[:at].count(b"\n") + 1
    return f"line {lines}"


def _cut(file: str, encoding: str, data: bytes) -> SourceFault:
    return SourceFault(
        Text(
            f"The file ends inside a character ({encoding}): it was cut off",
            f"文件在一个字符中间结束（{encoding}），内容不完整",
        ),
        where=f"{file}, {_line(data, len(data))}",
        remedy=Text("Fetch or export the file again", "请重新导出或传输该文件"),
    )


def _binary(file: str) -> SourceFault:
    return SourceFault(
        Text("This is binary data, not a table", "这是二进制数据，不是表格"),
        where=file,
        remedy=Text(
            "Give an .xlsx, .xls or .csv file, or a database URL",
            "请提供 .xlsx、.xls、.csv 文件或数据库地址",
        ),
    )


def _unreadable(file: str) -> SourceFault:
    return SourceFault(
        Text("The file's encoding cannot be told", "无法判断文件的编码"),
        where=file,
        remedy=Text(
            "State it (`encoding: …` in the project, --encoding without one), or save the file as "
            "UTF-8",
            "请注明编码（项目中为 encoding，无项目时为 --encoding），或把文件另存为 UTF-8",
        ),
    )
