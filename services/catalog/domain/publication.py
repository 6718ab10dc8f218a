"""From a draft to an edition in force: what is said, matter by matter, and only where something is not as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from gongkai.contracts.matters import MatterReading
from gongkai.eventstore.codec import DomainEvent
from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.domains import in_order
from services.catalog.domain.editions import (
    Difference,
    Domain,
    EditionPublished,
    Matter,
    MatterRetired,
    MatterRevised,
    differences,
    edition_id,
)
from services.catalog.domain.merging import Standing, State, Upper, merge, settle, settled
from services.catalog.domain.rows import MatterRow
from services.catalog.domain.stances import UNDECIDED, Stance

Read = Callable[[MatterRow], MatterReading]
"""Gives what a row's prose means."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A matter as it stands in the edition in force."""

    state: State
    row: MatterRow | None
    differs: tuple[Difference, ...] = ()
    added: bool = False
    reason: str = ""


_NOT_THERE = InForce(State.OUT, None)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an edition is made of."""

    upper: Upper
    stances: Mapping[str, Stance]
    in_force: Mapping[str, InForce]

    def standings(self) -> dict[str, Standing]:
        """Give every matter as it would be published."""
        return merge(self.upper, self.stances)


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing appends: one event to the catalogue, and to each matter that changed what changed in it."""

    edition: EditionPublished
    matters: Mapping[str, list[DomainEvent]]


@dataclass(frozen=True, slots=True)
class Particulars:
    """What an edition says of itself beside its matters."""

    on: date
    """The legal day it comes into force."""
    domains: Mapping[str, Domain]
    """By code."""
    read: Read


def standing_in_force(standing: Standing) -> InForce:
    """Give a standing as an edition would hold it."""
    if standing.state is State.OUT:
        return _NOT_THERE
    shown = {} if standing.state is State.LEFT_OUT else dict(standing.differs)
    return InForce(standing.state, standing.row, differences(shown), standing.added, standing.reason)


def is_changed(draft: Draft, standings: Mapping[str, Standing]) -> bool:
    """Tell whether publishing would say anything."""
    return any(
        standing_in_force(standing) != draft.in_force.get(identity, _NOT_THERE)
        for identity, standing in standings.items()
    ) or bool(draft.in_force.keys() - standings.keys())


def publish(catalogue: Catalogue, draft: Draft, particulars: Particulars) -> Publication:
    """Give the events of an edition whose questions are all answered."""
    standings = draft.standings()
    said = _Saying(catalogue, particulars.read)
    matters: dict[str, list[DomainEvent]] = {}
    counts = {"added": 0, "changed": 0, "removed": 0}
    for identity in sorted({*standings, *draft.in_force}):
        standing = standings.get(identity, Standing(State.OUT))
        was, now = draft.in_force.get(identity, _NOT_THERE), standing_in_force(standing)
        stance = draft.stances.get(identity, UNDECIDED)
        events: list[DomainEvent] = list(settle(stance, draft.upper.rows.get(identity)))
        if now != was:
            events += said.changed(identity, now, settled(stance, draft.upper.rows.get(identity)).reason)
            for count in _counts(was, now):
                counts[count] += 1
        if events:
            matters[identity] = events
    rows = [standing.row for standing in standings.values() if standing.state is State.IN and standing.row]
    return Publication(_edition(catalogue, particulars, rows, counts), matters)


def _edition(
    catalogue: Catalogue, particulars: Particulars, rows: list[MatterRow], counts: Mapping[str, int]
) -> EditionPublished:
    return EditionPublished(
        edition=edition_id(catalogue.id, catalogue.number),
        division=catalogue.division,
        title=catalogue.draft_title,
        effective_on=particulars.on,
        domains=in_order(particulars.domains, (row.domain for row in rows)),
        catalogue=catalogue.id,
        number=catalogue.number,
        upper=catalogue.upper,
        upper_number=catalogue.upper_edition,
        matters=len(rows),
        added=counts["added"],
        changed=counts["changed"],
        removed=counts["removed"],
    )


@dataclass(frozen=True, slots=True)
class _Saying:
    catalogue: Catalogue
    read: Read

    def changed(self, identity: str, now: InForce, reason: str) -> Iterator[DomainEvent]:
        edition = edition_id(self.catalogue.id, self.catalogue.number)
        if now.state is State.IN:
            assert now.row is not None, "what is in has a row"
            yield MatterRevised(
                edition=edition,
                division=self.catalogue.division,
                matter=Matter.of(identity, now.row),
                catalogue=self.catalogue.id,
                number=self.catalogue.number,
                reading=self.read(now.row),
                differs=now.differs,
                added=now.added,
                reason=now.reason,
            )
            return
        yield MatterRetired(
            edition=edition,
            division=self.catalogue.division,
            catalogue=self.catalogue.id,
            number=self.catalogue.number,
            matter_id=identity,
            why="left_out" if now.state is State.LEFT_OUT else "dropped" if reason else "followed",
            reason=reason,
            row=now.row,
            reading=MatterReading() if now.row is None else self.read(now.row),
        )


def _counts(was: InForce, now: InForce) -> Iterator[str]:
    """Give what the public counts: matters that came, left, or read otherwise."""
    if now.state is State.IN and was.state is not State.IN:
        yield "added"
    elif was.state is State.IN and now.state is not State.IN:
        yield "removed"
    elif now.state is State.IN and was.row != now.row:
        yield "changed"
