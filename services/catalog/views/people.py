"""Questions about staff and units. Names and posts are opened from the log at the moment of asking.

So the views hold no name: whose key is destroyed is forgotten everywhere at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.personal import Erased
from gongkai.eventstore.store import EventStore
from gongkai.security.permissions import Grant, Role, Staff
from services.catalog.domain.staff import StaffRegistered
from services.catalog.views import tables
from services.catalog.views.reading import Found, Page, code_prefix, listing

FORGOTTEN: Final = "（姓名已删除）"


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff, as lists and pages show them."""

    row: Found
    """Of the view ``staff``, with ``organ_name`` and ``unit_name``."""
    name: str = field(repr=False)
    post: str = field(repr=False)

    def as_staff(self) -> Staff:
        """The same as permissions and tokens know it."""
        return Staff(self.row.id, self.name, self.post, self.row.organ, grants_of(self.row))


@dataclass(frozen=True, slots=True)
class People:
    """One page of staff."""

    people: Sequence[Person]
    next_token: str
    total: int


def grants_of(row: Found) -> tuple[Grant, ...]:
    """Give the grants of a row of ``staff``."""
    return tuple(Grant(Role(held["role"]), held["organ"], held["division"]) for held in row.grants)


def within(*, division: str = "", organ: str = "") -> ColumnElement[bool]:
    """Give the condition that a person's organ is this one, or one of a division and all below it."""
    if organ:
        return tables.staff.c.organ == organ
    prefix = code_prefix(division)
    return tables.organ.c.division.startswith(prefix, autoescape=True) if division else true()


def within_any(grants: Iterable[Grant]) -> ColumnElement[bool]:
    """Give the condition that a person's organ is covered by one of the grants."""
    return or_(false(), *(within(division=grant.division, organ=grant.organ) for grant in grants))


async def list_people(
    conn: AsyncConnection, store: EventStore, wanted: ColumnElement[bool], page: Page
) -> People:
    """List staff in the order they were registered."""
    found = await listing(conn, _people().where(wanted), tables.staff.c.id, page)
    known = await _known(conn, store, [row.id for row in found.rows])
    people = [Person(row, *known.get(row.id, (FORGOTTEN, ""))) for row in found.rows]
    return People(people, found.next_token, found.total)


async def find_person(conn: AsyncConnection, store: EventStore, staff_id: str) -> Person | None:
    """Find one of the staff, disabled or not."""
    row = (await conn.execute(_people().where(tables.staff.c.id == staff_id))).one_or_none()
    if row is None:
        return None
    known = await _known(conn, store, [staff_id])
    return Person(row, *known.get(staff_id, (FORGOTTEN, "")))


async def find_login(conn: AsyncConnection, login: str) -> Found | None:
    """Find the row of a login, disabled or not."""
    return (await conn.execute(select(tables.staff).where(tables.staff.c.login == login))).one_or_none()


async def login_of(conn: AsyncConnection, staff_id: str) -> str:
    """Give the login of somebody known."""
    found = await conn.execute(select(tables.staff.c.login).where(tables.staff.c.id == staff_id))
    return str(found.scalar_one())


async def names(conn: AsyncConnection, store: EventStore, ids: Iterable[str]) -> dict[str, str]:
    """Give the names of those who are known and not forgotten."""
    return {one: name for one, (name, _) in (await _known(conn, store, ids)).items()}


async def list_units(conn: AsyncConnection, organ: str) -> Sequence[Found]:
    """List the units of an organ by code."""
    unit = tables.unit
    return (await conn.execute(select(unit).where(unit.c.organ == organ).order_by(unit.c.code))).all()


def _people() -> Select[Any]:
    staff, organ, unit = tables.staff, tables.organ, tables.unit
    return (
        select(staff, organ.c.name.label("organ_name"), unit.c.name.label("unit_name"))
        .outerjoin(organ, organ.c.code == staff.c.organ)
        .outerjoin(unit, and_(unit.c.organ == staff.c.organ, unit.c.code == staff.c.unit))
    )


async def _known(
    conn: AsyncConnection, store: EventStore, ids: Iterable[str]
) -> Mapping[str, tuple[str, str]]:
    """Id → name and post of those whose key exists."""
    histories = await store.load_many(conn, (f"staff:{one}" for one in ids))
    known: dict[str, tuple[str, str]] = {}
    for history in histories.values():
        match history[0].data if history else None:
            case StaffRegistered(staff_id=one, name=str(name), post=post):
                known[one] = (name, "" if isinstance(post, Erased) else post)
    return known
