"""What the edge of editions works with, and what it asks of everybody: who may, and that the catalogue is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.refusal import Reason
from gongkai.security.grpc_auth import current_staff
from gongkai.security.permissions import Place, Staff, may
from gongkai.serving.clock import Clock
from gongkai.serving.database import for_questions
from gongkai.serving.errors import NotFound, PermissionRefused
from services.catalog.api import read_order
from services.catalog.domain.catalogues import GUIDE, Catalogue
from services.catalog.handlers import Office, Order
from services.catalog.views import catalogues, reading
from services.catalog.views.lineage import catalogue_of

READ: Final = "catalogue.read"
DRAFT: Final = "catalogue.draft"
REVIEW: Final = "catalogue.review"
_REFUSED: Final = {
    READ: "您没有查看该目录草稿的权限，请联系该区划的管理员。",
    DRAFT: "您不是该区划的目录管理员，不能修改其目录。请联系该区划的管理员授予“目录管理员”角色。",
    REVIEW: "您不是该区划的目录管理员，不能复核其目录。请联系该区划的管理员授予“目录管理员”角色。",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands and questions on editions work with."""

    office: Office
    clock: Clock
    """Its legal day is the day an edition comes into force."""

    reading: AsyncEngine = field(init=False)
    """For public questions, which write nothing."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reading", for_questions(self.office.engine))


def unknown(identity: str) -> NotFound:
    """Give the answer to a question about a catalogue nobody founded."""
    text = f"没有目录 {identity or '（空）'}，或尚未编制。请核对区划代码。"
    return NotFound(Reason("catalogue.unknown", text, "catalogue"))


async def found_or_planned(conn: AsyncConnection, identity: str) -> tuple[Catalogue, bool]:
    """Give a catalogue, or the one its division would found; and whether it exists.

    Raises:
        NotFound: neither a catalogue nor a division.
    """
    found = await catalogues.find_catalogue(conn, identity)
    if found is not None:
        return catalogue_of(found), True
    division = await reading.find_division(conn, identity)
    if division is None:
        raise unknown(identity)
    upper = GUIDE if division.level == "city" else division.parent or ""
    title = f"{division.name}基层政务公开标准目录"
    return Catalogue(identity, identity, division.level, upper, title), False


def require(staff: Staff, act: str, division: str) -> None:
    """Return if one of the staff may do an act to a division's catalogue.

    Raises:
        PermissionRefused: they may not.
    """
    if not may(staff, act, Place("", division)):
        raise PermissionRefused(Reason("auth.not-allowed", _REFUSED[act], "catalogue"))


async def require_here(conn: AsyncConnection, act: str, identity: str) -> tuple[Staff, Catalogue]:
    """Give who asks and the catalogue, founded or not, if they may do the act to it.

    Raises:
        NotFound: there is no such catalogue.
        PermissionRefused: they may not, or are not of the staff.
    """
    staff = current_staff()
    catalogue, _ = await found_or_planned(conn, identity)
    require(staff, act, catalogue.division)
    return staff, catalogue


def actor_of(staff: Staff) -> str:
    """Give what the log names one of the staff."""
    return f"staff:{staff.id}"


def order_of(command_id: str, staff: Staff) -> Order:
    """Give who commands, under which id."""
    return read_order(command_id, actor_of(staff))
