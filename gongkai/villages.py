"""The cycles of 村务公开 (村委会组织法 Art. 30) as days: quarterly, monthly, at once; with a fixed day where a list names one.

The law says at least every quarter (monthly where money moves much) and at once for what is important; a day within the
quarter or month is the village's own. No clock of the 《政府信息公开条例》 runs here, and working days do not count.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

CYCLES: Final = {"quarterly": "每季度", "monthly": "每月", "at_once": "随时（事毕即公布）"}
ARTICLE: Final = "《中华人民共和国村民委员会组织法》第三十条"
_QUARTER: Final = 3
_NUMERALS: Final = "一二三四"
_MONTHS: Final = ("首月", "第二个月", "末月")
_LAST_DAY: Final = 31
_QUARTER_NAME: Final = re.compile(r"(20\d{2})-Q([1-4])")


@dataclass(frozen=True, slots=True)
class Period:
    """A quarter or a month."""

    first: date
    last: date

    @property
    def quarterly(self) -> bool:
        """Whether it is a quarter."""
        return self.first.month != self.last.month

    @property
    def code(self) -> str:
        """2026-Q4 or 2026-11."""
        if self.quarterly:
            return f"{self.first.year}-Q{(self.first.month - 1) // _QUARTER + 1}"
        return f"{self.first.year}-{self.first.month:02d}"

    @property
    def name(self) -> str:
        """2026年第四季度, 2026年11月."""
        if self.quarterly:
            return f"{self.first.year}年第{_NUMERALS[(self.first.month - 1) // _QUARTER]}季度"
        return f"{self.first.year}年{self.first.month}月"

    def holds(self, day: date) -> bool:
        """Tell whether a day lies in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often an item is disclosed, and by which day."""

    cycle: str
    month: int = 0
    """Of the quarter, 1 to 3; 0: no fixed day."""
    day: int = 0
    """31: the month's last."""


@dataclass(frozen=True, slots=True)
class NextDue:
    """When an item is to be disclosed next."""

    period: Period
    on: date
    """The fixed day, or the period's last."""
    over: bool
    """The day has passed and nothing was disclosed in the period."""


def period_of(cycle: str, day: date) -> Period:
    """Give the quarter or month a day lies in."""
    length = _QUARTER if cycle == "quarterly" else 1
    month = (day.month - 1) // length * length + 1
    return _period(day.year, month, length)


def quarter_named(code: str) -> Period | None:
    """Read 2026-Q4; None for what names no quarter."""
    found = _QUARTER_NAME.fullmatch(code)
    return _period(int(found[1]), (int(found[2]) - 1) * _QUARTER + 1, _QUARTER) if found else None


def before(period: Period) -> Period:
    """Give the period before."""
    return period_of("quarterly" if period.quarterly else "monthly", period.first - timedelta(days=1))


def after(period: Period) -> Period:
    """Give the period after."""
    return period_of("quarterly" if period.quarterly else "monthly", period.last + timedelta(days=1))


def due_day(rhythm: Rhythm, period: Period) -> date:
    """Give the day of a period by which an item is disclosed."""
    if not rhythm.day:
        return period.last
    month = period.first.month + (max(rhythm.month, 1) - 1 if period.quarterly else 0)
    last = calendar.monthrange(period.first.year, month)[1]
    return date(period.first.year, month, min(rhythm.day, last))


def next_due(rhythm: Rhythm, today: date, last: date | None, since: date | None = None) -> NextDue | None:
    """Give when an item is due next; None for what is disclosed at once, as it happens.

    Args:
        rhythm: the item's.
        today: the legal day.
        last: when it was disclosed last; None: never here.
        since: when the list came into force: it asks for nothing on days before.
    """
    if rhythm.cycle not in ("quarterly", "monthly"):
        return None
    period = period_of(rhythm.cycle, today)
    if last is not None and last >= period.first:
        period = after(period)
    on = due_day(rhythm, period)
    if since is not None and on < since:
        on = due_day(rhythm, period := after(period))
    return NextDue(period, on, over=on < today)


def in_words(rhythm: Rhythm) -> str:
    """Say a rhythm: 每季度首月20日前, 每月10日前, 每季度."""
    said = CYCLES.get(rhythm.cycle, rhythm.cycle)
    if not rhythm.day or rhythm.cycle == "at_once":
        return said
    month = _MONTHS[max(rhythm.month, 1) - 1] if rhythm.cycle == "quarterly" else ""
    return f"{said}{month}" + (
        "月底前"
        if rhythm.day == _LAST_DAY and not month
        else "最后一天前"
        if rhythm.day == _LAST_DAY
        else f"{rhythm.day}日前"
    )


def is_village(division: str) -> bool:
    """Tell whether a division is a village or community: the last three digits of its code are its own."""
    return len(division) == 12 and division.isdecimal() and not division.endswith("000")  # noqa: PLR2004 - 12 digits


def fixed_day(cycle: str, month: int, day: int) -> bool:
    """Tell whether a fixed day fits a cycle: none, or one that every such month has or that means its last."""
    if cycle == "quarterly":
        return (month == 0 and day == 0) or (1 <= month <= _QUARTER and _fits(day))
    if cycle == "monthly":
        return month == 0 and (day == 0 or _fits(day))
    return month == 0 and day == 0


_EVERY_MONTH_HAS: Final = 28


def _fits(day: int) -> bool:
    return 1 <= day <= _EVERY_MONTH_HAS or day == _LAST_DAY


def _period(year: int, month: int, length: int) -> Period:
    last = month + length - 1
    return Period(date(year, month, 1), date(year, last, calendar.monthrange(year, last)[1]))
