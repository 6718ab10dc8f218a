"""An applicant is told of the decision: notify is asked once per decision, however often anything repeats or is away."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from gongkai.contracts.notify import MessageSettled
from gongkai.eventstore.projection import forget
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from services.requests.reactors import REACTOR
from tests.requests.office import PLANTED, Office


def settled(key: str, state: str, version: int = 1, sender: str = "requests") -> MessageSettled:
    return MessageSettled.model_validate(
        {"key": key, "version": version, "sender": sender, "channel": "email", "state": state,
         "at": datetime.now(UTC)}
    )  # fmt: skip


async def asked_for(office: Office, number: str) -> list[object]:
    return [one for one in office.notify.asked if one.params["number"] == number]


async def delivery(office: Office, number: str) -> str:
    asked = pb.GetRequestRequest(number=number)
    return str((await office.staff().GetRequest(asked)).request.delivery)


async def is_delivered(office: Office, number: str) -> bool:
    return await delivery(office, number) == "sent"


async def test_decision_is_told_once_by_mail(office: Office) -> None:
    """Given an applicant with a mail address, when it is decided, then notify is asked under the event's id, and told once."""
    sent, decided = await office.disclosed()
    assert decided.delivery == "sending"
    (asked,) = await office.until(lambda: asked_for(office, sent.number))
    event = await office.rows(
        "SELECT event_id::text FROM event JOIN request ON stream = 'request:' || request_id"
        f" WHERE type = 'request.decided' AND number = '{sent.number}'"
    )
    assert [(asked.key,)] == event
    assert (asked.channel, asked.address, asked.template) == ("email", PLANTED["email"], "request.decided")
    assert dict(asked.params) == {"number": sent.number, "organ": "灵璧县民政局"}
    assert PLANTED["name"] not in str(asked.params)

    # a replayed log, a repeated and an older word of notify change nothing
    async with office.engine.begin() as conn:
        await forget(conn, REACTOR, 1)
    await office.tell(settled(asked.key, "sent", 2), settled(asked.key, "sent", 2))
    await office.until(lambda: is_delivered(office, sent.number))
    other, _ = await office.disclosed()
    (later,) = await office.until(lambda: asked_for(office, other.number))
    await office.tell(settled(asked.key, "doubt", 1), settled(later.key, "sent"))
    await office.until(lambda: is_delivered(office, other.number))
    assert len(await asked_for(office, sent.number)) == 1
    shown = await office.look_up(sent)
    assert [step.what for step in shown.steps].count("noticed") == 1
    assert shown.steps[0].text_zh == "答复通知已经发出。"


async def test_notify_away_loses_no_notice(office: Office) -> None:
    """Given a notify that is away, when something is decided, then it waits, and is asked when notify is back."""
    await office.door.shut()
    sent, decided = await office.disclosed(applicant={"email": ""})
    waiting = f"SELECT count(*) FROM notice JOIN request USING (request_id) WHERE number = '{sent.number}'"

    async def waits() -> bool:
        return await office.rows(waiting + " AND asked_at IS NULL") == [(1,)]

    await office.until(waits)
    await office.door.open()
    (asked,) = await office.until(lambda: asked_for(office, sent.number))
    assert (asked.channel, asked.address) == ("sms", PLANTED["phone"])
    assert decided.delivery == "sending"


async def test_nobody_can_be_told_without_address(office: Office) -> None:
    """Given an applicant with a postal address alone, when it is decided, then no notice is asked for and delivery says so."""
    sent, decided = await office.disclosed(applicant={"email": "", "phone": ""})
    assert decided.delivery == "none"
    other, _ = await office.disclosed()
    await office.until(lambda: asked_for(office, other.number))
    assert await asked_for(office, sent.number) == []


async def test_erased_before_notify_was_asked(office: Office) -> None:
    """Given a notice that still waits, when the applicant is erased, then it is dropped and delivery has failed."""
    await office.door.shut()
    sent, _ = await office.disclosed()
    waiting = f"SELECT count(*) FROM notice JOIN request USING (request_id) WHERE number = '{sent.number}'"

    async def waits() -> bool:
        return await office.rows(waiting) == [(1,)]

    await office.until(waits)
    erase = pb.EraseApplicantRequest(command_id=str(uuid4()), number=sent.number, reason="申请人要求")
    gone = (await office.operator.EraseApplicant(erase)).request
    assert gone.delivery == "failed"
    await office.door.open()
    other, _ = await office.disclosed()
    await office.until(lambda: asked_for(office, other.number))
    assert await asked_for(office, sent.number) == []


async def test_word_of_anothers_notice_is_none_of_ours(office: Office) -> None:
    """Given a settled notice of another sender or of a key nobody knows, when it is heard, then nothing happens."""
    before = await office.rows("SELECT count(*) FROM event WHERE type = 'request.notice_settled'")
    sent, _ = await office.disclosed()
    (asked,) = await office.until(lambda: asked_for(office, sent.number))
    strange = settled(str(uuid4()), "sent")
    await office.tell(
        settled(asked.key, "failed", sender="others"), strange, settled(asked.key, "dropped", 3)
    )

    async def is_failed() -> bool:
        return await delivery(office, sent.number) == "failed"

    await office.until(is_failed)
    after = await office.rows("SELECT count(*) FROM event WHERE type = 'request.notice_settled'")
    assert after[0][0] == before[0][0] + 1
