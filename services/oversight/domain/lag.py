"""How many working days lay between a record's forming and its publication, and whether that was too late.

《政府信息公开条例》第二十六条: information that must be disclosed is disclosed within 20 working days from the day it
was formed or changed. The number comes from catalog's rule row in force on the day the record was formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gongkai.legaltime import Calendar, RuleRow, rule_on, working_days_between
from gongkai.legaltime.clock import REPLY_RULE
from gongkai.villages import is_village

DISCLOSURE_RULE: Final = "proactive-disclosure"
"""Code of the rule row that holds Art. 26's number."""

_WORKING_DAYS: Final = "working_days"
_DOUBTFUL: Final = ("formed-on.", "published-on.")
"""Defects that say one of the two dates is missing or stands in for another."""


@dataclass(frozen=True, slots=True)
class Law:
    """What a lag is measured by."""

    calendar: Calendar
    rules: Sequence[RuleRow]
    """The rows of `DISCLOSURE_RULE` and `REPLY_RULE`."""

    def limit(self, day: date) -> RuleRow | None:
        """Give the row of publication in force on a day; None where there is none."""
        return self._in_force(DISCLOSURE_RULE, day)

    def reply_limit(self, day: date) -> RuleRow | None:
        """Give the row of replying in force on a day; None where there is none."""
        return self._in_force(REPLY_RULE, day)

    def _in_force(self, code: str, day: date) -> RuleRow | None:
        return rule_on(code, day, [row for row in self.rules if row.unit == _WORKING_DAYS])


@dataclass(frozen=True, slots=True)
class Dates:
    """What a record says about its own time."""

    formed_on: date | None
    published_on: date | None
    defects: Sequence[str] = ()
    division: str = ""
    """12 digits: whom the record is about."""


@dataclass(frozen=True, slots=True)
class Lag:
    """A measured record."""

    days: int
    """Working days after the forming day, up to and including the day of publication."""
    late: bool
    provisional: bool
    """True where a year it counts over is not announced; measured again when it is."""


def measure(dates: Dates, law: Law) -> Lag | None:
    """Measure a record; None where it cannot be, or where no rule was in force when it was formed.

    Not measured: a village's own disclosure (村委会组织法 Art. 30 has cycles of its own), a record without a forming day, one whose defects say that a date stands in for another, and one
    published before it was formed, since then one of its dates is wrong.
    """
    formed, published = dates.formed_on, dates.published_on
    if formed is None or published is None or published < formed or is_village(dates.division):
        return None
    if any(code.startswith(_DOUBTFUL) for code in dates.defects):
        return None
    limit = law.limit(formed)
    if limit is None:
        return None
    count = working_days_between(formed, published, law.calendar)
    return Lag(count.days, count.days > limit.value, count.provisional)
