"""The registry of bases over real gRPC on a real database: what is imported, resolved, flagged; who may change it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gongkai.cli.bases import app, send
from gongkai.cli.endpoints import Endpoints
from gongkai.contracts.matters import MatterReading
from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.eventstore.vault import Vault
from gongkai.loading.laws import read_laws
from gongkai.rpc.catalog.v1 import bases_pb2 as pb
from gongkai.rpc.catalog.v1.bases_pb2 import DESCRIPTOR
from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceStub, add_BasisServiceServicer_to_server
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
from services.catalog.bases.api import BasisApi
from services.catalog.codec import CODEC
from services.catalog.domain.bases import SetBasis, Standing, basis_id
from services.catalog.domain.editions import Matter, MatterRetired, MatterRevised
from services.catalog.editions.readings import reading_of
from services.catalog.handlers import Decision, Office, Order, carry_out
from services.catalog.seed.reading import read_seed
from services.catalog.sowing import sow
from services.catalog.views.basis_tables import citation
from services.catalog.views.rebuild import views_of

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceAsyncStub

CITY, COUNTY = "341300000000", "341323000000"
BASES = {
    "m-01-001": "《中华人民共和国甲法》第三条、《乙办法》（甲发〔2012〕45号）",
    "m-01-002": "《甲法（2019年修正）》",
    "m-01-003": "《丙规定》、《丁意见》及相关规定",
    "m-01-004": "《丁意见》《甲法》",
}
LAWS: list[dict[str, Any]] = [
    {"title": "中华人民共和国甲法", "issued": "2010-01-01", "expired": False},
    {
        "title": "中华人民共和国新甲法",
        "issued": "2024-12-01",
        "expired": False,
        "body": "第九条 本法自2025年3月1日起施行。《中华人民共和国甲法》同时废止。",
    },
    {"title": "丙规定", "issued": "2001-01-01", "expired": True},
]


@dataclass
class Registry:
    """A running registry of bases, and ways to speak to it."""

    office: Office
    keys: Path
    target: str
    bases: BasisServiceAsyncStub

    @asynccontextmanager
    async def as_steward(self, division: str) -> AsyncIterator[BasisServiceAsyncStub]:
        staff = Staff("s-1", "某人", "科员", "341323-zfb", (Grant(Role.STEWARD, division=division),))
        token = issue_staff(private_key(self.keys, "catalog"), staff=staff, audience="catalog")
        async with channel(self.target, audience="catalog", tokens=lambda _: token) as opened:
            yield BasisServiceStub(opened)

    async def publish(self, *events: DomainEvent) -> None:
        """Append what publishing an edition would."""
        streams: dict[str, list[DomainEvent]] = {}
        for event in events:
            assert isinstance(event, MatterRevised | MatterRetired)
            matter = event.matter.id if isinstance(event, MatterRevised) else event.matter_id
            streams.setdefault(f"matter:{event.catalogue}/{matter}", []).append(event)

        async def decide(conn: Any) -> Decision:
            histories = await self.office.store.load_many(conn, streams)
            return Decision([StreamWrite(s, len(histories[s]), e) for s, e in streams.items()], {})

        await carry_out(self.office, Order(str(uuid.uuid4()), "tester"), b"", decide)

    async def take(self, file: Path, laws: list[dict[str, Any]]) -> tuple[dict[str, int], list[str]]:
        """Import a list as the command line does."""
        file.write_text("\n".join(json.dumps({"level": "法律", **law}) for law in laws), encoding="utf-8")
        endpoints = Endpoints(file, "", "", "", {"catalog": self.target}, self.keys)
        day = date(2026, 1, 1)
        counts, kept = await send(endpoints, file.name, read_laws(file, day), day)
        return dict(counts), kept

    async def flagged(self, catalogue: str = "") -> list[tuple[str, str, str, str]]:
        answer = await self.bases.ListFlagged(pb.ListFlaggedRequest(catalogue=catalogue))
        return [(one.catalogue, one.matter, one.cited, one.basis.replaced_by_title) for one in answer.matters]


def seed_bases() -> tuple[SetBasis, ...]:
    unknown = Standing("unknown", None, "", "待核", None, "M")
    return (
        SetBasis("甲法", "", "law", "", (), unknown),
        SetBasis("某部关于乙的办法", "甲发〔2012〕45号", "normative", "", (), unknown),
    )


@pytest.fixture
async def registry(database_url: str, tmp_path: Path) -> AsyncIterator[Registry]:
    """The city's standard with four rows, whose bases are known in part."""
    await migrate("services.catalog", database_url)
    create_keys(tmp_path, services=["catalog"])
    engine = create_engine(database_url, pool_size=5)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=Vault(bytes(32), clock=utc_now))
    office = Office(engine, store, CommandLedger(clock=utc_now))
    full = read_seed()
    rows = {matter.id: matter for matter in full.matters}
    matters = tuple(rows[name].model_copy(update={"legal_basis": text}) for name, text in BASES.items())
    await sow(
        office,
        replace(
            full, divisions=full.divisions[:1], calendars=(), rules=(), matters=matters, bases=seed_bases()
        ),
    )
    settings = Settings("catalog", keys=tmp_path, grpc_listen=Address("127.0.0.1", 0))
    async with Service("catalog", settings) as service:
        service.grpc(add_BasisServiceServicer_to_server, BasisApi(office), DESCRIPTOR)
        await service.start()
        target = f"127.0.0.1:{service.grpc_port}"
        async with channel(target, audience="catalog", tokens=operator_tokens(tmp_path)) as opened:
            yield Registry(office, tmp_path, target, BasisServiceStub(opened))
    await engine.dispose()


def revised(matter: str, legal_basis: str, catalogue: str = COUNTY) -> MatterRevised:
    row = Matter(id=matter, domain="01", level1="一级", level2="二级", legal_basis=legal_basis)
    return MatterRevised(
        edition=f"{catalogue}-1", division=catalogue, matter=row, catalogue=catalogue, number=1, reading=reading_of(row)
    )  # fmt: skip


async def test_citations_are_resolved_when_a_basis_or_an_edition_comes(registry: Registry) -> None:
    """By title and number, once a basis is there; what names none, or none that is known, is listed with its matters."""
    before = await registry.bases.ListUnresolved(pb.ListUnresolvedRequest(catalogue=CITY))

    basis = pb.Basis(title="丁意见", kind="normative", state="unknown", source="待核", mark="M")
    await registry.bases.ChangeBasis(pb.ChangeBasisRequest(command_id="c-1", basis=basis))
    await registry.publish(revised("m-x-1", "《甲法》《戊法》"))

    after = await registry.bases.ListUnresolved(pb.ListUnresolvedRequest())
    assert [(one.text, list(one.matters)) for one in before.citations] == [
        ("《丁意见》", ["m-01-003", "m-01-004"]),
        ("及相关规定", ["m-01-003"]),
        ("《丙规定》", ["m-01-003"]),
    ]
    assert (before.resolved, before.total) == (4, 8)
    assert [(one.text, list(one.matters)) for one in after.citations] == [
        ("及相关规定", [f"{CITY}/m-01-003", "guide/m-01-003"]),
        ("《丙规定》", [f"{CITY}/m-01-003", "guide/m-01-003"]),
        ("《戊法》", [f"{COUNTY}/m-x-1"]),
    ]
    known = await registry.bases.ListBases(pb.ListBasesRequest(q="甲"))
    assert {one.title: one.matters for one in known.bases} == {"甲法": 7, "某部关于乙的办法": 2}


async def test_a_list_of_laws_flags_what_rests_on_the_fallen(registry: Registry, tmp_path: Path) -> None:
    """Every matter of every edition, with the replacement; importing again appends nothing."""
    await registry.publish(revised("m-x-1", "《甲法》"), revised("m-x-2", "《新甲法》"))
    first = await registry.take(tmp_path / "laws.jsonl", LAWS)
    async with registry.office.engine.connect() as conn:
        head = await registry.office.store.head(conn)
    again = await registry.take(tmp_path / "laws.jsonl", LAWS)

    async with registry.office.engine.connect() as conn:
        assert await registry.office.store.head(conn) == head
    assert (first, again) == (
        ({"registered": 2, "changed": 1, "same": 0}, []),
        ({"registered": 0, "changed": 0, "same": 3}, []),
    )
    new = "中华人民共和国新甲法"
    assert await registry.flagged(CITY) == [
        (CITY, "m-01-001", "《中华人民共和国甲法》", new),
        (CITY, "m-01-002", "《甲法（2019年修正）》", new),
        (CITY, "m-01-003", "《丙规定》", ""),
        (CITY, "m-01-004", "《甲法》", new),
    ]
    everywhere = await registry.bases.ListFlagged(pb.ListFlaggedRequest(page_size=3))
    rest = await registry.bases.ListFlagged(
        pb.ListFlaggedRequest(page_size=100, page_token=everywhere.next_page_token)
    )
    assert (everywhere.total, everywhere.bases, len(everywhere.matters) + len(rest.matters)) == (9, 2, 9)
    told = await registry.bases.GetBasis(pb.GetBasisRequest(id=basis_id("甲法")))
    assert (told.basis.state, told.basis.since, told.basis.mark) == ("replaced", "2025-03-01", "L")
    assert [change.state for change in told.history] == ["unknown", "replaced"]


async def test_what_leaves_an_edition_is_no_longer_flagged(registry: Registry, tmp_path: Path) -> None:
    """A matter that cites something else now, or that is retired, rests on the fallen no more; a rebuild agrees."""
    await registry.publish(revised("m-x-1", "《甲法》"), revised("m-x-2", "《甲法》"))
    await registry.take(tmp_path / "laws.jsonl", LAWS)
    gone = MatterRetired(
        edition=f"{COUNTY}-2", division=COUNTY, catalogue=COUNTY, number=2, matter_id="m-x-2", why="dropped",
        reading=MatterReading(),
    )  # fmt: skip

    before = await registry.flagged(COUNTY)
    await registry.publish(
        revised("m-x-1", "《新甲法》").model_copy(update={"edition": f"{COUNTY}-2", "number": 2}), gone
    )

    assert (len(before), await registry.flagged(COUNTY)) == (2, [])
    async with registry.office.engine.connect() as conn:
        live = (await conn.execute(select(citation).order_by(citation.c.id))).all()
    steps = [step async for step in rebuild(registry.office.engine, views_of(registry.office.store))]
    assert [step for step in steps if isinstance(step, Difference)] == []
    async with registry.office.engine.connect() as conn:
        assert (await conn.execute(select(citation).order_by(citation.c.id))).all() == live


async def test_several_bases_of_a_name_leave_a_citation_open(registry: Registry) -> None:
    """None is chosen; those it might mean are told, until one of them is named otherwise."""
    for number, region in enumerate(("甲省", "乙省")):
        basis = pb.Basis(
            title="丙规定", region=region, kind="local", state="in_force", source="公报", mark="F"
        )
        await registry.bases.ChangeBasis(pb.ChangeBasisRequest(command_id=f"c-{number}", basis=basis))

    (open_,) = [
        one
        for one in (await registry.bases.ListUnresolved(pb.ListUnresolvedRequest(catalogue=CITY))).citations
        if one.text == "《丙规定》"
    ]

    assert list(open_.candidates) == ["丙规定", "丙规定"]


async def test_the_city_s_stewards_change_bases_and_a_county_s_do_not(registry: Registry) -> None:
    """Everybody may ask; a steward of a county is refused, and whoever saw an older version is told what changed."""
    known = (await registry.bases.ListBases(pb.ListBasesRequest(q="甲法"))).bases[0]
    asked = pb.ChangeBasisRequest(
        command_id="c-1",
        basis=pb.Basis(id=known.id, title="甲法", kind="law", state="in_force", source="公报", mark="F"),
        seen=known.version,
    )

    async with registry.as_steward(COUNTY) as county:
        assert (await county.ListBases(pb.ListBasesRequest())).total == 2
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await county.ChangeBasis(asked)
    async with registry.as_steward(CITY) as city:
        changed = (await city.ChangeBasis(asked)).basis
        repeated = (await city.ChangeBasis(asked)).basis
        asked.command_id = "c-2"
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await city.ChangeBasis(asked)

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert (changed.version, repeated.version, changed.state) == (2, 2, "in_force")
    (reason,) = reasons_of(late.value)
    assert (reason.code, "公报" in reason.message_zh) == ("basis.changed-since", True)


async def test_a_bad_import_is_refused_whole(registry: Registry) -> None:
    """Every bad entry is named; none of the others is taken over; dates that are none are told before."""
    good = pb.Basis(title="己法", kind="law", state="in_force", source="公报", mark="F")
    asked = [
        good,
        pb.Basis(title="庚法", kind="law", state="gone", source="公报", mark="F"),
        pb.Basis(title="辛法", kind="law", state="replaced", replaced_by_title="没有的法", source="公报", mark="F"),
        pb.Basis(title="中华人民共和国己法", kind="law", state="in_force", source="公报", mark="F"),
    ]  # fmt: skip

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await registry.bases.ImportBases(pb.ImportBasesRequest(command_id="c-1", bases=asked))
    good.since = "去年"
    with pytest.raises(grpc.aio.AioRpcError) as malformed:
        await registry.bases.ImportBases(pb.ImportBasesRequest(command_id="c-1", bases=[good]))
    good.state, good.source = "gone", ""
    with pytest.raises(grpc.aio.AioRpcError) as changed:
        await registry.bases.ChangeBasis(pb.ChangeBasisRequest(command_id="c-2", basis=good))

    fields = {"basis.since", "state", "source"}  # a bad date is told with all else
    assert {reason.field for reason in reasons_of(changed.value)} == fields
    assert sorted((reason.code, reason.field) for reason in reasons_of(refused.value)) == [
        ("basis.repeated", "bases[3]"),
        ("basis.replaced.unknown", "bases[2].replaced_by"),
        ("basis.state.unknown", "bases[1].state"),
    ]
    assert malformed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (await registry.bases.ListBases(pb.ListBasesRequest(q="己法"))).total == 0


async def test_the_operator_imports_lists_and_corrects(registry: Registry, tmp_path: Path) -> None:
    """``gongkai bases``: a list is taken over, what has fallen is shown, a state is set; a broken file changes nothing."""
    file, broken = tmp_path / "laws.jsonl", tmp_path / "broken.jsonl"
    file.write_text("\n".join(json.dumps(law) for law in LAWS), encoding="utf-8")
    broken.write_text('{"title": "甲法"}\n{"name": "乙"}', encoding="utf-8")
    stack = {"portal": "", "nats": "", "opensearch": "", "grpc": {"catalog": registry.target}}
    (tmp_path / "endpoints.json").write_text(json.dumps(stack), encoding="utf-8")
    (tmp_path / "keys").symlink_to(registry.keys)

    async def told(*arguments: str) -> str:
        at = "--state-dir" if arguments[0] == "set" else "--state"
        ran = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, at, str(tmp_path)])
        return ran.output

    assert "没有导入：broken.jsonl 第 2 行没有名称" in await told("import", str(broken))
    assert "新登记 2，更新 1，不变 0" in await told("import", str(file), "--on", "2026-01-01")
    assert "共 4 个事项依据 2 件" in await told("flagged", "--catalogue", CITY)
    assert "《丁意见》　2 个事项：m-01-003、m-01-004" in await told("unresolved", "--catalogue", CITY)
    assert "共 0 件" in await told("list", "丁意见")
    set_ = ("set", "丙规定", "--state", "已被替代", "--source", "公报", "--mark", "F")
    assert "没有登记《没有的》" in await told(*set_, "--replaced-by", "没有的")
    assert "现为已被替代，涉及 2 个事项" in await told(*set_, "--replaced-by", "新甲法")
    assert "共 1 件" in await told("list", "丙", "--only", "已被替代")
