"""What the registry of bases knows of a row's citations, said beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.catalog.views.matter_page import Shown

UNKNOWN = "unknown"


def say_bases(row: pb.PublishedRow, bases: Mapping[tuple[str, str], Shown]) -> None:
    """Say of each citation of a row which basis it means, whether that is in force, since when and by which source.

    What no basis answers to, or several do, stays without one and unknown.
    """
    for one in row.reading.citations:
        basis = bases.get((one.title, one.number))
        if basis is None:
            one.state = UNKNOWN
            continue
        one.basis, one.state, one.mark = basis["id"], basis["state"], basis["mark"]
        one.replaced_by = basis["replaced_by"]
        one.note = "；".join(filter(None, (one.note, _told(basis))))


def _told(basis: Shown) -> str:
    since = f"{_day(basis['since'])}起" if basis["since"] else ""
    checked = f"{_day(basis['checked_on'])}核对" if basis["checked_on"] else ""
    return "；".join(filter(None, (since, basis["source"], checked)))


def _day(written: str) -> str:
    day = date.fromisoformat(written)
    return f"{day.year}年{day.month}月{day.day}日"
