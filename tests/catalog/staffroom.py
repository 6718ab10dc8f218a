"""Identity over real gRPC on a real database: one office for all its tests, each with people of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher

from gongkai.devstack.postgres import Postgres
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.rpc.catalog.v1 import (
    catalogues_pb2,
    catalogues_pb2_grpc,
    identity_pb2_grpc,
    villages_pb2,
    villages_pb2_grpc,
)
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceStub
from gongkai.security.keys import create_keys, derive, master_key
from gongkai.security.passwords import Passwords
from gongkai.security.throttle import Throttle
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.codec import CODEC
from services.catalog.domain.organs import RegisterOrgan
from services.catalog.editions.api import CatalogueApi
from services.catalog.editions.desk import Desk as EditionsDesk
from services.catalog.handlers import Office, Order, change_organ
from services.catalog.identity.api import IdentityApi
from services.catalog.identity.desk import Desk, open_desk
from services.catalog.seed.reading import read_seed
from services.catalog.sowing import sow
from services.catalog.villages.api import VillageApi
from services.catalog.villages.commands import VillageDesk

QUICK = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)
COUNTY, TOWN, OTHER_COUNTY, CITY = "341323000000", "341323110000", "341324000000", "341300000000"
MZJ, CZJ, ZHEN, SIXIAN = "341323-mzj", "341323-czj", "341323110-rmzf", "341324-zfb"
ORGANS = (
    RegisterOrgan("341300-zfb", "宿州市人民政府办公室", "市政府办公室", CITY, "11341300MD13A00115"),
    RegisterOrgan("341323-zfb", "灵璧县人民政府办公室", "县政府办公室", COUNTY, "11341323MD23A00178"),
    RegisterOrgan(MZJ, "灵璧县民政局", "县民政局", COUNTY, "11341323MD23A00253"),
    RegisterOrgan(CZJ, "灵璧县财政局", "县财政局", COUNTY, "11341323MD23A0033X"),
    RegisterOrgan(ZHEN, "渔沟镇人民政府", "渔沟镇政府", TOWN, "11341323MD23T1101D"),
    RegisterOrgan(SIXIAN, "泗县人民政府办公室", "县政府办公室", OTHER_COUNTY, "11341324MD24A0018C"),
)
PASSWORD = "correct horse battery"


@dataclass
class Staffroom:
    """A running identity service and ways to speak to it."""

    desk: Desk
    keys: Path
    target: str
    portal: IdentityServiceStub
    operator: IdentityServiceStub
    later: timedelta = field(default_factory=timedelta)
    """By how much the service's clock is ahead of ours."""

    def now(self) -> datetime:
        return utc_now() + self.later

    async def register(self, *grants: pb.Grant, organ: str = MZJ, **given: str) -> pb.Staff:
        """Somebody of the operator's choosing, whose password is ``PASSWORD`` and may stay."""
        login = given.get("login", f"u{uuid.uuid4().hex[:12]}")
        staff = pb.Staff(
            login=login, name=given.get("name", "某人"), post=given.get("post", "科员"), organ=organ, grants=grants
        )  # fmt: skip
        request = pb.RegisterStaffRequest(
            command_id=str(uuid.uuid4()), actor="operator", staff=staff, password=PASSWORD
        )
        return (await self.operator.RegisterStaff(request)).staff

    async def log_in(self, login: str, password: str = PASSWORD, client: str = "") -> pb.LogInResponse:
        return await self.portal.LogIn(pb.LogInRequest(login=login, password=password, client=client))

    async def open(self, session: str, *audiences: str) -> pb.OpenSessionResponse:
        return await self.portal.OpenSession(pb.OpenSessionRequest(session=session, audiences=audiences))

    @asynccontextmanager
    async def speaking(self, token: str) -> AsyncIterator[IdentityServiceStub]:
        """The service as one of the staff reaches it."""
        async with channel(self.target, audience="catalog", tokens=lambda _: token) as opened:
            yield IdentityServiceStub(opened)

    @asynccontextmanager
    async def as_staff(self, *grants: pb.Grant, organ: str = MZJ) -> AsyncIterator[IdentityServiceStub]:
        """Somebody new with these roles, logged in."""
        staff = await self.register(*grants, organ=organ)
        session = (await self.log_in(staff.login)).session
        async with self.speaking((await self.open(session, "catalog")).tokens["catalog"]) as stub:
            yield stub

    @asynccontextmanager
    async def steward(self, *divisions: str, role: str = "steward") -> AsyncIterator[CatalogueServiceStub]:
        """Somebody new who keeps the catalogues of divisions and what is below them."""
        staff = await self.register(*(pb.Grant(role=role, division=division) for division in divisions))
        session = (await self.log_in(staff.login)).session
        token = (await self.open(session, "catalog")).tokens["catalog"]
        async with channel(self.target, audience="catalog", tokens=lambda _: token) as opened:
            yield CatalogueServiceStub(opened)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[CatalogueServiceStub]:
        """The portal, asking for the public."""
        tokens = service_tokens(self.keys, "portal")
        async with channel(self.target, audience="catalog", tokens=tokens) as opened:
            yield CatalogueServiceStub(opened)


@asynccontextmanager
async def staffroom(postgres: Postgres, keys: Path) -> AsyncIterator[Staffroom]:
    """Identity running on a database of its own, with four organs; passwords are hashed quickly."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.ensure_database(name, "gongkai")
    create_keys(keys, services=["catalog", "portal", "publishing"])
    url = postgres.url("gongkai", name)
    await migrate("services.catalog", url)
    engine = create_engine(url)
    master = master_key(keys)
    vault = Vault(derive(master, b"vault"), clock=utc_now)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=vault)
    office = Office(engine, store, CommandLedger(clock=utc_now))
    await sow(office, read_seed())
    for number, organ in enumerate(ORGANS):
        await change_organ(office, Order(f"organ-{number}", "tester"), organ)
    room: Staffroom

    def now() -> datetime:
        return room.now()

    desk = replace(
        open_desk(office, vault, master, keys),
        passwords=Passwords(QUICK),
        throttle=Throttle(engine, derive(master, b"throttle"), clock=now),
        clock=now,
    )
    settings = Settings("catalog", keys=keys, grpc_listen=Address("127.0.0.1", 0))
    async with Service("catalog", settings) as service:
        service.grpc(
            identity_pb2_grpc.add_IdentityServiceServicer_to_server, IdentityApi(desk), pb.DESCRIPTOR
        )
        service.grpc(
            catalogues_pb2_grpc.add_CatalogueServiceServicer_to_server,
            CatalogueApi(EditionsDesk(office, now)),
            catalogues_pb2.DESCRIPTOR,
        )
        service.grpc(
            villages_pb2_grpc.add_VillageServiceServicer_to_server,
            VillageApi(VillageDesk(office, now)),
            villages_pb2.DESCRIPTOR,
        )
        await service.start()
        target = f"127.0.0.1:{service.grpc_port}"
        async with (
            channel(target, audience="catalog", tokens=service_tokens(keys, "portal")) as portal,
            channel(target, audience="catalog", tokens=operator_tokens(keys)) as operator,
        ):
            room = Staffroom(desk, keys, target, IdentityServiceStub(portal), IdentityServiceStub(operator))
            yield room
    await engine.dispose()
    postgres.drop_database(name)
