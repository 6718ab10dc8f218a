"""A record revised by hand, as given, when, then over its events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.publishing.domain.draft import Draft
from services.publishing.domain.draft_publishing import examined
from services.publishing.domain.events import RecordPublished, RecordRevised, RecordWithdrawn
from services.publishing.domain.header import Header
from services.publishing.domain.manuscript import Revises, manuscript_of
from services.publishing.domain.record import RECORD, Enter, Record, Withdraw
from services.publishing.domain.registry import Registry
from tests.publishing.desk import (
    AT,
    BODY,
    CONTENT,
    ORGAN,
    Desk,
    codes,
)

pytestmark = pytest.mark.domain


@pytest.fixture
def desk(registry: Registry) -> Desk:
    return Desk(registry)


def migrated(**changes: Any) -> Header:
    fields: dict[str, Any] = {
        "organ": ORGAN, "organ_name": "灵璧县民政局", "division": "341323000000", "kind": "other", "title": "老文件",
        "published_on": date(2026, 1, 5), "provenance": "migration", "files": (BODY,),
        "defects": ("kind.missing", "formed-on.missing", "published-on.missing", "attribute.missing"),
    }  # fmt: skip
    return Header(**fields | changes)


def old_record(header: Header, sent_at: datetime | None = None) -> Record:
    event = RecordPublished(
        record_id="r-1", record_key="MZ-1", index_number="11341323003205511A/202601-00001", header=header,
        sent_at=sent_at, confirmer_id="confirmer:r-1:1",
    )  # fmt: skip
    return RECORD.fold([event])


def revising(desk: Desk, record: Record, **changes: str) -> None:
    """Open a draft from a record, change it, and take it to its confirmation."""
    assert record.header is not None
    desk.record = record
    revises = Revises(
        record_id="r-1", record_key=record.record_key, index_number=record.index_number,
        base_version=record.version, provenance=record.header.provenance,
    )  # fmt: skip
    content = manuscript_of(record.header)
    desk.save(content, revises=revises)
    desk.save(content.model_copy(update=changes))
    desk.propose()
    desk.confirm()


def test_defects_of_a_migrated_record_are_mended_one_at_a_time(desk: Desk) -> None:
    """Given a migrated record with defects, when some are mended by hand, then it keeps its number and the others."""
    revising(desk, old_record(migrated()), kind="notice", published_on="1998-11-02")
    assert desk.draft.content.title == "老文件"
    assert examined(desk.draft, desk.around).defects == ("formed-on.missing",)
    done = desk.publish()
    (revised,) = done.record_events
    assert isinstance(revised, RecordRevised)
    assert (revised.record_key, revised.index_number) == ("MZ-1", "11341323003205511A/202601-00001")
    assert done.number_taken is None
    assert revised.header.published_on == date(1998, 11, 2)
    assert (revised.header.defects, revised.header.attribute) == (("formed-on.missing",), "proactive")


def test_day_of_publication_stays_where_none_is_given(desk: Desk) -> None:
    """Given records with and without a day of their own, when they are revised, then the day first told stays."""
    revising(desk, old_record(migrated()), kind="notice")
    assert desk.publish().record.header.published_on == date(2026, 1, 5)  # type: ignore[union-attr]
    live = Desk(desk.registry)
    header = migrated(provenance="live", defects=(), formed_on=date(2026, 1, 2), kind="notice")
    revising(live, old_record(header), title="改过的标题")
    assert live.publish().record.header.published_on == date(2026, 1, 5)  # type: ignore[union-attr]


def test_record_that_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    """Given a draft opened from a record, when the record was revised or withdrawn since, publishing is refused."""
    record = old_record(migrated(kind="notice"))
    revising(desk, record, title="改过的标题")
    gone = RecordWithdrawn(
        record_id="r-1", index_number=record.index_number, organ=ORGAN, organ_name="", division="341323000000",
        kind="notice", withdrawn_on=date(2026, 11, 23), reason="误", sent_at=None,
    )  # fmt: skip
    desk.record = RECORD.evolve(record, gone)
    assert codes(desk.publish) == {"draft.record-changed"}


def test_revision_without_a_change_is_refused(desk: Desk) -> None:
    """Given a revision that was just published, when the same is published again by the same confirmer, it is refused."""
    revising(desk, old_record(migrated()), kind="notice")
    first = desk.publish().record
    again = Desk(desk.registry)
    revising(again, first)
    assert codes(again.publish) == {"draft.unchanged"}


def test_departments_event_made_before_a_hand_revision_is_stale_and_a_later_one_is_applied(
    desk: Desk,
) -> None:
    """Given a revision by hand, when the department's earlier event comes late it is stale; a later one is applied."""
    ahead = AT + timedelta(seconds=5)  # the department's clock runs ahead of ours: no obstacle to the staff
    revising(desk, old_record(migrated(), sent_at=ahead), kind="notice")
    record = desk.publish().record
    assert record.sent_at == ahead
    desk.record = Record()
    document = examined(Draft(organ=ORGAN, stream="draft:x", content=CONTENT), desk.around).publishable
    assert document is not None
    before = Enter("r-1", document, "", ahead - timedelta(minutes=1))
    assert codes(lambda: RECORD.decide(record, before)) == {"event.stale"}
    assert codes(lambda: RECORD.decide(record, Withdraw("r-1", "误", date(2026, 11, 23), AT))) == {
        "event.stale"
    }
    (after,) = RECORD.decide(record, Enter("r-1", document, "", ahead + timedelta(minutes=1)))
    assert isinstance(after, RecordRevised)


def test_erased_confirmer_of_a_migrated_record_is_no_mere_defect(desk: Desk) -> None:
    """Given a confirmed revision of a migrated record, when the confirmer was erased, then it is not published."""
    revising(desk, old_record(migrated()), kind="notice")
    desk.draft = replace(desk.draft, confirmer=None)
    assert codes(desk.publish) == {"confirmer.missing"}


def test_reopening_mends_nothing_by_itself() -> None:
    """Given values that only stood in for missing ones, when the record is opened, then they are left to be filled in."""
    header = migrated(
        kind="normative", validity="unknown", defects=("validity.missing", "published-on.missing")
    )
    content = manuscript_of(header)
    assert (content.kind, content.validity, content.published_on) == ("normative", "", "")
    assert manuscript_of(migrated()).kind == ""
