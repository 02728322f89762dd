"""The archive that a workbook is: its parts, unpacked within limits, and their relations."""

import zipfile
from collections.abc import Mapping
from typing import IO
from xml.etree import ElementTree as ET

from crm_migrate.errors import SourceFault
from crm_migrate.language import Text

MAX_PART = 2 << 30
"""Bytes that one part of a workbook may have uncompressed; a full sheet of Excel stays below."""
MAX_RATIO = 300
"""How much smaller a big part may be compressed; honest sheets reach about 20, bombs 1000."""


def relations_of(archive: zipfile.ZipFile, part: str) -> Mapping[str, tuple[str, str]]:
    """Relation id → (type, part)."""
    out = {}
    for element in xml_part(archive, part).iter():
        if tag(element) == "Relationship":
            target = element.get("Target", "").replace("\\", "/")
            full = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            out[element.get("Id", "")] = (element.get("Type", ""), full.replace("xl/../", ""))
    return out


def tag(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def find(root: ET.Element, name: str) -> ET.Element | None:
    """The first element of that name, wherever it stands."""
    return next((e for e in root.iter() if tag(e) == name), None)


def xml_part(archive: zipfile.ZipFile, part: str) -> ET.Element:
    """A part as XML; only for small ones.

    Raises:
        SourceFault: it is too large to be honest, or defines entities.
    """
    data = read_part(archive, part)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _dangerous(archive, part)
    return ET.fromstring(data)  # noqa: S314  (no DTD: no entity can be expanded)


def read_part(archive: zipfile.ZipFile, part: str) -> bytes:
    """All bytes of a part.

    Raises:
        SourceFault: it is too large to be honest.
    """
    with open_part(archive, part) as stream:
        return stream.read()


def open_part(archive: zipfile.ZipFile, part: str) -> IO[bytes]:
    """A part, to be read in pieces.

    Raises:
        SourceFault: it is too large to be honest.
    """
    info = archive.getinfo(part)
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > MAX_PART or (ratio > MAX_RATIO and info.file_size > 64 << 20):
        raise _dangerous(archive, part)
    return archive.open(part)


def _dangerous(archive: zipfile.ZipFile, part: str) -> SourceFault:
    return SourceFault(
        Text(
            f"The workbook's part {part} would unpack to an unreasonable size or defines entities",
            f"工作簿的部件 {part} 解压后大得不合理，或定义了实体，可能是恶意文件",
        ),
        where=str(archive.filename),
        remedy=Text(
            "Open it in Excel or WPS, copy the cells to a new workbook and save that",
            "请用 Excel 或 WPS 打开，把单元格复制到新工作簿后另存",
        ),
    )
