"""Figures of public records, read for holding them beside each other; two or three queries however many places and matters.

A division's figures are those about it and what lies in it, said by its own records, by records of what lies above it, and
by those of divisions that ended and that it stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Join,
    Numeric,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy import column as named
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.divisions import stem, upwards
from gongkai.successions import Successions
from services.oversight.views import tables

Found = Row[Any]

_record = tables.record.c
_HAS: Final = (_record.facts != literal_column("'[]'"), ~_record.withdrawn)
"""The predicate of the indexes, to the letter."""
_fact: Final = (
    func.jsonb_to_recordset(_record.facts)
    .table_valued(
        named("division", Text),
        named("period", Text),
        named("amount", Numeric),
        named("people", BigInteger),
        named("households", BigInteger),
        named("on", Date),
        name="fact",
    )
    .render_derived(with_types=True)
)
_COLUMNS: Final = (
    _record.matter,
    _fact.c.division.label("place"),
    _fact.c.period,
    _record.division,
    _record.organ,
    _record.index_number,
    _record.published_on,
    _record.version,
    _fact.c.amount,
    _fact.c.people,
    _fact.c.households,
    _fact.c.on,
)
_VALUES: Final = (_fact.c.amount, _fact.c.people, _fact.c.households, _fact.c.on)
_VOICE: Final = _record.division.concat(_record.organ)
_OWN: Final = _record.division == _fact.c.division
_KEYS: Final = (
    func.unnest(*(bindparam(name, type_=ARRAY(Text)) for name in ("matters", "places", "periods")))
    .table_valued("matter", "place", "period", name="wanted")
    .render_derived()
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records may say something about a division and what lies in it."""

    inside: Sequence[str]
    """The digits that the places, and records about them, begin with."""
    above: Sequence[str]
    """Divisions whose records may be about them too."""

    @classmethod
    def of(cls, division: str, today: date, ends: Successions) -> Self:
        """Make that of a division on a day."""
        also = ends.predecessors(division, today)
        above = {
            *ends.upwards(division, today),
            *(code for one in (division, *also) for code in upwards(one)),
        }
        return cls([stem(one) for one in (division, *also)], sorted(above))

    def holds(self) -> ColumnElement[bool]:
        """The condition on records with figures."""
        return and_(*_HAS, or_(_inside(_record.division, self.inside), _record.division.in_(self.above)))

    def joined(self) -> Join:
        """Records and those of their figures that are in the scope."""
        return tables.record.join(_fact, onclause=_inside(_fact.c.division, self.inside))


async def outlines(
    conn: AsyncConnection, scope: Scope, moved: Collection[str], matter: str = ""
) -> Sequence[Sequence[Any]]:
    """Give each matter, place and period of which there are figures, without the figures: thousands of rows.

    ``moved``: codes of divisions and organs that ended; ``matter``: "" for all.

    Columns: matter, place, period, look (values differ in some record, however old, or something has moved), together (some
    field is given by two voices), and of what the place says of itself, to be used where there is nothing to look at: cents,
    people, households.
    """
    differ = [func.min(value) != func.max(value) for value in _VALUES]
    voices = [
        func.min(_VOICE).filter(value.is_not(None)) != func.max(_VOICE).filter(value.is_not(None))
        for value in _VALUES
    ]
    gone = [] if not moved else [func.bool_or(or_(_record.organ.in_(moved), _record.division.in_(moved)))]
    own = (func.cast(_fact.c.amount * 100, BigInteger), _fact.c.people, _fact.c.households)
    asked: Select[Any] = (
        select(
            _record.matter,
            _fact.c.division,
            _fact.c.period,
            func.coalesce(or_(*differ, *gone), false()),
            func.coalesce(or_(*voices), false()),
            *(func.min(value).filter(_OWN) for value in own),
        )
        .select_from(scope.joined())
        .where(scope.holds(), _record.matter == matter if matter else true())
        .group_by(_record.matter, _fact.c.division, _fact.c.period)
    )
    found: Sequence[Sequence[Any]] = (await conn.execute(asked)).all()
    return found


_ANY: Final = text(
    "SELECT EXISTS (SELECT FROM record WHERE facts <> '[]' AND NOT withdrawn AND matter = :matter)"
)


async def any_of(conn: AsyncConnection, matter: str) -> bool:
    """Tell whether there are figures of a matter anywhere; of most there are none."""
    return bool((await conn.execute(_ANY, {"matter": matter})).scalar_one())


async def facts_of_keys(
    conn: AsyncConnection, scope: Scope, keys: Collection[tuple[str, str, str]]
) -> Sequence[Found]:
    """Give the figures of matters, places and periods.

    Columns: matter, place, period, division (the record's), organ, index_number, published_on, version, amount, people,
    households, on.
    """
    if not keys:
        return ()
    matters, places, periods = zip(*keys, strict=True)
    asked: Select[Any] = (
        select(*_COLUMNS)
        .select_from(scope.joined())
        .where(
            scope.holds(),
            _record.matter.in_(sorted(set(matters))),
            tuple_(_record.matter, _fact.c.division, _fact.c.period).in_(select(_KEYS)),
        )
    )
    given = {"matters": list(matters), "places": list(places), "periods": list(periods)}
    found: Sequence[Found] = (await conn.execute(asked, given)).all()
    return found


async def facts_of(conn: AsyncConnection, index_number: str) -> Sequence[Found]:
    """Give the figures of one record. Columns: as of `facts_of_keys`."""
    asked: Select[Any] = select(*_COLUMNS).select_from(
        tables.record.join(_fact, onclause=_fact.c.division != "")
    )
    found: Sequence[Found] = (
        await conn.execute(asked.where(*_HAS, _record.index_number == index_number))
    ).all()
    return found


async def divisions_in(conn: AsyncConnection, scope: Scope) -> Sequence[str]:
    """Give the codes of the divisions of a scope, whether they ended or not."""
    column = tables.division.c
    found = await conn.execute(select(column.code).where(_inside(column.code, scope.inside)))
    return list(found.scalars())


async def organs_named(conn: AsyncConnection, codes: Collection[str]) -> Sequence[Found]:
    """Give organs by code. Columns: code, name (the newest), former_names."""
    column = tables.organ.c
    asked: Select[Any] = select(column.code, column.name, column.former_names)
    found: Sequence[Found] = (await conn.execute(asked.where(column.code.in_(sorted(codes))))).all()
    return found


async def matters_named(conn: AsyncConnection, ids: Collection[str]) -> Sequence[Found]:
    """Give matters by "catalogue/matter" that stand or stood there. Columns: id, matter, title, domain."""
    column = tables.matter.c
    asked: Select[Any] = select(column.id, column.matter, column.title, column.domain)
    found: Sequence[Found] = (
        await conn.execute(asked.where(column.id.in_(sorted(ids)), column.title != ""))
    ).all()
    return found


def _inside(code: Column[str] | ColumnElement[str], stems: Sequence[str]) -> ColumnElement[bool]:
    """Ranges that an index is read by; codes compare byte by byte, and ":" is the character after "9"."""
    return or_(*((code >= digits) & (code < f"{digits}:") for digits in stems))
