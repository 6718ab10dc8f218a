"""Calendars: the days a year's notice of the State Council moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any

_FIRST_YEAR, _LAST_YEAR, _DECEMBER = 1950, 2200, 12


class MovedDay(BaseModel):
    """A day that does not follow the week, or is named by the notice though it does."""

    model_config = ConfigDict(frozen=True)

    day: date
    working: bool
    name: str


class CalendarAnnounced(DomainEvent):
    """The days of a year as announced; replaces what was announced for the year before."""

    NAME: ClassVar[str] = "calendar.announced"

    year: int
    days: tuple[MovedDay, ...]
    source: str
    complete: bool


@dataclass(frozen=True, slots=True)
class AnnounceCalendar:
    """Take over a year's notice."""

    year: int
    days: tuple[MovedDay, ...]
    """Days of the year itself; a notice may also set days of the December before."""
    source: str
    """The notice: number, or where it was published."""
    complete: bool
    """False: dates of the year stay provisional."""


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """What is known of a year."""

    days: tuple[MovedDay, ...]
    source: str
    complete: bool


def decide(state: CalendarYear | None, command: AnnounceCalendar) -> list[CalendarAnnounced]:
    """Announce the year; announcing what is known already changes nothing."""
    refuse_if_any(_reasons(command))
    days = tuple(sorted(command.days, key=lambda moved: moved.day))
    if state == CalendarYear(days, command.source, command.complete):
        return []
    return [CalendarAnnounced(year=command.year, days=days, source=command.source, complete=command.complete)]


def evolve(_state: CalendarYear | None, event: CalendarAnnounced) -> CalendarYear | None:
    """Apply one event."""
    return CalendarYear(event.days, event.source, event.complete)


def _reasons(command: AnnounceCalendar) -> Iterator[Reason]:
    if not _FIRST_YEAR <= command.year <= _LAST_YEAR:
        yield Reason("calendar.year", f"年份 {command.year} 不合理。", "year")
    if blank(command.source):
        yield Reason("calendar.source.missing", "请写明放假安排的来源（通知文号或出处）。", "source")
    if command.complete and not command.days:
        yield Reason("calendar.empty", "标为“已公布”的年份至少应有一个放假或调休日。", "days")
    for day, times in Counter(moved.day for moved in command.days).items():
        if times > 1:
            yield Reason("calendar.day.repeated", f"{day} 出现了 {times} 次。", "days")
    for moved in command.days:
        if not _belongs(moved.day, command.year):
            yield Reason("calendar.day.outside", f"{moved.day} 不属于 {command.year} 年的安排。", "days")


def _belongs(day: date, year: int) -> bool:
    return day.year == year or (day.year == year - 1 and day.month == _DECEMBER)
