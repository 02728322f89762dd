"""Searches a folder for values that must not stand there, whatever file or encoding hides them.

Every file is searched as raw bytes (ASCII, UTF-16 of both orders, full-width forms in UTF-8 and
GB18030, hexadecimal, base64) and, where it is a container, unpacked: ZIP and what is built on it
(workbooks, plan files), gzip, bzip2, xz, tar, Parquet, SQLite. Raw bytes cover what the containers'
own readers pass over: free pages, journals, footers, statistics.

A telephone, identity or card number is looked for by its digits, so that dashes and blanks do not
hide it, and inside longer runs, since databases store cells side by side.
"""

import binascii
import bz2
import gzip
import hashlib
import io
import lzma
import re
import sqlite3
import tarfile
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SQLITE_MAGIC = b"SQLite format 3\x00"
PARQUET_MAGIC = b"PAR1"
ENCRYPTED_PARQUET_MAGIC = b"PARE"
_PACKED = re.compile(rb"SQLite format 3\x00|PAR[1E]|\x1f\x8b|BZh|\xfd7zXZ|PK\x03\x04")
DEEPEST = 6
"""Containers within containers that are opened."""

_DIGITS = re.compile(rb"[0-9](?:[ ()+./_-]{0,3}[0-9]){6,}[Xx]?")
# Pairs of (what must occur at all, a run of such text): the first is quick on random bytes.
_UTF16_SIGN = re.compile(rb"\x00[\x20-\x7e]\x00[\x20-\x7e]\x00|\xff[\x00-\x5e]\xff[\x00-\x5e]\xff")
_UTF16_LE = re.compile(rb"(?:[\x20-\x7e]\x00|[\x00-\x5e]\xff){7,}")
_UTF16_BE = re.compile(rb"(?:\x00[\x20-\x7e]|\xff[\x00-\x5e]){7,}")
_WIDE_UTF8_SIGN = re.compile(rb"\xef(?:\xbc[\x90-\xba]|\xbd[\x81-\x9a])")
_WIDE_UTF8 = re.compile(
    rb"(?:\xef\xbc[\x81-\xbf]|\xef\xbd[\x80-\x9e]|\xe3\x80\x80|[\x20-\x7e]){7,}"
)
_WIDE_GB18030_SIGN = re.compile(rb"\xa3[\xa1-\xfe]\xa3[\xa1-\xfe]\xa3[\xa1-\xfe]")
_WIDE_GB18030 = re.compile(rb"(?:\xa3[\xa1-\xfe]|\xa1\xa1|[\x20-\x7e]){7,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{20,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{20,}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A value that was found; it names the place, and of the value only a digest's beginning."""

    path: Path
    inner: str
    """Place within the file: members of archives and `table.column`, joined by `!`; '' = bytes."""
    encoding: str
    """`ascii` (the same bytes in UTF-8 and GB18030), `utf-16`, `wide-utf-8`, `wide-gb18030`,
    `hex`, `base64`."""
    kind: str
    """`mail`, `id`, `mobile`, `phone` or `card`."""
    digest: str

    def __str__(self) -> str:
        return f"{self.path}!{self.inner}: {self.kind} {self.digest} as {self.encoding}"


def normal_form(value: str) -> str:
    """How a value is looked for: mail in lower case, everything else by its digits (and X)."""
    text = unicodedata.normalize("NFKC", value).strip()
    return text.lower() if "@" in text else re.sub(r"[^0-9X]", "", text.upper())


def kind_of(normal: str) -> str:
    """The kind of a value in its normal form, judged by its shape."""
    if "@" in normal:
        return "mail"
    if re.fullmatch(r"[1-8]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d\d{3}[0-9X]", normal):
        return "id"
    if re.fullmatch(r"(?:86|0086)?1[3-9]\d{9}", normal):
        return "mobile"
    if len(normal) >= 15:
        return "id" if len(normal) == 15 else "card"
    return "phone"


def scan(folder: Path, values: Iterable[str]) -> list[Hit]:
    """Every place under `folder` (or in one file) where one of the values stands."""
    search = _Search(values)
    files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
    hits: list[Hit] = []
    for path in files:
        hits += scan_bytes(str(path.name).encode(), path, search, inner="(file name)")
        hits += scan_bytes(path.read_bytes(), path, search)
    return hits


class _Search:
    """The values, prepared: digits by length, mails by domain."""

    def __init__(self, values: Iterable[str]) -> None:
        self._numbers: set[bytes] = set()
        self._mails: dict[bytes, set[bytes]] = defaultdict(set)
        for normal in {normal_form(v) for v in values}:
            local, at, domain = normal.encode().rpartition(b"@")
            if at:
                self._mails[domain].add(local)
            elif len(normal) < 10:
                raise ValueError("a number of fewer than ten digits stands everywhere by chance")
            else:
                self._numbers.add(normal.encode())
        self._lengths = sorted({len(n) for n in self._numbers})
        self._domain_lengths = sorted({len(d) for d in self._mails})

    def find(self, data: bytes) -> set[str]:
        """The values (normal forms) that stand in ASCII text."""
        found = self._find_numbers(data) if self._numbers else set()
        return found | (self._find_mails(data) if self._mails else set())

    def _find_numbers(self, data: bytes) -> set[str]:
        found = set()
        for match in _DIGITS.finditer(data):
            run = match[0].translate(None, b" ()+./_-").upper()
            if len(run) < self._lengths[0]:
                continue
            for length in self._lengths:
                for start in range(len(run) - length + 1):
                    if (window := run[start : start + length]) in self._numbers:
                        found.add(window.decode())
        return found

    def _find_mails(self, data: bytes) -> set[str]:
        found = set()
        at = data.find(b"@")
        while at >= 0:
            right = data[at + 1 : at + 1 + 100].lower()
            for length in self._domain_lengths:
                if locals_ := self._mails.get(right[:length]):
                    left = data[max(0, at - 100) : at].lower()
                    found |= {
                        f"{part.decode()}@{right[:length].decode()}"
                        for part in locals_
                        if left.endswith(part)
                    }
            at = data.find(b"@", at + 1)
        return found


def scan_bytes(
    data: bytes, path: Path, search: _Search, *, inner: str = "", depth: int = 0
) -> list[Hit]:
    """Search some bytes as they are and, if they are a container, what it holds."""
    hits = _scan_raw(data, path, search, inner)
    if depth < DEEPEST:
        for name, content in _members(data):
            below = f"{inner}!{name}".lstrip("!")
            hits += scan_bytes(content, path, search, inner=below, depth=depth + 1)
    return hits


def _scan_raw(data: bytes, path: Path, search: _Search, inner: str) -> list[Hit]:
    hits = []
    seen: set[str] = set()
    for encoding, text in _readings(data):
        for value in search.find(text) - seen:
            seen.add(value)
            digest = hashlib.sha256(value.encode()).hexdigest()[:8]
            hits.append(Hit(path, inner, encoding, kind_of(value), digest))
    return hits


def _readings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The data as ASCII text under each encoding; full-width forms folded to ASCII."""
    yield "ascii", data
    if _UTF16_SIGN.search(data):
        for pattern, codec in ((_UTF16_LE, "utf-16-le"), (_UTF16_BE, "utf-16-be")):
            yield "utf-16", _folded(pattern.findall(data), codec)
    if _WIDE_UTF8_SIGN.search(data):
        yield "wide-utf-8", _folded(_WIDE_UTF8.findall(data), "utf-8")
    if _WIDE_GB18030_SIGN.search(data):
        yield "wide-gb18030", _folded(_WIDE_GB18030.findall(data), "gb18030")
    yield "hex", _from_hex(_HEX.findall(data))
    yield "base64", _from_base64(_BASE64.findall(data))


def _folded(runs: list[bytes], codec: str) -> bytes:
    text = "\n".join(run.decode(codec, errors="replace") for run in runs)
    return unicodedata.normalize("NFKC", text).encode(errors="replace")


def _from_hex(runs: list[bytes]) -> bytes:
    """Each run from its first and from its second digit: the one before may be another's."""
    lines = (digits[: len(digits) // 2 * 2] for run in runs for digits in (run, run[1:]))
    return binascii.unhexlify(b"0a".join(lines))


def _from_base64(runs: list[bytes]) -> bytes:
    """Runs in either alphabet; filled up to whole groups, which adds zero bits at their end."""
    groups = b"AAAA".join(run + b"A" * (-len(run) % 4) for run in runs)
    return binascii.a2b_base64(groups.replace(b"-", b"+").replace(b"_", b"/"))


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What a container holds; nothing when the bytes are none, or are encrypted or damaged."""
    if data.startswith(SQLITE_MAGIC):
        yield from _sqlite_columns(data)
    elif data[:4] in (PARQUET_MAGIC, ENCRYPTED_PARQUET_MAGIC):
        yield from _parquet_columns(data)
    elif data.startswith(b"\x1f\x8b"):
        yield from _unpacked("gzip", gzip.decompress, data)
    elif data.startswith(b"BZh"):
        yield from _unpacked("bzip2", bz2.decompress, data)
    elif data.startswith(b"\xfd7zXZ\x00"):
        yield from _unpacked("xz", lzma.decompress, data)
    elif data[257:262] == b"ustar":
        yield from _tar_members(data)
    elif b"PK\x05\x06" in data[-66_000:]:
        yield from _zip_members(data)


def _unpacked(name: str, unpack: object, data: bytes) -> Iterator[tuple[str, bytes]]:
    assert callable(unpack)
    try:
        yield name, unpack(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return


def _zip_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        return
    with archive:
        for name in archive.namelist():
            try:
                yield name, archive.read(name)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
                continue  # encrypted or damaged: its raw bytes were searched


def _tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if (file := archive.extractfile(member)) is not None:
                    yield member.name, file.read()
    except tarfile.TarError:
        return


def _sqlite_columns(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each column as lines of text, and each BLOB on its own; read in memory, never from disk."""
    database = sqlite3.connect(":memory:")
    database.text_factory = bytes
    try:
        # A file in WAL mode can't be deserialized; its -wal is searched as a file of its own.
        database.deserialize(data[:18] + b"\x01\x01" + data[20:])
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            name = table.decode()
            cursor = database.execute('SELECT * FROM "{}"'.format(name.replace('"', '""')))
            columns = [c[0] for c in cursor.description]
            rows = cursor.fetchall()
            for at, column in enumerate(columns):
                lines = [r[at] if isinstance(r[at], bytes) else str(r[at]).encode() for r in rows]
                place = f"{name}.{column}"
                yield place, b"\n".join(lines)
                yield from ((place, line) for line in lines if _PACKED.match(line))
    except sqlite3.DatabaseError:
        return
    finally:
        database.close()


def _parquet_columns(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each column decoded, its statistics, and the key-value metadata; nothing if encrypted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
        table = file.read()
    except (pa.ArrowException, OSError):
        return
    for name in table.column_names:
        lines = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in
                 table[name].to_pylist()]  # fmt: skip
        yield name, b"\n".join(lines)
    for group in range(file.metadata.num_row_groups):
        for at in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(at)
            if chunk.statistics is not None and chunk.statistics.has_min_max:
                ends = f"{chunk.statistics.min}\n{chunk.statistics.max}"
                yield f"{chunk.path_in_schema} (statistics)", ends.encode()
