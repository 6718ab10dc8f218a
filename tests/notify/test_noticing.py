"""The notice a service asks for: sent once for ever under its key, told of, decided about, and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from typer.testing import CliRunner

from gongkai.cli.messages import app
from gongkai.contracts.notify import MessageSettled
from gongkai.messaging.envelope import parse
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.security.keys import private_key
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import issue_staff
from gongkai.serving.channels import channel
from gongkai.serving.errors import reasons_of
from services.notify.handlers.noticing import forget_settled
from tests.notify.channel import CountingChannel, lose, refuse, take, take_silently
from tests.notify.world import COUNTY, Place, Running, until

ADDRESS = "shenqingren@example.com"


def notice(key: str, **changes: Any) -> pb.SendRequest:
    given = {
        "key": key, "channel": "email", "address": ADDRESS, "template": "request.decided",
        "params": {"number": "341323-2026-00047", "organ": "灵璧县民政局（演示）"}, "subject": "request-1",
    }  # fmt: skip
    return pb.SendRequest(**(given | changes))


async def said(running: Running) -> list[MessageSettled]:
    """Everything on EVT_NOTIFY."""
    jetstream = running.nats.jetstream()
    last = (await jetstream.stream_info("EVT_NOTIFY")).state.last_seq
    found = [await jetstream.get_msg("EVT_NOTIFY", number) for number in range(1, last + 1)]
    return [MessageSettled.model_validate_json(parse(one.headers, one.data or b"").data) for one in found]


@asynccontextmanager
async def logged_in(running: Running, *grants: Grant) -> AsyncIterator[NotifyServiceStub]:
    staff = Staff("s-1", "演示", "科员", "341323-mzj", grants)
    key = private_key(running.settings.keys, "catalog")
    target = f"127.0.0.1:{running.service.grpc_port}"
    tokens = lambda audience: issue_staff(key, staff=staff, audience=audience)  # noqa: E731
    async with channel(target, audience="notify", tokens=tokens) as opened:
        yield NotifyServiceStub(opened)


async def test_a_notice_is_sent_once_for_ever_and_what_became_of_it_is_told(place: Place) -> None:
    """The same key is one mail however often it is asked; the sender hears of each end; nobody sees the address."""
    mail = CountingChannel("email", behave=[take, refuse, take_silently])
    async with place.running(mail) as running:
        asks = [running.requests.Send(notice("decided-1")) for _ in range(8)]
        states = {answer.state for answer in await asyncio.gather(*asks)}
        assert states <= {"queued", "sending", "sent"}
        await until(lambda: _settled(running, 1))
        again = await running.requests.Send(notice("decided-1", address="other@example.com"))
        assert again.state == "sent"
        await running.requests.Send(notice("decided-2"))
        await until(lambda: _settled(running, 2))
        await running.requests.Send(notice("decided-3"))
        await until(lambda: _said(running, 3))

        [letter] = [one for one in mail.taken if one.key == "decided-1"]
        assert letter.address == ADDRESS
        assert (letter.subject, letter.leave_url) == ("政府信息公开申请 341323-2026-00047 已有答复", None)
        told = {one.key: one for one in await said(running)}
        assert {key: (one.state, one.sender, one.channel) for key, one in told.items()} == {
            "decided-1": ("sent", "requests", "email"),
            "decided-2": ("failed", "requests", "email"),
            "decided-3": ("doubt", "requests", "email"),
        }
        listed = await running.operator.ListMessages(pb.ListMessagesRequest(page_size=2))
        assert (listed.total, len(listed.messages)) == (3, 2)
        assert {state: count for state, count in listed.by_state.items() if count} == {
            "sent": 1, "failed": 1, "doubt": 1,
        }  # fmt: skip
        assert listed.messages[0].about == "341323-2026-00047"
        rows = await running.rows("SELECT payload FROM event")
        everything = "".join(row.payload for row in rows) + str(listed) + str(told)
        assert "shenqingren" not in everything


async def test_a_notice_that_cannot_be_sent_is_refused_with_every_reason(place: Place) -> None:
    """A bad key, an unknown template, a channel that is not set, an address that is none; and only requests may ask."""
    async with place.running(CountingChannel("email")) as running:
        for asked, expected in (
            (notice("a b", template="nonsense"), ["key.malformed", "template.unknown"]),
            (notice("k", channel="sms", address="13800000001"), ["channel.absent"]),
            (
                notice("k" * 65, address="nobody\r\nBcc: x@example.com"),
                ["key.malformed", "address.malformed"],
            ),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await running.requests.Send(asked)
            assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert [reason.code for reason in reasons_of(error.value)] == expected
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await running.portal.Send(notice("k"))
        assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_an_administrator_decides_about_doubts(place: Place) -> None:
    """Was sent, send again, drop: each once, with a reason; an editor may not even look; the sender is told."""
    mail = CountingChannel("email", behave=[lose, lose, lose])
    async with place.running(mail) as running:
        for number in (1, 2, 3):
            await running.requests.Send(notice(f"decided-{number}"))
            await until(lambda number=number: _settled(running, number))  # type: ignore[misc]
        async with logged_in(running, Grant(Role.EDITOR, organ="341323-mzj")) as editor:
            for call in (
                editor.ListMessages(pb.ListMessagesRequest()),
                editor.SettleDoubt(pb.SettleDoubtRequest()),
            ):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await call
                assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED
        async with logged_in(running, Grant(Role.ADMINISTRATOR, division=COUNTY)) as administrator:
            listed = await administrator.ListMessages(pb.ListMessagesRequest(state="doubt"))
            numbers = [line.number for line in listed.messages]
            assert (listed.total, numbers) == (3, sorted(numbers))
            bad = pb.SettleDoubtRequest(command_id="c-0", number=numbers[0], decision="maybe", reason=" ")
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await administrator.SettleDoubt(bad)
            assert [reason.code for reason in reasons_of(error.value)] == [
                "decision.unknown",
                "reason.missing",
            ]
            for number, decision in zip(numbers, ("was_sent", "send_again", "drop"), strict=True):
                asked = pb.SettleDoubtRequest(
                    command_id=f"c-{number}", number=number, decision=decision, reason="已电话核实"
                )
                for _ in range(2):
                    await administrator.SettleDoubt(asked)
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await administrator.SettleDoubt(
                    pb.SettleDoubtRequest(command_id="c-9", number=numbers[0], decision="drop", reason="再次")
                )
            assert [reason.code for reason in reasons_of(error.value)] == ["message.no-doubt"]
        await until(lambda: _said(running, 6))
        assert {(one.key, one.state) for one in (await said(running))[3:]} == {
            ("decided-1", "sent"), ("decided-3", "dropped"), ("decided-2", "sent"),
        }  # fmt: skip
        actors = await running.rows("SELECT DISTINCT actor FROM event WHERE type = 'message.doubt_resolved'")
        assert [row.actor for row in actors] == ["staff:s-1"]
    assert [one.key for one in mail.taken] == ["decided-2"]


async def test_a_notices_address_is_forgotten_after_thirty_days(place: Place) -> None:
    """Its key is destroyed, a doubt's stays; the list stays, and the same key is still sent no more."""
    mail = CountingChannel("email", behave=[take, lose])
    async with place.running(mail) as running:
        for number in (1, 2):
            await running.requests.Send(notice(f"decided-{number}"))
            await until(lambda number=number: _settled(running, number))  # type: ignore[misc]
        assert await forget_settled(running.office) == 0
        async with running.office.engine.begin() as conn:
            await conn.exec_driver_sql("UPDATE message SET settled_at = settled_at - interval '31 days'")
        assert await forget_settled(running.office) == 1
        assert await forget_settled(running.office) == 0
        keys = await running.rows(
            "SELECT subject, wrapped_key IS NULL AS gone FROM vault.subject_key ORDER BY subject"
        )
        assert [(row.subject, row.gone) for row in keys] == [
            ("request-1/decided-1", True), ("request-1/decided-2", False),
        ]  # fmt: skip
        assert (await running.requests.Send(notice("decided-1"))).state == "sent"
        listed = await running.operator.ListMessages(pb.ListMessagesRequest())
        assert listed.total == 2
    assert [one.key for one in mail.taken] == ["decided-1"]


async def test_the_command_line_lists_and_settles(place: Place) -> None:
    """`gongkai messages`: counts, doubts with how to settle them, a decision, and what remains."""
    mail = CountingChannel("email", behave=[lose])
    async with place.running(mail) as running:
        await running.requests.Send(notice("decided-1"))
        await until(lambda: _settled(running, 1))

        async def cli(*arguments: str) -> str:
            done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments])
            assert done.exit_code == 0, done.output
            return done.output

        with pytest.MonkeyPatch.context() as patch:
            found = SimpleNamespace(
                grpc={"notify": f"127.0.0.1:{running.service.grpc_port}"}, keys=running.settings.keys
            )
            patch.setattr("gongkai.cli.messages.load_endpoints", lambda _state: found)
            doubts = await cli("doubts")
            number = (await running.rows("SELECT number FROM message"))[0].number
            settled = await cli("settle", str(number), "was_sent", "--reason", "已电话核实")
            listed = await cli("list")
            none = await cli("doubts")
    assert "申请答复" in doubts
    assert "341323-2026-00047" in doubts
    assert "记为已发出" in settled
    assert "已发出 1" in listed
    assert "没有存疑的消息" in none


async def _settled(running: Running, count: int) -> bool:
    rows = await running.rows("SELECT 1 FROM message WHERE state <> 'queued'")
    return len(rows) >= count


async def _said(running: Running, count: int) -> bool:
    return (await running.nats.jetstream().stream_info("EVT_NOTIFY")).state.messages >= count
