"""Questions about catalogues, their editions and domains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.domains import stem
from services.catalog.domain.editions import Domain
from services.catalog.views.lineage import catalogue_of
from services.catalog.views.reading import Found
from services.catalog.views.tables import catalogue, domain, edition, matter_row

_UPPER: Final = catalogue.alias("upper_catalogue")


def _catalogues() -> Select[Any]:
    """Catalogues with what their edition in force says, and how far the catalogue above is."""
    return (
        select(
            catalogue,
            edition.c.effective_on,
            func.coalesce(edition.c.matters, 0).label("matters"),
            func.coalesce(_UPPER.c.published, 0).label("upper_published"),
        )
        .outerjoin(
            edition, (edition.c.catalogue == catalogue.c.id) & (edition.c.number == catalogue.c.published)
        )
        .outerjoin(_UPPER, _UPPER.c.id == catalogue.c.upper)
    )


async def list_catalogues(conn: AsyncConnection, division: str) -> Sequence[Found]:
    """List all catalogues, or those of a division and everything below it; by level from the top, then by code."""
    wanted = _catalogues()
    if division:
        wanted = wanted.where(catalogue.c.division.startswith(stem(division), autoescape=True))
    rows = (await conn.execute(wanted.order_by(catalogue.c.division, catalogue.c.id.desc()))).all()
    order = {"guide": 0, "city": 1, "county": 2, "township": 3}
    return sorted(rows, key=lambda row: order[row.level])


async def find_catalogue(conn: AsyncConnection, identity: str) -> Found | None:
    """Find one catalogue, with the columns of `list_catalogues`."""
    found: Found | None = (await conn.execute(_catalogues().where(catalogue.c.id == identity))).one_or_none()
    return found


async def lock_catalogue(
    conn: AsyncConnection, identity: str, *, whole: bool
) -> tuple[Catalogue, int] | None:
    """Take a catalogue with its stream's version, and keep others from it until the transaction ends.

    Args:
        conn: the connection.
        identity: its id.
        whole: alone, to propose or publish; else together with other editors.
    """
    asked = select(catalogue).where(catalogue.c.id == identity).with_for_update(read=not whole)
    row = (await conn.execute(asked)).one_or_none()
    return None if row is None else (catalogue_of(row), row.version)


async def list_editions(conn: AsyncConnection, identity: str) -> Sequence[Found]:
    """List the published editions of a catalogue, newest first."""
    asked = select(edition).where(edition.c.catalogue == identity).order_by(edition.c.number.desc())
    return (await conn.execute(asked)).all()


async def find_edition(
    conn: AsyncConnection, identity: str, number: int = 0, on: date | None = None
) -> Found | None:
    """Find one edition: in force on a day, or of a number, or the newest.

    It comes with ``superseded_on``, None for the one in force.
    """
    later = edition.alias("later")
    superseded = (
        select(later.c.effective_on)
        .where(later.c.catalogue == edition.c.catalogue, later.c.number == edition.c.number + 1)
        .scalar_subquery()
        .label("superseded_on")
    )
    asked = select(edition, superseded).where(edition.c.catalogue == identity)
    if on is not None:
        asked = asked.where(edition.c.effective_on <= on)
    elif number:
        asked = asked.where(edition.c.number == number)
    return (await conn.execute(asked.order_by(edition.c.number.desc()).limit(1))).one_or_none()


async def list_domains(conn: AsyncConnection) -> dict[str, Domain]:
    """List every domain there is, by code, in order."""
    rows = await conn.execute(select(domain).order_by(domain.c.seq))
    return {
        row.code: Domain(code=row.code, seq=row.seq, name=row.name, lead_units=row.lead_units) for row in rows
    }


async def count_by_domain(conn: AsyncConnection, identity: str, number: int) -> Sequence[Found]:
    """Count an edition's matters by domain: ``code``, ``seq``, ``name``, ``matter_count``, in order."""
    counted = (
        select(matter_row.c.domain, func.count().label("matter_count"))
        .where(
            matter_row.c.catalogue == identity,
            matter_row.c.state == "in",
            matter_row.c.since_edition <= number,
            (matter_row.c.until_edition > number) | matter_row.c.until_edition.is_(None),
        )
        .group_by(matter_row.c.domain)
        .subquery()
    )
    asked = select(domain, counted.c.matter_count).join(counted, counted.c.domain == domain.c.code)
    return (await conn.execute(asked.order_by(domain.c.seq))).all()
