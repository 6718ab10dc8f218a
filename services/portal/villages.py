"""Villages' lists beside what was published for the villages: last disclosed, next due, and what a period brought."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import grpc
from grpc import aio

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.villages import NextDue, Period, due_day, next_due, period_of
from services.portal.portal import Portal
from services.portal.villagewords import rhythm, village_cycle

_MOST: Final = 100
"""Records that are looked through for an item's last disclosure; older ones count as long ago."""
Record = publishing_pb2.Record


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list as it stands today."""

    told: pb.VillageItem
    last: Record | None
    """Its newest record."""
    due: NextDue | None

    @property
    def cycle(self) -> str:
        """Its cycle in plain words."""
        return village_cycle(self.told)


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one of the five kinds of Art. 30."""

    kind: pb.VillageKind
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Entry:
    """A village in the column of what it lies in."""

    village: str
    number: int
    effective_on: str
    items: int
    last: Record | None
    due: NextDue | None
    """The earliest of its items."""
    over: int
    """Items whose day has passed."""


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What a village disclosed in a period."""

    period: Period
    shown: Sequence[tuple[pb.VillageKind, Sequence[Record]]]
    """By kind of Art. 30; what belongs to no item of the list stands under the last."""
    lacking: Sequence[tuple[pb.VillageItem, str]]
    """Items of a cycle with nothing in the period, and by when it was or is due."""

    @property
    def count(self) -> int:
        """How many records."""
        return sum(len(records) for _, records in self.shown)


async def list_of(portal: Portal, village: str, number: int = 0) -> pb.GetVillageListResponse | None:
    """A village's list, in force or of a number; None where it has none."""
    asked = pb.GetVillageListRequest(village=village, number=number)
    try:
        return await portal.offices.villages.GetVillageList(asked)
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


async def kinds_of(portal: Portal) -> Sequence[pb.VillageKind]:
    """The five kinds of Art. 30."""
    return (await portal.offices.villages.ListVillageKinds(pb.ListVillageKindsRequest())).kinds


async def records_of(portal: Portal, village: str, *, month: str = "", most: int = _MOST) -> Sequence[Record]:
    """The newest records of a village itself, of a month or of all."""
    asked = publishing_pb2.ListRecordsRequest(division=village, month=month, page=1, page_size=most)
    return (await portal.offices.records.ListRecords(asked)).records


async def records_in(portal: Portal, village: str, period: Period) -> list[Record]:
    """The records of a period, newest first."""
    months = range(period.first.month, period.last.month + 1)
    found = await asyncio.gather(
        *(records_of(portal, village, month=f"{period.first.year}-{month:02d}") for month in months)
    )
    return [one for records in reversed(found) for one in records]


async def entries(portal: Portal, lists: Iterable[pb.VillageList], today: date) -> list[Entry]:
    """The villages of a column, each with its last disclosure and what is due first."""
    wanted = list(lists)
    asked = publishing_pb2.ListNewestRequest(divisions=[one.village for one in wanted])
    told = await portal.offices.records.ListNewest(asked)
    return [_entry(one, found.records, today) for one, found in zip(wanted, told.places, strict=True)]


def grouped(
    listed: pb.VillageList, kinds: Iterable[pb.VillageKind], records: Sequence[Record], today: date
) -> list[Group]:
    """The items of a list by kind, in the law's order."""
    items = [_item(told, records, today, _since(listed)) for told in listed.items]
    return [Group(kind, [item for item in items if item.told.kind == kind.code]) for kind in kinds]


def bulletin(
    listed: pb.VillageList, kinds: Sequence[pb.VillageKind], records: Sequence[Record], period: Period
) -> Bulletin:
    """What was disclosed in a period, and which items of a cycle were not."""
    kind_of = {
        record.index_number: next(
            (item.kind for item in listed.items if belongs(record, item)), kinds[-1].code
        )
        for record in records
    }
    shown = [(kind, [one for one in records if kind_of[one.index_number] == kind.code]) for kind in kinds]
    since = _since(listed)
    lacking = [
        (item, _by_when(item, period))
        for item in listed.items
        if item.cycle != "at_once" and not any(belongs(record, item) for record in records)
        if since is None or _last_day(item, period) >= since
    ]
    return Bulletin(period, [(kind, found) for kind, found in shown if found], lacking)


def belongs(record: Record, item: pb.VillageItem) -> bool:
    """Tell whether a record discloses an item: by the matter above, or by the item's name among its keywords."""
    return bool(item.matter and record.matter == item.matter) or item.level2 in record.keywords


def _since(listed: pb.VillageList) -> date | None:
    """The day the list came into force: it asks for nothing before."""
    return date.fromisoformat(listed.effective_on) if listed.effective_on else None


def _last_day(item: pb.VillageItem, period: Period) -> date:
    """The last day of a period on which an item was asked for."""
    return due_day(rhythm(item), period) if item.cycle == "quarterly" else period.last


def _by_when(item: pb.VillageItem, period: Period) -> str:
    """Say by when an item of a cycle is due in a period."""
    if item.cycle == "quarterly":
        day = due_day(rhythm(item), period)
        return f"{day.month}月{day.day}日前"
    return village_cycle(item)


def _entry(listed: pb.VillageList, records: Sequence[Record], today: date) -> Entry:
    since = _since(listed)
    dues = [due for item in listed.items if (due := _item(item, records, today, since).due) is not None]
    coming = [due for due in dues if not due.over]
    return Entry(
        listed.village,
        listed.number,
        listed.effective_on,
        len(listed.items),
        records[0] if records else None,
        min(coming, key=lambda due: due.on, default=None),
        len(dues) - len(coming),
    )


def _item(told: pb.VillageItem, records: Sequence[Record], today: date, since: date | None) -> Item:
    last = next((record for record in records if belongs(record, told)), None)
    day = date.fromisoformat(last.published_on) if last is not None else None
    return Item(told, last, next_due(rhythm(told), today, day, since))


def this_quarter(today: date) -> Period:
    """The quarter a day lies in."""
    return period_of("quarterly", today)
