"""The figures of a document: read as people write them, refused with every reason at once, carried with the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gongkai.contracts.facts import Fact
from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from services.publishing.domain.deciding import Answered, Decision
from services.publishing.domain.draft_publishing import examined
from services.publishing.domain.events import RecordPublished, RecordRevised
from services.publishing.domain.figures import read_period
from services.publishing.domain.header import Header
from services.publishing.domain.manuscript import Revises, TypedFact, manuscript_of
from services.publishing.domain.record import RECORD
from services.publishing.domain.registry import Registry
from services.publishing.saying import record_state
from tests.publishing.desk import BODY, CONTENT, MOBILE, Desk, codes, refused

pytestmark = pytest.mark.domain

COUNTY, TOWN, VILLAGE, GONE = "341323000000", "341323110000", "341323110201", "341399000000"
MATTER = "d07-003"
Decide = Callable[[Any], Decision]
Make = Callable[..., Any]


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """The small city with a township, a village, and a division that went into the county."""
    known = registry.divisions | {TOWN, VILLAGE, GONE}
    return replace(registry, divisions=known, heirs={GONE: COUNTY})


def fact(**changes: Any) -> dict[str, Any]:
    return {"division": VILLAGE, "period": "2026-Q3", "amount": "5400", "people": 58} | changes


def published(decision: Decision) -> Header:
    assert isinstance(decision.verdict, Answered)
    assert isinstance(decision.verdict.reply, ReplyAccepted), decision.verdict.reply
    (event,) = decision.writes[0].events
    assert isinstance(event, RecordPublished | RecordRevised)
    return event.header


def told(decision: Decision) -> list[tuple[str, str]]:
    assert isinstance(decision.verdict, Answered)
    assert isinstance(decision.verdict.reply, ReplyRejected)
    return [(one.code, one.field) for one in decision.verdict.reply.reasons]


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("2026", "2026"), ("２０２６年", "2026"), ("2026-Q3", "2026-Q3"), ("2026q3", "2026-Q3"),
        ("2026年第三季度", "2026-Q3"), (" 2026 年 3季度", "2026-Q3"), ("2026-09", "2026-09"), ("2026-9", "2026-09"),
        ("2026年9月", "2026-09"), ("2026-Q5", None), ("2026-13", None), ("26年", None), ("本季度", None), ("", None),
        ("2026-09-01", None), ("٢٠٢٦", None),
    ],
)  # fmt: skip
def test_a_period_is_read_as_people_write_it(written: str, period: str | None) -> None:
    """A year, a quarter or a month, in the form of the contract or in Chinese; a day is none."""
    assert read_period(written) == period


@pytest.mark.parametrize(
    ("written", "amount"),
    [("5400", "5400"), ("5400.5", "5400.50"), ("5400.00", "5400"), ("０５４００．５０", "5400.50"), ("0", "0"), ("0.1", "0.10")],
)  # fmt: skip
def test_an_amount_is_kept_in_one_form(
    decide: Decide, make_document: Make, make_incoming: Make, written: str, amount: str
) -> None:
    """However many zeros it is written with, the same sum is the same text, so that two levels' can be compared."""
    facts = [fact(amount=written, people="58", on="2026年10月9日")]
    header = published(decide(make_incoming(make_document(matter=MATTER, facts=facts))))
    (said,) = header.facts
    assert said == Fact(division=VILLAGE, period="2026-Q3", amount=amount, people=58, on=date(2026, 10, 9))
    assert record_state("r", "n", 1, header).facts == (said,)


def test_every_reason_is_told_at_once_by_its_field(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Places, periods, amounts, counts and days that cannot stand, each named; what is of no type leaves the rest examined."""
    facts = [
        fact(division="341322000000", period="三季度", amount="-3", people=-1, on="2026-11-24"),
        fact(division="340000000000", period=None, amount="5,400.00", households="五户", on="昨天"),
        fact(amount="5400.123", people=10**9, on=""),
        {"period": "2026"},
        fact(division=TOWN, amount=5400.5, people="-"),
        fact(division=GONE, amount="5400元"),
        fact(amount="1" * 16),
        "58 人",
    ]
    assert told(decide(make_incoming(make_document(matter=MATTER, facts=facts)))) == [
        ("facts.amount-unreadable", "facts[4].amount"),
        ("field.malformed", "facts[7]"),
        ("facts.place-outside", "facts[0].division"),
        ("facts.period-unreadable", "facts[0].period"),
        ("facts.amount-negative", "facts[0].amount"),
        ("facts.count-negative", "facts[0].people"),
        ("facts.on-future", "facts[0].on"),
        ("facts.place-unknown", "facts[1].division"),
        ("facts.period-missing", "facts[1].period"),
        ("facts.amount-parted", "facts[1].amount"),
        ("facts.count-unreadable", "facts[1].households"),
        ("facts.on-unreadable", "facts[1].on"),
        ("facts.amount-decimals", "facts[2].amount"),
        ("facts.count-large", "facts[2].people"),
        ("facts.nothing", "facts[3]"),
        ("facts.count-negative", "facts[4].people"),
        ("facts.amount-unreadable", "facts[5].amount"),
        ("facts.amount-large", "facts[6].amount"),
        ("facts.twice", "facts[6].period"),
    ]  # fmt: skip


def test_figures_without_a_matter_twice_or_too_many_are_refused(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Figures are of a matter, each place and period once, up to five hundred; reasons beyond a hundred are only said to be there."""
    twice = [fact(division=None), fact(division=COUNTY, period="2026年三季度"), fact(period="2026")]
    assert told(decide(make_incoming(make_document(facts=twice)))) == [
        ("facts.without-matter", "facts"),
        ("facts.twice", "facts[1].period"),
    ]
    many = [fact(period=f"{1900 + at // 12}-{at % 12 + 1:02}") for at in range(501)]
    assert told(decide(make_incoming(make_document(matter=MATTER, facts=many)))) == [
        ("facts.too-many", "facts")
    ]
    assert len(published(decide(make_incoming(make_document(matter=MATTER, facts=many[:500])))).facts) == 500
    bad = told(decide(make_incoming(make_document(matter=MATTER, facts=[{"period": "x"}] * 300))))
    assert (len(bad), bad[-1]) == (101, ("facts.more", "facts"))
    assert len(told(decide(make_incoming(make_document(matter=MATTER, facts=[[]] * 300))))) == 101


def test_a_revision_replaces_the_figures(decide: Decide, make_document: Make, make_incoming: Make) -> None:
    """Given a record with figures, the same in another order change nothing; other ones, or none, are a revision."""
    facts = [fact(), fact(division=TOWN)]
    first = published(decide(make_incoming(make_document(matter=MATTER, facts=facts))))
    assert [one.division for one in first.facts] == [TOWN, VILLAGE]
    same = decide(make_incoming(make_document(matter=MATTER, facts=facts[::-1])))
    assert not same.writes
    other = published(decide(make_incoming(make_document(matter=MATTER, facts=[fact(people=59)]))))
    assert [one.people for one in other.facts] == [59]
    assert published(decide(make_incoming(make_document(matter=MATTER)))).facts == ()


def test_what_a_migrated_document_has_wrong_is_left_out_and_listed(
    decide: Decide, make_document: Make, make_incoming: Make
) -> None:
    """Of a migrated document the lines that stand are kept, the others are its defects; without a matter there are none."""
    facts = [fact(amount="五千"), fact(period="2025")]
    document = make_document(
        matter=MATTER, facts=facts, provenance="migration", published_on="2026-01-02", kind="notice"
    )
    header = published(decide(make_incoming(document)))
    assert ([one.period for one in header.facts], header.defects) == (["2025"], ("facts.amount-unreadable",))
    bare = published(decide(make_incoming(document | {"matter": None, "record": "other"})))
    assert (bare.facts, bare.defects) == ((), ("facts.without-matter", "facts.amount-unreadable"))


def test_a_draft_keeps_figures_as_typed_and_a_revision_opens_with_them(registry: Registry) -> None:
    """Given a draft, what is typed stays as typed with its findings; once published, a revision begins with what was said."""
    desk = Desk(registry)
    typed = (
        TypedFact(division=VILLAGE),
        TypedFact(division=VILLAGE, period=" 2026年三季度 ", amount="5,400", people="五十八"),
    )
    desk.save(CONTENT.model_copy(update={"matter": MATTER, "facts": typed}))
    assert desk.draft.content.facts == (typed[1].cleaned(),)  # a line with a place alone is none
    found = {(one.code, one.field) for one in examined(desk.draft, desk.around).reasons}
    assert found == {
        ("facts.amount-parted", "facts[0].amount"),
        ("facts.count-unreadable", "facts[0].people"),
    }
    mended = TypedFact(
        division=VILLAGE, period="2026年三季度", amount="13955512345", people="58", on="2026-10-09"
    )
    desk.save(desk.draft.content.model_copy(update={"facts": (mended,)}))
    desk.propose()
    desk.confirm()
    record = desk.publish().record
    assert record.header is not None
    assert manuscript_of(record.header).facts == (mended.model_copy(update={"period": "2026-Q3"}),)
    assert RECORD.initial.header is None


def test_nothing_a_person_types_is_left_out_of_a_migrated_record(registry: Registry) -> None:
    """Given a migrated record that is mended by hand, a bad line among its figures refuses: a migration's would be left out."""
    revises = Revises(
        record_id="r-1", record_key="MZ-1", index_number="n", base_version=0, provenance="migration"
    )
    desk = Desk(registry)
    typed = (TypedFact(period="2026", amount="5,400"),)
    desk.save(CONTENT.model_copy(update={"matter": MATTER, "facts": typed}), revises=revises)
    found = [(one.code, one.field) for one in examined(desk.draft, desk.around).reasons]
    assert found == [("facts.amount-parted", "facts[0].amount")]


def test_a_draft_is_not_saved_with_a_telephone_number_among_its_figures(registry: Registry) -> None:
    """Given a draft, a mobile number typed as a count or a text too long is refused by its field before it enters the log."""
    desk = Desk(registry)
    wrong = (TypedFact(period="2026", people=MOBILE, on="x" * 200),)
    content = CONTENT.model_copy(update={"matter": MATTER, "facts": wrong, "files": (BODY,)})
    assert refused(lambda: desk.save(content)) == {
        ("personal.mobile-number", "facts[0].people"), ("field.too-long", "facts[0].on")
    }  # fmt: skip
    many = CONTENT.model_copy(update={"facts": (TypedFact(period="2026", amount="1"),) * 501})
    assert codes(lambda: desk.save(many)) == {"facts.too-many"}
