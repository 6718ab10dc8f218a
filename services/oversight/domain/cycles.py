"""When what is disclosed again and again is due next: 每20个工作日, 每月10日前, 每季度, 每年1月31日前, 每季度结束后15日内.

每季度 means once in every quarter: what was published within one is due again by the end of the next, not three months
later to the day. 每6个月 names no calendar period: six months after the last time. Pure; the calendar is given.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gongkai.contracts.matters import TimeLimit, Unit
from gongkai.legaltime import Calendar, Due, add_working_days

_MONTHS: Final[dict[Unit, int]] = {"months": 1, "quarters": 3, "years": 12}
"""Months of a calendar period."""
_WEEK: Final = 7
_DAYS: Final[dict[Unit, int]] = {"days": 1, "weeks": _WEEK}
_YEAR: Final = 12
_PERIODS: Final[dict[str, Unit]] = {
    "周": "weeks", "星期": "weeks", "月": "months", "月度": "months", "季": "quarters", "季度": "quarters", "年": "years",
    "年度": "years",
}  # fmt: skip
"""What a clock counted from a period's end calls the period."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """One clock of a matter that begins anew."""

    every: TimeLimit
    """Of kind cycle."""
    grace: TimeLimit | None = None
    """How long after each period's end: 每季度结束后15日内."""


def cycles_of(limits: Sequence[TimeLimit]) -> tuple[Cycle, ...]:
    """Give the clocks that say when a matter is due again; none for a matter disclosed as things happen."""
    graces = [one for one in limits if one.kind == "deadline" and one.trigger == "ended"]
    return tuple(
        Cycle(one, next((grace for grace in graces if _PERIODS.get(grace.event) == one.unit), None))
        for one in limits
        if one.kind == "cycle" and one.n and one.unit not in {"", "hours"}
    )


def next_due(cycle: Cycle, last: date, calendar: Calendar) -> Due:
    """Give the last day on which publishing anew is in time.

    Args:
        cycle: the clock.
        last: the day of the last publication, or the day from which the duty holds.
        calendar: for clocks in working days.

    Raises:
        ValueError: the clock has a unit that no cycle has.
    """
    every = cycle.every
    if every.unit == "working_days":
        return add_working_days(last, every.n, calendar)
    if every.n == 1 and (every.unit in _MONTHS or every.unit == "weeks"):
        return _of_period(cycle, last, calendar)
    return Due(_after(last, every.n, every.unit), provisional=False)


def earliest(cycles: Sequence[Cycle], last: date, calendar: Calendar) -> tuple[Cycle, Due] | None:
    """Give the clock that falls due first, with its day; None without clocks."""
    found: Iterator[tuple[Cycle, Due]] = ((cycle, next_due(cycle, last, calendar)) for cycle in cycles)
    return min(found, key=lambda each: each[1].day, default=None)


def _of_period(cycle: Cycle, last: date, calendar: Calendar) -> Due:
    """The day within the period after that of ``last``, or so long after the end of the one ``last`` lies in."""
    every, grace = cycle.every, cycle.grace
    following = _next_period(last, every.unit)
    if grace is not None:
        end = following - timedelta(days=1)
        if grace.unit == "working_days":
            return add_working_days(end, grace.n, calendar)
        return Due(_after(end, grace.n, grace.unit), provisional=False)
    if not every.month and not every.day:
        return Due(_next_period(following, every.unit) - timedelta(days=1), provisional=False)
    first = _plus_months(following, max(every.month, 1) - 1)
    return Due(_on(first.year, first.month, every.day or 31), provisional=False)


def _next_period(day: date, unit: Unit) -> date:
    """The first day of the calendar period after the one that ``day`` lies in."""
    if unit == "weeks":
        return day + timedelta(days=_WEEK - day.weekday())
    length = _MONTHS[unit]
    return _plus_months(date(day.year, (day.month - 1) // length * length + 1, 1), length)


def _after(day: date, n: int, unit: Unit) -> date:
    if unit in _MONTHS:
        return _plus_months(day, _MONTHS[unit] * n)
    if unit not in _DAYS:
        raise ValueError(f"no cycle is counted in {unit or 'nothing'}")
    return day + timedelta(days=_DAYS[unit] * n)


def _plus_months(day: date, months: int) -> date:
    """Months later; the month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, _YEAR)
    return _on(day.year + years, month + 1, day.day)


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
