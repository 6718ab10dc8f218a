"""Publishing's own copies of what catalog says: organs, divisions, editions and their matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import (
    CalendarAnnounced,
    DivisionChanged,
    EditionPublished,
    MatterRevised,
    OrganChanged,
    RuleChanged,
)
from gongkai.contracts.contract import Contract
from gongkai.messaging.view import upsert_newer
from services.publishing.domain.registry import Organ, Registry
from services.publishing.views.tables import (
    known_division,
    known_edition,
    known_matter,
    known_organ,
    registry_revision,
)

CONTRACTS: Final[tuple[type[Contract], ...]] = (
    OrganChanged,
    DivisionChanged,
    EditionPublished,
    MatterRevised,
)
"""What of catalog's contracts matters here."""
OTHERS: Final[tuple[type[Contract], ...]] = (CalendarAnnounced, RuleChanged)
"""What is known and of no concern here."""


async def apply_catalog(conn: AsyncConnection, contracts: Sequence[Contract]) -> None:
    """Bring the copies up to date; a contract not newer than what is held changes nothing."""
    rows: dict[str, tuple[Table, list[dict[str, Any]]]] = {}
    for contract in contracts:
        if (found := _row(contract)) is not None:
            table, row = found
            rows.setdefault(table.name, (table, []))[1].append(row)
    for table, found_rows in rows.values():
        key = "id" if "id" in table.c else "code"
        newest = {row[key]: row for row in sorted(found_rows, key=_version)}
        await upsert_newer(conn, table, [newest[name] for name in sorted(newest)], key=key)
    if rows:
        await conn.execute(update(registry_revision).values(revision=registry_revision.c.revision + 1))


def _version(row: Mapping[str, Any]) -> int:
    return int(row["version"])


def _row(contract: Contract) -> tuple[Table, dict[str, Any]] | None:
    match contract:
        case OrganChanged():
            fields = contract.model_dump(include={"code", "version", "name", "division", "uscc"})
            return known_organ, fields | {"credential_keys": list(contract.credential_keys)}
        case DivisionChanged():
            return known_division, contract.model_dump(include={"code", "version", "name"})
        case EditionPublished():
            return known_edition, {
                "id": contract.edition,
                "version": contract.version,
                "effective_on": contract.effective_on,
                "domains": [domain.code for domain in contract.domains],
                "matter_ids": list(contract.matter_ids),
            }
        case MatterRevised():
            return known_matter, {
                "id": f"{contract.edition}/{contract.matter.id}",
                "version": contract.version,
                "edition": contract.edition,
                "matter": contract.matter.id,
                "domain": contract.matter.domain,
            }
        case _:
            return None


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
    """Read the whole registry: some hundred organs, 1,500 divisions, 300 matters."""
    organs = select(known_organ.c.code, known_organ.c.name, known_organ.c.division, known_organ.c.uscc)
    in_force = (
        select(known_edition)
        .where(known_edition.c.effective_on <= today)
        .order_by(known_edition.c.effective_on.desc(), known_edition.c.id.desc())
        .limit(1)
    )
    edition = (await conn.execute(in_force)).one_or_none()
    matters: dict[str, str] = {}
    if edition is not None:
        listed = frozenset(edition.matter_ids)
        asked = select(known_matter.c.matter, known_matter.c.domain).where(
            known_matter.c.edition == edition.id
        )
        matters = {row.matter: row.domain for row in await conn.execute(asked) if row.matter in listed}
    return Registry(
        organs={row.code: Organ(*row) for row in await conn.execute(organs)},
        divisions=frozenset((await conn.execute(select(known_division.c.code))).scalars()),
        matters=matters,
        domains=frozenset(edition.domains) if edition is not None else frozenset(),
    )


async def credential_keys(conn: AsyncConnection, organ: str) -> tuple[str, ...]:
    """The public keys of an organ's credentials in force; none for an unknown organ."""
    asked = select(known_organ.c.credential_keys).where(known_organ.c.code == organ)
    return tuple((await conn.execute(asked)).scalar_one_or_none() or ())
