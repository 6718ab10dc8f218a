"""The request view is what the log says: read from its first event again, it is the view that stands."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.rpc.ops.v1 import ops_pb2
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.security.keys import derive, master_key
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import new_id, utc_now
from services.requests.codec import CODEC
from services.requests.views import tables
from services.requests.views.rebuild import TABLES, apply_events
from tests.requests.office import Office


async def rows(conn: AsyncConnection) -> list[tuple[object, ...]]:
    found = await conn.execute(select(tables.request).order_by(tables.request.c.request_id))
    return [tuple(row) for row in found]


async def test_replay_equals_live(office: Office) -> None:
    """Given requests in every phase, one erased, when the view is made again from the log, then it is the same."""
    await office.submit()
    await office.received()
    sent, _ = await office.disclosed()
    erase = pb.EraseApplicantRequest(command_id=str(uuid4()), number=sent.number, reason="期满")
    await office.operator.EraseApplicant(erase)
    vault = Vault(derive(master_key(office.keys), b"vault"), clock=utc_now)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=vault)
    async with office.engine.connect() as conn:
        live = await rows(conn)
        for table in TABLES:
            await conn.execute(delete(table))
        after = 0
        while page := await store.read(conn, after, 50):
            await apply_events(conn, page)
            after = page[-1].position
        assert await rows(conn) == live
        await conn.rollback()
    assert len(live) >= 3


async def test_log_verifies_after_an_erasure(office: Office) -> None:
    """Given an erased applicant, when every digest of the log is recomputed, then nothing is found altered."""
    sent, _ = await office.disclosed()
    erase = pb.EraseApplicantRequest(command_id=str(uuid4()), number=sent.number, reason="期满")
    await office.operator.EraseApplicant(erase)
    async with channel(office.target, audience="requests", tokens=operator_tokens(office.keys)) as opened:
        answer = await OpsServiceStub(opened).VerifyLog(ops_pb2.VerifyLogRequest())
    assert list(answer.faults) == []
    assert answer.events > 0
