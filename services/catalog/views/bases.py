"""Questions about bases and about what rests on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, any_, cast, func, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from gongkai.citing import title_key
from services.catalog.domain.bases import FALLEN
from services.catalog.views.basis_tables import basis, citation, matter_citation
from services.catalog.views.reading import Found, Listing, Page, listing
from services.catalog.views.tables import matter_row

SHOWN_MATTERS: Final = 50
"""Of a citation nobody could resolve."""
_KEY: Final = (matter_citation.c.catalogue, matter_citation.c.matter, matter_citation.c.citation)


@dataclass(frozen=True, slots=True)
class Flagged:
    """One page of matters that rest on what has fallen."""

    rows: Sequence[Any]
    next_token: str
    total: int
    """Matters, each catalogue's counted."""
    bases: int


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Citations that no basis answers to, or several do."""

    rows: Sequence[Found]
    resolved: int
    """Times a matter cites something that is resolved."""
    total: int


async def list_bases(conn: AsyncConnection, *, q: str, state: str, page: Page) -> Listing:
    """List bases by title: those with words in title, alias or number, and of one state."""
    wanted: ColumnElement[bool] = true()
    for word in q.split():
        written = func.array_to_string(basis.c.aliases, " ")
        columns = (basis.c.title, basis.c.number, written)
        found = or_(*(column.icontains(word, autoescape=True) for column in columns))
        if bare := title_key(word):
            found = or_(found, basis.c.title.icontains(bare, autoescape=True))
        wanted = and_(wanted, found)
    if state:
        wanted = and_(wanted, basis.c.state == state)
    place = (basis.c.title + " " + basis.c.id).label("place")  # by title: a title alone need not be unique
    return await listing(conn, select(basis, place).where(wanted), place, page)


async def find_basis(conn: AsyncConnection, identity: str) -> Found | None:
    """Find one basis."""
    return (await conn.execute(select(basis).where(basis.c.id == identity))).one_or_none()


async def bases_of(conn: AsyncConnection, identities: Iterable[str]) -> dict[str, Found]:
    """Find bases by id; who is unknown is absent."""
    found = await conn.execute(select(basis).where(basis.c.id == any_(_texts(identities))))
    return {row.id: row for row in found}


async def count_matters(conn: AsyncConnection, identities: Iterable[str]) -> dict[str, int]:
    """Count the matters of editions in force that rest on each of some bases."""
    resting = (
        select(citation.c.basis, matter_citation.c.catalogue, matter_citation.c.matter)
        .join(matter_citation, matter_citation.c.citation == citation.c.id)
        .where(citation.c.basis == any_(_texts(identities)))
        .distinct()
        .subquery()
    )
    asked = select(resting.c.basis, func.count()).group_by(resting.c.basis)
    return {row[0]: row[1] for row in await conn.execute(asked)}


async def list_flagged(conn: AsyncConnection, catalogue: str, page: Page) -> Flagged:
    """List matters in force, of one catalogue or of all, that rest on what has fallen, with the words that cite it."""
    fallen = _cited(catalogue).join(basis, basis.c.id == citation.c.basis).where(basis.c.state.in_(FALLEN))
    matters = fallen.with_only_columns(*_KEY[:2]).distinct().subquery()
    total = (await conn.execute(select(func.count()).select_from(matters))).scalar_one()
    bases = (await conn.execute(fallen.with_only_columns(func.count(basis.c.id.distinct())))).scalar_one()
    some = fallen.with_only_columns(*_KEY, citation.c.title, citation.c.number, citation.c.basis)
    if page.after:
        some = some.where(tuple_(*_KEY) > tuple_(*_after(page.after)))
    shown_some = some.order_by(*_KEY).limit(page.size + 1).subquery()
    asked = (
        select(shown_some, matter_row.c.domain, matter_row.c.level1, matter_row.c.level2)
        .join(
            matter_row,
            and_(
                matter_row.c.catalogue == shown_some.c.catalogue,
                matter_row.c.matter == shown_some.c.matter,
                matter_row.c.until_edition.is_(None),
            ),
        )
        .order_by(shown_some.c.catalogue, shown_some.c.matter, shown_some.c.citation)
    )
    rows = (await conn.execute(asked)).all()
    shown, token = rows[: page.size], ""
    if len(rows) > page.size:
        token = "|".join(rows[page.size - 1][:3])
    return Flagged(shown, token, total, bases)


async def list_unresolved(conn: AsyncConnection, catalogue: str) -> Unresolved:
    """List citations in force, of one catalogue or of all, that mean no basis, the most cited first."""
    counts = _cited(catalogue).with_only_columns(func.count().filter(citation.c.basis != ""), func.count())
    resolved, total = (await conn.execute(counts)).one()
    matter: ColumnElement[str] = matter_citation.c.matter
    place = matter if catalogue else matter_citation.c.catalogue + "/" + matter
    cited = func.array_agg(aggregate_order_by(place, place), type_=ARRAY(Text))
    asked = (
        _cited(catalogue)
        .where(citation.c.basis == "")
        .with_only_columns(
            citation.c.title,
            citation.c.number,
            citation.c.candidates,
            cited[1:SHOWN_MATTERS].label("matters"),
            func.count().label("cited"),
        )
        .group_by(citation.c.id)
        .order_by(func.count().desc(), citation.c.title, citation.c.number)
    )
    return Unresolved((await conn.execute(asked)).all(), resolved, total)


def _cited(catalogue: str) -> Select[Any]:
    asked = select(citation).join(matter_citation, matter_citation.c.citation == citation.c.id)
    return asked.where(matter_citation.c.catalogue == catalogue) if catalogue else asked


def _after(token: str) -> tuple[str, str, str]:
    catalogue, _, rest = token.partition("|")
    matter, _, cited = rest.rpartition("|")
    return catalogue, matter, cited


def _texts(texts: Iterable[str]) -> Any:  # noqa: ANN401 - an SQL expression, whose type is the dialect's
    return cast(list(texts), ARRAY(Text))
