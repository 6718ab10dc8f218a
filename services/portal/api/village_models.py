"""What REST answers of villages' lists."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from pydantic import BaseModel, Field

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.villages import NextDue
from services.portal import words
from services.portal.places import Place
from services.portal.villages import Entry, Group, Item, Record


class Disclosure(BaseModel):
    """一次公开。"""

    index_number: str
    title: str
    published_on: str
    url: str = Field(description="长期地址")

    @classmethod
    def of(cls, record: Record | None, base: str) -> Self | None:
        """Make it of publishing's answer; None of none."""
        if record is None:
            return None
        return cls(
            index_number=record.index_number,
            title=record.title,
            published_on=record.published_on,
            url=f"{base}{words.record_path(record.index_number)}",
        )


class Village(BaseModel):
    """一个有清单的村（社区）。"""

    village: str = Field(description="12 位区划代码")
    name: str
    list_number: int = Field(description="现行清单的编号")
    effective_on: str
    items: int = Field(description="清单有几项")
    last: Disclosure | None = Field(description="最近一次公开")
    next_due_on: str | None = Field(description="下一个公开日；没有按期公开的项目为空")
    overdue: int = Field(description="本期到日还没有公开的项数")
    url: str = Field(description="这个村的网页")

    @classmethod
    def of(cls, one: Entry, place: Place | None, base: str) -> Self:
        """Make it of an entry of the column."""
        return cls(
            village=one.village,
            name=place.name if place else one.village,
            list_number=one.number,
            effective_on=one.effective_on,
            items=one.items,
            last=Disclosure.of(one.last, base),
            next_due_on=_day(one.due),
            overdue=one.over,
            url=f"{base}/{one.village}/villages/",
        )


class Villages(BaseModel):
    """一页村（社区），按代码排列；next_page_token 为空即最后一页。"""

    total: int
    next_page_token: str
    villages: list[Village]


class VillageItem(BaseModel):
    """清单的一项。"""

    id: str
    kind: str = Field(description="村委会组织法第三十条的哪一项：1 至 5")
    level1: str
    level2: str
    elements: str = Field(description="公开内容")
    cycle: str = Field(description="quarterly 每季度，monthly 每月，at_once 随时")
    cycle_text: str = Field(description="什么时候公开，如 每季度末月10日前")
    channels: str
    basis: str
    matter: str | None = Field(description="上级目录里对应的公开事项；没有为空")
    unmatched: str | None = Field(description="没有对应的理由")
    last: Disclosure | None = Field(description="最近一次公开；历史版的清单不写")
    next_due_on: str | None
    overdue: bool = Field(description="本期到日还没有公开")

    @classmethod
    def of(cls, item: Item, base: str) -> Self:
        """Make it of an item as it stands today."""
        told = item.told
        same = ("id", "kind", "level1", "level2", "elements", "cycle", "channels", "basis")
        return cls(
            cycle_text=item.cycle,
            matter=told.matter or None,
            unmatched=told.unmatched or None,
            last=Disclosure.of(item.last, base),
            next_due_on=_day(item.due),
            overdue=item.due is not None and item.due.over,
            **{name: getattr(told, name) for name in same},
        )


class ListNumber(BaseModel):
    """公布过的一份清单。"""

    number: int
    effective_on: str
    items: int


class VillageList(BaseModel):
    """一个村（社区）的村务公开清单。"""

    village: str
    number: int
    effective_on: str
    in_force: bool
    items: list[VillageItem]
    numbers: list[ListNumber] = Field(description="公布过的各份，新的在前")

    @classmethod
    def of(cls, told: pb.GetVillageListResponse, groups: Iterable[Group], base: str) -> Self:
        """Make it of catalog's answer and of what was published."""
        listed = told.list
        items = [item for group in groups for item in group.items]
        if not listed.in_force:  # nothing is asked for by a list that another has taken the place of
            items = [replace(item, last=None, due=None) for item in items]
        return cls(
            village=listed.village,
            number=listed.number,
            effective_on=listed.effective_on,
            in_force=listed.in_force,
            items=[VillageItem.of(item, base) for item in items],
            numbers=[
                ListNumber(number=one.number, effective_on=one.effective_on, items=one.items)
                for one in told.numbers
            ],
        )


def _day(due: NextDue | None) -> str | None:
    return due.on.isoformat() if due is not None else None
