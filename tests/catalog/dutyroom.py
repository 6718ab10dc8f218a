"""catalog as it runs, on a nats-server that asks for credentials: organs, their systems, stewards."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from nats.aio.client import Client

from gongkai.demo.records import demo_organs
from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.process import Child
from gongkai.messaging.auth import (
    ServerPlace,
    create_keys,
    nats_config,
    organ_credentials,
    public_key_of,
    service_credentials,
)
from gongkai.messaging.connection import connect
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.rpc.catalog.v1.duties_pb2_grpc import DutyServiceStub
from gongkai.security import keys as service_keys
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import issue_staff, operator_tokens, organ_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import utc_now
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.__main__ import compose
from tests.catalog.stewards import Pair

COUNTY = "341323000000"
MZJ, ZJJ, RMZF = "341323-mzj", "341323-zjj", "341323110-rmzf"


@dataclass
class Dutyroom:
    """The running service."""

    folder: Path
    nats_url: str
    target: str
    nats_keys: Any
    stack: AsyncExitStack
    credentials: dict[str, str] = field(default_factory=dict)

    async def _channel(self, tokens: Any) -> grpc.aio.Channel:
        return await self.stack.enter_async_context(channel(self.target, audience="catalog", tokens=tokens))

    async def operator(self) -> grpc.aio.Channel:
        return await self._channel(operator_tokens(self.folder / "keys"))

    async def staff(self, role: Role, division: str) -> grpc.aio.Channel:
        """Somebody new with a role at a division and below it."""
        key = service_keys.private_key(self.folder / "keys", "catalog")
        who = Staff(str(uuid.uuid4()), "甲（演示）", "科长", MZJ, (Grant(role, division=division),))
        return await self._channel(lambda audience: issue_staff(key, staff=who, audience=audience))

    async def organ(self, code: str) -> grpc.aio.Channel:
        """The organ's system, with its own token."""
        found = re.search(r"^SU\w+$", self.credentials[code], re.MULTILINE)
        assert found is not None
        return await self._channel(organ_tokens(code, found[0].encode()))

    async def pair(self, catalogue: str) -> Pair:
        drafts, reviews = [CatalogueServiceStub(await self.staff(Role.STEWARD, catalogue)) for _ in range(2)]
        return Pair(catalogue, drafts, reviews)

    async def duties(self) -> Any:
        return DutyServiceStub(await self.operator())

    @asynccontextmanager
    async def system(self, code: str) -> AsyncIterator[Client]:
        """The organ's connection to NATS."""
        async with connect(self.nats_url, self.credentials[code], name=code) as client:
            yield client

    async def register(self, *codes: str) -> None:
        """Register organs of the demo, each with a credential."""
        catalog = CatalogServiceStub(await self.operator())
        known = {organ.code: organ for organ in demo_organs()}
        for code in codes:
            organ = known[code]
            message = catalog_pb2.Organ(
                code=code, name=organ.name, short_name=organ.short_name, division=organ.division, uscc=organ.uscc
            )  # fmt: skip
            await catalog.RegisterOrgan(
                catalog_pb2.RegisterOrganRequest(command_id=code, actor="operator", organ=message)
            )
            made = organ_credentials(self.nats_keys, code, organ.division, utc_now())
            self.credentials[code] = made.text
            await catalog.AddOrganCredential(
                catalog_pb2.AddOrganCredentialRequest(
                    command_id=f"{code}-key",
                    actor="operator",
                    organ=code,
                    public_key=public_key_of(made.text),
                )
            )


async def ask(client: Client, organ: str, question: str, **asked: Any) -> dict[str, Any]:
    """What a system is answered."""
    data = json.dumps(asked, ensure_ascii=False).encode()
    answer: dict[str, Any] = json.loads(
        (await client.request(f"ask.{organ}.{question}", data, timeout=20)).data
    )
    return answer


@asynccontextmanager
async def dutyroom(database_url: str) -> AsyncIterator[Dutyroom]:
    """Catalog and its nats-server, with three organs."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-duties-"))
    port = free_port()
    monitor = free_port([port])
    nats_keys = create_keys(folder / "nats-keys", utc_now())
    config = nats_config(nats_keys, ServerPlace(folder / "nats", port, monitor_port=monitor), utc_now())
    server = Nats(folder, port, monitor, config=config)
    server.prepare()
    child = Child(server.spec(), run=folder / "run", logs=folder / "logs")
    child.start()
    try:
        await asyncio.to_thread(child.wait_ready)
        topology = load_topology()
        async with AsyncExitStack() as stack:
            admin = service_credentials(nats_keys, topology, "admin", utc_now()).text
            async with connect(server.url, admin, name="admin") as client:
                await provision(client, topology)
            service_keys.create_keys(folder / "keys", services=["catalog", "portal"])
            credentials = folder / "catalog.creds"
            credentials.write_text(service_credentials(nats_keys, topology, "catalog", utc_now()).text)
            settings = Settings(
                "catalog", database_url=database_url, nats_url=server.url, nats_credentials=credentials,
                keys=folder / "keys", grpc_listen=Address("127.0.0.1", 0), drain_seconds=5,
            )  # fmt: skip
            service = await stack.enter_async_context(Service("catalog", settings))
            await compose(service)
            await service.start()
            callers = await stack.enter_async_context(AsyncExitStack())
            room = Dutyroom(folder, server.url, f"127.0.0.1:{service.grpc_port}", nats_keys, callers)
            await room.register(MZJ, ZJJ, RMZF)
            yield room
    finally:
        child.stop()
        shutil.rmtree(folder, ignore_errors=True)
