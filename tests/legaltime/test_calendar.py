"""The working-day arithmetic against the State Council's calendars and against itself."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongkai.legaltime import (
    Calendar,
    Known,
    Provisional,
    add_working_days,
    working_days_between,
)

pytestmark = pytest.mark.domain

SEED = Path(__file__).parents[2] / "services" / "catalog" / "seed" / "holidays.csv"


def announced_calendar() -> Calendar:
    with SEED.open(encoding="utf-8") as lines:
        days = {date.fromisoformat(row["date"]): row["off_day"] == "0" for row in csv.DictReader(lines)}
    return Calendar(days, range(2007, 2027))


CALENDAR = announced_calendar()

VECTORS = [
    # received, then the day on which 7, 15, 20 and 40 working days have passed
    ("2025-01-20", {7: "2025-02-05", 15: "2025-02-14", 20: "2025-02-21", 40: "2025-03-21"}),
    ("2025-09-15", {7: "2025-09-24", 15: "2025-10-11", 20: "2025-10-17", 40: "2025-11-14"}),
    ("2026-02-09", {7: "2026-02-25", 15: "2026-03-06", 20: "2026-03-13", 40: "2026-04-13"}),
    ("2026-09-14", {7: "2026-09-22", 15: "2026-10-10", 20: "2026-10-16", 40: "2026-11-13"}),
]


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [(received, days, due) for received, dues in VECTORS for days, due in dues.items()],
)
def test_announced_years_give_the_known_due_days(received: str, days: int, due: str) -> None:
    """A deadline over real holidays and make-up days falls on the day the published calendars give."""
    start, expected = date.fromisoformat(received), date.fromisoformat(due)

    result = add_working_days(start, days, CALENDAR)

    assert (result.day, result.provisional) == (expected, False)
    assert working_days_between(start, expected, CALENDAR).days == days


@pytest.mark.parametrize(
    ("year", "working_days"),
    list(enumerate([250, 249, 250, 249, 249, 251, 248, 248], start=2019)),
)
def test_a_year_has_its_known_number_of_working_days(year: int, working_days: int) -> None:
    """The working days of each announced year add up to the published number."""
    count = working_days_between(date(year - 1, 12, 31), date(year, 12, 31), CALENDAR)

    assert (count.days, count.provisional) == (working_days, False)


@pytest.mark.parametrize("day", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"])
def test_make_up_weekends_of_2026_are_worked(day: str) -> None:
    """A weekend the notice turned into a working day counts as one."""
    assert CALENDAR.is_working(date.fromisoformat(f"2026-{day}")) == Known(working=True)


@pytest.mark.parametrize(
    ("days", "last_certain"),
    [(7, "2026-12-22"), (15, "2026-12-10"), (20, "2026-12-03"), (40, "2026-11-05")],
)
def test_due_days_become_provisional_where_the_notices_end(days: int, last_certain: str) -> None:
    """The last certain start gives a certain due day; a start one working day later a provisional one."""
    start = date.fromisoformat(last_certain)
    later = add_working_days(start, 1, CALENDAR).day

    assert not add_working_days(start, days, CALENDAR).provisional
    assert add_working_days(later, days, CALENDAR).provisional


def test_beyond_the_notices_an_answer_is_provisional_and_never_an_error() -> None:
    """A year nobody has announced follows the week and says that it is provisional."""
    assert CALENDAR.is_working(date(2027, 10, 1)) == Provisional(working=True)
    assert CALENDAR.is_working(date(2027, 10, 2)) == Provisional(working=False)
    assert add_working_days(date(2031, 1, 1), 20, CALENDAR).provisional
    assert working_days_between(date(2026, 12, 31), date(2027, 1, 4), CALENDAR).provisional


def test_announcing_a_year_makes_its_days_certain_and_moves_them() -> None:
    """The same question asked after the notice has another, certain answer."""
    before = add_working_days(date(2026, 12, 31), 1, CALENDAR)

    after = add_working_days(
        date(2026, 12, 31),
        1,
        Calendar({**CALENDAR.days, date(2027, 1, 1): False}, {*CALENDAR.announced, 2027}),
    )

    assert (before.day, before.provisional) == (date(2027, 1, 1), True)
    assert (after.day, after.provisional) == (date(2027, 1, 4), False)


def test_a_negative_number_of_days_is_refused() -> None:
    """Working days are only ever added forward."""
    with pytest.raises(ValueError, match="-1"):
        add_working_days(date(2026, 1, 1), -1, CALENDAR)


def test_a_calendar_knows_until_when_it_is_certain() -> None:
    """The last certain day is the last one of the newest announced year."""
    assert CALENDAR.announced_through() == date(2026, 12, 31)
    assert Calendar({}, ()).announced_through() is None


DATES = st.dates(date(2005, 1, 1), date(2030, 12, 31))
CALENDARS = st.builds(
    Calendar,
    st.dictionaries(st.dates(date(2024, 1, 1), date(2025, 12, 31)), st.booleans(), max_size=40),
    st.frozensets(st.integers(2023, 2026)),
)
NEAR = st.dates(date(2023, 6, 1), date(2026, 6, 30))


@given(start=NEAR, n=st.integers(0, 120), calendar=CALENDARS)
def test_counting_is_the_inverse_of_adding(start: date, n: int, calendar: Calendar) -> None:
    """Between a start and its n-th working day lie exactly n working days, provisional or not alike."""
    due = add_working_days(start, n, calendar)

    count = working_days_between(start, due.day, calendar)

    assert (count.days, count.provisional) == (n, due.provisional)


@given(start=NEAR, length=st.integers(0, 500), calendar=CALENDARS)
def test_the_fast_count_equals_counting_day_by_day(start: date, length: int, calendar: Calendar) -> None:
    """The arithmetic by weeks gives what walking over every day gives."""
    days = [start + timedelta(days=i) for i in range(1, length + 1)]
    end = days[-1] if days else start

    count = working_days_between(start, end, calendar)

    answers = [calendar.is_working(day) for day in days]
    assert count.days == sum(answer.working for answer in answers)
    assert count.provisional == any(isinstance(answer, Provisional) for answer in answers)


@given(first=DATES, second=DATES, third=DATES)
def test_counts_add_up(first: date, second: date, third: date) -> None:
    """Going by way of another day, forward or back, makes no difference to the count."""
    direct = working_days_between(first, third, CALENDAR).days

    by_way = (
        working_days_between(first, second, CALENDAR).days
        + working_days_between(second, third, CALENDAR).days
    )

    assert direct == by_way


@given(start=DATES, n=st.integers(1, 60))
def test_a_due_day_is_itself_worked(start: date, n: int) -> None:
    """A deadline never ends on a day off."""
    assert CALENDAR.is_working(add_working_days(start, n, CALENDAR).day).working
