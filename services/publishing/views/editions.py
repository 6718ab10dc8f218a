"""Publishing's copies of catalog's editions and matters: which edition holds for whom, and what a matter demands there.

A matter has one row for each edition in which it changed, so that an edition is read as it stood. An edition counts from
when all its matters are here: until then the one before it is in force here, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, Integer, Select, Text, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import EditionPublished, MatterRetired, MatterRevised
from gongkai.contracts.matters import MatterReading
from services.publishing.domain.registry import Edition, Matter, Organ, Registry
from services.publishing.domain.text import clean
from services.publishing.views.tables import known_edition, known_matter

_READ: Final = frozenset({"elements", "citations"})
"""What of a matter's reading publishing uses."""
_COMPLETE: Final = text(
    "UPDATE known_edition AS edition SET complete = true"
    " WHERE NOT complete AND catalogue = ANY(:catalogues) AND matters = ("
    " SELECT count(*) FROM (SELECT DISTINCT ON (matter) retired FROM known_matter"
    " WHERE catalogue = edition.catalogue AND number <= edition.number ORDER BY matter, number DESC) AS stands"
    " WHERE NOT retired)"
).bindparams(bindparam("catalogues", type_=ARRAY(Text)))
_CLAIMED: Final = text(
    "SELECT asked.catalogue, asked.matter, found.domain, found.retired, found.reading"
    " FROM unnest(:catalogues, :numbers, :matters) AS asked (catalogue, number, matter)"
    " CROSS JOIN LATERAL (SELECT domain, retired, reading FROM known_matter"
    " WHERE catalogue = asked.catalogue AND matter = asked.matter AND number <= asked.number"
    " ORDER BY number DESC LIMIT 1) AS found"
).bindparams(
    bindparam("catalogues", type_=ARRAY(Text)),
    bindparam("numbers", type_=ARRAY(Integer)),
    bindparam("matters", type_=ARRAY(Text)),
)


def edition_row(contract: EditionPublished) -> dict[str, Any]:
    """Give the row of an edition; one that names no catalogue lists its matters itself."""
    return {
        "id": contract.edition,
        "version": contract.version,
        "effective_on": contract.effective_on,
        "domains": [domain.code for domain in contract.domains],
        "matter_ids": list(contract.matter_ids),
        "catalogue": contract.catalogue,
        "number": contract.number,
        "matters": contract.matters,
        "complete": not contract.catalogue,
    }


def matter_row(contract: MatterRevised | MatterRetired) -> dict[str, Any]:
    """Give the row of a matter as it stands from an edition on."""
    row: dict[str, Any] = {
        "version": contract.version,
        "edition": contract.edition,
        "catalogue": contract.catalogue,
        "number": number_of(contract.edition) if contract.catalogue else 0,
    }
    if isinstance(contract, MatterRetired):
        row |= {"matter": contract.matter_id, "domain": "", "retired": True, "reading": {}}
    else:
        reading = contract.reading.model_dump(mode="json", include=set(_READ))
        row |= {
            "matter": contract.matter.id,
            "domain": contract.matter.domain,
            "retired": False,
            "reading": reading,
        }
    return row | {"id": f"{contract.edition}/{row['matter']}"}


def number_of(edition: str) -> int:
    """Read the number out of an edition's id, ``<catalogue>-<number>``; 0 where there is none."""
    tail = edition.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


async def settle_editions(conn: AsyncConnection, catalogues: Iterable[str]) -> None:
    """Let the editions of these catalogues count whose matters are all here."""
    named = sorted({catalogue for catalogue in catalogues if catalogue})
    if named:
        await conn.execute(_COMPLETE, {"catalogues": named})


async def editions_in_force(conn: AsyncConnection, today: date) -> dict[str, Edition]:
    """Give the edition of each catalogue that is in force on a legal day."""
    counting = (
        _effective(today)
        .where(known_edition.c.catalogue != "", known_edition.c.complete)
        .order_by(known_edition.c.catalogue, known_edition.c.number)
    )
    return {
        row.catalogue: Edition(row.catalogue, row.number, frozenset(row.domains))
        for row in await conn.execute(counting)  # the last of each stays
    }


async def matters_of_the_first_release(
    conn: AsyncConnection, today: date
) -> tuple[Mapping[str, str], frozenset[str]]:
    """Give matters (id → domain) and domains of the newest edition that names no catalogue; nothing if none does."""
    newest = (
        _effective(today)
        .where(known_edition.c.catalogue == "")
        .order_by(known_edition.c.effective_on.desc(), known_edition.c.id.desc())
        .limit(1)
    )
    edition = (await conn.execute(newest)).one_or_none()
    if edition is None:
        return {}, frozenset()
    asked = select(known_matter.c.matter, known_matter.c.domain).where(known_matter.c.edition == edition.id)
    listed = frozenset(edition.matter_ids)
    found = {row.matter: row.domain for row in await conn.execute(asked) if row.matter in listed}
    return found, frozenset(edition.domains)


async def with_claims(
    conn: AsyncConnection, registry: Registry, claims: Iterable[tuple[Organ | None, str | None]]
) -> Registry:
    """Give the registry with the matters that organs claim, as the editions in force for them have them.

    One query for all of them: what a document costs does not depend on how large the catalogues are.
    """
    asked: dict[tuple[str, str], int] = {}
    for organ, claimed in claims:
        matter = clean(claimed)
        edition = registry.edition_for(organ.division) if organ is not None and matter else None
        if edition is not None:
            asked[edition.catalogue, matter] = edition.number
    if not asked:
        return registry
    parameters = {
        "catalogues": [catalogue for catalogue, _ in asked],
        "numbers": list(asked.values()),
        "matters": [matter for _, matter in asked],
    }
    found = {
        (row.catalogue, row.matter): Matter(
            row.domain, MatterReading.model_validate(row.reading), row.retired
        )
        for row in await conn.execute(_CLAIMED, parameters)
    }
    return replace(registry, claimed=found)


def _effective(today: date) -> Select[Any]:
    return select(known_edition).where(known_edition.c.effective_on <= today)
