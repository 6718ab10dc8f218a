"""Questions about who is meant by which words, and which edition holds for whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, cast, false, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.divisions import level_of
from services.catalog.domain.subjects import Assignment
from services.catalog.views.standing import successions
from services.catalog.views.subject_tables import subject_assignment
from services.catalog.views.tables import catalogue, matter_row, organ
from services.catalog.views.tables import division as divisions_table

_FIRST: Final = 1


async def assignments(
    conn: AsyncConnection, division: str, phrases: Collection[str] | None = None
) -> dict[str, tuple[Assignment, int]]:
    """Give what each phrase means in a division, or some phrases, with its version."""
    asked = select(subject_assignment).where(subject_assignment.c.division == division)
    if phrases is not None:
        asked = asked.where(subject_assignment.c.subject.in_(phrases))
    return {
        row.subject: (Assignment(tuple(row.organs), row.by_hand), row.version)
        for row in await conn.execute(asked)
    }


async def organs_meant(
    conn: AsyncConnection, division: str, phrases: Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Give the organs of a division that each phrase, or some, means: what a row's ``organs`` are told by."""
    held = await assignments(conn, division, phrases)
    return {subject: one.organs for subject, (one, _) in held.items()}


async def subjects_of(conn: AsyncConnection, division: str, organ_code: str) -> tuple[str, ...]:
    """Give the phrases that mean an organ in the division where it is today."""
    asked = select(subject_assignment.c.subject).where(
        subject_assignment.c.division == division, subject_assignment.c.organs.contains([organ_code])
    )
    return tuple((await conn.execute(asked.order_by(subject_assignment.c.subject))).scalars())


def at_level(division: str) -> ColumnElement[bool]:
    """Tell which rows are disclosed at the level of a division; a row that names no level is at all."""
    levels = matter_row.c.reading["levels"]
    none = func.jsonb_array_length(func.coalesce(levels, cast([], JSONB))) == 0
    return or_(none, levels.op("?")(level_of(division)))


async def concerning(conn: AsyncConnection, organ_code: str, day: date) -> ColumnElement[bool]:
    """Tell which rows an organ must disclose on a day; none for an organ nobody knows."""
    asked = select(organ.c.division).where(organ.c.code == organ_code)
    registered = (await conn.execute(asked)).scalar_one_or_none()
    if registered is None:
        return false()
    division = (await line_of(conn, registered, day))[0]
    words = list(await subjects_of(conn, division, organ_code))
    return and_(matter_row.c.subject == func.any(words), at_level(division))


async def line_of(conn: AsyncConnection, division: str, day: date) -> tuple[str, ...]:
    """Give what a division is on a day and those above it: what ended is replaced by what followed it.

    An organ that moved along when its division ended stays registered there, and is the successor's by this.
    """
    return (await successions(conn, divisions_table)).upwards(division, day)


async def nearest_catalogue(conn: AsyncConnection, division: str, day: date) -> Row[Any] | None:
    """Give the catalogue in force for a division on a day: its own, or the nearest above that has published."""
    return await nearest_in(conn, await line_of(conn, division, day))


async def nearest_in(conn: AsyncConnection, line: Sequence[str]) -> Row[Any] | None:
    """Give the first catalogue of a line, from the nearest division upwards, that has published."""
    asked = select(catalogue).where(catalogue.c.id.in_(line), catalogue.c.published >= _FIRST)
    found = {row.id: row for row in await conn.execute(asked)}
    return next((found[code] for code in line if code in found), None)


async def phrases_in_force(conn: AsyncConnection, identity: str) -> dict[str, int]:
    """Give the phrases of a catalogue's edition in force, with how many matters have each."""
    asked = (
        select(matter_row.c.subject, func.count())
        .where(
            matter_row.c.catalogue == identity,
            matter_row.c.until_edition.is_(None),
            matter_row.c.state == "in",
            matter_row.c.subject != "",
        )
        .group_by(matter_row.c.subject)
    )
    return {row[0]: row[1] for row in await conn.execute(asked.order_by(matter_row.c.subject))}


async def divisions_assigned(conn: AsyncConnection) -> set[str]:
    """Give the divisions where some words mean somebody, or did."""
    return set((await conn.execute(select(subject_assignment.c.division).distinct())).scalars())


async def organs_of(
    conn: AsyncConnection, day: date, divisions: Collection[str] = ()
) -> Mapping[str, list[str]]:
    """Give the organs of each division, or of some, that are there on a legal day, by code.

    Those that moved along when their division ended are its successor's; the ended division has none.
    """
    ended = await successions(conn, divisions_table)
    there = organ.c.ended_on.is_(None) | (organ.c.ended_on > day)
    asked: Select[Any] = select(organ.c.division, organ.c.code).where(there).order_by(organ.c.code)
    if divisions:
        registered = {*divisions}.union(*(ended.followed_by(one, day) for one in divisions))
        asked = asked.where(organ.c.division.in_(registered))
    found: dict[str, list[str]] = {}
    for row in await conn.execute(asked):
        found.setdefault(ended.heir(row.division, day), []).append(row.code)
    return found


async def heirs_of(conn: AsyncConnection, day: date) -> dict[str, str]:
    """Give what stands today in the place of each organ that ended."""
    ended = await successions(conn, organ)
    return {code: ended.heir(code, day) for code in ended.ends if ended.ended(code, day)}


async def published_editions(conn: AsyncConnection) -> dict[str, int]:
    """Give each catalogue's newest published edition."""
    asked = select(catalogue.c.id, catalogue.c.published).where(catalogue.c.published >= _FIRST)
    return {row.id: row.published for row in await conn.execute(asked)}
