"""The gateway's own side: mail, faults, the page, and that nothing it accepted is ever forgotten."""

from __future__ import annotations

import asyncio
import signal
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from gongkai.sandbox.faults import Fault, Faults
from gongkai.sandbox.settings import read_settings
from gongkai.sandbox.store import Store
from gongkai.serving.settings import SettingsFault
from tests.sandbox.gateway import PASSWORD, USER, Gateway


def mail(to: str, subject: str = "新公开：招生通知") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "政府信息公开 <notice@gongkai.invalid>", to, subject
    message["Message-ID"] = f"<{to.partition('@')[0]}@gongkai.invalid>"
    message["List-Unsubscribe"] = "<https://gongkai.invalid/leave/abc>"
    message.set_content("某市教育局公开了《招生通知》。\n")
    return message


@pytest.fixture
def smtp(gateway: Gateway) -> Iterator[smtplib.SMTP]:
    connection = smtplib.SMTP("127.0.0.1", gateway.smtp_port)
    connection.login(USER, PASSWORD)
    yield connection
    connection.close()


def test_mail_is_taken_for_anybody_from_the_one_user(gateway: Gateway, smtp: smtplib.SMTP) -> None:
    """Mail to anybody is kept with subject, text and how to leave; without the right password none is taken."""
    smtp.send_message(mail("kept@example.cn"))
    (kept,) = gateway.messages(channel="email", recipient="kept@")
    assert (kept["subject"], kept["out_id"]) == ("新公开：招生通知", "kept@gongkai.invalid")
    assert "某市教育局公开了《招生通知》。" in kept["body"]
    assert kept["leave"] == "List-Unsubscribe: <https://gongkai.invalid/leave/abc>"

    with smtplib.SMTP("127.0.0.1", gateway.smtp_port) as stranger:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            stranger.login(USER, "wrong")
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            stranger.send_message(mail("never@example.cn"))
    assert gateway.messages(channel="email", recipient="never@") == []


def test_a_fault_hits_whom_it_names_as_often_as_it_says(gateway: Gateway, smtp: smtplib.SMTP) -> None:
    """A refusal by prefix and count refuses so many and no other, and is then lifted by itself."""
    gateway.fault(channel="email", kind="refuse", prefix="faulty", count=1, code="552")
    smtp.send_message(mail("other@example.cn"))
    with pytest.raises(smtplib.SMTPDataError, match="552"):
        smtp.send_message(mail("faulty@example.cn"))
    smtp.send_message(mail("faulty@example.cn"))
    assert gateway.client.get("/_faults").json() == []
    assert len(gateway.messages(channel="email", recipient="faulty")) == 1
    assert len(gateway.messages(channel="email", recipient="faulty", outcome="refused")) == 1


@pytest.mark.parametrize(("kind", "kept"), [("drop_answer", 1), ("drop_before", 0)])
def test_a_dropped_answer_and_a_dropped_mail_look_alike(
    gateway: Gateway, smtp: smtplib.SMTP, kind: str, kept: int
) -> None:
    """Both close the connection without an answer; only the first keeps the mail."""
    gateway.fault(channel="email", kind=kind, prefix=kind, count=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.send_message(mail(f"{kind}@example.cn"))
    assert len(gateway.messages(channel="email", recipient=kind)) == kept


async def test_shares_are_drawn_by_message_not_by_order(tmp_path: Path) -> None:
    """The same seed hits the same messages in whatever order they come; a repetition draws anew."""
    store = Store(tmp_path)
    writing = asyncio.create_task(store.run())
    runs = []
    for order in (range(200), reversed(range(200))):
        faults = Faults(store, "seed")
        await faults.add(Fault(channel="sms", kind="drop_answer", share=0.3))
        runs.append({n for n in order if await faults.hit("sms", "13800138000", f"m{n}") is not None})
        again = {n for n in runs[0] if await faults.hit("sms", "13800138000", f"m{n}") is not None}
        assert again < runs[0]
    assert runs[0] == runs[1]
    assert 40 < len(runs[0]) < 80
    later = Faults(store, "seed")
    await later.load()
    assert [rule.kind for rule in later.rules] == ["drop_answer"]
    store.stop()
    await writing


async def test_a_killed_gateway_remembers_everything_it_answered(gateway: Gateway) -> None:
    """Killed in the middle of many mails and started again, it has every mail it said it took, each once."""
    said: list[str] = []

    async def hand_in(worker: int) -> None:
        connection = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=gateway.smtp_port, username=USER, password=PASSWORD
        )
        try:
            await connection.connect()
            for n in range(40):
                await connection.send_message(mail(f"flood-{worker}-{n}@example.cn"))
                said.append(f"flood-{worker}-{n}@example.cn")
                if len(said) == 60:
                    gateway.child.kill()
        except (aiosmtplib.SMTPException, OSError):
            return  # it was killed

    await asyncio.gather(*(hand_in(worker) for worker in range(6)))
    gateway.child.wait()
    gateway.start()
    kept = [message["recipient"] for message in gateway.messages(channel="email", recipient="flood-")]
    assert len(said) >= 60
    assert len(kept) == len(set(kept))
    assert set(said) <= set(kept)


def test_told_to_stop_it_ends_well(gateway: Gateway, smtp: smtplib.SMTP) -> None:
    """SIGTERM ends it with 0 although somebody is still connected; the mail it had taken before is there afterwards."""
    smtp.send_message(mail("before-the-end@example.cn"))
    gateway.child.signal(signal.SIGTERM)
    assert gateway.child.wait() == 0
    gateway.start()
    assert len(gateway.messages(channel="email", recipient="before-the-end@")) == 1


def test_the_page_shows_what_came_escaped_filtered_and_paged(gateway: Gateway, smtp: smtplib.SMTP) -> None:
    """The page says it is a simulation, shows mails with their headers, escapes them, filters, pages, and can be empty."""
    smtp.send_message(mail("page@example.cn", "<script>alert(1)</script>标题"))
    page = gateway.client.get("/", params={"channel": "email", "recipient": "page@"})
    assert "模拟" in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;标题" in page.text
    assert "<script" not in page.text
    assert "List-Unsubscribe: &lt;https://gongkai.invalid/leave/abc&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "没有符合条件的消息" in gateway.client.get("/", params={"recipient": "nobody"}).text
    found = gateway.client.get(
        "/_messages", params={"channel": "email", "size": "1", "page": "999999"}
    ).json()
    assert (found["page"], len(found["rows"])) == (found["pages"], 1)


def test_the_switches_take_forms_and_refuse_other_origins(gateway: Gateway) -> None:
    """A form of the page works and leads back; one from another origin, and one that makes no sense, change nothing."""
    form = {
        "channel": "sms",
        "kind": "throttle",
        "percent": "50",
        "count": "",
        "seconds": "0",
        "code": "",
        "prefix": "1",
    }
    foreign = gateway.client.post("/_faults", data=form, headers={"origin": "http://evil.example"})
    assert (foreign.status_code, gateway.client.get("/_faults").json()) == (403, [])
    wrong = gateway.client.post("/_faults", data={**form, "percent": "0"}, headers={"origin": gateway.url})
    assert wrong.status_code == 400
    assert "没有设置" in wrong.text
    right = gateway.client.post("/_faults", data=form, headers={"origin": gateway.url})
    assert (right.status_code, right.headers["location"]) == (303, "/#faults")
    (rule,) = gateway.client.get("/_faults").json()
    assert (rule["share"], rule["prefix"], rule["count"]) == (0.5, "1", None)
    assert "短信 · 限流" in gateway.client.get("/").text
    gateway.client.post("/_faults/lift", data={"id": str(rule["id"])})
    assert gateway.client.get("/_faults").json() == []
    bad_openid = gateway.client.post("/_phone", data={"openid": "x", "text": "你好"})
    assert (bad_openid.status_code, "openid 不合法" in bad_openid.text) == (400, True)


@pytest.mark.domain
def test_settings_say_everything_that_is_wrong() -> None:
    """An address that is not loopback's, and a count that is none, are told together, in Chinese."""
    with pytest.raises(SettingsFault) as fault:
        read_settings({"GONGKAI_SANDBOX_HTTP": "0.0.0.0:80", "GONGKAI_SANDBOX_SMS_PER_DAY": "many"})
    assert [line.partition("：")[0] for line in fault.value.faults] == [
        "GONGKAI_SANDBOX_HTTP",
        "GONGKAI_SANDBOX_SMS_PER_DAY",
    ]
