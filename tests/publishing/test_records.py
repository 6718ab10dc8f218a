"""The life of a record, as given, when, then over its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from gongkai.contracts.publishing import RecordState
from gongkai.eventstore.personal import ERASED
from services.publishing.domain.deciding import Answered, Decision, Known
from services.publishing.domain.events import NumberTaken, RecordPublished, RecordRepublished, RecordRevised
from services.publishing.domain.incoming import Incoming

pytestmark = pytest.mark.domain

Decide = Callable[[Incoming], Decision]
Make = Callable[..., Any]
WITHDRAWAL = {"record": "MZ-2026-118", "organ": "341323-mzj", "reason": "标准有误", "on": "2026-11-23"}


def accepted(decision: Decision) -> ReplyAccepted:
    assert isinstance(decision.verdict, Answered)
    assert isinstance(decision.verdict.reply, ReplyAccepted), decision.verdict.reply
    return decision.verdict.reply


def refused(decision: Decision) -> list[str]:
    assert isinstance(decision.verdict, Answered)
    assert isinstance(decision.verdict.reply, ReplyRejected), decision.verdict.reply
    return [one.code for one in decision.verdict.reply.reasons]


def test_record_and_its_number_are_born_together(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given nothing, when a document comes, then its record and the first serial are written by one decision."""
    decision = decide(make_incoming(make_document()))

    reply = accepted(decision)
    assert (reply.outcome, reply.version, reply.defects) == ("published", 1, ())
    assert reply.index_number == "11341323003205511A/202611-00001"
    record, serial = decision.writes
    assert isinstance(record.events[0], RecordPublished)
    assert serial.stream == "serial:11341323003205511A:202611"
    assert serial.events == (NumberTaken(index_number=reply.index_number, record_id=reply.record_id),)
    assert record.events[0].header.published_on.isoformat() == "2026-11-23"
    assert record.events[0].header.validity == "in_force"


def test_same_id_and_content_gets_the_same_answer(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given an answered event, when it is sent again, then it gets the same answer and writes nothing."""
    first = decide(make_incoming(make_document(), "e-1"))
    reordered = dict(reversed(make_document().items()))
    again = decide(make_incoming(reordered, "e-1"))
    assert accepted(again) == accepted(first)
    assert not again.writes


def test_same_id_with_other_content_is_refused(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given an answered event, when its id comes with other content, then that is refused and the answer stays."""
    decide(make_incoming(make_document(), "e-1"))
    other = decide(make_incoming(make_document(title="别的标题"), "e-1"))
    assert refused(other) == ["event.id-reused"]
    assert accepted(decide(make_incoming(make_document(), "e-1"))).outcome == "published"


def test_ids_of_two_organs_do_not_meet(decide: Decide, make_document: Make, make_incoming: Make) -> None:
    """Given an event of one organ, when another organ uses the same event and record ids, then it has its own record."""
    first = accepted(decide(make_incoming(make_document(), "e-1")))
    other = make_incoming(make_document(organ="341323-cjj"), "e-1", organ="341323-cjj")
    second = accepted(decide(other))
    assert second.record_id != first.record_id
    assert second.index_number == "11341323003205512B/202611-00001"


def test_other_content_under_the_departments_id_is_a_revision(
    decide: Decide, make_document: Make, make_incoming: Make, known: Known
) -> None:
    """Given a record, when its department sends other content, then it has a new version and the same number."""
    first = accepted(decide(make_incoming(make_document())))
    known.today += timedelta(days=40)
    decision = decide(make_incoming(make_document(title="关于调整城乡低保标准的通知")))
    reply = accepted(decision)
    assert (reply.outcome, reply.version, reply.index_number) == ("revised", 2, first.index_number)
    (write,) = decision.writes
    assert isinstance(write.events[0], RecordRevised)
    assert write.events[0].header.published_on.isoformat() == "2026-11-23"


def test_unchanged_content_writes_nothing(decide: Decide, make_document: Make, make_incoming: Make) -> None:
    """Given a record, when the same content comes under another event id, then it is accepted as unchanged."""
    decide(make_incoming(make_document(), "e-1"))
    again = decide(make_incoming(make_document(doc_number="灵民发[2026]018号"), "e-2"))
    assert (accepted(again).outcome, accepted(again).version) == ("unchanged", 1)
    assert not again.writes


def test_another_confirmer_is_a_revision_and_an_erased_one_is_not(
    decide: Decide, make_document: Make, make_incoming: Make, known: Known
) -> None:
    """Given a record, when its confirmer changes, it is revised; once the name is erased, it can no longer differ."""
    first = accepted(decide(make_incoming(make_document(), "e-1")))
    other = make_document(confirmer={"name": "李静", "post": "局长"})
    assert accepted(decide(make_incoming(other, "e-2"))).outcome == "revised"
    known.records[first.record_id] = replace(known.records[first.record_id], confirmer=(ERASED, ERASED))
    assert accepted(decide(make_incoming(make_document(), "e-3"))).outcome == "unchanged"


def test_withdrawn_record_is_published_again_by_its_department(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given a withdrawn record, when its department sends it anew, then it is public again as its next version."""
    first = accepted(decide(make_incoming(make_document(), "e-1")))
    withdrawn = accepted(decide(make_incoming(WITHDRAWAL, "e-2", token="withdrawal")))
    assert (withdrawn.outcome, withdrawn.version) == ("withdrawn", 2)
    decision = decide(make_incoming(make_document(), "e-3"))
    reply = accepted(decision)
    assert (reply.outcome, reply.version, reply.index_number) == ("published", 3, first.index_number)
    assert isinstance(decision.writes[0].events[0], RecordRepublished)
    assert len(decision.writes) == 1


def test_old_event_sent_again_does_not_bring_a_withdrawn_record_back(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given a withdrawn record, when the event that published it comes again, then it is answered and changes nothing."""
    decide(make_incoming(make_document(), "e-1"))
    decide(make_incoming(WITHDRAWAL, "e-2", token="withdrawal"))
    again = decide(make_incoming(make_document(), "e-1"))
    assert accepted(again).outcome == "published"
    assert not again.writes


def test_event_made_before_the_last_one_applied_is_stale(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given a withdrawal, when an event its sender made earlier arrives late, then it is refused as stale."""
    made = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    decide(make_incoming(make_document(), "e-1", sent_at=made))
    decide(make_incoming(WITHDRAWAL, "e-3", token="withdrawal", sent_at=made + timedelta(minutes=9)))
    late = make_incoming(make_document(title="迟到的修改"), "e-2", sent_at=made + timedelta(minutes=5))
    assert refused(decide(late)) == ["event.stale"]


def test_clock_that_runs_ahead_does_not_lock_a_record(
    decide: Decide, make_document: Make, make_incoming: Make, known: Known
) -> None:
    """Given an event its sender dated a year ahead, when the next one comes, then it is applied."""
    decide(make_incoming(make_document(), "e-1", sent_at=datetime(2027, 11, 23, tzinfo=UTC)))
    known.now += timedelta(minutes=1)
    event = make_incoming(make_document(title="新的标题"), "e-2", sent_at=known.now)
    assert accepted(decide(event)).outcome == "revised"


def test_withdrawing_twice_changes_nothing(decide: Decide, make_document: Make, make_incoming: Make) -> None:
    """Given a withdrawn record, when it is withdrawn again, then that is accepted as unchanged."""
    decide(make_incoming(make_document()))
    decide(make_incoming(WITHDRAWAL, "e-2", token="withdrawal"))
    again = decide(make_incoming(WITHDRAWAL | {"reason": "再次"}, "e-3", token="withdrawal"))
    assert accepted(again).outcome == "unchanged"
    assert not again.writes


def test_migrated_document_lists_what_it_lacks(decide: Decide, make_incoming: Make) -> None:
    """Given a migrated document with title and organ only, when it comes, then each missing thing is a defect."""
    event = {"organ": "341323-mzj", "title": "老文件", "provenance": "migration"}
    decision = decide(make_incoming(event, "row-1"))
    assert accepted(decision).outcome == "published"
    assert set(accepted(decision).defects) == {
        "record.missing", "division.missing", "kind.missing", "formed-on.missing", "published-on.missing",
        "attribute.missing", "ground.missing", "confirmer.missing",
    }  # fmt: skip
    header = decision.writes[0].events[0].header  # type: ignore[attr-defined]  # a RecordPublished
    assert (header.division, header.kind, header.attribute) == ("341323000000", "other", None)


def test_migrated_document_keeps_what_is_odd(decide: Decide, make_incoming: Make) -> None:
    """Given a migrated document with odd values, when it comes, then they are defects and the rest is used."""
    event = {
        "record": "42", "organ": "341323-mzj", "title": "老令", "provenance": "migration", "kind": "规范性文件",
        "division": "341322000000", "formed_on": "1998-13-01", "published_on": "1998年11月2日", "matter": "d1-2",
        "attribute": "主动公开", "ground": "原已公开", "confirmer": {"name": "王", "post": "长"},
        "doc_number": "发文字号：灵璧县人民政府令第4号",
    }  # fmt: skip
    decision = decide(make_incoming(event, "row-2"))
    assert set(accepted(decision).defects) == {
        "division.outside", "formed-on.unreadable", "matter.unknown", "doc-number.nonstandard", "validity.missing",
    }  # fmt: skip
    header = decision.writes[0].events[0].header  # type: ignore[attr-defined]  # a RecordPublished
    assert header.doc_number == "灵璧县人民政府令第4号"
    assert header.published_on.isoformat() == "1998-11-02"
    assert (header.kind, header.validity, header.matter) == ("normative", "unknown", None)


def test_migrated_document_without_title_or_of_another_organ_is_refused(
    decide: Decide, make_incoming: Make
) -> None:
    """Given a migrated document, when title or organ are missing or wrong, or it is not proactive, it is refused."""
    assert refused(decide(make_incoming({"organ": "341323-mzj", "provenance": "migration"}))) == [
        "title.missing"
    ]
    event = {"title": "甲", "organ": "341323-cjj", "provenance": "migration", "attribute": "不予公开"}
    assert set(refused(decide(make_incoming(event)))) == {"organ.mismatch", "attribute.withheld"}


def test_serials_have_no_gap_where_events_are_refused(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Given good and bad events mixed, when they are decided, then the numbers run on without gap or double."""
    numbers = []
    for n in range(12):
        title = None if n % 3 == 0 else f"通知之{n}"
        decision = decide(make_incoming(make_document(record=f"r-{n}", title=title)))
        assert isinstance(decision.verdict, Answered)
        if isinstance(decision.verdict.reply, ReplyAccepted):
            numbers.append(decision.verdict.reply.index_number[-5:])
    assert numbers == [f"{n:05d}" for n in range(1, 9)]


def test_nothing_personal_is_in_the_public_state() -> None:
    """The contract of a record has no field for a confirmer or the department's own id."""
    assert not {"confirmer", "confirmer_name", "record_key"} & set(RecordState.model_fields)
