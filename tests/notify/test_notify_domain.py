"""The rules of subscriptions and messages, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from uuid import uuid4

import pytest

from gongkai.eventstore.golden import golden_faults
from services.notify.adapters.port import Accepted, InDoubt, Refused
from services.notify.codec import CODEC
from services.notify.domain import wechat
from services.notify.domain.addresses import masked, normal_address
from services.notify.domain.messages import Outcome, record_key, takes
from services.notify.domain.places import Wish
from services.notify.domain.secrets import Secrets
from services.notify.domain.texts import cut, fill
from services.notify.sending.outcomes import Attempt, Pace, after_ask, after_send
from services.notify.templates import load_templates

pytestmark = pytest.mark.domain

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PACE = Pace()


@pytest.mark.parametrize(
    ("topics", "places", "covered"),
    [
        (["all"], ["341323000000"], True), (["20"], ["341323110000"], True), (["20"], ["341300000000"], True),
        (["20"], ["340000000000"], True), (["04"], ["341323000000"], False), (["20"], ["341324000000"], False),
        (["20"], ["341323110201"], False), (["20"], ["341323111000"], False), (["04", "20"], ["341324000000", "341323000000"], True),
    ],
)  # fmt: skip
def test_a_place_covers_everything_below_it(topics: list[str], places: list[str], *, covered: bool) -> None:
    """A record of domain 20 in a town is wanted by whoever wants the town, its county, city or province."""
    assert Wish(frozenset(topics), frozenset(places)).covers("20", "341323110000") is covered


def test_a_record_without_a_domain_is_for_those_who_want_everything() -> None:
    """Whoever chose single domains is not told of what has none."""
    place = frozenset({"341323000000"})
    assert Wish(frozenset({"all"}), place).covers(None, "341323000000")
    assert not Wish(frozenset({"20"}), place).covers("", "341323000000")


@pytest.mark.parametrize(
    ("channel", "given", "kept", "shown"),
    [
        ("email", " Wang@Example.COM ", "wang@example.com", "w***@example.com"),
        ("sms", "+86 138-0000-0001", "13800000001", "138****0001"),
        ("email", "wang@localhost", None, ""), ("email", "a@b.cn\nBcc: c@d.cn", None, ""), ("sms", "12345678901", None, ""),
        ("sms", "1380000000", None, ""), ("wechat", "oAbc_-1", "oAbc_-1", "微信用户"), ("fax", "1", None, ""),
    ],
)  # fmt: skip
def test_an_address_has_one_form_and_is_never_shown(
    channel: str, given: str, kept: str | None, shown: str
) -> None:
    """One person is one address; what is no address is none; the shown form tells strangers nothing."""
    assert normal_address(channel, given) == kept
    assert kept is None or masked(channel, kept) == shown


def test_codes_and_links_come_from_the_key_alone() -> None:
    """Another key, another id or another draw gives others; a changed link belongs to nobody."""
    ours, theirs = Secrets(b"a" * 32), Secrets(b"b" * 32)
    one, other = str(uuid4()), str(uuid4())
    code = ours.code(one, 0)
    assert len(code) == 6
    assert ours.is_code(one, 0, f" {code} ")
    assert len({ours.code(other, draw) for draw in range(50)}) > 40
    token = ours.leave_token(one)
    assert ours.subscription_of(token) == one
    assert theirs.subscription_of(token) is None
    assert ours.subscription_of(ours.leave_token(other)[:22] + token[22:]) is None
    assert ours.address_mark("sms", "1") != ours.address_mark("email", "1")


def test_texts_keep_to_the_providers_limits() -> None:
    """A long title is cut, a link is taken out, line breaks never reach a header or a parameter."""
    templates = load_templates()
    facts = {
        "title": "关于\r\nBcc: x@example.com 公布https://example.com/x " + "很长的标题" * 20, "organ": "灵璧县民政局",
        "index_number": "11341323MD23A00253/202611-00001", "published_on": "2026-11-23", "record_url": "u",
        "leave_url": "l", "site": "s", "code": "123456", "number": "341323-2026-00047",
    }  # fmt: skip
    for template in templates.values():
        for channel, one in template.items():
            filled = fill(one, facts)
            assert "\n" not in filled.subject
            assert "\r" not in filled.subject
            assert bool(filled.text) == (channel == "email")
            for value in filled.params.values():
                assert 1 <= len(value) <= 35
                assert "http" not in value
                assert "\n" not in value
    assert set(templates) == {"record.published", "subscription.code", "request.decided"}
    assert cut("一二三四五六", 5) == "一二三四…"
    assert cut("https://only.example", 5) == "—"


def test_what_is_certain_stays_and_a_doubt_can_become_certain() -> None:
    """Of a message's states only a doubt learns more; what was sent or refused is over."""
    new = ("queued", "doubt", "sent", "failed", "dropped")
    assert [takes(state, Outcome("sent")) for state in new] == [True, True, False, False, False]  # type: ignore[arg-type]
    assert [takes(state, Outcome("doubt")) for state in new] == [True, False, False, False, False]  # type: ignore[arg-type]
    assert len(record_key("r1", str(uuid4()))) == 64


def test_each_answer_has_its_consequence() -> None:
    """Only a refusal leads back into the queue, with a growing delay; silence never does before there is proof."""

    def sent(
        verdict: Accepted | Refused | InDoubt, *, attempts: int = 1, can_ask: bool = True
    ) -> tuple[str, str, float]:
        attempt = Attempt("k", uuid4(), NOW, attempts, 0)
        result = after_send(attempt, verdict, NOW, PACE, can_ask=can_ask)
        later = result.later
        seconds = (later.due_at - NOW).total_seconds() if later else 0.0
        return result.outcome.state if result.outcome else "", later.state if later else "", seconds

    busy = Refused("busy", "忙", permanent=False)
    assert sent(Accepted("1")) == ("sent", "", 0)
    assert sent(Refused("bad", "坏", permanent=True)) == ("failed", "", 0)
    assert [sent(busy, attempts=n)[2] for n in (1, 2, 3, 9)] == [5, 10, 20, 600]
    assert sent(InDoubt("不明")) == ("", "asking", 2)
    assert sent(InDoubt("不明"), can_ask=False) == ("doubt", "", 0)

    def asked(answer: Accepted | Refused | InDoubt | None, number: int, after: float, *, listed: bool = False) -> tuple[str, str, bool]:  # fmt: skip
        attempt = Attempt("k", uuid4(), NOW, 1, number, listed)
        result = after_ask(attempt, answer, NOW + timedelta(seconds=after), PACE)
        state = result.outcome.state if result.outcome else ""
        return state, result.later.state if result.later else "", result.never_arrived

    assert asked(Accepted("1"), 1, 2) == ("sent", "", False)
    assert [asked(None, n, 60) for n in (1, 2, 3)] == [("", "asking", False)] * 3
    assert asked(None, 4, 60) == ("doubt", "proof", False)
    assert asked(InDoubt("?"), 4, 60) == ("doubt", "proof", False)
    assert asked(None, 5, PACE.proof_after - 1, listed=True) == ("", "proof", False)
    assert asked(None, 5, PACE.proof_after, listed=True) == ("", "queued", True)
    assert asked(InDoubt("?"), 5, PACE.proof_after, listed=True) == ("", "", False)
    assert asked(Accepted("1"), 5, PACE.proof_after, listed=True) == ("sent", "", False)


def test_the_lease_outlives_a_call() -> None:
    """A call ends before its lease, with time to spare; else another process could take it for lost."""
    assert PACE.lease - PACE.send_limit >= 15


def test_wechats_signature_is_the_published_one() -> None:
    """SHA-1 over the sorted token, timestamp and nonce; an old one, another token or none is refused."""
    stamp = str(int(NOW.timestamp()))
    good = sha1("".join(sorted(["tok", stamp, "n1"])).encode(), usedforsecurity=False).hexdigest()
    assert wechat.is_signed("tok", stamp, "n1", good, NOW)
    assert not wechat.is_signed("tok", stamp, "n2", good, NOW)
    assert not wechat.is_signed("tok", stamp, "n1", good, NOW + timedelta(minutes=6))
    assert not wechat.is_signed("", stamp, "n1", sha1("".join(sorted(["", stamp, "n1"])).encode(), usedforsecurity=False).hexdigest(), NOW)  # fmt: skip
    assert not wechat.is_signed("tok", "²", "n1", "é", NOW)


def test_hostile_xml_is_refused_before_it_is_read() -> None:
    """No document type, no entity, no depth, no size; a reply cannot be broken out of."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><FromUserName>&b;</FromUserName></xml>'
    outside = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>'
    deep = b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>"
    for body in (
        bomb,
        outside,
        deep,
        b"",
        b"<xml>",
        b"<xml/>",
        b"x" * 20_000,
        "<xml>é</xml>".encode("latin-1"),
    ):
        with pytest.raises(wechat.Unreadable):
            wechat.read(body)
    heard = wechat.read(
        "<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><Content>你好</Content></xml>".encode()
    )
    assert (heard.openid, heard.account, heard.text) == ("b", "a", "你好")
    assert wechat.read(wechat.answer(heard, "x]]><MsgType>y", NOW)).text == "x]] ><MsgType>y"


def test_every_shape_an_event_ever_had_still_reads() -> None:
    """One payload of every event type and schema is kept; an altered shape needs a new schema and an upcaster."""
    assert golden_faults(CODEC, Path(__file__).parent / "golden") == []
