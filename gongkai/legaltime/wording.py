"""Days in Chinese words, as explanations and letters have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

_WEEKDAYS: Final = "一二三四五六日"
_SATURDAY: Final = 5
_ONE_DAY: Final = timedelta(days=1)


def days_from(first: date, last: date) -> Iterator[date]:
    """Give every day from the first to the last, both included."""
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def spans(days: Sequence[date]) -> str:
    """Name days, neighbours as a span: 10月1日至10月7日、10月10日."""
    runs: list[list[date]] = []
    for day in days:
        if runs and runs[-1][-1] + _ONE_DAY == day:
            runs[-1].append(day)
        else:
            runs.append([day])
    return "、".join(
        short_day(run[0]) if len(run) == 1 else f"{short_day(run[0])}至{short_day(run[-1])}" for run in runs
    )


def is_weekend(day: date) -> bool:
    """Tell whether a day is a Saturday or Sunday."""
    return day.weekday() >= _SATURDAY


def short_day(day: date) -> str:
    """10月7日."""
    return f"{day.month}月{day.day}日"


def long_day(day: date) -> str:
    """2026年10月7日."""
    return f"{day.year}年{day.month}月{day.day}日"


def weekday(day: date) -> str:
    """星期三."""
    return f"星期{_WEEKDAYS[day.weekday()]}"
