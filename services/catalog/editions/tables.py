"""Between a catalogue's rows and its table: what is printed of it, and what an imported table asks to be edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.domain.catalogues import GUIDE, Catalogue
from services.catalog.domain.editions import Domain
from services.catalog.domain.edits import Edit
from services.catalog.domain.merging import Standing, State, merge
from services.catalog.domain.rows import MatterRow
from services.catalog.tables import comparing
from services.catalog.tables.comparing import RowChange
from services.catalog.tables.examining import Against
from services.catalog.tables.writing import DomainTable
from services.catalog.views import catalogues, reading, rows

DRAFTED = "drafted"
"""Provenance of a row that came with a table: nobody has compared it with a published page."""


@dataclass(frozen=True, slots=True)
class DraftTable:
    """A draft, as a table is compared with it."""

    state: Catalogue
    standings: Mapping[str, Standing]
    """By matter."""
    versions: Mapping[str, int]
    """Of each matter's stream."""
    domains: Mapping[str, Domain]
    """By code: all there are."""
    division: str
    """Name of the catalogue's division."""

    def against(self) -> Against:
        """What a table is compared with: what is in, and what stands above or is left out."""
        standing = [
            comparing.Standing(
                matter, self._name(held.row), held.row.place, held.row.cells(), held.state is State.IN
            )
            for matter, held in self.standings.items()
            if held.row is not None
        ]
        ordered = sorted(standing, key=lambda was: (was.place, was.matter))
        return Against(ordered, tuple(domain.name for domain in self.domains.values()), self.division)

    def rows(self) -> dict[str, MatterRow]:
        """The rows as they would be published, by matter."""
        return {
            matter: held.row
            for matter, held in self.standings.items()
            if held.state is State.IN and held.row is not None
        }

    def _name(self, row: MatterRow) -> str:
        return self.domains[row.domain].name if row.domain in self.domains else row.domain


async def load_draft(conn: AsyncConnection, state: Catalogue) -> DraftTable:
    """Load a catalogue's draft with everything that stands above."""
    stances, versions = await rows.load_stances(conn, state.id)
    upper = await rows.load_upper(conn, state, stances)
    division = await reading.find_division(conn, state.division)
    return DraftTable(
        state,
        merge(upper, stances),
        versions,
        await catalogues.list_domains(conn),
        division.name if division is not None else "",
    )


def tables_of(
    state: Catalogue,
    division: str,
    domains: Mapping[str, Domain],
    found: Mapping[str, MatterRow],
    only: str = "",
) -> list[DomainTable]:
    """Give the sheets of rows, domain by domain in order.

    Args:
        state: whose rows they are.
        division: name of its division.
        domains: by code.
        found: the rows, by matter.
        only: code of the one domain wanted; empty: all.
    """
    kind = "标准指引" if state.id == GUIDE else "标准目录"
    place = "" if state.id == GUIDE else division
    ordered = sorted(found.items(), key=lambda item: (item[1].place, item[0]))
    return [
        DomainTable(domain.name, f"{place}{domain.name}领域基层政务公开{kind}", table)
        for domain in sorted(domains.values(), key=lambda domain: domain.seq)
        if (not only or domain.code == only)
        and (table := [row.cells() for _, row in ordered if row.domain == domain.code])
    ]


def edits_for(changes: Sequence[RowChange], draft: DraftTable, reason: str) -> list[Edit]:
    """Give the edits that carry out what a table changes.

    Args:
        changes: as compared with ``draft``.
        draft: what it was compared with.
        reason: why matters that the table lacks go.
    """
    edits = [edit for change in changes for edit in _edits(change, draft, reason)]
    return [replace(edit, at=f"rows[{number}]") for number, edit in enumerate(edits)]


def _edits(change: RowChange, draft: DraftTable, reason: str) -> Iterator[Edit]:
    if change.was is None:
        fixed = {"domain_name": change.domain, "place": str(change.place), "provenance": DRAFTED}
        yield Edit("", "add", {**change.now, **fixed})
        return
    matter = change.was.matter
    match change.kind:
        case "removed":
            yield Edit(matter, "drop" if draft.standings[matter].added else "leave_out", reason=reason)
        case "returned":
            yield Edit(matter, "adopt")
            if change.now:
                yield Edit(matter, "set", change.now)
        case _:
            yield Edit(matter, "set", change.now)
