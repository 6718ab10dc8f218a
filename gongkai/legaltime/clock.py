"""The reply clock of a request for disclosure: when an answer is due, and why, step by step with the article.

Pure arithmetic over the legal days of a request's events, catalog's rule rows and the announced calendar; nothing of
it is stored. 《政府信息公开条例》 Art. 31 says which day the request was received, Art. 33 how long the answer may take;
the row in force on the day of receipt decides, and each citation is the row's own. The day of receipt is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from gongkai.legaltime.calendar import Calendar, Due, add_working_days, working_days_between
from gongkai.legaltime.wording import days_from, is_weekend, long_day, short_day, spans, weekday

REPLY_RULE: Final = "request-reply"
"""Code of the rule row with the limit in working days."""
RECEIPT_RULE: Final = "request-receipt"
"""Code of the rule row that says which day counts as received; only its citation is read."""

ClockState = Literal["awaiting_receipt", "running", "overdue", "met", "met_late"]
DayState = Literal["before", "event", "counted", "today", "to_come", "rest", "due", "after"]

_WORKING_DAYS: Final = "working_days"
_EVENTS: Final = {"submitted": "网上提交", "received": "确认收到", "decided": "作出决定"}
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A legal day on which something happened; corrections are applied already."""

    what: str
    """``submitted``, ``received`` or ``decided``; others are ignored."""
    on: date


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of law for a time."""

    code: str
    value: int
    unit: str
    effective_from: date
    effective_to: date | None
    citation: str

    def in_force(self, day: date) -> bool:
        """Tell whether the row holds for what happened on ``day``."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the explanation: what happened, what it did to the due date, and by which article."""

    on: date | None
    """None for a standing sentence."""
    event_zh: str
    effect_zh: str
    due_on: date | None
    """After this step; None while there is none."""
    article: str
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A cell of the calendar."""

    day: date
    state: DayState
    number: int = 0
    """Of the working day within the limit; 0 where it is not counted."""
    note_zh: str = ""


@dataclass(frozen=True, slots=True)
class ReplyClock:
    """How a request stands to its limit on a day."""

    state: ClockState
    due: Due | None
    day: int
    """Working days counted up to today, or to the decision."""
    left: int
    """Working days from there to the due day; negative once they are exceeded."""
    limit: int
    """In working days; 0 where no rule row was in force."""
    steps: tuple[Step, ...] = ()
    days: tuple[Day, ...] = ()
    """Whole weeks from the first event to the due day."""
    sentence_zh: str = ""
    """For letters."""


def rule_on(code: str, day: date, rules: Sequence[RuleRow]) -> RuleRow | None:
    """Give the row of a rule that was in force on a day, the latest where rows overlap; None where there is none."""
    rows = [row for row in rules if row.code == code and row.in_force(day)]
    return max(rows, key=lambda row: row.effective_from, default=None)


def reply_clock(
    entries: Sequence[Entry],
    rules: Sequence[RuleRow],
    calendar: Calendar,
    today: date,
    *,
    explained: bool = True,
) -> ReplyClock:
    """Read the clock of one request on the legal day ``today``.

    ``explained`` False leaves out steps, days and sentence, for lists and counts.

    Without a row of `REPLY_RULE` in working days for the day of receipt there is no due date, and a step says so.
    """
    on = {entry.what: entry.on for entry in entries}
    submitted, received, decided = on.get("submitted"), on.get("received"), on.get("decided")
    if received is None:
        since = submitted or today
        row = rule_on(RECEIPT_RULE, since, rules)
        return ReplyClock("awaiting_receipt", None, 0, 0, 0, steps=(_submission(since, row),))
    limit = rule_on(REPLY_RULE, received, rules)
    if limit is None or limit.unit != _WORKING_DAYS:
        return ReplyClock("running" if decided is None else "met", None, 0, 0, 0, steps=(_no_rule(received),))
    run = _Run(submitted, received, decided, limit, rule_on(RECEIPT_RULE, received, rules), calendar, today)
    return ReplyClock(
        run.state,
        run.due,
        working_days_between(received, run.until, calendar).days,
        working_days_between(run.until, run.due.day, calendar).days,
        limit.value,
        tuple(run.steps()) if explained else (),
        tuple(run.days()) if explained else (),
        run.sentence() if explained else "",
    )


class _Run:
    """A clock that runs, or ran until the decision."""

    def __init__(
        self,
        submitted: date | None,
        received: date,
        decided: date | None,
        limit: RuleRow,
        receipt: RuleRow | None,
        calendar: Calendar,
        today: date,
    ) -> None:
        self._submitted = submitted
        self._received = received
        self._decided = decided
        self._limit = limit
        self._receipt = receipt
        self._calendar = calendar
        self._today = today
        self.due = add_working_days(received, limit.value, calendar)
        self.until = max(received, decided or today)

    @property
    def state(self) -> ClockState:
        if self._decided is not None:
            return "met" if self._decided <= self.due.day else "met_late"
        return "running" if self._today <= self.due.day else "overdue"

    # -- the explanation ---------------------------------------------------------------------------------------

    def steps(self) -> Iterator[Step]:
        if self._submitted is not None:
            yield _submission(self._submitted, self._receipt)
        first = add_working_days(self._received, 1, self._calendar).day
        effect = f"收到当日不计，从第二天起算，{short_day(first)}是第 1 个工作日"
        yield Step(self._received, "双方确认收到", effect, self.due.day, _cited(self._receipt))
        effect = f"到{long_day(self.due.day)}（{weekday(self.due.day)}）届满"
        event = f"答复期限 {self._limit.value} 个工作日"
        yield Step(None, event, effect, self.due.day, self._limit.citation, self.due.provisional)
        yield from self._rests()
        if self._decided is not None:
            yield Step(self._decided, "作出决定", self._outcome(), self.due.day, self._limit.citation)
        elif self.state == "overdue":
            over = working_days_between(self.due.day, self._today, self._calendar).days
            effect = f"已超过期限{f' {over} 个工作日' if over else ''}，还没有作出决定"
            yield Step(self._today, "期限届满", effect, self.due.day, self._limit.citation)

    def _rests(self) -> Iterator[Step]:
        known = [year for year in self._years() if year in self._calendar.announced]
        if known:
            article = f"国务院办公厅{'、'.join(map(str, known))}年节假日安排"
            effect = self._moved()
            yield Step(None, "周六、周日和法定节假日不计", effect, self.due.day, article)
        for year in self._years():
            if year not in self._calendar.announced:
                effect = "暂按周一至周五为工作日推算，公布后自动重新推算"
                yield Step(None, f"{year}年放假安排尚未公布", effect, self.due.day, "", provisional=True)

    def _years(self) -> list[int]:
        return list(range((self._received + _ONE_DAY).year, self.due.day.year + 1))

    def _moved(self) -> str:
        counted = list(days_from(self._received + _ONE_DAY, self.due.day))
        off = spans([day for day in counted if self._calendar.days.get(day) is False])
        made_up = spans([day for day in counted if is_weekend(day) and self._calendar.works(day)])
        parts = [f"{off}放假" if off else "", f"{made_up}调休上班" if made_up else ""]
        told = "，".join(part for part in parts if part)
        return f"期间{told}" if told else "期间没有放假或调休"

    def _outcome(self) -> str:
        number = working_days_between(self._received, self.until, self._calendar).days
        if self.state == "met":
            return f"第 {number} 个工作日，没有超过期限" if number > 0 else "当日答复，没有超过期限"
        over = number - self._limit.value
        return f"超过期限 {over} 个工作日" if over else "在期限届满后的休息日作出，超过期限"

    def sentence(self) -> str:
        told = f"本机关于{long_day(self._received)}收到您的申请，"
        if self._decided is not None:
            return f"{told}于{long_day(self._decided)}作出答复。"
        told += f"答复期限为{self._limit.value}个工作日，答复期限届满日为{long_day(self.due.day)}"
        if not self.due.provisional:
            return f"{told}。"
        missing = "、".join(str(year) for year in self._years() if year not in self._calendar.announced)
        return f"{told}（{missing}年放假安排尚未公布，此日期为暂定）。"

    # -- the calendar ------------------------------------------------------------------------------------------

    def days(self) -> Iterator[Day]:
        begin = min(self._submitted or self._received, self._received)
        monday = begin - timedelta(days=begin.weekday())
        sunday = self.due.day + timedelta(days=6 - self.due.day.weekday())
        number = 0
        for day in days_from(monday, sunday):
            counts = self._received < day <= self.due.day and self._calendar.works(day)
            number += counts
            yield Day(day, self._day_state(day, counts=counts), number if counts else 0, self._note(day))

    def _day_state(self, day: date, *, counts: bool) -> DayState:
        if day == self.due.day:
            return "due"
        if day == self._today and self._decided is None:
            return "today"
        if counts and day <= self.until:
            return "counted"
        if counts and self._decided is None:
            return "to_come"
        if day in {self._submitted, self._received, self._decided}:
            return "event"
        return "rest" if not self._calendar.works(day) else "before" if day <= self._received else "after"

    def _note(self, day: date) -> str:
        on = {"submitted": self._submitted, "received": self._received, "decided": self._decided}
        notes = [_EVENTS[what] for what, when in on.items() if when == day]
        if day == self._today and self._decided is None:
            notes.append("今天")
        if day == self.due.day:
            notes.append("答复期限")
        if self._calendar.works(day):
            notes += ["调休上班"] if is_weekend(day) else []
        else:
            notes.append("放假" if self._calendar.days.get(day) is False else "休")
        return "，".join(notes)


def _submission(on: date, receipt: RuleRow | None) -> Step:
    effect = "双方确认收到之日为收到之日，确认以前期限不起算"
    return Step(on, "网上提交申请", effect, None, _cited(receipt))


def _no_rule(received: date) -> Step:
    return Step(received, "双方确认收到", "系统中没有当日有效的答复期限规定，暂不能推算期限", None, "")


def _cited(row: RuleRow | None) -> str:
    return row.citation if row is not None else ""
