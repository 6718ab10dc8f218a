"""How an organ keeps a duty: one matter of the catalogue in force that its 公开主体 says the organ must disclose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from gongkai.legaltime import Calendar, Due, RuleRow, working_days_between
from gongkai.legaltime.wording import long_day
from services.oversight.domain.cycles import Cycle, earliest
from services.oversight.domain.reply import working_days_over

SOON_DAYS: Final = 5
"""Working days before a due day from which on it is said to come."""


class State(StrEnum):
    """How a duty stands on a day."""

    NEVER = "never"
    """Nothing was published under the matter."""
    IN_TIME = "in_time"
    """It is due again, and not soon."""
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    ANY_TIME = "any_time"
    """Something was published, and no clock says when the next is due."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What is known of a duty."""

    catalogue_title: str
    edition: int
    time_limit: str
    """The words of 公开时限."""
    cycles: tuple[Cycle, ...]
    since: date
    """The day on which the edition came into force that has the matter as it stands: from it on a cycle runs of which
    nothing was published."""
    records: int = 0
    late: int = 0
    """Records published later than Art. 26 allows."""
    last: date | None = None
    """The day of the newest publication."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a duty stands on a day."""

    state: State
    due: Due | None = None
    cycle: Cycle | None = None
    left: int = 0
    """Working days from today to the due day; negative once it is over."""


def standing(duty: Duty, today: date, calendar: Calendar) -> Standing:
    """Say how a duty stands. Where several clocks run, the one that falls due first counts."""
    found = earliest(duty.cycles, duty.last or duty.since, calendar)
    if found is None:
        return Standing(State.ANY_TIME if duty.records else State.NEVER)
    cycle, due = found
    if today > due.day:
        return Standing(State.OVERDUE, due, cycle, -working_days_over(due.day, today, calendar))
    left = working_days_between(today, due.day, calendar).days
    if left <= SOON_DAYS:
        return Standing(State.DUE_SOON, due, cycle, left)
    return Standing(State.IN_TIME if duty.records else State.NEVER, due, cycle, left)


def explained(duty: Duty, found: Standing, limit: RuleRow | None) -> str:
    """Say it in sentences: what there is, when the next is due and why, what came late and by which article."""
    return "".join([_published(duty), _next(duty, found), _lateness(duty, limit)])


def cited(duty: Duty) -> str:
    """Name the edition and its words: what the answer rests on."""
    words = f"，公开时限“{duty.time_limit}”" if duty.time_limit else ""
    return f"《{duty.catalogue_title.strip('《》')}》第 {duty.edition} 版{words}"


def _published(duty: Duty) -> str:
    if duty.last is None:
        return "还没有按这个事项公开过信息。"
    return f"已公开 {duty.records} 条，最近一条公开于{long_day(duty.last)}。"


def _next(duty: Duty, found: Standing) -> str:
    if found.due is None or found.cycle is None:
        if not duty.time_limit:
            return "目录没有写公开时限。"
        return "目录没有规定周期，形成新的信息以后才需要再公开。" if duty.records else ""
    limits = [found.cycle.every, *([found.cycle.grace] if found.cycle.grace else [])]
    words = "、".join(dict.fromkeys(one.text for one in limits if one.text)) or duty.time_limit
    scope = f"（仅指{found.cycle.every.scope}）" if found.cycle.every.scope else ""
    began = "" if duty.last else f"自本版目录有此事项之日（{long_day(duty.since)}）起算，"
    by = f"{began}目录要求“{words}”{scope}，应当在{long_day(found.due.day)}以前公开"
    if found.state is State.OVERDUE:
        return f"{by}，已经超过 {-found.left} 个工作日。"
    when = f"还有 {found.left} 个工作日" if found.left else "今天是最后一天"
    unsure = "（当年放假安排尚未公布，日期暂定）" if found.due.provisional else ""
    return f"{by}，{when}{unsure}。"


def _lateness(duty: Duty, limit: RuleRow | None) -> str:
    if not duty.late or limit is None:
        return ""
    return f"其中 {duty.late} 条自形成之日起超过 {limit.value} 个工作日才公开（{limit.citation}）。"
