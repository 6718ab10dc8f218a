"""Duties as they stand on a day: rows of the views, judged by the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.legaltime import Calendar
from services.oversight.domain.coverage import Duty, Standing, standing
from services.oversight.views import coverage
from services.oversight.views.coverage import Found, Organ


@dataclass(frozen=True, slots=True)
class Stands:
    """A duty on a day, with what it is called."""

    row: Found
    organ: Organ
    duty: Duty
    found: Standing

    def is_in(self, state: str) -> bool:
        """Tell whether a list narrowed to ``state`` has it."""
        match state:
            case "":
                return True
            case "covered":
                return self.duty.records > 0
            case "missing":
                return self.duty.records == 0
            case "late":
                return self.duty.late > 0
            case _:
                return self.found.state == state


async def standings(
    conn: AsyncConnection,
    organs: Sequence[Organ],
    calendar: Calendar,
    today: date,
    *,
    only_cycles: bool = False,
) -> list[Stands]:
    """Judge the duties of organs, in the order of the catalogue.

    Args:
        conn: the connection.
        organs: whose duties, each with the edition that holds for it.
        calendar: the working days.
        today: the legal day they are judged on.
        only_cycles: those that come due, alone.
    """
    rows = await coverage.list_duties(conn, organs, only_cycles=only_cycles)
    return judge(organs, rows, calendar, today)


def judge(organs: Sequence[Organ], rows: Sequence[Found], calendar: Calendar, today: date) -> list[Stands]:
    """Judge listed rows, each of one of the organs."""
    by_code = {organ.code: organ for organ in organs}
    stand = []
    for row in rows:
        organ = by_code[row.organ]
        assert organ.edition is not None, "a duty comes from an edition"
        duty = coverage.duty_of(row, organ.edition)
        stand.append(Stands(row, organ, duty, standing(duty, today, calendar)))
    return stand
