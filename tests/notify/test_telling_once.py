"""From a published record to one message for each who wants it, whatever happens on the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.ops.v1 import ops_pb2
from services.notify.adapters.port import Outbound, Verdict
from tests.notify.channel import (
    CountingChannel,
    break_down,
    hang,
    lose,
    refuse,
    take,
    take_and_hang,
    take_silently,
    throttle,
)
from tests.notify.world import CITY, COUNTY, SITE, Place, Running, record, until

TOWN = "341323110000"


async def test_those_who_want_a_record_are_told_once(place: Place) -> None:
    """Topic × place decide; an address with two subscriptions is told once; repeats and an archive tell nothing."""
    mail, sms = CountingChannel("email"), CountingChannel("sms")
    async with place.running(mail, sms) as running:
        wang = [await running.subscribe("wang@example.com", topics=["20"], places=[CITY])]
        wang.append(await running.subscribe("wang@example.com", places=[TOWN]))
        await running.subscribe("13800000001", kind="sms", places=[TOWN])
        await running.subscribe("li@example.com", topics=["04"], places=[COUNTY])
        mail.taken.clear()
        sms.taken.clear()

        told = [record(1, division=TOWN), record(2, domain="11"), record(3, provenance="migration")]
        await running.tell(*told)
        counts = await running.settled(sent=2)
        await running.tell(*told)
        await running.tell(record(1, division=TOWN, title="改过的标题"))
        again = await running.settled(sent=2)

    assert (counts, again) == ({"sent": 2}, {"sent": 2})
    [letter], [text] = mail.taken, sms.taken
    assert letter.address == "wang@example.com"
    assert letter.subject == "灵璧县民政局（演示）公开了新信息：关于低保资金发放情况的公示（1）"
    assert f"{SITE}/r/11341323MD23A00253/202611-00001" in letter.text
    assert letter.leave_url is not None
    assert letter.leave_url.startswith(f"{SITE}/subscribe/leave/")
    assert letter.leave_url in letter.text
    assert running.office.secrets.subscription_of(letter.leave_url.rpartition("/")[2]) in wang
    assert (text.template, text.address) == ("SMS_RECORD", "13800000001")
    assert dict(text.params) == {
        "title": "关于低保资金发放情况的公示（1）",
        "organ": "灵璧县民政局（演示）",
    }


async def test_what_a_provider_says_decides_what_stands(place: Place) -> None:
    """Taken, lost, silent, throttled, refused, broken, hanging: one call each but where it said no for now."""
    scripts = {
        1: [take_silently], 2: [lose], 3: [throttle, throttle, take], 4: [refuse], 5: [break_down],
        6: [take_and_hang], 7: [throttle, take_silently],
    }  # fmt: skip

    async def by_script(channel: CountingChannel, message: Outbound) -> Verdict:
        number = int(message.subject.rpartition("（")[2].rstrip("）"))
        return await scripts[number].pop(0)(channel, message)

    mail = CountingChannel("email")
    sms = CountingChannel("sms", can_ask=True)
    async with place.running(mail, sms) as running:
        await running.subscribe("wang@example.com")
        mail.always = by_script
        await running.tell(*map(record, scripts))
        counts = await running.settled(queued=0, sending=0, sent=1, doubt=5)
        rows = await running.rows(
            "SELECT right(about, 1)::int AS number, state, why, attempts FROM message WHERE template = 'record.published'"
        )

    assert counts == {"sent": 1, "failed": 1, "doubt": 5}
    found = {row.number: (row.state, row.attempts) for row in rows}
    assert found == {
        1: ("doubt", 1), 2: ("doubt", 1), 3: ("sent", 3), 4: ("failed", 1), 5: ("doubt", 1),
        6: ("doubt", 1), 7: ("doubt", 2),
    }  # fmt: skip
    assert not any(scripts.values())
    assert mail.most() == 1
    whys = {row.number: row.why for row in rows}
    assert "illegal：号码不合法，请核对" in whys[4]
    assert all("没有查询接口" in whys[number] for number in (1, 2, 5, 6, 7))


async def test_a_doubt_is_asked_about_where_the_provider_can_be_asked(place: Place) -> None:
    """Found late: sent. Never found: a doubt. No answer: a doubt. None of them is sent again."""
    sms = CountingChannel("sms", can_ask=True, knows_after=3)
    async with place.running(sms) as running:
        await running.subscribe("13800000001", kind="sms")
        sms.behave = [take_silently]
        await running.tell(record(1))
        await running.settled(sent=1)
        asked = sms.asked
        sms.behave = [lose]
        await running.tell(record(2))
        await running.settled(sent=1, doubt=1)
        sms.behave, sms.answers = [take_silently], False
        await running.tell(record(3))
        counts = await running.settled(sent=1, doubt=2)

    assert asked == 3
    assert counts == {"sent": 1, "doubt": 2}
    assert sms.most() == 1


async def test_a_proof_that_it_never_arrived_sends_it_once_more(place: Place) -> None:
    """A doubt whose provider still knows nothing when a signed request can no longer arrive is sent again, once."""
    sms = CountingChannel("sms", can_ask=True, behave=[take, lose])
    async with place.running(sms) as running:
        await running.subscribe("13800000001", kind="sms")
        await running.tell(record(1))
        await running.settled(doubt=1)
        async with running.office.engine.begin() as conn:  # as if half an hour had passed
            await conn.exec_driver_sql(
                "UPDATE dispatch SET sent_at = sent_at - interval '30 minutes', due_at = now()"
            )
        counts = await running.settled(sent=1)
        events = await running.rows("SELECT type FROM event WHERE stream LIKE 'message:%' ORDER BY position")

    assert counts == {"sent": 1}
    assert [row.type for row in events][-4:] == [
        "message.queued", "message.settled", "message.doubt_resolved", "message.settled",
    ]  # fmt: skip
    assert sms.most() == 1


async def test_a_process_that_ends_in_the_middle_of_a_call_leaves_no_second_message(place: Place) -> None:
    """Stopped before or after the provider took it, its lease runs out: asked about where possible, else a doubt."""
    mail, sms = CountingChannel("email"), CountingChannel("sms", can_ask=True)
    async with place.running(mail, sms, drain_seconds=0.05) as running:
        await running.subscribe("wang@example.com")
        await running.subscribe("13800000001", kind="sms")
        await running.subscribe("13800000002", kind="sms")
        mail.always, sms.behave = take_and_hang, [take_and_hang, hang]
        before = mail.calls + sms.calls
        await running.tell(record(1))
        await until(lambda: _called(before + 3, mail, sms))

    mail.always = sms.always = take
    async with place.running(mail, sms) as running:
        counts = await running.settled(sent=1, doubt=2)
        doubts = await running.rows("SELECT channel, why FROM message WHERE state = 'doubt' ORDER BY channel")

    assert counts == {"sent": 1, "doubt": 2}
    assert [doubt.channel for doubt in doubts] == ["email", "sms"]
    assert "程序中断" in doubts[0].why
    assert "均未查到" in doubts[1].why
    assert (mail.most(), sms.most()) == (1, 1)


async def test_a_call_in_flight_is_waited_for_when_the_process_is_asked_to_stop(place: Place) -> None:
    """What the provider says within the time to drain is written down."""
    may_answer = asyncio.Event()

    async def slowly(channel: CountingChannel, message: Outbound) -> Verdict:
        await may_answer.wait()
        return await take(channel, message)

    mail = CountingChannel("email")
    async with place.running(mail) as running:
        await running.subscribe("wang@example.com")
        mail.always = slowly
        mail.called.clear()
        await running.tell(record(1))
        await mail.called.wait()
        asyncio.get_running_loop().call_later(0.2, may_answer.set)

    async with place.running(mail) as running:
        counts = await running.settled(sent=1)
    assert (counts, mail.most()) == ({"sent": 1}, 1)


async def test_an_answer_that_comes_after_the_lease_adds_what_it_knows(place: Place) -> None:
    """Another replica has listed the doubt; the slow one's answer makes it certain; nothing is sent again."""
    may_answer = asyncio.Event()

    async def slowly(channel: CountingChannel, message: Outbound) -> Verdict:
        await may_answer.wait()
        return await take(channel, message)

    mail = CountingChannel("email")
    async with place.running(mail) as running:
        await running.subscribe("wang@example.com")
        mail.always = slowly
        mail.called.clear()
        await running.tell(record(1))
        await mail.called.wait()
        async with running.office.engine.begin() as conn:  # as if the process had been held up for so long
            await conn.exec_driver_sql("UPDATE dispatch SET due_at = now() - interval '1 second'")
        between = await running.settled(doubt=1)
        may_answer.set()
        counts = await running.settled(sent=1)

    assert (between, counts, mail.most()) == ({"doubt": 1}, {"sent": 1}, 1)


async def test_two_replicas_share_the_queue(place: Place) -> None:
    """Each message is taken by one of them."""
    first, second = CountingChannel("email"), CountingChannel("email")
    async with place.running(first) as running, place.running(second):
        for number in range(5):
            await running.subscribe(f"reader{number}@example.com")
        first.taken.clear()
        second.taken.clear()
        await running.tell(*map(record, range(1, 41)))
        counts = await running.settled(sent=200)

    keys = [one.key for one in (*first.taken, *second.taken) if not one.key.startswith("code-")]
    assert counts == {"sent": 200}
    assert len(keys) == len(set(keys)) == 200
    assert first.taken
    assert second.taken


async def test_a_rebuild_and_a_refill_send_nothing(place: Place) -> None:
    """Views grown from the log are the live ones, row by row, with messages sent, failed, in doubt and waiting."""
    mail = CountingChannel("email")
    async with place.running(mail) as running:
        await running.subscribe("wang@example.com")
        left = await running.subscribe("li@example.com", topics=["99"])
        await _leave(running, left)
        mail.behave = [take, take_silently, refuse]
        await running.tell(*map(record, (1, 2, 3)))
        await running.settled(sent=1, doubt=1, failed=1)
        mail.always = throttle
        await running.tell(record(4))
        await running.settled(queued=1)
        calls = mail.taken.copy()

        answers = [
            answer async for answer in running.ops.RebuildViews(ops_pb2.RebuildViewsRequest(), timeout=30)
        ]
        assert (answers[-1].finished, list(answers[-1].differences)) == (True, [])
        async with running.office.engine.begin() as conn:
            await conn.exec_driver_sql("UPDATE message SET state = 'queued'")
        answers = [
            answer async for answer in running.ops.RebuildViews(ops_pb2.RebuildViewsRequest(), timeout=30)
        ]
        assert len(answers[-1].differences) == 1
        mail.always = take
        await running.tell(*map(record, (1, 2, 3)))
        counts = await running.settled(sent=2, doubt=1, failed=1, queued=0)

    assert counts == {"sent": 2, "doubt": 1, "failed": 1}
    assert len(mail.taken) == len(calls) + 1
    assert mail.most() == 1


async def test_a_record_heard_of_too_late_waits_for_a_person(place: Place) -> None:
    """Older than three days, it is one line of the list; a person has it told, or not; nobody wants it: no line."""
    mail = CountingChannel("email")
    async with place.running(mail) as running:
        await running.tell(record(9), at=datetime.now(UTC) - timedelta(days=4))
        await running.settled()
        await running.subscribe("wang@example.com")
        await running.tell(record(1), record(2), record(9), at=datetime.now(UTC) - timedelta(days=4))
        before = await running.settled()
        listed = await running.operator.ListMessages(pb.ListMessagesRequest(state="doubt"))
        for line, decision in zip(listed.messages, ("send_again", "drop"), strict=True):
            asked = pb.SettleDoubtRequest(
                command_id=running.command(),
                number=line.number,
                decision=decision,
                reason="核实",
                actor="值班",
            )
            for _ in range(2):
                await running.operator.SettleDoubt(asked)
        counts = await running.settled(sent=1)
        after = await running.operator.ListMessages(pb.ListMessagesRequest(state="doubt"))

    assert before == {}
    assert (listed.total, after.total, counts) == (2, 0, {"sent": 1})
    assert {line.about[-1] for line in listed.messages} == {"1", "2"}


async def test_a_restored_database_lists_what_it_cannot_know(place: Place) -> None:
    """What waited in the backup may have been sent since: it becomes a doubt and is not sent."""
    mail = CountingChannel("email")
    async with place.running(mail) as running:
        await running.subscribe("wang@example.com")
        mail.always = throttle
        await running.tell(record(1))
        await running.settled(queued=1)
    async with place.running() as running, running.office.engine.begin() as conn:
        await running.office.store.renew_epoch(conn)
    mail.always = take
    mail.taken.clear()
    async with place.running(mail) as running:
        counts = await running.settled(doubt=1)
    assert (counts, mail.taken) == ({"doubt": 1}, [])


async def _called(count: int, *channels: CountingChannel) -> bool:
    return sum(channel.calls for channel in channels) >= count


async def _leave(running: Running, subscription: str) -> None:
    token = running.office.secrets.leave_token(subscription)
    await running.portal.Leave(pb.LeaveRequest(command_id=running.command(), leave_token=token))
