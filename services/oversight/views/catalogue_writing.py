"""What catalog says of catalogues, matters and subject words, as rows: the newest word of each."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import (
    EditionPublished,
    MatterRetired,
    MatterRevised,
    MatterState,
    SubjectAssigned,
)
from gongkai.contracts.contract import Contract
from gongkai.contracts.matters import TimeLimit
from gongkai.messaging.view import upsert_newer
from services.oversight.domain.cycles import cycles_of
from services.oversight.views import tables

Row = dict[str, Any]

_ON_REQUEST: Final = ("on_request",)


async def apply_catalogue(conn: AsyncConnection, told: Sequence[Contract]) -> None:
    """Apply editions, matters and subject words; what names no catalogue is of the first release and passed over."""
    editions = [_edition(one) for one in told if isinstance(one, EditionPublished) and one.catalogue]
    await upsert_newer(conn, tables.edition, editions)
    matters = [
        _revised(one) if isinstance(one, MatterRevised) else _retired(one)
        for one in told
        if isinstance(one, MatterRevised | MatterRetired) and one.catalogue
    ]
    await upsert_newer(conn, tables.matter, matters)
    subjects = [_subject(one) for one in told if isinstance(one, SubjectAssigned)]
    await upsert_newer(conn, tables.subject_meant, subjects)


def _edition(told: EditionPublished) -> Row:
    return {
        "id": told.edition,
        "version": told.version,
        "catalogue": told.catalogue,
        "number": told.number,
        "title": told.title,
        "effective_on": told.effective_on,
        "domains": [{"code": each.code, "name": each.name} for each in told.domains],
    }


def _revised(told: MatterRevised) -> Row:
    matter, reading = told.matter, told.reading
    return {
        "id": f"{told.catalogue}/{matter.id}",
        "version": told.version,
        "catalogue": told.catalogue,
        "matter": matter.id,
        "edition": told.edition,
        "counted": reading.modes != _ON_REQUEST,
        "domain": matter.domain,
        "place": matter.place,
        "title": _title(matter),
        "subject": matter.subject,
        "time_limit": matter.time_limit,
        "limits": [one.model_dump(mode="json") for one in _clocks(reading.time_limits)],
        "levels": list(reading.levels),
    }


def _title(matter: MatterState) -> str:
    """What a list calls a matter: a domain has several 政策法规文件, told apart by what they are about."""
    name, about = (
        (matter.level3, matter.level2) if matter.level3 else (matter.level2 or matter.level1, matter.level1)
    )
    return name if about in {"", name} else f"{name}（{about}）"


def _clocks(limits: Sequence[TimeLimit]) -> list[TimeLimit]:
    """Keep what `cycles_of` reads; nothing where no clock is a cycle, so that such matters need not be read."""
    cycles = cycles_of(limits)
    kept = [one for cycle in cycles for one in (cycle.every, cycle.grace) if one is not None]
    return list(dict.fromkeys(kept))


def _retired(told: MatterRetired) -> Row:
    """Keep that there was a matter, and that it is nobody's duty."""
    return {
        "id": f"{told.catalogue}/{told.matter_id}",
        "version": told.version,
        "catalogue": told.catalogue,
        "matter": told.matter_id,
        "edition": told.edition,
        "counted": False,
        "domain": "",
        "place": 0,
        "title": "",
        "subject": "",
        "time_limit": "",
        "limits": [],
        "levels": [],
    }


def _subject(told: SubjectAssigned) -> Row:
    return {
        "id": f"{told.division}/{sha256(told.subject.encode()).hexdigest()}",
        "version": told.version,
        "division": told.division,
        "subject": told.subject,
        "organs": list(told.organs),
    }
