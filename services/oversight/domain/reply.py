"""When a request for disclosure was due, and how far over that day it went.

《政府信息公开条例》第三十三条: a reply within 20 working days from receipt. The number comes from catalog's rule row in force
on the day of receipt, and the due day from the kernel's clock, the one that the clerk and the applicant are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gongkai.contracts.requests import ClockEntry
from gongkai.legaltime import Calendar, Entry, reply_clock, working_days_between
from services.oversight.domain.lag import Law


@dataclass(frozen=True, slots=True)
class Reply:
    """A request's clock as the board counts it."""

    received_on: date | None = None
    decided_on: date | None = None
    due_on: date | None = None
    """None while receipt is not confirmed, or where no rule was in force."""
    provisional: bool = False
    over: int | None = None
    """By how many working days a decision came after the due day, 0 where on time; None without a decision."""


def timed(entries: Sequence[ClockEntry], law: Law) -> Reply:
    """Read a request's clock off its entries."""
    days = {entry.what: entry.on for entry in entries}
    received, decided = days.get("received"), days.get("decided")
    if received is None:
        return Reply(received, decided)
    clock = [Entry(entry.what, entry.on) for entry in entries]
    due = reply_clock(clock, law.rules, law.calendar, received, explained=False).due
    if due is None:
        return Reply(received, decided)
    if decided is None:
        return Reply(received, None, due.day, due.provisional)
    over = working_days_over(due.day, decided, law.calendar)
    return Reply(received, decided, due.day, due.provisional, over)


def working_days_over(due: date, day: date, calendar: Calendar) -> int:
    """Count the working days by which ``day`` lies after the due day; a weekend after it is one already."""
    return max(working_days_between(due, day, calendar).days, 1) if day > due else 0
