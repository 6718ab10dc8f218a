"""What an item of a village's list must say (村委会组织法 Art. 30), and how two lists differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gongkai.contracts.villages import VillageItem
from gongkai.refusal import Reason
from gongkai.villages import ARTICLE, CYCLES, fixed_day
from services.catalog.domain.checks import blank

MOST_ITEMS: Final = 200
LONGEST: Final = 1000
"""Characters of a cell."""
LABELS: Final = MappingProxyType(
    {
        "kind": "法定类别", "level1": "一级事项", "level2": "二级事项", "elements": "公开内容（要素）", "cycle": "公开周期",
        "month": "固定月份", "day": "固定日", "channels": "公开渠道", "basis": "公开依据", "matter": "对应的上级事项",
        "unmatched": "不对应的原因",
    }
)  # fmt: skip
_REQUIRED: Final = ("level1", "level2", "elements", "channels", "basis")


@dataclass(frozen=True, slots=True)
class VillageKind:
    """One of the five items of Art. 30."""

    code: str
    numeral: str
    text: str
    citation: str
    mark: str


def unsavable(items: Sequence[VillageItem], kinds: Collection[str]) -> Iterator[Reason]:
    """Give what cannot even stand in a draft, where blanks may."""
    if len(items) > MOST_ITEMS:
        text = f"清单最多 {MOST_ITEMS} 项，这次有 {len(items)} 项，请合并相近的事项。"
        yield Reason("villagelist.many", text, "items")
    for identity, times in Counter(item.id for item in items).items():
        if times > 1:
            yield Reason(
                "villageitem.double", f"事项编号“{identity}”出现了 {times} 次，请刷新后重试。", "items"
            )
    for at, item in enumerate(items):
        for name in LABELS:
            value = getattr(item, name)
            if isinstance(value, str) and len(value) > LONGEST:
                yield _reason(at, item, name, "long", f"超过 {LONGEST} 字，请写得简短一些。")
        if item.kind and item.kind not in kinds:
            yield _reason(at, item, "kind", "unknown", "不是第三十条所列五类之一，请从表中选择。", ARTICLE)


def incomplete(
    items: Sequence[VillageItem], kinds: Sequence[VillageKind], matters: Collection[str]
) -> Iterator[Reason]:
    """Give what keeps a list from being proposed and published.

    Args:
        items: the list.
        kinds: the five of Art. 30.
        matters: of the catalogue above in force.
    """
    if not items:
        yield Reason(
            "villagelist.empty", "清单还没有事项，请增加事项，或者以示范清单起草。", "items", ARTICLE
        )
        return
    covered = {item.kind for item in items}
    for kind in kinds:
        if kind.code not in covered:
            text = f"清单没有第{kind.numeral}类“{kind.text}”的事项。法律要求公布这一类，请增加。"
            yield Reason("villagelist.kind.missing", text, "items", kind.citation)
    for at, item in enumerate(items):
        yield from _incomplete_item(at, item, matters)
    for name, times in Counter((item.level1.strip(), item.level2.strip()) for item in items).items():
        if times > 1 and name[1]:
            text = f"“{name[0]}·{name[1]}”出现了 {times} 次，村民分不清是哪一项，请合并或者改名。"
            yield Reason("villageitem.name.double", text, "items")


def _incomplete_item(at: int, item: VillageItem, matters: Collection[str]) -> Iterator[Reason]:
    for name in _REQUIRED:
        if blank(getattr(item, name)):
            yield _reason(at, item, name, "missing", "没有填写，请填写。")
    if not item.kind:
        yield _reason(at, item, "kind", "missing", "没有选择，请选第三十条所列五类之一。", ARTICLE)
    if item.cycle not in CYCLES:
        yield _reason(at, item, "cycle", "unknown", "没有选择，请选每季度、每月或者随时。", ARTICLE)
    elif not fixed_day(item.cycle, item.month, item.day):
        advice = {
            "quarterly": "按季度公开的，固定日写季度的第1至3个月和1至28日（月底写31日），或者都不写。",
            "monthly": "按月公开的，固定日写1至28日（月底写31日）或者不写，不写月份。",
            "at_once": "随时公开的没有固定日，请清空。",
        }[item.cycle]
        yield _reason(at, item, "day", "unfit", f"与公开周期不合。{advice}")
    if item.matter and item.unmatched:
        yield _reason(at, item, "matter", "both", "已经写明，又写了不对应的原因，请去掉其中一个。")
    elif item.matter and item.matter not in matters:
        yield _reason(
            at,
            item,
            "matter",
            "unknown",
            f"（{item.matter}）不在上级现行目录里，请重选，或写明不对应的原因。",
        )
    elif not item.matter and blank(item.unmatched):
        yield _reason(at, item, "matter", "missing", "没有填写，请选择上级目录的事项，或者写明为什么没有。")


def differences(was: Sequence[VillageItem], now: Sequence[VillageItem]) -> Iterator[str]:
    """Say in words how a list became another."""
    before = {item.id: item for item in was}
    after = {item.id: item for item in now}
    for identity, item in after.items():
        if identity not in before:
            yield f"增加了“{name_of(item)}”"
    for identity, item in before.items():
        if identity not in after:
            yield f"删除了“{name_of(item)}”"
    for identity, item in after.items():
        old = before.get(identity)
        for name, label in LABELS.items():
            if old is not None and getattr(old, name) != getattr(item, name):
                shown = _shown(item, name)
                yield f"“{name_of(item)}”的{label}由“{_shown(old, name)}”改为“{shown}”"


def name_of(item: VillageItem) -> str:
    """Give what a sentence calls an item."""
    return item.level2.strip() or item.level1.strip() or item.id


def _shown(item: VillageItem, name: str) -> str:
    value = str(getattr(item, name))
    return CYCLES.get(value, value) if name == "cycle" else value


def _reason(at: int, item: VillageItem, name: str, fault: str, text: str, article: str = "") -> Reason:
    said = f"第 {at + 1} 项“{name_of(item)}”的{LABELS[name]}{text}"
    return Reason(f"villageitem.{name}.{fault}", said, f"items[{at}].{name}", article)
