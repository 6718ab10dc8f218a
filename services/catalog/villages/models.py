"""The five kinds of Art. 30 and the model list, read once from the seed."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.resources import files

from gongkai.contracts.villages import VillageItem
from services.catalog.domain.villageitems import VillageKind

_ABSENT = "上级现行目录没有对应事项"


@cache
def village_kinds() -> tuple[VillageKind, ...]:
    """Read the five kinds."""
    return tuple(VillageKind(**row) for row in _rows("village_kinds.csv"))


@cache
def model_items() -> tuple[VillageItem, ...]:
    """Read the model list."""
    return tuple(
        VillageItem.model_validate({**row, "id": item_id(serial)})
        for serial, row in enumerate(_rows("village_items.csv"), start=1)
    )


def model_for(matters: Collection[str]) -> list[VillageItem]:
    """Give the model list for a village above which these matters are in force."""
    return [
        item
        if not item.matter or item.matter in matters
        else item.model_copy(update={"matter": "", "unmatched": _ABSENT})
        for item in model_items()
    ]


def identified(items: Iterable[VillageItem], known: Iterable[VillageItem]) -> list[VillageItem]:
    """Give each new item its identity: never one that an item of the village had before, as far as ``known`` tells."""
    wanted = list(items)
    taken = [_serial(item.id) for item in (*known, *wanted)]
    serial = max(taken, default=0)
    given: list[VillageItem] = []
    for item in wanted:
        if not item.id:
            serial += 1
        given.append(item if item.id else item.model_copy(update={"id": item_id(serial)}))
    return given


def item_id(serial: int) -> str:
    """Give the identity of a village's item."""
    return f"v-{serial:02d}"


def _serial(identity: str) -> int:
    number = identity.removeprefix("v-")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 9 else 0  # noqa: PLR2004 - digits


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("services.catalog.seed").joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))
