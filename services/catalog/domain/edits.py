"""An edit of one matter of a draft, and what it is decided on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gongkai.eventstore.codec import DomainEvent
from services.catalog.domain.rows import MatterRow
from services.catalog.domain.stances import (
    MatterAdapted,
    MatterAdded,
    MatterAdopted,
    MatterDropped,
    MatterEdited,
    MatterKept,
    MatterLeftOut,
    MatterRejoined,
    MatterReleased,
    MatterRestored,
    MatterReverted,
    Stance,
)


@dataclass(frozen=True, slots=True)
class Edit:
    """What an editor wants of one matter."""

    matter: str
    """Empty to add one that has never been."""
    act: str
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """set, add: cell → text; hold, restore: the cells named, all of them where none is."""
    reason: str = ""
    at: str = "edits[0]"
    """Where the edit stands in the request."""
    seen: int | None = None
    """Version of the row as its editor saw it; None where nobody else can have changed it."""


@dataclass(frozen=True, slots=True)
class Since:
    """What happened to a matter after its editor saw it."""

    decided: bool = False
    """It was adopted, left out, dropped, kept or added, or the draft it was seen in was discarded."""
    cells: frozenset[str] = frozenset()
    """Changed here."""
    above: frozenset[str] = frozenset()
    """Changed in the catalogue above, which the draft stands on since."""


NOTHING: Final = Since()


@dataclass(frozen=True, slots=True)
class Ground:
    """What an edit is decided on."""

    stance: Stance
    upper: MatterRow | None = None
    gone: MatterRow | None = None
    since: Since = NOTHING
    known: bool = True
    """The matter stands above or has a history here."""


def since(events: Iterable[DomainEvent], above: Iterable[str] = ()) -> Since:
    """Read what happened from the events after the one seen, and the cells that changed above."""
    decided, cells = False, set[str]()
    for event in events:
        match event:
            case MatterAdapted() | MatterEdited():
                cells |= set(event.changes)
            case MatterRestored():
                cells |= set(event.fields)
            case MatterAdopted() | MatterLeftOut() | MatterDropped() | MatterAdded() | MatterKept():
                decided = True
            case MatterReverted():
                decided, cells = True, cells | set(event.cells)
            case MatterRejoined() | MatterReleased():
                pass  # the catalogue above did that
    return Since(decided, frozenset(cells), frozenset(above))
