"""How a record's lag is measured and shown."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai.legaltime import Calendar, RuleRow
from services.oversight.domain.buckets import buckets
from services.oversight.domain.lag import DISCLOSURE_RULE, Dates, Lag, Law, measure

pytestmark = pytest.mark.domain

ART_26 = RuleRow(
    DISCLOSURE_RULE, 20, "working_days", date(2019, 5, 15), None, "《政府信息公开条例》第二十六条"
)
LAW = Law(Calendar({date(2026, 1, 1): False}, {2025, 2026}), [ART_26])


def test_the_twentieth_working_day_is_in_time_and_the_next_is_late() -> None:
    """Art. 26 gives 20 working days, the forming day not counted."""
    formed = date(2026, 3, 2)

    assert measure(Dates(formed, date(2026, 3, 30)), LAW) == Lag(20, late=False, provisional=False)
    assert measure(Dates(formed, date(2026, 3, 31)), LAW) == Lag(21, late=True, provisional=False)


def test_publication_on_the_forming_day_has_no_lag() -> None:
    """A record out on the day it was formed took no working day."""
    assert measure(Dates(date(2026, 3, 2), date(2026, 3, 2)), LAW) == Lag(0, late=False, provisional=False)


def test_a_lag_over_an_unannounced_year_is_provisional() -> None:
    """Days of a year nobody has announced are counted by the week, and said to be so."""
    lag = measure(Dates(date(2026, 12, 28), date(2027, 1, 29)), LAW)

    assert lag == Lag(24, late=True, provisional=True)


@pytest.mark.parametrize(
    "dates",
    [
        Dates(None, date(2026, 3, 2)),
        Dates(date(2026, 3, 3), date(2026, 3, 2)),
        Dates(date(2026, 3, 2), date(2026, 3, 3), ("published-on.missing",)),
        Dates(date(2026, 3, 2), date(2026, 3, 3), ("formed-on.future",)),
        Dates(date(2018, 3, 2), date(2026, 3, 3)),
        Dates(date(2026, 3, 2), date(2026, 9, 3), division="341323110203"),
    ],
    ids=[
        "no forming day",
        "published before",
        "publication day unknown",
        "forming day unknown",
        "before the rule",
        "of a village, which has cycles of its own",
    ],
)
def test_a_record_whose_time_is_not_known_is_not_timed(dates: Dates) -> None:
    """Nobody is called late by a date that is missing, wrong or a stand-in, or by a rule not yet in force."""
    assert measure(dates, LAW) is None


def test_other_defects_do_not_keep_a_record_from_being_timed() -> None:
    """A missing document number says nothing about the dates."""
    assert measure(Dates(date(2026, 3, 2), date(2026, 3, 3), ("doc-number.missing",)), LAW) is not None


def test_the_limit_is_that_of_the_day_the_record_was_formed() -> None:
    """A changed limit holds for what is formed from its effective date on."""
    shorter = RuleRow(DISCLOSURE_RULE, 10, "working_days", date(2026, 6, 1), None, "修订")
    law = Law(LAW.calendar, [ART_26, shorter])

    before = measure(Dates(date(2026, 5, 29), date(2026, 6, 19)), law)
    after = measure(Dates(date(2026, 6, 1), date(2026, 6, 22)), law)

    assert (before, after) == (Lag(15, late=False, provisional=False), Lag(15, late=True, provisional=False))


def test_lags_are_shown_in_steps_of_the_limit() -> None:
    """The steps cover every lag once, and only those beyond the limit are late."""
    steps = buckets(20)

    assert [step.label for step in steps] == [
        "0–5个工作日",
        "6–10个工作日",
        "11–20个工作日",
        "21–40个工作日",
        "超过 40 个工作日",
    ]
    assert [step.late for step in steps] == [False, False, False, True, True]
