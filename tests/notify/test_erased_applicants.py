"""Whoever was erased by requests is forgotten here too: sent, in doubt or still waiting."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import grpc
import pytest

from gongkai.contracts.requests import ApplicantErased, ClockEntry
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.serving.errors import reasons_of
from gongkai.serving.rebuilding import Difference, rebuild
from services.notify.views.rebuild import views_of
from tests.notify.channel import CountingChannel, lose, take, throttle
from tests.notify.world import COUNTY, Place, Running, until


async def erased(running: Running, request_id: str, position: int) -> None:
    """Say that an applicant was erased, as requests' relay does."""
    told = ApplicantErased(
        request_id=request_id, number="341323-2026-00047", version=9, organ="341323-mzj", division=COUNTY,
        phase="decided", outcome="disclosed", clock=(ClockEntry(what="submitted", on=date(2026, 11, 3)),),
    )  # fmt: skip
    envelope = Envelope(
        id=str(uuid4()), type=told.TYPE, source=f"/divisions/{COUNTY}/requests", subject=f"request:{request_id}",
        data=told.model_dump_json().encode(), time=datetime.now(UTC), version=9, epoch="e1", position=position,
    )  # fmt: skip
    subject = f"evt.requests.{COUNTY}.applicant.erased"
    await running.nats.jetstream().publish(subject, envelope.data, headers=headers_of(envelope))


async def readable(running: Running) -> set[str]:
    """The notices whose address can be read: the row says so, and the vault has a key."""
    sql = (
        "SELECT m.key FROM message m JOIN vault.subject_key k ON k.subject = m.sealed_for"
        " WHERE k.wrapped_key IS NOT NULL"
    )
    return {row.key for row in await running.rows(sql)}


async def test_an_erased_applicants_address_is_forgotten_at_once(place: Place) -> None:
    """A notice that was sent, one in doubt, one still waiting: no key is left, nothing more is sent; others keep theirs; repeats change nothing."""
    mail = CountingChannel("email", behave=[take, lose, take], always=throttle)
    async with place.running(mail) as running:
        for key, request in (("sent", "request-1"), ("doubt", "request-1"), ("other", "request-2"), ("waiting", "request-1")):  # fmt: skip
            await running.requests.Send(
                pb.SendRequest(
                    key=key, channel="email", address="shenqingren@example.com", template="request.decided",
                    params={"number": "341323-2026-00047", "organ": "民政局"}, subject=request,
                )
            )  # fmt: skip
            calls = len(await running.rows("SELECT 1 FROM message"))

            async def was_tried(calls: int = calls) -> bool:
                return mail.calls >= calls

            await until(was_tried)
        assert await readable(running) == {"sent", "doubt", "other", "waiting"}
        for position in (1, 2):
            await erased(running, "request-1", position)

        async def forgotten() -> bool:
            return await readable(running) == {"other"}

        await until(forgotten)
        mail.always = take

        async def dropped() -> bool:
            return [row.state for row in await running.rows("SELECT state FROM message WHERE key = 'waiting'")] == ["dropped"]  # fmt: skip

        await until(dropped)
        assert [one.key for one in mail.taken] == ["sent", "other"]
        [line] = (await running.operator.ListMessages(pb.ListMessagesRequest(state="doubt"))).messages
        again = pb.SettleDoubtRequest(command_id="c-1", number=line.number, decision="send_again", reason="x", actor="值班")  # fmt: skip
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await running.operator.SettleDoubt(again)
        assert [one.code for one in reasons_of(refused.value)] == ["address.forgotten"]
        views = views_of(running.office.store, running.office.views)
        found = [one async for one in rebuild(running.office.engine, views)]
        assert not [one for one in found if isinstance(one, Difference)]
