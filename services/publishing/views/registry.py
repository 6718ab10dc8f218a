"""Publishing's own copies of what catalog says: organs, divisions, editions and their matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import (
    DivisionChanged,
    EditionPublished,
    FormerName,
    MatterRetired,
    MatterRevised,
    OrganChanged,
)
from gongkai.contracts.contract import Contract
from gongkai.messaging.view import upsert_newer
from gongkai.successions import Successions, name_on
from services.publishing.domain.registry import Organ, Registry
from services.publishing.views.editions import (
    edition_row,
    editions_in_force,
    matter_row,
    matters_of_the_first_release,
    settle_editions,
)
from services.publishing.views.successions import successions
from services.publishing.views.tables import (
    known_division,
    known_edition,
    known_matter,
    known_organ,
    registry_revision,
)

_STANDING: Final = {"code", "version", "name", "ended_on", "successor"}
GUIDE: Final = "guide"
"""The catalogue of the State's guides, from which the city's is made."""


async def apply_catalog(conn: AsyncConnection, contracts: Sequence[Contract]) -> None:
    """Bring the copies up to date; a contract not newer than what is held changes nothing."""
    rows: dict[str, tuple[Table, list[dict[str, Any]]]] = {}
    for contract in contracts:
        if (found := _row(contract)) is not None:
            table, row = found
            rows.setdefault(table.name, (table, []))[1].append(row)
    for table, found_rows in rows.values():
        key = "id" if "id" in table.c else "code"
        await upsert_newer(conn, table, found_rows, key=key)
    await settle_editions(
        conn,
        (
            contract.catalogue
            for contract in contracts
            if isinstance(contract, EditionPublished | MatterRevised | MatterRetired)
        ),
    )
    if rows:
        await conn.execute(update(registry_revision).values(revision=registry_revision.c.revision + 1))


def _row(contract: Contract) -> tuple[Table, dict[str, Any]] | None:
    match contract:
        case OrganChanged():
            fields = contract.model_dump(include={*_STANDING, "division", "uscc"})
            keys = {"credential_keys": list(contract.credential_keys)}
            return known_organ, fields | keys | _former(contract)
        case DivisionChanged():
            return known_division, contract.model_dump(include=_STANDING) | _former(contract)
        case EditionPublished() | MatterRevised() | MatterRetired() if contract.catalogue == GUIDE:
            return None  # nobody publishes under it
        case EditionPublished():
            return known_edition, edition_row(contract)
        case MatterRevised() | MatterRetired():
            return known_matter, matter_row(contract)
        case _:
            return None


def _former(contract: OrganChanged | DivisionChanged) -> dict[str, Any]:
    return {"former_names": [former.model_dump(mode="json") for former in contract.former_names]}


class RegistryCache:
    """The registry as a value, read again only when its revision or the legal day has changed."""

    def __init__(self) -> None:
        self._held: tuple[int, date] | None = None
        self._registry = Registry()

    def division_of(self, organ: str) -> str:
        """The division of an organ as last read; empty for an unknown one."""
        known = self._registry.organs.get(organ)
        return known.division if known else ""

    async def current(self, conn: AsyncConnection, today: date) -> Registry:
        """The registry as of now, with the edition in force on ``today``."""
        revision = (await conn.execute(select(registry_revision.c.revision))).scalar_one()
        if self._held != (revision, today):
            self._registry = await read_registry(conn, today)
            self._held = (revision, today)
        return self._registry


async def read_registry(conn: AsyncConnection, today: date) -> Registry:
    """Read the registry: some hundred organs, 1,500 divisions, 130 editions; matters are read as they are claimed."""
    divisions = frozenset((await conn.execute(select(known_division.c.code))).scalars())
    ends = await successions(conn, known_division)
    matters, domains = await matters_of_the_first_release(conn, today)
    return Registry(
        organs=await _organs(conn, ends, today),
        divisions=divisions,
        heirs={code: ends.heir(code, today) for code in ends.ends if ends.ended(code, today)},
        editions=await editions_in_force(conn, today),
        matters=matters,
        domains=domains,
    )


async def _organs(conn: AsyncConnection, divisions: Successions, today: date) -> dict[str, Organ]:
    """The organs as they are called today; one of an ended division belongs to what follows it."""
    found = {row.code: row for row in await conn.execute(select(known_organ))}
    ends = await successions(conn, known_organ)
    organs = {
        row.code: Organ(
            row.code,
            name_on(today, row.name, map(FormerName.model_validate, row.former_names)),
            divisions.heir(row.division, today),
            row.uscc,
        )
        for row in found.values()
    }
    for code in ends.ends:
        if ends.ended(code, today) and (heir := organs.get(ends.heir(code, today))) is not None:
            organs[code] = replace(
                organs[code], heir=heir.code, heir_name=heir.name, heir_division=heir.division
            )
    return organs


async def credential_keys(conn: AsyncConnection, organ: str) -> tuple[str, ...]:
    """The public keys of an organ's credentials in force; none for an unknown organ."""
    asked = select(known_organ.c.credential_keys).where(known_organ.c.code == organ)
    return tuple((await conn.execute(asked)).scalar_one_or_none() or ())
