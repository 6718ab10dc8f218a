"""How values are written on pages: dates, sizes, numbers, addresses of records."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gongkai.contracts.kinds import ATTRIBUTES, KINDS, VALIDITIES

NONE: Final = "无"
"""What an empty field of an index table says."""
CHINA: Final = ZoneInfo("Asia/Shanghai")
_KIB: Final = 1024
_MEDIA: Final = {
    "text/plain": "纯文本",
    "text/markdown": "Markdown 文本",
    "text/html": "网页",
    "text/csv": "CSV 表格",
    "application/pdf": "PDF",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/ofd": "OFD",
    "application/zip": "ZIP 压缩包",
    "image/png": "PNG 图片",
    "image/jpeg": "JPEG 图片",
}
_PROVENANCES: Final = {"live": "由发布机关的业务系统实时报送", "migration": "由原网站历史数据迁移"}
_LEVELS: Final = {"city": "市", "county": "县（区、园区）", "township": "乡镇（街道）", "village": "村（社区）"}


def long_date(text: str) -> str:
    """``2026-11-03`` as 2026年11月3日, for running text; what is no date stays as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.year}年{day.month}月{day.day}日"


def month_name(text: str) -> str:
    """``2026-11`` as 2026年11月."""
    year, _, month = text.partition("-")
    return f"{year}年{int(month)}月" if month.isdecimal() else text


def local_time(text: str) -> str:
    """A UTC time (ISO 8601) as 2026年11月23日 9:05 of Chinese time."""
    try:
        at = datetime.fromisoformat(text).astimezone(CHINA)
    except ValueError:
        return text
    return f"{at.year}年{at.month}月{at.day}日 {at.hour}:{at.minute:02d}"


def size(count: int) -> str:
    """A number of bytes as a reader takes it."""
    if count < _KIB:
        return f"{count} 字节"
    if count < _KIB * _KIB:
        return f"{count / _KIB:.0f} KB"
    return f"{count / _KIB / _KIB:.1f} MB"


def number(count: int) -> str:
    """A count with separators."""
    return f"{count:,}"


def media(media_type: str) -> str:
    """What kind of file a media type is."""
    return _MEDIA.get(media_type.split(";")[0].strip().lower(), "文件")


def kind(code: str) -> str:
    """Label of a kind of record."""
    return KINDS.get(code, code)


def validity(code: str) -> str:
    """Label of a validity state."""
    return VALIDITIES.get(code, code)


def attribute(code: str) -> str:
    """Label of a disclosure attribute."""
    return ATTRIBUTES.get(code, code)


def provenance(code: str) -> str:
    """Where a record came from, as a sentence."""
    return _PROVENANCES.get(code, code)


def level(code: str) -> str:
    """Label of a level of divisions."""
    return _LEVELS.get(code, code)


def record_path(index_number: str) -> str:
    """The address of a record: its index number, below ``/r/``."""
    return f"/r/{quote(index_number)}"


def file_path(index_number: str, digest: str, name: str) -> str:
    """The address of one of its files."""
    return f"{record_path(index_number)}/files/{quote(digest)}/{quote(name or digest, safe='')}"


def short_digest(digest: str) -> str:
    """Enough of a digest to compare by eye."""
    return f"{digest[:4]} {digest[4:8]}…{digest[-4:]}"
