"""The gRPC edge of villages' lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import grpc.aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.villages import VillageItem
from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.rpc.catalog.v1.villages_pb2_grpc import VillageServiceServicer
from gongkai.security.grpc_auth import current_staff
from gongkai.security.permissions import Place, Staff, may
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import NotFound, PermissionRefused
from services.catalog.domain import villagelists as rules
from services.catalog.domain.villageitems import differences
from services.catalog.domain.villagelists import Standard, VillageList
from services.catalog.editions import messages as editions
from services.catalog.editions.desk import actor_of, order_of
from services.catalog.handlers import Order
from services.catalog.hindering import Hindrances
from services.catalog.views import reading, villages
from services.catalog.views.reading import Page
from services.catalog.villages import commands, messages
from services.catalog.villages.checking import check
from services.catalog.villages.commands import VillageDesk, Written, standard_of
from services.catalog.villages.models import village_kinds

Context = grpc.aio.ServicerContext[object, object]
READ: Final = "catalogue.read"
DRAFT: Final = "village.draft"
CONFIRM: Final = "village.confirm"
_REFUSED: Final = {
    READ: "您没有查看该村（社区）清单草稿的权限，请联系所在乡镇的管理员。",
    DRAFT: "起草村务公开清单须有该村（社区）或其乡镇的“编辑”或者“目录管理员”角色，请联系所在乡镇的管理员。",
    CONFIRM: "确认村务公开清单须有该村（社区）或其乡镇的“复核员”或者“目录管理员”角色，请联系所在乡镇的管理员。",
}
_NEEDED: Final = {"save": DRAFT, "model": DRAFT, "propose": DRAFT, "return": CONFIRM, "publish": CONFIRM}


class VillageApi(VillageServiceServicer):
    """Answers about villages' lists and carries out commands on them."""

    def __init__(self, desk: VillageDesk) -> None:
        self._desk = desk

    async def ListVillageKinds(
        self, _request: pb.ListVillageKindsRequest, _context: Context
    ) -> pb.ListVillageKindsResponse:
        """List the five kinds of Art. 30."""
        return pb.ListVillageKindsResponse(kinds=map(messages.kind, village_kinds()))

    async def ListVillageLists(
        self, request: pb.ListVillageListsRequest, _context: Context
    ) -> pb.ListVillageListsResponse:
        """List the villages that have a list, by code; for the staff those with a draft too."""
        if request.drafts:
            _require(current_staff(), READ, request.division)
        page = Page.asked(request.page_size, request.page_token)
        async with self._desk.office.engine.connect() as conn:
            found = await villages.list_lists(conn, request.division, page, drafts=request.drafts)
        return pb.ListVillageListsResponse(
            lists=[messages.entry(row, drafts=request.drafts, brief=request.brief) for row in found.rows],
            next_page_token=found.next_token,
            total=found.total,
        )

    async def GetVillageList(
        self, request: pb.GetVillageListRequest, _context: Context
    ) -> pb.GetVillageListResponse:
        """Give a published list, in force or of a number, with all numbers there were."""
        async with self._desk.office.engine.connect() as conn:
            found = await villages.find_number(conn, request.village, request.number)
            numbers = await villages.list_numbers(conn, request.village)
        if found is None:
            what = f"没有第 {request.number} 号清单" if request.number else "还没有公布村务公开清单"
            raise NotFound(Reason("villagelist.unknown", f"该村（社区）{what}。请核对代码。", "village"))
        in_force = found.number == numbers[0].number
        return pb.GetVillageListResponse(
            list=messages.village_list(found, in_force=in_force), numbers=map(messages.number, numbers)
        )

    async def CheckVillageList(
        self, request: pb.CheckVillageListRequest, _context: Context
    ) -> pb.CheckVillageListResponse:
        """Compare the list in force, or the draft, with the catalogue above."""
        async with self._desk.office.engine.connect() as conn:
            if request.draft:
                await self._staff(conn, READ, request.village)
            state, _ = await villages.load_list(conn, request.village)
            items = state.items if request.draft else state.published
            found = await check(conn, request.village, items, legal_day(self._desk.clock()))
        return pb.CheckVillageListResponse(
            catalogue=found.catalogue,
            edition=found.edition,
            both=[
                pb.VillageMatch(item=messages.item(item), row=editions.published_row(row))
                for item, row in found.both
            ],
            missing=map(editions.published_row, found.missing),
            own=map(messages.item, found.own),
            gone=map(messages.item, found.gone),
        )

    async def GetVillageDraft(
        self, request: pb.GetVillageDraftRequest, _context: Context
    ) -> pb.GetVillageDraftResponse:
        """Give the draft, what the asker may do with it now, and why not the rest."""
        async with self._desk.office.engine.connect() as conn:
            staff = await self._staff(conn, READ, request.village)
            return pb.GetVillageDraftResponse(draft=await self._draft(conn, request.village, staff))

    async def SaveVillageList(
        self, request: pb.SaveVillageListRequest, _context: Context
    ) -> pb.SaveVillageListResponse:
        """Write the whole draft, or begin with the model list."""
        staff, order = await self._order(DRAFT, request.command_id, request.village)
        items: list[VillageItem] = [] if request.model else messages.written(request.items)
        await commands.save(self._desk, order, request.village, Written(items, request.seen, request.model))
        return pb.SaveVillageListResponse(draft=await self._drafted(request.village, staff))

    async def ProposeVillageList(
        self, request: pb.ProposeVillageListRequest, _context: Context
    ) -> pb.ProposeVillageListResponse:
        """Hand the draft to another person."""
        staff, order = await self._order(DRAFT, request.command_id, request.village)
        await commands.propose(self._desk, order, request.village, request.note)
        return pb.ProposeVillageListResponse(draft=await self._drafted(request.village, staff))

    async def ReturnVillageList(
        self, request: pb.ReturnVillageListRequest, _context: Context
    ) -> pb.ReturnVillageListResponse:
        """Send the draft back."""
        staff, order = await self._order(CONFIRM, request.command_id, request.village)
        await commands.give_back(self._desk, order, request.village, request.reason)
        return pb.ReturnVillageListResponse(draft=await self._drafted(request.village, staff))

    async def PublishVillageList(
        self, request: pb.PublishVillageListRequest, _context: Context
    ) -> pb.PublishVillageListResponse:
        """Confirm the draft: it is in force from today."""
        _, order = await self._order(CONFIRM, request.command_id, request.village)
        number = await commands.publish(self._desk, order, request.village, request.seen)
        async with self._desk.office.engine.connect() as conn:
            found = await villages.find_number(conn, request.village, number)
        assert found is not None, "it has just been published"
        return pb.PublishVillageListResponse(list=messages.village_list(found, in_force=True))

    async def _order(self, act: str, command_id: str, village: str) -> tuple[Staff, Order]:
        async with self._desk.office.engine.connect() as conn:
            staff = await self._staff(conn, act, village)
        return staff, order_of(command_id, staff)

    async def _staff(self, conn: AsyncConnection, act: str, village: str) -> Staff:
        """Give who asks, if they may and the village exists."""
        staff = current_staff()
        if await reading.find_division(conn, village) is None:
            text = f"没有村（社区） {village or '（空）'}。请核对12位代码。"
            raise NotFound(Reason("division.unknown", text, "village"))
        _require(staff, act, village)
        return staff

    async def _drafted(self, village: str, staff: Staff) -> pb.VillageDraft:
        async with self._desk.office.engine.connect() as conn:
            return await self._draft(conn, village, staff)

    async def _draft(self, conn: AsyncConnection, village: str, staff: Staff) -> pb.VillageDraft:
        state, version = await villages.load_list(conn, village)
        standard = await standard_of(conn, village, legal_day(self._desk.clock()))
        hindered = Hindrances.of(_NEEDED, lambda act: self._reasons(act, staff, state, standard))
        return pb.VillageDraft(
            village=village,
            phase=state.phase,
            number=state.number,
            items=map(messages.item, state.items),
            proposed_by=state.proposed_by.removeprefix("staff:"),
            note=state.note,
            version=version,
            acts=hindered.acts,
            hindrances=hindered.told(),
            changes=differences(state.published, state.items),
        )

    def _reasons(self, act: str, staff: Staff, state: VillageList, standard: Standard) -> Iterator[Reason]:
        """Give why one of the staff cannot do an act now."""
        if not may(staff, _NEEDED[act], Place("", state.village)):
            yield Reason("auth.not-allowed", _REFUSED[_NEEDED[act]], "village")
        by = actor_of(staff)
        try:
            match act:
                case "save":
                    rules.save(state, state.items, standard)
                case "model":
                    rules.save(state, (), standard, model=True)
                case "propose":
                    rules.propose(state, by, "", standard)
                case "return":
                    rules.give_back(state, act)
                case _:
                    rules.publish(state, by, legal_day(self._desk.clock()), standard)
        except Refusal as refusal:
            yield from refusal.reasons


def _require(staff: Staff, act: str, division: str) -> None:
    if not may(staff, act, Place("", division)):
        raise PermissionRefused(Reason("auth.not-allowed", _REFUSED[act], "village"))
