"""How a catalogue stands to one matter: events of ``matter:<catalogue>/<matter>`` and what they add up to.

A lower catalogue holds only its stance (adopted as above, adapted in some cells, left out) and rows of its own; never
a copy of what stands above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from gongkai.eventstore.codec import DomainEvent
from services.catalog.domain.editions import MatterRetired, MatterRevised
from services.catalog.domain.rows import Change, Changes, MatterRow


class Kind(StrEnum):
    """The stances there are."""

    NONE = "none"
    """Never decided, or no longer: dropped, released."""
    ADOPTED = "adopted"
    LEFT_OUT = "left_out"
    OWN = "own"


class MatterAdded(DomainEvent):
    """The catalogue has a matter of its own, or has its own again after dropping it."""

    NAME: ClassVar[str] = "matter.added"

    row: MatterRow


class MatterEdited(DomainEvent):
    """Cells of the catalogue's own row were changed."""

    NAME: ClassVar[str] = "matter.edited"

    changes: dict[str, Change]


class MatterAdopted(DomainEvent):
    """The catalogue takes the matter as it stands above, now and later."""

    NAME: ClassVar[str] = "matter.adopted"


class MatterAdapted(DomainEvent):
    """The catalogue has its own text in some cells; ``was`` is the text above that it was decided against."""

    NAME: ClassVar[str] = "matter.adapted"

    changes: dict[str, Change]
    note: str = ""
    """Why, for the public."""


class MatterRestored(DomainEvent):
    """Cells follow the catalogue above again."""

    NAME: ClassVar[str] = "matter.restored"

    fields: tuple[str, ...]


class MatterLeftOut(DomainEvent):
    """The catalogue does not take the matter that stands above."""

    NAME: ClassVar[str] = "matter.left_out"

    reason: str


class MatterDropped(DomainEvent):
    """The catalogue gave up its own row, or its adaptation of a matter that is gone above."""

    NAME: ClassVar[str] = "matter.dropped"

    reason: str


class MatterKept(DomainEvent):
    """Gone above; the catalogue keeps it as a row of its own."""

    NAME: ClassVar[str] = "matter.kept"

    row: MatterRow


class MatterRejoined(DomainEvent):
    """The catalogue's own row stands above too: it is adopted now, and adapted where it differs."""

    NAME: ClassVar[str] = "matter.rejoined"

    changes: dict[str, Change]


class MatterReleased(DomainEvent):
    """Gone above, and the catalogue followed; or left out here and now gone above as well."""

    NAME: ClassVar[str] = "matter.released"


class MatterReverted(DomainEvent):
    """The draft was discarded: the stance is again the one that the edition in force was published with."""

    NAME: ClassVar[str] = "matter.reverted"

    kind: Kind
    adapted: dict[str, Change]
    row: MatterRow | None = None
    reason: str = ""
    cells: tuple[str, ...] = ()
    """That read otherwise by it."""


StanceEvent = (
    MatterAdded
    | MatterEdited
    | MatterAdopted
    | MatterAdapted
    | MatterRestored
    | MatterLeftOut
    | MatterDropped
    | MatterKept
    | MatterRejoined
    | MatterReleased
    | MatterReverted
)

_NO_CHANGES: Final[Changes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stance:
    """How a catalogue stands to one matter."""

    kind: Kind = Kind.NONE
    adapted: Changes = field(default_factory=lambda: _NO_CHANGES)
    """Of an adopted matter: the cells with a text of our own."""
    row: MatterRow | None = None
    """Of our own matter."""
    reason: str = ""
    """Why it was left out or dropped; the note on an adaptation or on our own row."""


UNDECIDED: Final = Stance()


def evolve(stance: Stance, event: DomainEvent) -> Stance:  # noqa: PLR0911, C901 - one return an event
    """Apply one event.

    Raises:
        TypeError: an event that is not of a matter.
    """
    match event:
        case MatterAdded() | MatterKept():
            return Stance(Kind.OWN, row=event.row)
        case MatterEdited():
            assert stance.row is not None, "only rows of our own are edited"
            return replace(stance, row=stance.row.put({name: c.now for name, c in event.changes.items()}))
        case MatterAdopted():
            return Stance(Kind.ADOPTED)
        case MatterAdapted():
            adapted = _sorted({**stance.adapted, **event.changes})
            return Stance(Kind.ADOPTED, adapted, reason=event.note or stance.reason)
        case MatterRestored():
            rest = {name: c for name, c in stance.adapted.items() if name not in event.fields}
            return Stance(Kind.ADOPTED, rest, reason=stance.reason if rest else "")
        case MatterLeftOut():
            return Stance(Kind.LEFT_OUT, reason=event.reason)
        case MatterDropped():
            return Stance(reason=event.reason)
        case MatterRejoined():
            return Stance(Kind.ADOPTED, _sorted(event.changes))
        case MatterReleased():
            return UNDECIDED
        case MatterReverted():
            return Stance(event.kind, _sorted(event.adapted), event.row, event.reason)
        case MatterRevised() | MatterRetired():
            return stance
        case _:
            raise TypeError(f"{event.NAME} is not about a matter")


def revert(now: Stance, was: Stance) -> list[MatterReverted]:
    """Give what makes a stance what it was; nothing where it is."""
    if now == was:
        return []
    cells = _own_cells(now).items() ^ _own_cells(was).items()
    return [
        MatterReverted(
            kind=was.kind,
            adapted=dict(was.adapted),
            row=was.row,
            reason=was.reason,
            cells=tuple(sorted({name for name, _ in cells})),
        )
    ]


def _own_cells(stance: Stance) -> dict[str, str]:
    """Give the cells with a text of our own."""
    return stance.row.cells() if stance.row else {name: change.now for name, change in stance.adapted.items()}


def _sorted(changes: Mapping[str, Change]) -> dict[str, Change]:
    """One order, so that what was adapted in other steps is stored the same."""
    return {name: changes[name] for name in sorted(changes)}
