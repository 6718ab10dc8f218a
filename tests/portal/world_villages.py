"""Invented lists of villages, kept by catalog's own rules in memory, and what was published for a village."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from gongkai.contracts.villages import VillageItem
from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import catalogues_pb2, villages_pb2_grpc
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.security.grpc_auth import current_staff
from gongkai.security.permissions import Place, may
from gongkai.serving.errors import NotFound, PermissionRefused
from services.catalog.domain import villagelists as rules
from services.catalog.domain.villageitems import differences
from services.catalog.domain.villagelists import Standard, VillageEvent, VillageList
from services.catalog.villages import messages
from services.catalog.villages.models import identified, model_for, model_items, village_kinds

if TYPE_CHECKING:
    from tests.portal.world import World

VILLAGE: Final = "341323106201"
TODAY: Final = date(2026, 11, 23)
_MATTERS: Final = frozenset(item.matter for item in model_items() if item.matter)
_STANDARD: Final = Standard(village_kinds(), _MATTERS)
_ACTS: Final = {
    "save": "village.draft", "model": "village.draft", "propose": "village.draft", "return": "village.confirm",
    "publish": "village.confirm",
}  # fmt: skip


@dataclass
class Hall:
    """The lists by village: how each stands, its version, what was published."""

    states: dict[str, VillageList] = field(default_factory=dict)
    histories: dict[str, list[VillageEvent]] = field(default_factory=dict)

    def state(self, village: str) -> VillageList:
        return self.states.get(village, VillageList(village))

    def add(self, village: str, events: Sequence[VillageEvent]) -> None:
        for event in events:
            self.states[village] = rules.evolve(self.state(village), event)
            self.histories.setdefault(village, []).append(event)

    def published(self, village: str) -> list[rules.VillageListPublished]:
        return [one for one in self.histories.get(village, []) if isinstance(one, rules.VillageListPublished)]


def invent_hall() -> Hall:
    """One village with a list since September."""
    hall = Hall()
    listed = rules.VillageListPublished(
        village=VILLAGE, number=1, effective_on=date(2026, 9, 1), items=tuple(model_for(_MATTERS))
    )
    hall.add(VILLAGE, [listed])
    return hall


def disclose(
    world: World, number: int, title: str, day: str, *, matter: str = "", keywords: Collection[str] = ()
) -> str:
    """Publish something for the village; gives its index number."""
    index_number = f"11341323MD23T1061B/{day[:4]}{day[5:7]}-{number:05d}"
    world.records[index_number] = publishing_pb2.Record(
        record_id=f"village-{number}", index_number=index_number, version=1, organ="341323106-rmzf", organ_name="冯庙镇人民政府",
        division=VILLAGE, kind="notice", title=title, summary=f"{title}：本期的内容已经公布，共 36 户。", published_on=day,
        formed_on=day, validity="not_applicable", attribute="proactive", provenance="live", matter=matter, keywords=keywords,
    )  # fmt: skip
    return index_number


class VillageOffice(villages_pb2_grpc.VillageServiceServicer):
    def __init__(self, hall: Callable[[], Hall], check: Callable[[str], None]) -> None:
        self._hall = hall
        self._check = check

    async def ListVillageKinds(self, _request: Any, _context: Any) -> pb.ListVillageKindsResponse:
        self._check("villages")
        return pb.ListVillageKindsResponse(kinds=map(messages.kind, village_kinds()))

    async def ListVillageLists(self, request: Any, _context: Any) -> pb.ListVillageListsResponse:
        self._check("villages")
        stem = request.division.rstrip("0")
        found = [
            pb.VillageListEntry(list=_told(self._hall().published(one), one), phase=state.phase if request.drafts else "")
            for one, state in sorted(self._hall().states.items())
            if one.startswith(stem) and (request.drafts or state.number)
        ]  # fmt: skip
        return pb.ListVillageListsResponse(lists=found, total=len(found))

    async def GetVillageList(self, request: Any, _context: Any) -> pb.GetVillageListResponse:
        self._check("villages")
        published = self._hall().published(request.village)
        wanted = [one for one in published if request.number in (0, one.number)]
        if not wanted:
            raise NotFound(Reason("villagelist.unknown", "没有清单。", "village"))
        told = _told(wanted)
        told.in_force = told.number == published[-1].number
        numbers = [
            pb.VillageNumber(number=one.number, effective_on=str(one.effective_on), items=len(one.items))
            for one in reversed(published)
        ]
        return pb.GetVillageListResponse(list=told, numbers=numbers)

    async def CheckVillageList(self, request: Any, _context: Any) -> pb.CheckVillageListResponse:
        state = self._hall().state(request.village)
        items = state.items if request.draft else state.published
        row = catalogues_pb2.Row(domain="14", level1="扶贫对象", level2="贫困人口识别", levels="乡级")
        both = [
            pb.VillageMatch(
                item=messages.item(item),
                row=catalogues_pb2.PublishedRow(
                    catalogue="341323000000", matter=item.matter, row=catalogues_pb2.Row(level1=item.level1, level2="上级的写法")
                ),
            )
            for item in items
            if item.matter in _MATTERS
        ]  # fmt: skip
        return pb.CheckVillageListResponse(
            catalogue="341323000000",
            edition=2,
            both=both,
            missing=[catalogues_pb2.PublishedRow(catalogue="341323000000", matter="m-14-004", row=row)],
            own=[messages.item(item) for item in items if not item.matter],
            gone=[messages.item(item) for item in items if item.matter and item.matter not in _MATTERS],
        )

    async def GetVillageDraft(self, request: Any, _context: Any) -> pb.GetVillageDraftResponse:
        self._require("catalogue.read", request.village)
        return pb.GetVillageDraftResponse(draft=self._draft(request.village))

    async def SaveVillageList(self, request: Any, _context: Any) -> pb.SaveVillageListResponse:
        self._require("village.draft", request.village)
        hall, state = self._hall(), self._hall().state(request.village)
        items: list[VillageItem] = model_for(_MATTERS) if request.model else messages.written(request.items)
        items = identified(items, [*state.items, *state.published])
        history = hall.histories.get(request.village, [])
        then = VillageList(request.village)
        for event in history[: request.seen]:
            then = rules.evolve(then, event)
        seen = None if then.items == state.items else then.items
        hall.add(request.village, rules.save(state, items, _STANDARD, seen, model=request.model))
        return pb.SaveVillageListResponse(draft=self._draft(request.village))

    async def ProposeVillageList(self, request: Any, _context: Any) -> pb.ProposeVillageListResponse:
        self._require("village.draft", request.village)
        state, by = self._hall().state(request.village), f"staff:{current_staff().id}"
        self._hall().add(request.village, rules.propose(state, by, request.note, _STANDARD))
        return pb.ProposeVillageListResponse(draft=self._draft(request.village))

    async def ReturnVillageList(self, request: Any, _context: Any) -> pb.ReturnVillageListResponse:
        self._require("village.confirm", request.village)
        self._hall().add(
            request.village, rules.give_back(self._hall().state(request.village), request.reason)
        )
        return pb.ReturnVillageListResponse(draft=self._draft(request.village))

    async def PublishVillageList(self, request: Any, _context: Any) -> pb.PublishVillageListResponse:
        self._require("village.confirm", request.village)
        hall, by = self._hall(), f"staff:{current_staff().id}"
        stale = bool(request.seen) and request.seen != len(hall.histories.get(request.village, []))
        state = hall.state(request.village)
        hall.add(request.village, rules.publish(state, by, TODAY, _STANDARD, stale=stale))
        return pb.PublishVillageListResponse(list=_told(hall.published(request.village)))

    def _require(self, act: str, village: str) -> None:
        self._check("villages")
        if not may(current_staff(), act, Place("", village)):
            raise PermissionRefused(Reason("auth.not-allowed", "您没有这个村的角色。", "village"))

    def _draft(self, village: str) -> pb.VillageDraft:
        state = self._hall().state(village)
        hindrances = [
            catalogues_pb2.Hindrance(act=act, message_zh=reason.message_zh, article=reason.article)
            for act in _ACTS
            for reason in _against(act, state)
        ]
        return pb.VillageDraft(
            village=village, phase=state.phase, number=state.number, items=map(messages.item, state.items),
            proposed_by=state.proposed_by.removeprefix("staff:"), note=state.note,
            version=len(self._hall().histories.get(village, [])),
            acts=[act for act in _ACTS if act not in {one.act for one in hindrances}], hindrances=hindrances,
            changes=differences(state.published, state.items),
        )  # fmt: skip


def _against(act: str, state: VillageList) -> Sequence[Reason]:
    by = f"staff:{current_staff().id}"
    if not may(current_staff(), _ACTS[act], Place("", state.village)):
        return [Reason("auth.not-allowed", "您没有这个村的角色。", "village")]
    try:
        match act:
            case "save":
                rules.save(state, state.items, _STANDARD)
            case "model":
                rules.save(state, (), _STANDARD, model=True)
            case "propose":
                rules.propose(state, by, "", _STANDARD)
            case "return":
                rules.give_back(state, act)
            case _:
                rules.publish(state, by, TODAY, _STANDARD)
    except Refusal as refusal:
        return refusal.reasons
    return ()


def _told(published: Sequence[rules.VillageListPublished], village: str = "") -> pb.VillageList:
    if not published:
        return pb.VillageList(village=village)
    last = published[-1]
    return pb.VillageList(
        village=last.village, number=last.number, effective_on=last.effective_on.isoformat(),
        items=map(messages.item, last.items), in_force=True,
    )  # fmt: skip
