"""Every kind of bad event is told all of its reasons at once, and no reason repeats what was sent."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gongkai.contracts.ingest import ReplyRejected
from services.publishing.domain.contents import Held
from services.publishing.domain.deciding import Answered, Decision, Known, Postponed, Unanswerable
from services.publishing.domain.incoming import Incoming
from services.publishing.domain.reasons import REASONS, reason

pytestmark = pytest.mark.domain

IDENTITY = "34132319900307123" + "6"
MOBILE = "13905571234"


@dataclass(frozen=True)
class Bad:
    """A bad event: what is changed in a sound one, and every reason it must hear (code, field)."""

    name: str
    changes: dict[str, Any]
    reasons: set[tuple[str, str]]
    envelope: dict[str, Any] = field(default_factory=dict)


def told(*codes: str) -> set[tuple[str, str]]:
    return {(code, reason(code).field) for code in codes}


BAD = [
    Bad(
        "nothing but an organ",
        dict.fromkeys(
            ("record", "title", "division", "kind", "formed_on", "attribute", "ground", "confirmer", "doc_number", "body")
        ),
        told(
            "record.missing", "title.missing", "division.missing", "kind.missing", "formed-on.missing",
            "attribute.missing", "ground.missing", "confirmer.missing",
        ),
    ),
    Bad("another organ in the data", {"organ": "341323-cjj"}, told("organ.mismatch")),
    Bad("no organ in the data, and no title", {"organ": None, "title": " \u200b "}, told("organ.missing", "title.missing")),
    Bad(
        "a division outside and a kind nobody knows",
        {"division": "341322000000", "kind": "poem"},
        told("division.outside", "kind.unknown"),
    ),
    Bad("a division that does not exist", {"division": "341399000000"}, told("division.unknown")),
    Bad(
        "dates that are none, or to come",
        {"formed_on": "2026-11-24", "effective_on": "明天", "expires_on": "2026-02-30"},
        told("formed-on.future", "effective-on.unreadable", "expires-on.unreadable"),
    ),
    Bad("a formed-on date that is none", {"formed_on": "去年"}, told("formed-on.unreadable")),
    Bad(
        "an end before the beginning, a validity and a provenance nobody knows",
        {"effective_on": "2026-12-01", "expires_on": "2026-11-30", "validity": "大概", "provenance": "rumour"},
        told("expires-on.before-effective", "validity.unknown", "provenance.unknown"),
    ),
    Bad(
        "disclosed on request, no ground, half a confirmer",
        {"attribute": "依申请公开", "ground": "", "confirmer": {"name": "张明远"}},
        told("attribute.on-request", "ground.missing", "confirmer.post-missing"),
    ),
    Bad("not to be disclosed", {"attribute": "withheld"}, told("attribute.withheld")),
    Bad("an attribute nobody knows", {"attribute": "secretish"}, told("attribute.unknown")),
    Bad(
        "a matter and a domain of no edition",
        {"matter": "d99-001", "domain": "d99"},
        told("matter.unknown", "domain.unknown"),
    ),
    Bad("a matter of another domain", {"matter": "d07-003", "domain": "d08"}, told("domain.mismatch")),
    Bad("a document number of no form", {"doc_number": "灵民发2026年18号"}, told("doc-number.nonstandard")),
    Bad(
        "personal numbers in title, summary, keyword, ground, record id and a file's name",
        {
            "title": f"关于发放补贴的公示（{IDENTITY}）",
            "summary": "联系人手机 139-0557-1234",
            "keywords": ["低保", "１３９０５５７１２３４"],
            "ground": f"经办人{MOBILE}",
            "record": f"MZ {IDENTITY}",
            "attachments": [{"name": f"{MOBILE}.pdf", "media_type": "application/pdf", "base64": ""}],
        },
        {
            ("personal.identity-number", "title"),
            ("personal.mobile-number", "summary"),
            ("personal.mobile-number", "keywords.1"),
            ("personal.mobile-number", "ground"),
            ("personal.identity-number", "record"),
            ("personal.mobile-number", "attachments.0.name"),
        },
    ),
    Bad(
        "contents that cannot be read",
        {
            "body": {"media_type": "text/plain", "text": "甲", "digest": "0" * 64},
            "attachments": [
                {"name": "a.pdf", "media_type": "application/pdf", "base64": "不是"},
                {"name": "b.pdf", "media_type": "pdf", "digest": "1" * 64},
                {"media_type": "application/pdf", "digest": "ABC"},
                {"name": "c.pdf", "media_type": "application/pdf", "digest": "f" * 64},
            ],
        },
        {
            ("content.ambiguous", "body"),
            ("content.base64", "attachments.0.base64"),
            ("content.media-type", "attachments.1.media_type"),
            ("content.not-uploaded", "attachments.1"),
            ("content.digest", "attachments.2.digest"),
            ("content.destroyed", "attachments.3"),
        },
    ),
    Bad(
        "more inline than an event may bring",
        {"body": {"media_type": "text/plain", "base64": base64.b64encode(b"x" * 262_145).decode()}},
        told("content.too-large"),
    ),
    Bad(
        "fields of the wrong type, and a missing title besides",
        {"title": "", "keywords": "低保", "formed_on": 20261120, "confirmer": ["张明远"]},
        {
            ("field.malformed", "keywords"),
            ("field.malformed", "formed_on"),
            ("field.malformed", "confirmer"),
            ("title.missing", "title"),
        },
    ),
    Bad(
        "fields that are too long",
        {"title": "长" * 301, "keywords": ["词"] * 51},
        {("field.too-long", "title"), ("field.too-long", "keywords")},
    ),
    Bad(
        "a type nobody knows, and an id without end",
        {},
        {("event.type-unknown", "ce-type"), ("field.too-long", "ce-id")},
        {"type": "cn.gongkai.ingest.poem.v1", "event_id": "e" * 201},
    ),
    Bad(
        "an organ nobody knows, told at the last delivery",
        {"organ": "349999-abc"},
        told("organ.unknown"),
        {"organ": "349999-abc", "deliveries": 5},
    ),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_bad_event_is_told_every_reason(
    bad: Bad,
    decide: Callable[[Incoming], Decision],
    known: Known,
    make_document: Callable[..., dict[str, Any]],
    make_incoming: Callable[..., Incoming],
) -> None:
    """Given a bad event, when it is decided, then it is refused with exactly its reasons and nothing is written."""
    known.held["f" * 64] = Held(10, destroyed=True)

    decision = decide(make_incoming(make_document(**bad.changes), **bad.envelope))

    assert isinstance(decision.verdict, Answered)
    reply = decision.verdict.reply
    assert isinstance(reply, ReplyRejected)
    assert {(one.code, one.field) for one in reply.reasons} == bad.reasons
    assert len(reply.reasons) == len(bad.reasons)
    assert all(one.message == REASONS[one.code].message_zh for one in reply.reasons)
    assert not decision.writes
    assert not known.records


def test_reason_never_repeats_a_personal_number(
    decide: Callable[[Incoming], Decision],
    make_document: Callable[..., dict[str, Any]],
    make_incoming: Callable[..., Incoming],
) -> None:
    """Given an identity number in the title, when it is refused, then the answer does not hold the number."""
    decision = decide(make_incoming(make_document(title=f"公示 {IDENTITY}")))
    assert isinstance(decision.verdict, Answered)
    assert IDENTITY not in decision.verdict.reply.model_dump_json()


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"not json", b"[1, 2]", b'"text"', b'{"title": "\xff"}'])
def test_bytes_that_are_no_event_are_refused_by_their_id(
    data: bytes, decide: Callable[[Incoming], Decision], make_incoming: Callable[..., Incoming]
) -> None:
    """Given bytes that are no JSON object, when they carry an id, then that id is refused; without, none is."""
    with_id = decide(make_incoming(data, "e-1"))
    assert isinstance(with_id.verdict, Answered)
    assert isinstance(with_id.verdict.reply, ReplyRejected)
    assert [one.code for one in with_id.verdict.reply.reasons] == ["event.unreadable"]
    assert isinstance(decide(make_incoming(data, "")).verdict, Unanswerable)


def test_unknown_organ_is_given_time(
    decide: Callable[[Incoming], Decision],
    make_document: Callable[..., dict[str, Any]],
    make_incoming: Callable[..., Incoming],
) -> None:
    """Given an organ catalog has not told of yet, when its event comes, then it is asked to come again."""
    event = make_document(organ="349999-abc")
    assert isinstance(decide(make_incoming(event, organ="349999-abc", deliveries=4)).verdict, Postponed)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"reason": None}, {"reason.missing", "record.unknown"}),
        ({"record": None, "reason": ""}, {"record.missing", "reason.missing"}),
        ({"organ": "341323-cjj", "on": "2026-11-24"}, {"organ.mismatch", "on.future", "record.unknown"}),
        ({"on": "昨天"}, {"on.unreadable", "record.unknown"}),
        ({"reason": f"应{MOBILE}要求"}, {"personal.mobile-number", "record.unknown"}),
        ({"reason": 5}, {"field.malformed", "record.unknown"}),
    ],
)
def test_bad_withdrawal_is_told_every_reason(
    changes: dict[str, Any],
    codes: set[str],
    decide: Callable[[Incoming], Decision],
    make_incoming: Callable[..., Incoming],
) -> None:
    """Given a bad withdrawal, when it is decided, then it is refused with all its reasons."""
    fields = {"record": "MZ-1", "organ": "341323-mzj", "reason": "内容有误", "on": "2026-11-23"} | changes
    event = {name: value for name, value in fields.items() if value is not None}
    decision = decide(make_incoming(event, token="withdrawal"))
    assert isinstance(decision.verdict, Answered)
    assert isinstance(decision.verdict.reply, ReplyRejected)
    assert {one.code for one in decision.verdict.reply.reasons} == codes
