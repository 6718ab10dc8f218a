"""Between villages' lists and their gRPC messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from pydantic import ValidationError

from gongkai.contracts.villages import VillageItem
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.serving.errors import InvalidRequest
from gongkai.villages import ARTICLE
from services.catalog.domain.villageitems import LABELS, VillageKind
from services.catalog.views.reading import Found
from services.catalog.views.villages import items_of

_FIELDS: Final = tuple(VillageItem.model_fields)
_ADVICE: Final = {
    "cycle": "请选每季度、每月或者随时。",
    "month": "固定月份是季度的第1至3个月，没有的不填。",
    "day": "固定日是1至31，没有的不填。",
}


def kind(held: VillageKind) -> pb.VillageKind:
    """Make a kind."""
    return pb.VillageKind(**asdict(held))


def item(held: VillageItem) -> pb.VillageItem:
    """Make an item."""
    return pb.VillageItem(**held.model_dump())


def village_list(found: Found, *, in_force: bool) -> pb.VillageList:
    """Make a published list of a row of its editions."""
    return pb.VillageList(
        village=found.village,
        number=found.number,
        effective_on=found.effective_on.isoformat(),
        items=map(item, items_of(found.items)),
        in_force=in_force,
    )


def entry(found: Found, *, drafts: bool, brief: bool) -> pb.VillageListEntry:
    """Make an entry of the column: what is in force, and for the staff how the draft stands."""
    in_force = pb.VillageList(
        village=found.village,
        number=found.number,
        effective_on=found.effective_on.isoformat() if found.effective_on else "",
        items=() if brief else map(item, items_of(found.published)),
        in_force=bool(found.number),
    )
    return pb.VillageListEntry(list=in_force, phase=found.phase if drafts else "")


def number(found: Found) -> pb.VillageNumber:
    """Make the mention of a published list."""
    return pb.VillageNumber(
        number=found.number, effective_on=found.effective_on.isoformat(), items=len(found.items)
    )


def written(items: Iterable[pb.VillageItem]) -> list[VillageItem]:
    """Read the items of a request.

    Raises:
        InvalidRequest: what no item can be, each cell named.
    """
    read: list[VillageItem] = []
    faults: list[Reason] = []
    for at, each in enumerate(items):
        fields = {name: getattr(each, name) for name in _FIELDS}
        try:
            read.append(VillageItem.model_validate(fields))
        except ValidationError as error:
            for fault in error.errors():
                name = str(fault["loc"][0])
                text = f"第 {at + 1} 项的{LABELS.get(name, name)}无法识别。{_ADVICE.get(name, '请核对。')}"
                faults.append(Reason(f"villageitem.{name}.malformed", text, f"items[{at}].{name}", ARTICLE))
    if faults:
        raise InvalidRequest(*faults)
    return read
