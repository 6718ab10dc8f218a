"""What is said when an edition comes into force: the edition, each matter that changed in it, each that left it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from gongkai.contracts.matters import MatterReading
from gongkai.eventstore.codec import DomainEvent, Payload
from services.catalog.domain.rows import Change, MatterRow


class Domain(BaseModel):
    """A domain (领域)."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Its number, two digits at least."""
    seq: int
    name: str
    lead_units: str


class Matter(MatterRow):
    """A row with the identity that outlives renaming."""

    id: str

    @classmethod
    def of(cls, identity: str, row: MatterRow) -> Matter:
        """Give a row its identity."""
        return cls.model_construct(id=identity, **row.__dict__)

    @property
    def row(self) -> MatterRow:
        """The row alone."""
        return MatterRow.model_construct(
            **{name: value for name, value in self.__dict__.items() if name != "id"}
        )


class Difference(BaseModel):
    """A cell that is not as above."""

    model_config = ConfigDict(frozen=True)

    field: str
    was: str
    """Above."""
    now: str
    """Here."""


def differences(changes: dict[str, Change]) -> tuple[Difference, ...]:
    """Give changes in the order they come in."""
    return tuple(Difference(field=name, was=change.was, now=change.now) for name, change in changes.items())


class EditionPublished(DomainEvent):
    """An edition came into force.

    In logs of the first release an edition named no catalogue, stood in a stream ``edition:<id>`` and listed its
    matters; views pass over those.
    """

    NAME: ClassVar[str] = "edition.published"

    edition: str
    """``<catalogue>-<number>``."""
    division: str
    title: str
    effective_on: date
    domains: tuple[Domain, ...]
    matter_ids: tuple[str, ...] = ()
    catalogue: str = ""
    number: int = 0
    upper: str = ""
    upper_number: int = 0
    matters: int = 0
    """How many are in it."""
    added: int = 0
    """Against the edition before; so are the next two."""
    changed: int = 0
    removed: int = 0


class MatterRevised(DomainEvent):
    """A matter as it stands in an edition, where that is not as it stood in the one before."""

    NAME: ClassVar[str] = "matter.revised"
    SCHEMA: ClassVar[int] = 2

    edition: str
    division: str
    matter: Matter
    catalogue: str = ""
    number: int = 0
    reading: MatterReading = MatterReading()
    differs: tuple[Difference, ...] = ()
    """From the catalogue above."""
    added: bool = False
    """Does not stand above."""
    reason: str = ""
    """The note on the differences."""


class MatterRetired(DomainEvent):
    """A matter does not stand in an edition: no longer, or left out from the beginning."""

    NAME: ClassVar[str] = "matter.retired"

    edition: str
    division: str
    catalogue: str
    number: int
    matter_id: str
    why: Literal["left_out", "dropped", "followed"]
    """``followed``: it is gone above."""
    reason: str = ""
    row: MatterRow | None = None
    """As it stands above, of one that is left out."""
    reading: MatterReading = MatterReading()


def widen_matter(payload: Payload) -> Payload:
    """Bring ``matter.revised`` of the first release up to now: its rows had neither place nor the rarer columns."""
    missing = {"place": 0, "level3": "", "number": "", "office": "", "phone": ""}
    return payload | {"matter": missing | payload["matter"]}


def edition_id(catalogue: str, number: int) -> str:
    """Give an edition its id."""
    return f"{catalogue}-{number}"
