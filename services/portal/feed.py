"""Records as an Atom feed (RFC 4287)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final
from xml.etree import ElementTree as ET

from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal import words

FEED_TYPE: Final = "application/atom+xml; charset=utf-8"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_CONTROL: Final = {number: None for number in range(32) if number not in (9, 10, 13)}


def atom(title: str, base: str, page: str, records: Sequence[pb.Record], now: datetime) -> bytes:
    """Return the feed.

    Args:
        title: what the feed is called.
        base: the site's address, for absolute links.
        page: path of the page that shows the same.
        records: newest first.
        now: when the feed is made; stands for a feed without entries only.
    """
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-CN"})
    _text(root, "id", f"{base}{page}.atom")
    _text(root, "title", title)
    newest = max((_moment(record.published_on) for record in records), default="")
    _text(root, "updated", newest or now.astimezone(UTC).isoformat(timespec="seconds"))
    ET.SubElement(root, "link", {"rel": "self", "href": f"{base}{page}.atom"})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}{page}"})
    for record in records:
        _entry(root, base, record)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def _entry(root: ET.Element, base: str, record: pb.Record) -> None:
    entry = ET.SubElement(root, "entry")
    address = f"{base}{words.record_path(record.index_number)}"
    _text(entry, "id", address)
    _text(entry, "title", record.title)
    _text(entry, "updated", _moment(record.published_on))
    _text(entry, "published", _moment(record.published_on))
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
    _text(ET.SubElement(entry, "author"), "name", record.organ_name)
    ET.SubElement(entry, "category", {"term": record.kind, "label": words.kind(record.kind)})
    parts = [record.summary, record.doc_number, f"索引号 {record.index_number}"]
    _text(entry, "summary", "　".join(part for part in parts if part))


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text.translate(_CONTROL)


def _moment(day: str) -> str:
    """The beginning of a legal day; Atom wants a time, the law gives a day."""
    try:
        return datetime.combine(date.fromisoformat(day), time(), words.CHINA).isoformat()
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC).isoformat()
