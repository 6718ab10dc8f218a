"""Working days of the law: pure arithmetic over an announced calendar.

Nothing here knows a deadline: how many days a rule gives is data (catalog's rule rows), and so are the days
the State Council's notices move. A date of a year not announced yet is provisional, never an error.
"""

from gongkai.legaltime.calendar import (
    Calendar,
    Count,
    Due,
    Known,
    Provisional,
    add_working_days,
    working_days_between,
)
from gongkai.legaltime.clock import Day, Entry, ReplyClock, RuleRow, Step, reply_clock, rule_on

__all__ = [
    "Calendar",
    "Count",
    "Day",
    "Due",
    "Entry",
    "Known",
    "Provisional",
    "ReplyClock",
    "RuleRow",
    "Step",
    "add_working_days",
    "reply_clock",
    "rule_on",
    "working_days_between",
]
