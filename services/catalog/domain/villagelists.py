"""Villages' lists (村务公开清单): drafted, confirmed by another person, published as a whole with a number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import ClassVar, Final

from gongkai.contracts.villages import VillageItem
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from gongkai.villages import ARTICLE, is_village
from services.catalog.domain.checks import blank, refuse_if_any
from services.catalog.domain.villageitems import VillageKind, differences, incomplete, unsavable

NONE, DRAFTING, PROPOSED = "none", "drafting", "proposed"
_PHASES: Final[Mapping[str, str]] = MappingProxyType(
    {NONE: "没有起草中的清单", DRAFTING: "清单正在起草", PROPOSED: "清单已送复核"}
)
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"
_MOST_TOLD: Final = 8
"""Differences a refusal names one by one; the rest it counts."""


class VillageListSaved(DomainEvent):
    """The next list is being drafted; the whole of it as it stands now."""

    NAME: ClassVar[str] = "villagelist.saved"

    village: str
    items: tuple[VillageItem, ...]
    model: bool = False
    """Taken from the model list."""


class VillageListProposed(DomainEvent):
    """The draft waits for another person."""

    NAME: ClassVar[str] = "villagelist.proposed"

    village: str
    by: str
    """The actor, who may not confirm it."""
    note: str


class VillageListReturned(DomainEvent):
    """The draft was sent back."""

    NAME: ClassVar[str] = "villagelist.returned"

    village: str
    reason: str


class VillageListPublished(DomainEvent):
    """Another person confirmed the list: it is in force."""

    NAME: ClassVar[str] = "villagelist.published"

    village: str
    number: int
    effective_on: date
    items: tuple[VillageItem, ...]


VillageDraftEvent = VillageListSaved | VillageListProposed | VillageListReturned
VillageEvent = VillageDraftEvent | VillageListPublished


@dataclass(frozen=True, slots=True)
class VillageList:
    """A village's list as its events tell."""

    village: str
    phase: str = NONE
    number: int = 0
    """In force; 0: none yet."""
    items: tuple[VillageItem, ...] = ()
    """Of the draft; without one, in force."""
    published: tuple[VillageItem, ...] = ()
    proposed_by: str = ""
    note: str = ""
    """Of the proposal, or why it was returned."""


@dataclass(frozen=True, slots=True)
class Standard:
    """What a list is measured by."""

    kinds: Sequence[VillageKind]
    matters: Collection[str]
    """Of the catalogue in force above."""

    @property
    def kind_codes(self) -> frozenset[str]:
        """The codes of the five kinds."""
        return frozenset(kind.code for kind in self.kinds)


def village_stream(village: str) -> str:
    """Give the stream of a village's list."""
    return f"villagelist:{village}"


def evolve(state: VillageList, event: DomainEvent) -> VillageList:
    """Apply one event.

    Raises:
        TypeError: an event that is not of a village's list.
    """
    match event:
        case VillageListSaved():
            return replace(state, phase=DRAFTING, items=event.items, note="", proposed_by="")
        case VillageListProposed():
            return replace(state, phase=PROPOSED, proposed_by=event.by, note=event.note)
        case VillageListReturned():
            return replace(state, phase=DRAFTING, proposed_by="", note=event.reason)
        case VillageListPublished():
            return VillageList(event.village, NONE, event.number, event.items, event.items)
        case _:
            raise TypeError(f"{event.NAME} is not about a village's list")


def save(
    state: VillageList,
    items: Sequence[VillageItem],
    standard: Standard,
    seen: Sequence[VillageItem] | None = None,
    *,
    model: bool = False,
) -> list[VillageEvent]:
    """Write the whole draft; nothing where it says so already.

    Args:
        state: the list.
        items: as they are to be; blanks may stand in a draft.
        standard: the law's kinds.
        seen: what the editor had before them, where somebody has written since; None where nobody has.
        model: the items were taken from the model list.
    """

    def reasons() -> Iterator[Reason]:
        yield from of_village(state.village)
        if state.phase == PROPOSED:
            yield Reason("villagelist.not-drafting", "清单已送复核，不能修改。要修改请先退回。", "village")
        if model and state.items:
            text = "清单已经有事项，示范清单只用于从头起草。请在现有事项上修改，没有改动任何内容。"
            yield Reason("villagelist.model.late", text, "village")
        if seen is not None:
            yield from _changed_since(seen, state.items)
        yield from unsavable(items, standard.kind_codes)

    refuse_if_any(reasons())
    if tuple(items) == state.items and state.phase == DRAFTING:
        return []
    return [VillageListSaved(village=state.village, items=tuple(items), model=model)]


def propose(state: VillageList, by: str, note: str, standard: Standard) -> list[VillageEvent]:
    """Hand the draft to another person."""

    def reasons() -> Iterator[Reason]:
        if state.phase != DRAFTING:
            advice = "请先修改清单" if state.phase == NONE else "要修改请先退回"
            yield Reason(
                "villagelist.not-drafting",
                f"目前{_PHASES[state.phase]}，不能送复核。{advice}。",
                "village",
            )
        yield from incomplete(state.items, standard.kinds, standard.matters)
        if state.phase == DRAFTING and state.items and state.items == state.published:
            yield Reason("villagelist.unchanged", "与现行清单相比没有任何变化，不需要重新公布。", "village")

    refuse_if_any(reasons())
    return [VillageListProposed(village=state.village, by=by, note=note.strip())]


def give_back(state: VillageList, reason: str) -> list[VillageEvent]:
    """Send a proposed draft back."""

    def reasons() -> Iterator[Reason]:
        yield from _proposed(state)
        if blank(reason):
            yield Reason("return.reason.missing", "退回须说明理由，请写明需要修改之处。", "reason")

    refuse_if_any(reasons())
    return [VillageListReturned(village=state.village, reason=reason.strip())]


def publish(
    state: VillageList, by: str, on: date, standard: Standard, *, stale: bool = False
) -> list[VillageEvent]:
    """Confirm the draft: the list is in force from that day.

    Args:
        state: the list.
        by: the actor, who must not have proposed it.
        on: the legal day.
        standard: what it is measured by, as it stands now.
        stale: somebody changed it after the confirmer looked.
    """

    def reasons() -> Iterator[Reason]:
        yield from _proposed(state)
        if state.phase == PROPOSED and state.proposed_by == by:
            text = "送复核人不能确认自己送复核的清单，须由另一人确认公布。"
            yield Reason("villagelist.same-person", text, "village", _PLAN)
        if stale:
            text = "清单在您打开之后有变动。为免公布未经您核对的内容，没有公布，请重新核对。"
            yield Reason("villagelist.changed-since", text, "seen")
        yield from incomplete(state.items, standard.kinds, standard.matters)

    refuse_if_any(reasons())
    return [
        VillageListPublished(
            village=state.village, number=state.number + 1, effective_on=on, items=state.items
        )
    ]


def of_village(village: str) -> Iterator[Reason]:
    """Give why a division keeps no such list."""
    if not is_village(village):
        text = "只有村（社区）编制村务公开清单，市、县、乡编制公开事项目录。请用12位村（社区）代码。"
        yield Reason("villagelist.level", text, "village", ARTICLE)


def _proposed(state: VillageList) -> Iterator[Reason]:
    if state.phase != PROPOSED:
        yield Reason("villagelist.not-proposed", f"目前{_PHASES[state.phase]}，须先送复核。", "village")


def _changed_since(seen: Sequence[VillageItem], now: Sequence[VillageItem]) -> Iterator[Reason]:
    told = list(differences(seen, now)) or ["顺序有变化"]
    more = f"等 {len(told)} 处" if len(told) > _MOST_TOLD else ""
    changes = "；".join(told[:_MOST_TOLD])
    text = f"您打开之后，别人保存过清单：{changes}{more}。您写的没有保存，请核对后再保存。"
    yield Reason("villagelist.changed-since", text, "seen")
