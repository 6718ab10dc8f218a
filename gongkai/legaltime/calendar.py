"""Which days are worked, how many lie between two dates, and when n of them have passed.

A legal day is a date in Asia/Shanghai. A weekday is worked and a weekend is not, unless the State
Council's notice for the year says otherwise (a holiday, or a weekend worked to make up for one). A year
whose notice is not known is counted by weekdays alone and its results are marked provisional, to be
computed again when it is announced.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

_WORKDAYS_A_WEEK = 5
_DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Known:
    """An answer that rests on announced years only."""

    working: bool


@dataclass(frozen=True, slots=True)
class Provisional:
    """An answer by weekdays, for a year whose notice is not known."""

    working: bool


@dataclass(frozen=True, slots=True)
class Due:
    """The day on which a number of working days has passed."""

    day: date
    provisional: bool
    """True where any day counted on the way belongs to a year not announced."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of working days."""

    days: int
    """Negative where the end lies before the start."""
    provisional: bool
    """True where any day counted belongs to a year not announced."""


class Calendar:
    """The days that notices moved, and the years whose notice is known.

    ``days`` maps a date to whether it is worked; dates it does not name follow the week. ``announced`` are
    the years whose notice is complete. A notice may set late-December days of the year before its own.
    """

    __slots__ = ("_moved", "_shifts", "announced", "days")

    def __init__(self, days: Mapping[date, bool], announced: Iterable[int]) -> None:
        self.days = dict(days)
        self.announced = frozenset(announced)
        moved = sorted(day for day, working in self.days.items() if working != _is_weekday(day))
        self._moved = [day.toordinal() for day in moved]
        # _shifts[i]: by how much the first i moved days change the plain count of weekdays.
        self._shifts = list(accumulate((1 if self.days[day] else -1 for day in moved), initial=0))

    def is_working(self, day: date) -> Known | Provisional:
        """Tell whether ``day`` is worked, and whether that is certain."""
        working = self.works(day)
        return Known(working) if day.year in self.announced else Provisional(working)

    def announced_through(self) -> date | None:
        """Give the last day of the newest announced year; None where no year is announced."""
        return date(max(self.announced), 12, 31) if self.announced else None

    def works(self, day: date) -> bool:
        """Tell whether ``day`` is worked as far as is known."""
        return self.days.get(day, _is_weekday(day))

    def elapsed(self, day: date) -> int:
        """Count working days from the calendar's first day (0001-01-01) to ``day``, both included."""
        weeks, rest = divmod(day.toordinal(), _DAYS_A_WEEK)  # ordinal 1 is a Monday
        weekdays = weeks * _WORKDAYS_A_WEEK + min(rest, _WORKDAYS_A_WEEK)
        return weekdays + self._shifts[bisect_right(self._moved, day.toordinal())]

    def uncertain(self, after: date, until: date) -> bool:
        """Tell whether any day of (after, until] belongs to a year not announced."""
        if until <= after:
            return False
        first = after + timedelta(days=1)
        return any(year not in self.announced for year in range(first.year, until.year + 1))


def add_working_days(start: date, n: int, cal: Calendar) -> Due:
    """Give the ``n``-th working day after ``start``; the start day itself is not counted.

    ``n`` is a number of working days, at least 0 (0 gives the start day); a negative one raises ValueError.
    Counting from the next day: 国办公开办函〔2015〕207号.
    """
    if n < 0:
        raise ValueError(f"cannot add {n} working days")
    day, left = start, n
    while left:
        day += timedelta(days=1)
        left -= cal.works(day)
    return Due(day, cal.uncertain(start, day))


def working_days_between(start: date, end: date, cal: Calendar) -> Count:
    """Count the working days after ``start`` up to and including ``end``; negative where ``end`` is earlier.

    The inverse of `add_working_days`: adding the count to ``start`` reaches the last working day not after
    ``end``. Takes time logarithmic in the number of moved days, whatever the distance.
    """
    days = cal.elapsed(end) - cal.elapsed(start)
    return Count(days, cal.uncertain(min(start, end), max(start, end)))


def _is_weekday(day: date) -> bool:
    return day.weekday() < _WORKDAYS_A_WEEK
