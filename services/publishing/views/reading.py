"""Reading records as the public may see them. ``is_public`` is the one visibility predicate; every query here uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Select, Text, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.publishing import RecordState
from services.publishing.domain.divisions import prefix_of
from services.publishing.views.tables import record, record_count, record_file, record_matter, record_year

MAX_PAGE_SIZE: Final = 100
_COUNTY: Final = 6
_TOWN: Final = 9
LOOKED_THROUGH: Final = 100
"""Newest records of a place in which the newest of each matter is looked for; older ones count as long ago."""
_COLUMN_OF_PREFIX: Final = {4: "city", 6: "county", 9: "town", 12: "division"}


def is_public() -> ColumnElement[bool]:
    """Whether a row of ``record`` may be shown: its last event made it public."""
    return record.c.public  # bare: "IS TRUE" would not be recognised as the condition of the partial indexes


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; an empty text narrows nothing."""

    division: str = ""
    """4 to 12 digits; everything below it too."""
    organ: str = ""
    kind: str = ""
    domain: str = ""
    month: str = ""
    """yyyy-mm of the publication."""
    matter: str = ""
    also: tuple[str, ...] = ()
    """Ended divisions that ``division`` stands for, of 12 digits; they lie elsewhere."""


@dataclass(frozen=True, slots=True)
class WithdrawnRecord:
    """What is left of a withdrawn record: when, by whom and why. Never its title or text."""

    record_id: str
    index_number: str
    organ: str
    organ_name: str
    division: str
    withdrawn_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many public records there are."""

    total: int
    by_domain: Mapping[str, int]
    by_kind: Mapping[str, int]
    this_year: int
    by_matter: Mapping[str, int]
    """Of the matters asked for that have any."""


async def get_record(
    conn: AsyncConnection, *, index_number: str = "", record_id: str = ""
) -> RecordState | WithdrawnRecord | None:
    """The record of an index number or an id; what is left of it if it was withdrawn; None if there never was one."""
    named = record.c.index_number == index_number if index_number else record.c.record_id == record_id
    row = (await conn.execute(select(record, is_public().label("shown")).where(named))).one_or_none()
    if row is None:
        return None
    if row.shown:
        return RecordState.model_validate_json(row.state)
    return WithdrawnRecord(
        row.record_id,
        row.index_number,
        row.organ,
        row.organ_name,
        row.division,
        row.withdrawn_on,
        row.withdrawn_reason,
    )


async def list_records(
    conn: AsyncConnection, narrowed: Filter, *, page: int, page_size: int
) -> tuple[list[RecordState], int]:
    """One page (from 1) of public records, newest first, and how many there are in all.

    The total comes from the counts. A page in the second half is read from the end, so that none is further than
    half the list away, and only the ids of what is passed over are read, from the index alone.
    """
    total = int((await conn.execute(_total(narrowed))).scalar_one())
    offset = (page - 1) * page_size
    size = min(page_size, total - offset)
    if size <= 0:
        return [], total
    backwards = offset > total // 2
    order = (record.c.published_on, record.c.entered)
    ids = (
        select(record.c.record_id)
        .where(is_public(), *_narrow(narrowed))
        .order_by(*(column.asc() if backwards else column.desc() for column in order))
        .limit(size)
        .offset(total - offset - size if backwards else offset)
        .subquery()
    )
    wanted = select(record.c.state).join(ids, ids.c.record_id == record.c.record_id).where(is_public())
    rows = (await conn.execute(wanted.order_by(*(column.desc() for column in order)))).scalars()
    return [RecordState.model_validate_json(state) for state in rows], total


_NEWEST: Final = text("""
    SELECT place.code, found.state FROM unnest(:codes) AS place (code)
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (matter, keywords) state, published_on, entered
        FROM (
            SELECT state, published_on, entered, matter, CAST(state AS jsonb) -> 'keywords' AS keywords
            FROM record WHERE public AND town = left(place.code, 9) AND division = place.code
            ORDER BY published_on DESC, entered DESC LIMIT :most
        ) AS newest
        ORDER BY matter, keywords, published_on DESC, entered DESC
    ) AS found
    ORDER BY found.published_on DESC, found.entered DESC
""").bindparams(bindparam("codes", type_=ARRAY(Text)), most=LOOKED_THROUGH)


async def list_newest(conn: AsyncConnection, codes: Sequence[str]) -> list[tuple[str, RecordState]]:
    """Of places (12 digits) themselves the newest public record of each matter and set of keywords, newest first."""
    rows = await conn.execute(_NEWEST, {"codes": list(codes)})
    return [(row.code, RecordState.model_validate_json(row.state)) for row in rows]


async def count_records(
    conn: AsyncConnection, division: str, *, year: int, matters: Sequence[str] = (), also: Sequence[str] = ()
) -> Counts:
    """How many public records a division and everything below it has, and what it stands for ``also``."""
    within = _division_range(record_count.c.division, division, also)
    columns = (record_count.c.domain, record_count.c.kind)
    sums = select(*columns, func.sum(record_count.c.records)).where(*within).group_by(*columns)
    by_domain: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    for domain, kind, number in await conn.execute(sums):
        if number:
            by_kind[kind] += number
            by_domain[domain] += number
    this_year = select(func.coalesce(func.sum(record_year.c.records), 0)).where(
        record_year.c.year == year, *_division_range(record_year.c.division, division, also)
    )
    total = by_kind.total()
    del by_domain[""]
    of_year = int((await conn.execute(this_year)).scalar_one())
    return Counts(total, by_domain, by_kind, of_year, await _by_matter(conn, division, matters, also))


async def _by_matter(
    conn: AsyncConnection, division: str, matters: Sequence[str], also: Sequence[str]
) -> dict[str, int]:
    if not matters:
        return {}
    column = record_matter.c
    within = (column.matter.in_(matters), *_division_range(column.division, division, also))
    sums = select(column.matter, func.sum(column.records)).where(*within).group_by(column.matter)
    return {row[0]: int(row[1]) for row in await conn.execute(sums)}


async def public_digests(conn: AsyncConnection, digests: Sequence[str]) -> set[str]:
    """Those of the digests that the present version of a public record refers to."""
    refers = exists().where(
        and_(record.c.record_id == record_file.c.record_id, record_file.c.current, is_public())
    )
    asked = select(record_file.c.digest).where(record_file.c.digest.in_(digests), refers).distinct()
    return set((await conn.execute(asked)).scalars())


async def users_of(conn: AsyncConnection, digest: str) -> list[tuple[str, str]]:
    """Id and division of every record any version of which refers to the digest, public or not."""
    asked = (
        select(record.c.record_id, record.c.division)
        .join(record_file, record_file.c.record_id == record.c.record_id)
        .where(record_file.c.digest == digest)
        .order_by(record.c.record_id)
    )
    return [(row.record_id, row.division) for row in await conn.execute(asked)]


def _total(narrowed: Filter) -> Select[int]:
    """From the counts, a few thousand rows; a month's records are few enough to be counted one by one."""
    only_matter = not (narrowed.organ or narrowed.kind or narrowed.domain or narrowed.month)
    if narrowed.matter and only_matter:
        within = _division_range(record_matter.c.division, narrowed.division, narrowed.also)
        summed = func.coalesce(func.sum(record_matter.c.records), 0)
        return select(summed).where(record_matter.c.matter == narrowed.matter, *within)
    if narrowed.month or narrowed.matter:
        return select(func.count()).select_from(record).where(is_public(), *_narrow(narrowed))
    counts = record_count.c
    conditions = _division_range(counts.division, narrowed.division, narrowed.also)
    conditions += _equal(counts, narrowed, "organ", "kind", "domain")
    return select(func.coalesce(func.sum(counts.records), 0)).where(*conditions)


def _narrow(narrowed: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if narrowed.division:
        within = [_within(code, narrowed.matter) for code in (narrowed.division, *narrowed.also)]
        conditions.append(or_(*within))
    conditions += _equal(record.c, narrowed, "organ", "kind", "domain", "matter")
    if narrowed.month:
        first = date.fromisoformat(f"{narrowed.month}-01")
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        conditions += [record.c.published_on >= first, record.c.published_on < after]
    return conditions


def _within(division: str, matter: str) -> ColumnElement[bool]:
    prefix = prefix_of(division)
    condition = record.c[_COLUMN_OF_PREFIX[len(prefix)]] == prefix
    if len(prefix) > _TOWN:  # by the index of the town
        condition = and_(condition, record.c.town == prefix[:_TOWN])
    if matter and len(prefix) > _COUNTY:  # by the index of the county and the matter
        condition = and_(condition, record.c.county == prefix[:_COUNTY])
    return condition


def _equal(columns: Any, narrowed: Filter, *names: str) -> list[ColumnElement[bool]]:  # noqa: ANN401 - as below
    return [columns[name] == value for name in names if (value := getattr(narrowed, name))]


def _division_range(column: Any, division: str, also: Sequence[str] = ()) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a column of either table
    """Divisions and everything below them, as ranges an index can be read by (codes compare byte by byte)."""
    if not division:
        return []
    prefixes = map(prefix_of, (division, *also))
    return [
        or_(*(and_(column >= prefix, column < f"{prefix}:") for prefix in prefixes))
    ]  # ":" comes after "9"
