"""Questions about rows: of any edition, by range; of a draft, from what stands above and the stances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.editions import Difference
from services.catalog.domain.merging import State, Upper
from services.catalog.domain.publication import InForce
from services.catalog.domain.rows import MatterRow, reaches
from services.catalog.domain.stances import Kind, Stance
from services.catalog.views.lineage import stance_of
from services.catalog.views.reading import Found
from services.catalog.views.tables import matter_row, stance

_NAMES: Final = tuple(MatterRow.model_fields)
_COLUMNS: Final = tuple(matter_row.c[name] for name in _NAMES)
_SEARCHED: Final = ("level1", "level2", "level3", "content_elements", "subject", "number")
_KEY: Final = (matter_row.c.domain, matter_row.c.place, matter_row.c.matter)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of an edition."""

    domain: str = ""
    level: str = ""
    q: str = ""
    matters: Collection[str] = ()
    differences: bool = False
    """Only those that are not as above, with what was left out; else all that are in."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of rows, and how many there are in all."""

    rows: Sequence[Row[Any]]
    more: bool
    total: int


def row_of(found: Any) -> MatterRow:  # noqa: ANN401 - a row of the view, or of a join with it
    """Read the cells of a view row."""
    return MatterRow.model_construct(**{name: getattr(found, name) for name in _NAMES})


def at(number: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Tell which rows stand in an edition."""
    until = matter_row.c.until_edition
    return and_(matter_row.c.since_edition <= number, or_(until > number, until.is_(None)))


def rows_of(catalogue: str, number: int, wanted: Wanted) -> Select[Any]:
    """Ask for rows of an edition."""
    asked = select(matter_row).where(matter_row.c.catalogue == catalogue, at(number))
    if wanted.differences:
        asked = asked.where(
            or_(
                matter_row.c.state == "left_out",
                matter_row.c.added,
                func.jsonb_array_length(matter_row.c.differs) > 0,
            )
        )
    elif not wanted.matters:
        asked = asked.where(matter_row.c.state == "in")
    if wanted.domain:
        asked = asked.where(matter_row.c.domain == wanted.domain)
    if wanted.level:
        asked = asked.where(matter_row.c.reading["levels"].op("?")(wanted.level))
    if wanted.matters:
        asked = asked.where(matter_row.c.matter == func.any(list(wanted.matters)))
    for word in wanted.q.split():
        cells = (matter_row.c[name].icontains(word, autoescape=True) for name in _SEARCHED)
        asked = asked.where(or_(*cells))
    return asked


async def slice_of(conn: AsyncConnection, asked: Select[Any], size: int, after: str) -> Slice:
    """Give one page in the order of the table.

    Args:
        conn: the connection.
        asked: a question about `matter_row`.
        size: rows of a page.
        after: key of the last row seen, as `key_of` gives it.
    """
    total = (await conn.execute(select(func.count()).select_from(asked.subquery()))).scalar_one()
    if after:
        domain, place, matter = after.split("|", 2)
        asked = asked.where(tuple_(*_KEY) > tuple_(domain, int(place), matter))
    rows = (await conn.execute(asked.order_by(*_KEY).limit(size + 1))).all()
    return Slice(rows[:size], len(rows) > size, total)


def key_of(domain: str, place: int, matter: str) -> str:
    """Give the token of a page that ends with a row."""
    return f"{domain}|{place}|{matter}"


async def find_row(conn: AsyncConnection, catalogue: str, matter: str, number: int) -> Found | None:
    """Find one matter as it stands in an edition."""
    asked = select(matter_row).where(
        matter_row.c.catalogue == catalogue, matter_row.c.matter == matter, at(number)
    )
    return (await conn.execute(asked)).one_or_none()


async def load_rows(
    conn: AsyncConnection, catalogue: str, number: int, matters: Collection[str] | None = None
) -> dict[str, MatterRow]:
    """Load what is in an edition, or those matters of it, by id."""
    if not catalogue or not number:
        return {}
    asked = select(matter_row.c.matter, *_COLUMNS).where(
        matter_row.c.catalogue == catalogue, at(number), matter_row.c.state == "in"
    )
    if matters is not None:
        asked = asked.where(matter_row.c.matter == func.any(list(matters)))
    return {row.matter: row_of(row) for row in await conn.execute(asked)}


async def load_stances(
    conn: AsyncConnection, catalogue: str, matters: Collection[str] | None = None
) -> tuple[dict[str, Stance], dict[str, int]]:
    """Load how a catalogue stands to all matters, or to some; with the version of each matter's stream."""
    asked = select(stance).where(stance.c.catalogue == catalogue)
    if matters is not None:
        asked = asked.where(stance.c.matter == func.any(list(matters)))
    rows = (await conn.execute(asked)).all()
    return {row.matter: stance_of(row) for row in rows}, {row.matter: row.version for row in rows}


async def load_upper(
    conn: AsyncConnection,
    state: Catalogue,
    stances: Mapping[str, Stance],
    matters: Collection[str] | None = None,
) -> Upper:
    """Load what stands above a draft, as far as it concerns the catalogue's level."""
    rows = {
        matter: row
        for matter, row in (await load_rows(conn, state.upper, state.upper_edition, matters)).items()
        if reaches(row, state.level)
    }
    missing = [matter for matter, held in stances.items() if held.kind is Kind.ADOPTED and matter not in rows]
    return Upper(rows, await _last(conn, state, missing))


async def _last(conn: AsyncConnection, state: Catalogue, matters: Iterable[str]) -> dict[str, MatterRow]:
    """Load matters as they stood above last, when they concerned this level."""
    wanted = list(matters)
    if not wanted:
        return {}
    asked = select(matter_row.c.matter, *_COLUMNS).where(
        matter_row.c.catalogue == state.upper,
        matter_row.c.matter == func.any(wanted),
        matter_row.c.state == "in",
        matter_row.c.since_edition <= state.upper_edition,
    )
    last: dict[str, MatterRow] = {}
    for found in await conn.execute(asked.order_by(matter_row.c.since_edition)):
        row = row_of(found)
        if reaches(row, state.level) or found.matter not in last:
            last[found.matter] = row
    return last


async def load_in_force(
    conn: AsyncConnection, catalogue: str, matters: Collection[str] | None = None
) -> dict[str, InForce]:
    """Load the edition in force, or some matters of it, with what is left out."""
    asked = select(
        matter_row.c.matter, matter_row.c.state, matter_row.c.differs, matter_row.c.added, matter_row.c.reason, *_COLUMNS
    ).where(matter_row.c.catalogue == catalogue, matter_row.c.until_edition.is_(None))  # fmt: skip
    if matters is not None:
        asked = asked.where(matter_row.c.matter == func.any(list(matters)))
    return {
        found.matter: InForce(
            State(found.state),
            row_of(found),
            tuple(Difference.model_construct(**difference) for difference in found.differs),
            found.added,
            found.reason,
        )
        for found in await conn.execute(asked)
    }


async def known_anywhere(conn: AsyncConnection, matters: Iterable[str]) -> set[str]:
    """Give those of the matters that some catalogue ever had."""
    asked = select(stance.c.matter).where(stance.c.matter == func.any(list(matters))).distinct()
    return set((await conn.execute(asked)).scalars())


async def last_places(conn: AsyncConnection, state: Catalogue) -> dict[str, int]:
    """Give the highest place in each domain, of the catalogue's own rows and of those above."""
    stood = select(matter_row.c.domain, func.max(matter_row.c.place)).where(
        matter_row.c.catalogue.in_([state.id, state.upper])
    )
    found = await conn.execute(stood.group_by(matter_row.c.domain))
    places = defaultdict[str, int](int, {row[0]: row[1] for row in found})
    own = select(stance.c.row).where(stance.c.catalogue == state.id, stance.c.row.is_not(None))
    for row in (await conn.execute(own)).scalars():
        places[row["domain"]] = max(places[row["domain"]], row["place"])
    return places


async def own_matters(conn: AsyncConnection, catalogue: str, prefix: str) -> list[str]:
    """List the ids a catalogue gave to matters of its own, dropped ones too."""
    asked = select(stance.c.matter).where(
        stance.c.catalogue == catalogue, stance.c.matter.startswith(prefix, autoescape=True)
    )
    return list((await conn.execute(asked)).scalars())
