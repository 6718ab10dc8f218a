"""Adding and revoking organs: the registry, the credentials, and what NATS lets their holders do."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from gongkai import uscc
from gongkai.cli.endpoints import Endpoints
from gongkai.cli.organ_acts import NewOrgan, add_organ, list_organs, revoke_organ
from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.process import Child
from gongkai.messaging.auth import ServerPlace, nats_config, service_credentials, system_credentials
from gongkai.messaging.auth import create_keys as create_nats_keys
from gongkai.messaging.connection import AccessRefused, ConnectionWatch, connect
from gongkai.messaging.jwt import write_secret
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.security.keys import create_keys
from gongkai.serving.clock import utc_now
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from gongkai.uscc import placeholder_uscc
from services.catalog.__main__ import compose

MZJ = NewOrgan(
    "341323-mzj", "灵璧县民政局（演示）", "县民政局", division="341323000000", uscc="11341323MD23A00253"
)


@pytest.fixture
async def endpoints(database_url: str) -> AsyncIterator[Endpoints]:
    """A NATS that asks for credentials, and catalog, laid out as `gongkai up` does."""
    state = Path(tempfile.mkdtemp(prefix="gongkai-organ-"))
    port = free_port()
    monitor = free_port([port])
    create_keys(state / "keys", services=["catalog"])
    keys = create_nats_keys(state / "keys" / "nats", utc_now())
    topology = load_topology()
    for user in ("admin", "catalog"):
        text = service_credentials(keys, topology, user, utc_now()).text
        write_secret(state / "keys" / "nats" / f"{user}.creds", text)
    write_secret(state / "keys" / "nats" / "system.creds", system_credentials(keys, utc_now()).text)
    place = ServerPlace(store=state / "nats", port=port, monitor_port=monitor)
    server = Nats(state, port, monitor, config=nats_config(keys, place, utc_now()))
    server.prepare()
    child = Child(server.spec(), run=state / "run", logs=state / "logs")
    child.start()
    try:
        await asyncio.to_thread(child.wait_ready)
        async with connect(server.url, state / "keys" / "nats" / "admin.creds", name="admin") as admin:
            await provision(admin, topology)
        settings = Settings(
            "catalog", database_url=database_url, nats_url=server.url, keys=state / "keys",
            nats_credentials=state / "keys" / "nats" / "catalog.creds", grpc_listen=Address("127.0.0.1", 0),
        )  # fmt: skip
        async with Service("catalog", settings) as service:
            await compose(service)
            await service.start()
            grpc_address = {"catalog": f"127.0.0.1:{service.grpc_port}"}
            yield Endpoints(state, "", server.url, "", grpc_address, state / "keys")
    finally:
        child.stop()
        shutil.rmtree(state, ignore_errors=True)


async def accepted(client: Client, subject: str) -> bool:
    """Whether the server took a message on this subject."""
    try:
        await client.jetstream(timeout=1).publish(subject, b"{}")
    except (NatsTimeout, NoRespondersError):
        return False
    return True


async def test_an_added_organ_may_speak_for_itself_and_nobody_else(endpoints: Endpoints) -> None:
    """Its credentials publish on its own subject, and its own client learns what is not allowed."""
    added = await add_organ(endpoints, MZJ)

    heard: list[str] = []
    watch = ConnectionWatch("organ", on_error=lambda error: heard.append(str(error)))
    async with connect(endpoints.nats, added.credentials, name="organ", watch=watch) as client:
        assert await accepted(client, "ingest.341323-mzj.document")
        assert not await accepted(client, "ingest.341324-mzj.document")
        info = await client.jetstream().consumer_info("REPLY", "reply-341323-mzj")
    assert (added.registered, added.placeholder, len(added.organ.credential_keys)) == (True, False, 1)
    assert info.config.filter_subject == "reply.341323-mzj.*"
    assert any("permissions violation" in error.lower() for error in heard)


async def test_adding_an_organ_again_gives_it_another_credential(endpoints: Endpoints) -> None:
    """A second system of the same organ gets keys of its own; both are in force."""
    first = await add_organ(endpoints, MZJ)
    second = await add_organ(endpoints, NewOrgan(MZJ.code))

    assert (second.registered, second.placeholder) == (False, False)
    assert first.credentials != second.credentials
    assert len(second.organ.credential_keys) == 2


async def test_a_revoked_organ_is_cut_off_and_cannot_come_back(endpoints: Endpoints) -> None:
    """The connected system is told and closed, and the old credentials open no new connection."""
    added = await add_organ(endpoints, MZJ)
    watch = ConnectionWatch("organ")
    async with connect(endpoints.nats, added.credentials, name="organ", watch=watch):
        revoked = await revoke_organ(endpoints, MZJ.code, "设备遗失")
        async with asyncio.timeout(10):
            ended = await watch.ended

    assert revoked == tuple(added.organ.credential_keys)
    assert isinstance(ended, AccessRefused)
    with pytest.raises(AccessRefused):
        async with connect(endpoints.nats, added.credentials, name="organ"):
            pass
    [organ] = await list_organs(endpoints)
    assert list(organ.credential_keys) == []
    again = await add_organ(endpoints, NewOrgan(MZJ.code))
    async with connect(endpoints.nats, again.credentials, name="organ") as client:
        assert await accepted(client, "ingest.341323-mzj.document")


async def test_an_organ_known_by_its_code_alone_gets_what_the_code_tells(endpoints: Endpoints) -> None:
    """Division and a credit code that is seen to be a placeholder follow from the code."""
    added = await add_organ(endpoints, NewOrgan("341323110-test"))

    assert (added.organ.division, added.organ.name, added.placeholder) == (
        "341323110000",
        "341323110-test",
        True,
    )
    assert added.organ.uscc.startswith("Y1341323")
    assert uscc.is_valid(added.organ.uscc)
    assert added.organ.uscc == placeholder_uscc("341323110-test", "341323110000")


async def test_a_refused_organ_gets_no_credentials(endpoints: Endpoints) -> None:
    """Every reason is told, and neither the registry nor NATS has anything new."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await add_organ(endpoints, NewOrgan("999999-mzj", uscc="11341323MD23A00250"))

    assert [reason.code for reason in reasons_of(error.value)] == ["division.unknown", "uscc.check"]
    assert await list_organs(endpoints) == []
