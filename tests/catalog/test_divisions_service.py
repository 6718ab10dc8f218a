"""Divisions and organs that change, over real gRPC on a real database: what is answered on which day, and to whom."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from typer import Typer
from typer.testing import CliRunner

from gongkai.cli.division import app as division_app
from gongkai.cli.endpoints import Endpoints
from gongkai.cli.organ import app as organ_app
from gongkai.contracts.catalog import DivisionChanged
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub, add_CatalogServiceServicer_to_server
from gongkai.security.keys import create_keys, private_key
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import issue_staff, operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.rebuilding import Difference, rebuild
from gongkai.serving.settings import Address, Settings
from gongkai.uscc import placeholder_uscc
from services.catalog.api import CatalogApi
from services.catalog.codec import CODEC
from services.catalog.domain.divisions import RegisterDivision
from services.catalog.handlers import Office
from services.catalog.saying import tell_services
from services.catalog.seed.reading import Seed, read_seed
from services.catalog.sowing import sow
from services.catalog.views.rebuild import views_of

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceAsyncStub

CITY, COUNTY, NEXT = "341300000000", "341323000000", "341324000000"
EAST, WEST, VILLAGE = "341323111000", "341323112000", "341323111200"
EFFECTIVE, BASIS = "2026-12-01", "皖民地字〔2026〕12号"
BEFORE = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
"""A minute before midnight of Asia/Shanghai."""
AFTER = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)


@dataclass
class Town:
    """A running registry, its clock, and ways to speak to it."""

    office: Office
    keys: Path
    target: str
    catalog: CatalogServiceAsyncStub
    clock: list[datetime]
    ids: Any = field(default_factory=itertools.count)

    @asynccontextmanager
    async def as_administrator(self, division: str) -> AsyncIterator[CatalogServiceAsyncStub]:
        staff = Staff("s-1", "某人", "科员", "341323-zfb", (Grant(Role.ADMINISTRATOR, division=division),))
        token = issue_staff(private_key(self.keys, "catalog"), staff=staff, audience="catalog")
        async with channel(self.target, audience="catalog", tokens=lambda _: token) as opened:
            yield CatalogServiceStub(opened)

    def merge(self, code: str = EAST, successor: str = WEST, *along: str) -> pb.ChangeDivisionRequest:
        end = pb.Ending(kind="merged", successor=successor, along=along)
        return pb.ChangeDivisionRequest(
            command_id=f"c-{next(self.ids)}", code=code, effective_on=EFFECTIVE, basis=BASIS, end=end
        )

    async def organ(self, code: str, division: str) -> None:
        organ = pb.Organ(
            code=code, name=f"{code}局", short_name=code, division=division, uscc=placeholder_uscc(code, division)
        )  # fmt: skip
        await self.catalog.RegisterOrgan(
            pb.RegisterOrganRequest(command_id=f"o-{code}", actor="tester", organ=organ)
        )


def some_seed() -> Seed:
    kept = {CITY, COUNTY, NEXT}
    own = (
        RegisterDivision(EAST, "东镇", "township", COUNTY),
        RegisterDivision(WEST, "西镇", "township", COUNTY),
        RegisterDivision(VILLAGE, "甲村", "village", EAST),
    )
    full = read_seed()
    divisions = (*(one for one in full.divisions if one.code in kept), *own)
    return replace(full, divisions=divisions, calendars=(), rules=(), matters=(), bases=(), domains=())


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A county with two townships, a village in one of them, and an organ in each township."""
    await migrate("services.catalog", database_url)
    create_keys(tmp_path, services=["catalog"])
    engine = create_engine(database_url, pool_size=5)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=Vault(bytes(32), clock=utc_now))
    clock = [BEFORE]
    office = Office(engine, store, CommandLedger(clock=utc_now), clock=lambda: clock[0])
    await sow(office, some_seed())
    settings = Settings("catalog", keys=tmp_path, grpc_listen=Address("127.0.0.1", 0))
    async with Service("catalog", settings) as service:
        service.grpc(
            add_CatalogServiceServicer_to_server, CatalogApi(office, clock=lambda: clock[0]), pb.DESCRIPTOR
        )
        await service.start()
        target = f"127.0.0.1:{service.grpc_port}"
        async with channel(target, audience="catalog", tokens=operator_tokens(tmp_path)) as opened:
            made = Town(office, tmp_path, target, CatalogServiceStub(opened), clock)
            await made.organ("341323-dz", EAST)
            await made.organ("341323-xz", WEST)
            yield made
    await engine.dispose()


async def test_a_merger_is_told_ahead_and_in_force_at_midnight(town: Town) -> None:
    """Until the day nothing changes; from then on the successor stands for both, and its organs are theirs."""
    await town.catalog.ChangeDivision(town.merge(EAST, WEST, "341323-dz", VILLAGE))
    ask = pb.GetDivisionRequest
    before = (await town.catalog.GetDivision(ask(code=EAST))).division
    town.clock[0] = AFTER
    after = (await town.catalog.GetDivision(ask(code=EAST))).division
    west = (await town.catalog.GetDivision(ask(code=WEST))).division
    organs = await town.catalog.ListOrgans(pb.ListOrgansRequest(division=WEST))

    assert (before.ended_on, before.successor, before.end_kind, before.heir) == (
        EFFECTIVE,
        WEST,
        "merged",
        "",
    )
    assert (after.heir, after.basis, after.name) == (WEST, BASIS, "东镇")
    assert list(west.predecessors) == [EAST]
    assert [organ.code for organ in organs.organs] == ["341323-dz", "341323-xz"]


async def test_who_is_left_behind_is_named_and_nothing_happens(town: Town) -> None:
    """Every organ and village that is still there, in one refusal."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await town.catalog.ChangeDivision(town.merge())

    reasons = reasons_of(refused.value)
    assert [reason.code for reason in reasons] == ["division.organs", "division.divisions"]
    assert "341323-dz" in reasons[0].message_zh
    assert "甲村" in reasons[1].message_zh
    assert (await town.catalog.GetDivision(pb.GetDivisionRequest(code=EAST))).division.ended_on == ""


async def test_a_change_is_done_once_and_by_who_may(town: Town) -> None:
    """The same id repeats nothing; an administrator needs both places, also to take an end back; no organ enters what ends."""
    asked = town.merge(EAST, WEST, "341323-dz", VILLAGE)
    async with town.as_administrator(EAST) as east, town.as_administrator(COUNTY) as county:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await east.ChangeDivision(asked)
        await county.ChangeDivision(asked)
        await county.ChangeDivision(asked)
        await county.ChangeDivision(town.merge(EAST, WEST, "341323-dz", VILLAGE))
        keep = pb.ChangeDivisionRequest(command_id="k-1", code=EAST, basis=BASIS, keep=pb.Keeping())
        with pytest.raises(grpc.aio.AioRpcError) as alone:
            await east.ChangeDivision(keep)
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await town.organ("341323-dz2", EAST)
    async with town.office.engine.connect() as conn:
        history = await town.office.store.load(conn, f"division:{EAST}")

    assert {refused.value.code(), alone.value.code()} == {grpc.StatusCode.PERMISSION_DENIED}
    assert [reason.code for reason in reasons_of(late.value)] == ["division.unknown"]
    assert [(event.version, event.type, event.actor) for event in history][1:] == [
        (2, "division.ended", "staff:s-1")
    ]


async def test_an_organ_bears_its_name_of_the_day_and_leaves_to_its_successor(town: Town) -> None:
    """The renaming lies ahead, so does the end after it; the views can be made again from the log."""
    rename = pb.Renaming(name="东镇人民政府", short_name="东镇")
    code = "341323-dz"
    await town.catalog.ChangeOrgan(
        pb.ChangeOrganRequest(command_id="r-1", code=code, effective_on=EFFECTIVE, basis=BASIS, rename=rename)
    )
    ahead = (await town.catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ
    ended = await town.catalog.ChangeOrgan(
        pb.ChangeOrganRequest(
            command_id="e-1",
            code=code,
            effective_on="2026-12-02",
            basis=BASIS,
            end=pb.Ending(successor="341323-xz"),
        )
    )
    town.clock[0] = AFTER
    borne = (await town.catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ
    town.clock[0] = datetime(2026, 12, 2, tzinfo=UTC)
    gone = (await town.catalog.GetOrgan(pb.GetOrganRequest(code=code))).organ
    steps = [step async for step in rebuild(town.office.engine, views_of(town.office.store))]

    assert (ahead.name, ahead.newest_name) == (f"{code}局", "东镇人民政府")
    assert (ended.organ.ended_on, ended.organ.heir) == ("2026-12-02", "")
    assert (borne.name, borne.short_name, borne.newest_name) == ("东镇人民政府", "东镇", "")
    assert [(former.name, former.until) for former in borne.former_names] == [(f"{code}局", EFFECTIVE)]
    assert gone.heir == "341323-xz"
    assert [step for step in steps if isinstance(step, Difference)] == []


async def test_the_operator_merges_a_township_with_everything_in_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command names what moves along, says what is left to be done, and shows the history; until the day it is taken back."""
    endpoints = Endpoints(town.keys, "", "", "", {"catalog": town.target}, town.keys)
    monkeypatch.setattr("gongkai.cli.division.load_endpoints", lambda _: endpoints)
    monkeypatch.setattr("gongkai.cli.organ.load_endpoints", lambda _: endpoints)

    async def run(app: Typer, *words: str) -> Any:
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*words]))

    options = ("--on", EFFECTIVE, "--basis", BASIS)
    ended = await run(organ_app, "end", "341323-dz", "341323-xz", *options)
    refused = await run(division_app, "merge", EAST[:9], WEST[:9], *options)
    merged = await run(division_app, "merge", EAST[:9], WEST[:9], *options, "--along-all")
    shown = await run(division_app, "show", EAST[:9])
    kept = [
        await run(organ_app, "keep", "341323-dz", "--basis", BASIS),
        await run(division_app, "keep", EAST[:9], "--basis", BASIS),
    ]
    stays = (await town.catalog.GetDivision(pb.GetDivisionRequest(code=EAST))).division
    await run(division_app, "merge", EAST[:9], WEST[:9], *options, "--along-all")
    town.clock[0] = AFTER
    late = await run(division_app, "keep", EAST[:9], "--basis", BASIS)
    async with town.office.engine.connect() as conn:
        [*_, taken, _] = await town.office.store.load(conn, f"division:{EAST}")
    [told] = tell_services(taken)

    assert ended.output == f"341323-dz 341323-dz局：{EFFECTIVE} 撤并，由 341323-xz 承继。\n"
    assert (refused.exit_code, "甲村" in refused.output) == (1, True)
    assert "随同转入：甲村" in merged.output
    assert "341323-dz" not in merged.output
    assert f"{EFFECTIVE} 并入{WEST}　依据 {BASIS}" in shown.output
    assert "341323-dz 341323-dz局：已撤回撤并，继续保留。" in kept[0].output
    assert f"{EAST} 东镇：已撤回撤并，继续保留。" in kept[1].output
    assert (stays.ended_on, stays.successor, stays.end_kind) == ("", "", "")
    assert isinstance(told.contract, DivisionChanged)
    assert (told.contract.ended_on, told.contract.successor, told.contract.version) == (None, "", 3)
    assert (late.exit_code, "撤并已经生效，不能撤回" in late.output) == (1, True)


async def test_a_bad_change_is_told_with_every_reason(town: Town) -> None:
    """No day, and not what is to change."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await town.catalog.ChangeDivision(
            pb.ChangeDivisionRequest(command_id="b", code=EAST, effective_on="明天")
        )

    assert [reason.code for reason in reasons_of(refused.value)] == ["change.day.malformed", "change.missing"]
