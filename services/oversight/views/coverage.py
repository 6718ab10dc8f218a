"""What organs must disclose beside what they disclosed; derived when asked, one query however many matters.

A duty is a matter of the catalogue in force for an organ's division (its own, else the nearest above) whose subject words
mean the organ. From a catalogue above, a township takes the rows whose 公开层级 names it; county and city take all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, Row, Text, TextClause, bindparam, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import FormerName
from gongkai.contracts.matters import TimeLimit
from gongkai.divisions import level_of, stem
from gongkai.successions import name_on
from services.oversight.domain.coverage import Duty
from services.oversight.domain.cycles import cycles_of
from services.oversight.views import tables
from services.oversight.views.ended import read_ended

Found = Row[Any]

_NAMED: Final = frozenset({"township", "village"})
"""Levels that take only rows which name them from a catalogue above."""
_GIVEN: Final = ("divisions", "catalogues", "reaches", "organs", "heirs", "carriers")
_DUTY: Final = (
    "WITH place AS (SELECT * FROM unnest(:divisions, :catalogues, :reaches) AS given (division, catalogue, reach)),"
    " duty AS (SELECT meant.organ, place.division, place.catalogue, stands.matter, stands.edition, stands.domain,"
    " stands.place, stands.title, stands.time_limit, stands.limits FROM place"
    " JOIN subject_meant AS words ON words.division = place.division"
    " JOIN matter AS stands ON stands.catalogue = place.catalogue AND stands.subject = words.subject AND stands.counted"
    " AND (place.reach = '' OR place.reach = ANY (stands.levels)) {narrowed}"
    " CROSS JOIN LATERAL unnest(words.organs) AS meant (organ) WHERE meant.organ = ANY (:organs)),"
    " carried AS (SELECT * FROM unnest(:heirs, :carriers) AS given (organ, carrier))"
)
_KEPT: Final = (
    ", kept AS (SELECT carried.organ, matter, count(*) AS records, count(*) FILTER (WHERE late) AS late,"
    " max(published_on) AS last FROM record JOIN carried ON carried.carrier = record.organ"
    " WHERE NOT withdrawn AND matter <> '' GROUP BY carried.organ, matter)"
)
_LISTED: Final = (
    " SELECT duty.organ, duty.division, duty.catalogue, duty.matter, duty.domain, duty.title, duty.time_limit,"
    " duty.limits, edition.effective_on AS since, coalesce(kept.records, 0) AS records,"
    " coalesce(kept.late, 0) AS late, kept.last"
    " FROM duty LEFT JOIN kept USING (organ, matter) LEFT JOIN edition ON edition.id = duty.edition"
    " ORDER BY duty.domain, duty.place, duty.matter, duty.organ"
)
_CYCLING: Final = (
    ", newest AS (SELECT duty.organ, duty.matter, CAST(duty.limits AS text) AS limits, edition.effective_on AS since,"
    " max(kept.last) AS last FROM duty JOIN carried ON carried.organ = duty.organ"
    " LEFT JOIN edition ON edition.id = duty.edition"
    # one look at the index for each: few matters have a cycle, and an organ may have very many records
    " LEFT JOIN LATERAL (SELECT max(published_on) AS last FROM record WHERE record.organ = carried.carrier"
    " AND record.matter = duty.matter AND NOT withdrawn AND record.matter <> '') AS kept ON true"
    " GROUP BY duty.organ, duty.matter, duty.limits, edition.effective_on)"
    " SELECT organ, limits, coalesce(last, since) AS base, count(*) AS duties FROM newest GROUP BY organ, limits, base"
)


def _statement(rest: str, narrowed: str = "") -> TextClause:
    statement = (_DUTY + rest).format(narrowed=narrowed)
    given = [bindparam(name, type_=ARRAY(Text)) for name in _GIVEN]
    return text(statement).bindparams(*given)


_LIST: Final = _statement(_KEPT + _LISTED)
_LIST_CYCLES: Final = _statement(_KEPT + _LISTED, narrowed="AND stands.limits <> '[]'")
_CYCLES: Final = _statement(_CYCLING, narrowed="AND stands.limits <> '[]'")


@dataclass(frozen=True, slots=True)
class Edition:
    """A catalogue's edition in force."""

    catalogue: str
    number: int
    title: str
    effective_on: date
    domains: Mapping[str, str]
    """Code → name, in their order."""


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ and the edition that holds for it."""

    code: str
    name: str
    division: str
    edition: Edition | None
    carriers: tuple[str, ...] = ()
    """Whose records count as its own: its own code, and those of organs that ended and that it follows."""


async def editions_in_force(
    conn: AsyncConnection, today: date, catalogues: Sequence[str] = ()
) -> dict[str, Edition]:
    """Give the newest edition of each catalogue, or of some, that is in force on a day."""
    column = tables.edition.c
    asked = (
        select(tables.edition).where(column.effective_on <= today).order_by(column.catalogue, column.number)
    )
    if catalogues:
        asked = asked.where(column.catalogue.in_(catalogues))
    return {
        row.catalogue: Edition(
            row.catalogue,
            row.number,
            row.title,
            row.effective_on,
            {domain["code"]: domain["name"] for domain in row.domains},
        )
        for row in await conn.execute(asked)  # the last of each stays
    }


def edition_for(line: Sequence[str], editions: Mapping[str, Edition]) -> Edition | None:
    """Give the edition that holds for a division: its own, or the nearest above. ``line``: it and those above."""
    return next((editions[code] for code in line if code in editions), None)


async def organs_of(
    conn: AsyncConnection, today: date, *, division: str = "", organ: str = ""
) -> list[Organ]:
    """Give one organ, or those of a division and below ("" for all), each with its edition; by division and code.

    What has ended has no duties and is not given: asked for, its successor answers, and its records count there.
    An organ that moved along when its division ended is its successor's.
    """
    ended = await read_ended(conn)
    ends, gone = ended.divisions, ended.organs
    division, organ = ends.heir(division, today), gone.heir(organ, today)
    column = tables.organ.c
    lives = or_(column.ended_on.is_(None), column.ended_on > today)
    asked = select(tables.organ).where(lives).order_by(column.division, column.code)
    if organ:
        asked = asked.where(column.code == organ)
    else:
        also = ends.predecessors(division, today)
        asked = asked.where(or_(column.division.startswith(stem(division)), column.division.in_(also)))
    rows = (await conn.execute(asked)).all()
    lines = [ends.upwards(row.division, today) for row in rows]
    editions = await editions_in_force(conn, today, lines[0] if organ and lines else ())
    before: dict[str, list[str]] = defaultdict(list)
    for code in sorted(gone.ends):
        before[gone.heir(code, today)].append(code)
    found = [
        Organ(
            row.code,
            name_of(row, row.name, today),
            line[0],
            edition_for(line, editions),
            tuple(dict.fromkeys((row.code, *before[row.code]))),
        )
        for row, line in zip(rows, lines, strict=True)
    ]
    return sorted(found, key=lambda one: (one.division, one.code))


def name_of(row: Found, newest: str, today: date) -> str:
    """Give the name that a row's organ bears on a day."""
    return name_on(today, newest, map(FormerName.model_validate, row.former_names))


async def count_cycles(conn: AsyncConnection, organs: Collection[Organ]) -> Sequence[Found]:
    """Count the duties that come due, by what decides their day.

    Columns: organ, limits (JSON text), base (the day their clocks run from; None: that of the edition in force), duties.
    """
    return (await conn.execute(_CYCLES, _given(organs))).all()


async def list_duties(
    conn: AsyncConnection, organs: Collection[Organ], *, only_cycles: bool = False
) -> Sequence[Found]:
    """List the duties of organs in the order of the catalogue; ``only_cycles``: those that come due.

    Columns: organ, division, catalogue, matter, domain, title, time_limit, limits, since, records, late, last.
    """
    return (await conn.execute(_LIST_CYCLES if only_cycles else _LIST, _given(organs))).all()


def duty_of(row: Found, edition: Edition) -> Duty:
    """Give a listed row as the domain knows it."""
    return Duty(
        edition.title,
        edition.number,
        row.time_limit,
        cycles_of([TimeLimit.model_validate(limit) for limit in row.limits]),
        row.since or edition.effective_on,
        row.records,
        row.late,
        row.last,
    )


async def disclosed_by_domain(conn: AsyncConnection, organs: Collection[str]) -> Sequence[Found]:
    """Count what organs have published together in each domain. Columns: domain, records, last."""
    column = tables.record.c
    counted = (
        select(column.domain, func.count().label("records"), func.max(column.published_on).label("last"))
        .where(~column.withdrawn, column.domain != "", column.organ.in_(organs))
        .group_by(column.domain)
    )
    return (await conn.execute(counted)).all()


async def disclosed_in(conn: AsyncConnection, divisions: Sequence[str]) -> Sequence[Found]:
    """Count what divisions and below have published, by kind and by domain. Columns: kind, domain, records, last."""
    column = tables.record.c
    # ranges that the index is read by; codes compare byte by byte, and ":" is the character after "9"
    inside = [
        (column.division >= prefix) & (column.division < f"{prefix}:") for prefix in map(stem, divisions)
    ]
    counted = (
        select(
            column.kind,
            column.domain,
            func.count().label("records"),
            func.max(column.published_on).label("last"),
        )
        .where(~column.withdrawn, or_(*inside))
        .group_by(column.kind, column.domain)
    )
    return (await conn.execute(counted)).all()


def _given(organs: Collection[Organ]) -> dict[str, list[str]]:
    held = {organ.division: organ.edition.catalogue for organ in organs if organ.edition is not None}
    return {
        "divisions": list(held),
        "catalogues": list(held.values()),
        "reaches": [reach_of(division, catalogue) for division, catalogue in held.items()],
        "organs": [organ.code for organ in organs],
        "heirs": [organ.code for organ in organs for _ in organ.carriers],
        "carriers": [carrier for organ in organs for carrier in organ.carriers],
    }


def reach_of(division: str, catalogue: str) -> str:
    """Give the level that rows of a catalogue must name to hold for a division; empty: it takes them all."""
    level = level_of(division)
    return level if catalogue != division and level in _NAMED else ""
