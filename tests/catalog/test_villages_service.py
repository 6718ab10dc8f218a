"""Villages' lists over real gRPC on a real database."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from grpc import aio

from gongkai.rpc.catalog.v1 import identity_pb2
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.rpc.catalog.v1.villages_pb2_grpc import VillageServiceStub
from gongkai.security.tokens import service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.errors import reasons_of
from services.catalog.saying import tell_public, tell_services
from services.catalog.views.village_tables import VILLAGE_TABLES
from services.catalog.views.villages import load_list
from services.catalog.villages.models import model_items
from tests.catalog.staffroom import OTHER_COUNTY, TOWN, Staffroom

VILLAGE, NEIGHBOUR = "341323110203", "341323110206"


def cid() -> str:
    return str(uuid.uuid4())


@asynccontextmanager
async def villager(room: Staffroom, role: str, division: str = TOWN) -> AsyncIterator[VillageServiceStub]:
    staff = await room.register(identity_pb2.Grant(role=role, division=division))
    session = (await room.log_in(staff.login)).session
    token = (await room.open(session, "catalog")).tokens["catalog"]
    async with channel(room.target, audience="catalog", tokens=lambda _: token) as opened:
        yield VillageServiceStub(opened)


@asynccontextmanager
async def public(room: Staffroom) -> AsyncIterator[VillageServiceStub]:
    tokens = service_tokens(room.keys, "portal")
    async with channel(room.target, audience="catalog", tokens=tokens) as opened:
        yield VillageServiceStub(opened)


async def saved(stub: VillageServiceStub, seen: int, *items: pb.VillageItem, village: str) -> pb.VillageDraft:
    asked = pb.SaveVillageListRequest(
        command_id=cid(), village=village, seen=seen, items=items, model=not items
    )
    return (await stub.SaveVillageList(asked)).draft


async def test_a_village_s_list_from_the_model_to_the_public(room: Staffroom) -> None:
    """Drafted from the model, proposed, confirmed by another, public as a whole, told on both streams, rebuilt alike."""
    async with (
        villager(room, "editor") as editor,
        villager(room, "reviewer") as reviewer,
        public(room) as reader,
    ):
        draft = await saved(editor, 0, village=VILLAGE)
        assert (draft.phase, len(draft.items)) == ("drafting", len(model_items()))
        assert draft.acts == ["save", "propose"]
        assert {one.act for one in draft.hindrances} == {"model", "return", "publish"}
        await editor.ProposeVillageList(pb.ProposeVillageListRequest(command_id=cid(), village=VILLAGE))
        with pytest.raises(aio.AioRpcError) as refused:
            await editor.PublishVillageList(pb.PublishVillageListRequest(command_id=cid(), village=VILLAGE))
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        again = pb.ReturnVillageListRequest(command_id=cid(), village=VILLAGE, reason="周期有误")
        returned = (await reviewer.ReturnVillageList(again)).draft
        assert (await reviewer.ReturnVillageList(again)).draft.version == returned.version
        await editor.ProposeVillageList(pb.ProposeVillageListRequest(command_id=cid(), village=VILLAGE))
        publishing = pb.PublishVillageListRequest(command_id=cid(), village=VILLAGE, seen=99)
        with pytest.raises(aio.AioRpcError) as refused:
            await reviewer.PublishVillageList(publishing)
        assert [one.code for one in reasons_of(refused.value)] == ["villagelist.changed-since"]
        done = pb.PublishVillageListRequest(command_id=cid(), village=VILLAGE)
        assert (await reviewer.PublishVillageList(done)).list.number == 1
        shown = await reader.GetVillageList(pb.GetVillageListRequest(village=VILLAGE))
        assert (shown.list.in_force, [one.number for one in shown.numbers]) == (True, [1])
        listed = await reader.ListVillageLists(pb.ListVillageListsRequest(division=TOWN))
        assert VILLAGE in [one.list.village for one in listed.lists]
    office = room.desk.office
    async with office.engine.begin() as conn:
        history = await office.store.load(conn, f"villagelist:{VILLAGE}")
        assert [bool(tell_services(one)) for one in history] == [False, False, False, False, True]
        said, fed = tell_services(history[-1])[0], tell_public(history[-1])[0]
        assert said.subject == f"evt.catalog.{VILLAGE}.villagelist.published"
        assert fed.subject == f"feed.{VILLAGE}.catalog.adopted"
        assert "staff:" not in json.dumps(fed.contract.model_dump(mode="json"))
        before = await load_list(conn, VILLAGE)
        assert before[0].number == 1
        assert {table.name for table in VILLAGE_TABLES} == {"village_list", "village_edition"}


async def test_a_second_editor_a_stranger_and_bad_cells(room: Staffroom) -> None:
    """The second to save is told what changed; another county's editor may not; every bad cell is named."""
    async with villager(room, "editor") as first, villager(room, "editor", OTHER_COUNTY) as stranger:
        draft = await saved(first, 0, village=NEIGHBOUR)
        items = list(draft.items)
        items[1].day = 15
        await saved(first, draft.version, *items, village=NEIGHBOUR)
        with pytest.raises(aio.AioRpcError) as refused:
            await saved(first, draft.version, *items[:3], village=NEIGHBOUR)
        assert "“村集体财务收支”的固定日由“10”改为“15”" in reasons_of(refused.value)[0].message_zh
        items[0].cycle, items[2].month = "weekly", 9
        with pytest.raises(aio.AioRpcError) as refused:
            await saved(first, draft.version + 1, *items, village=NEIGHBOUR)
        assert [one.field for one in reasons_of(refused.value)] == ["items[0].cycle", "items[2].month"]
        with pytest.raises(aio.AioRpcError) as refused:
            await saved(stranger, 0, village=NEIGHBOUR)
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_list_beside_the_catalogue_above(room: Staffroom) -> None:
    """What both have, what villages' boards should show and the list lacks, what is the village's own, what is gone."""
    async with villager(room, "editor") as editor:
        draft = await saved(editor, 0, village="341323110207")
        items = list(draft.items)
        items[0].matter, items[0].unmatched = "m-99-999", ""
        await saved(editor, draft.version, *items, village="341323110207")
        found = await editor.CheckVillageList(pb.CheckVillageListRequest(village="341323110207", draft=True))
    assert found.catalogue in ("341300000000", "341323000000", TOWN)
    assert "m-20-005" in [one.row.matter for one in found.both]
    missing = [one.matter for one in found.missing]
    assert "m-14-004" in missing
    assert "m-20-005" not in missing
    assert [one.matter for one in found.gone] == ["m-99-999"]
    assert all(one.unmatched for one in found.own)
