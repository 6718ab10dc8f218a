"""How many duties an organ has and how they stand, for a whole city at once: the same numbers as its list, without reading it.

What is demanded today and what was ever disclosed meet as sets; only what comes due is looked at singly, and each day that
several duties share is derived once. Nothing is kept that depends on the day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.matters import TimeLimit
from gongkai.legaltime import Calendar
from services.oversight.domain.coverage import Duty, State, standing
from services.oversight.domain.cycles import cycles_of
from services.oversight.views import coverage
from services.oversight.views.coverage import Organ
from services.oversight.views.demanded import Demand, demands
from services.oversight.views.disclosed import Disclosed, disclosed_by


@dataclass(frozen=True, slots=True)
class Count:
    """The numbers of one organ on a day."""

    duties: int
    covered: int
    late: int
    """With a record that came late."""
    columns: int
    """Domains with duties."""
    empty: int
    """Domains with duties and without any record."""
    due_soon: int
    overdue: int


async def count(
    conn: AsyncConnection, organs: Sequence[Organ], calendar: Calendar, today: date
) -> dict[str, Count]:
    """Count the duties of organs, by organ code.

    Args:
        conn: the connection.
        organs: whose duties, each with the edition that holds for it and those whose records are its own.
        calendar: the working days.
        today: the legal day the duties are judged on.
    """
    wanted = await demands(conn, organs)
    held = await disclosed_by(conn, [carrier for organ in organs for carrier in organ.carriers])
    due = await _due(conn, organs, calendar, today)
    return {
        organ.code: _count(
            wanted[organ.code], [held[one] for one in organ.carriers if one in held], due[organ.code]
        )
        for organ in organs
    }


def _count(demand: Demand, held: Sequence[Disclosed], due: Mapping[State, int]) -> Count:
    covered = set[str]().union(*(demand.matters.intersection(one.matters) for one in held))
    late = set[str]().union(*(demand.matters.intersection(one.late) for one in held))
    return Count(
        duties=len(demand.matters),
        covered=len(covered),
        late=len(late),
        columns=len(demand.domains),
        empty=len(demand.domains.keys() - {domain for one in held for domain in one.domains}),
        due_soon=due.get(State.DUE_SOON, 0),
        overdue=due.get(State.OVERDUE, 0),
    )


async def _due(
    conn: AsyncConnection, organs: Sequence[Organ], calendar: Calendar, today: date
) -> dict[str, Counter[State]]:
    since = {organ.code: organ.edition.effective_on for organ in organs if organ.edition is not None}
    derived: dict[tuple[str, date], State] = {}
    found: dict[str, Counter[State]] = defaultdict(Counter)
    for row in await coverage.count_cycles(conn, organs):
        clocks = row.limits, row.base or since[row.organ]
        if clocks not in derived:
            limits = [TimeLimit.model_validate(limit) for limit in orjson.loads(row.limits)]
            duty = Duty("", 0, "", cycles_of(limits), clocks[1])
            derived[clocks] = standing(duty, today, calendar).state
        found[row.organ][derived[clocks]] += row.duties
    return found
