"""Questions about villages' lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.villages import VillageItem
from gongkai.divisions import stem
from services.catalog.domain.villagelists import VillageList
from services.catalog.views import subjects
from services.catalog.views.reading import Found, Listing, Page, listing
from services.catalog.views.tables import matter_row
from services.catalog.views.village_tables import village_edition, village_list


def items_of(held: Sequence[dict[str, object]]) -> tuple[VillageItem, ...]:
    """Read the items of a view row."""
    return tuple(VillageItem.model_validate(item) for item in held)


async def load_list(conn: AsyncConnection, village: str, *, lock: bool = False) -> tuple[VillageList, int]:
    """Load a village's list with its stream's version; an empty one of version 0 where there is none yet."""
    asked = select(village_list).where(village_list.c.village == village)
    row = (await conn.execute(asked.with_for_update() if lock else asked)).one_or_none()
    if row is None:
        return VillageList(village), 0
    items, published = items_of(row.items), items_of(row.published)
    state = VillageList(village, row.phase, row.number, items, published, row.proposed_by, row.note)
    return state, row.version


async def list_lists(conn: AsyncConnection, division: str, page: Page, *, drafts: bool) -> Listing:
    """List the villages of a division and everything below it that have a list in force, or a draft."""
    asked = select(village_list)
    if division:
        asked = asked.where(village_list.c.village.startswith(stem(division), autoescape=True))
    if not drafts:
        asked = asked.where(village_list.c.number > 0)
    return await listing(conn, asked, village_list.c.village, page)


async def find_number(conn: AsyncConnection, village: str, number: int = 0) -> Found | None:
    """Find one published list; 0: the newest."""
    asked = select(village_edition).where(village_edition.c.village == village)
    if number:
        asked = asked.where(village_edition.c.number == number)
    return (await conn.execute(asked.order_by(village_edition.c.number.desc()).limit(1))).one_or_none()


async def list_numbers(conn: AsyncConnection, village: str) -> Sequence[Found]:
    """List the published lists of a village, newest first."""
    asked = select(village_edition).where(village_edition.c.village == village)
    return (await conn.execute(asked.order_by(village_edition.c.number.desc()))).all()


async def rows_above(conn: AsyncConnection, village: str, day: date) -> tuple[str, int, Sequence[Found]]:
    """Give the nearest catalogue in force with its edition and all its rows, in the order of the table."""
    found = await subjects.nearest_catalogue(conn, village, day)
    if found is None:
        return "", 0, []
    asked = select(matter_row).where(
        matter_row.c.catalogue == found.id, matter_row.c.until_edition.is_(None), matter_row.c.state == "in"
    )
    order = (matter_row.c.domain, matter_row.c.place, matter_row.c.matter)
    return found.id, found.published, (await conn.execute(asked.order_by(*order))).all()


async def matters_above(conn: AsyncConnection, village: str, day: date) -> frozenset[str]:
    """Give the matters of the nearest catalogue in force."""
    found = await subjects.nearest_catalogue(conn, village, day)
    if found is None:
        return frozenset()
    asked = select(matter_row.c.matter).where(
        matter_row.c.catalogue == found.id, matter_row.c.until_edition.is_(None), matter_row.c.state == "in"
    )
    return frozenset((await conn.execute(asked)).scalars())
