"""How values are written on pages: dates, sizes, numbers, addresses of records."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gongkai.contracts.kinds import ATTRIBUTES, KINDS, VALIDITIES

NONE: Final = "无"
"""What an empty field of an index table says."""
CHINA: Final = ZoneInfo("Asia/Shanghai")
_KIB: Final = 1024
_YEAR_DIGITS: Final = 4
_QUARTERS: Final = {"1": "一", "2": "二", "3": "三", "4": "四"}
_CENTS: Final = re.compile(r"[0-9]{1,2}")
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
_PROVENANCES: Final = {"live": "由发布机关编写，或由其业务系统实时报送", "migration": "由原网站历史数据迁移"}
_FIELDS: Final = {
    "title": "标题", "kind": "信息种类", "division": "所属区划", "formed-on": "成文日期", "published-on": "原发布日期",
    "effective-on": "生效日期", "expires-on": "失效日期", "attribute": "公开属性", "ground": "公开属性的理由", "confirmer": "确认人",
    "confirmer.name": "确认人姓名", "confirmer.post": "确认人职务", "matter": "公开事项", "domain": "领域", "doc-number": "发文字号",
    "validity": "有效性", "body": "正文", "attachment": "附件", "attachment.name": "附件名称", "content.media-type": "文件格式",
}  # fmt: skip
_FAULTS: Final = {
    "missing": "缺少{}", "name-missing": "缺少{}的名称", "post-missing": "缺少{}的职务", "unreadable": "{}无法识别", "nonstandard": "{}不规范",
    "unknown": "{}不在对照表中", "future": "{}晚于报送当天", "mismatch": "{}前后不一致", "before-effective": "{}早于生效日期",
    "outside": "{}不在本机关辖区", "too-long": "{}过长", "malformed": "{}写法不对",
}  # fmt: skip
_LEVELS: Final = {
    "city": "市",
    "county": "县（区、园区）",
    "township": "乡镇（街道）",
    "village": "村（社区）",
}


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


def period(text: str) -> str:
    """The time figures are of: ``2026`` as 2026年, ``2026-Q3`` as 2026年第三季度, ``2026-09`` as 2026年9月."""
    year, _, part = text.partition("-")
    if not (year.isascii() and year.isdecimal()):
        return text
    if part.startswith("Q") and part[1:] in _QUARTERS:
        return f"{year}年第{_QUARTERS[part[1:]]}季度"
    return f"{text}年" if not part and len(text) == _YEAR_DIGITS else month_name(text)


def yuan(text: str) -> str:
    """``5400`` as 5,400.00 元; what is no amount stays as it is."""
    whole, _, cents = text.partition(".")
    if not (whole.isascii() and whole.isdecimal() and (not cents or _CENTS.fullmatch(cents))):
        return text
    return f"{int(whole):,}.{cents:0<2} 元"


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
    return f"{count / _KIB / _KIB:.1f}".removesuffix(".0") + " MB"


def number(count: int) -> str:
    """A count with separators."""
    return f"{count:,}"


def media(media_type: str) -> str:
    """What kind of file a media type is."""
    return _MEDIA.get(media_type.split(";", maxsplit=1)[0].strip().lower(), "文件")


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


def file_name(name: str) -> str:
    """A file's name as it can stand in an address, a header and a folder: no path, no quotes, nothing unprintable."""
    safe = "".join("_" if one in '/\\"' else one for one in name if one.isprintable()).strip(". ")
    return safe or "文件"


def file_path(index_number: str, digest: str, name: str) -> str:
    """The address of one of its files."""
    return f"{record_path(index_number)}/files/{quote(digest)}/{quote(file_name(name), safe='')}"


def short_digest(digest: str) -> str:
    """Enough of a digest to compare by eye."""
    return f"{digest[:4]} {digest[4:8]}…{digest[-4:]}"


def defect(code: str) -> str:
    """What a defect code says, in a few words; the code itself where it is not known."""
    field, _, fault = code.rpartition(".")
    if field not in _FIELDS or fault not in _FAULTS:
        return code
    return _FAULTS[fault].format(_FIELDS[field])
