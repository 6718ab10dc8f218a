"""From catalog's own events to what it says: contracts for the services (EVT) and for the province (FEED).

FEED carries public facts only: no credential keys, and nothing about a credential coming or going.
Who works here is told to nobody: other services learn of a person from the token the person brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from gongkai.contracts import catalog as contracts
from gongkai.contracts.contract import Contract
from gongkai.contracts.villages import VillageListPublished as VillageListTold
from gongkai.eventstore.event import StoredEvent
from gongkai.messaging.outgoing import Outgoing
from services.catalog.domain.bases import BasisFacts
from services.catalog.domain.calendars import CalendarAnnounced
from services.catalog.domain.divisions import DivisionFacts
from services.catalog.domain.domains import DomainRegistered
from services.catalog.domain.drafting import DraftEvent
from services.catalog.domain.editions import EditionPublished, MatterRetired, MatterRevised
from services.catalog.domain.organs import OrganCredentialAdded, OrganCredentialsRevoked, OrganFacts
from services.catalog.domain.rules import RuleChanged
from services.catalog.domain.staff import StaffFacts
from services.catalog.domain.stances import StanceEvent
from services.catalog.domain.subjects import SubjectAssigned
from services.catalog.domain.units import UnitRegistered
from services.catalog.domain.villagelists import VillageDraftEvent, VillageListPublished

CITY: Final = "341300000000"
"""The division that the calendar and the rules of law are told under: the city whose registry this is."""

_EVT_NAMES: Final[dict[type[Contract], str]] = {
    contracts.DivisionChanged: "division.changed",
    contracts.OrganChanged: "organ.changed",
    contracts.CalendarAnnounced: "calendar.announced",
    contracts.RuleChanged: "rule.changed",
    contracts.BasisChanged: "basis.changed",
    contracts.SubjectAssigned: "subject.assigned",
    contracts.EditionPublished: "edition.published",
    contracts.MatterRevised: "matter.revised",
    contracts.MatterRetired: "matter.retired",
    VillageListTold: "villagelist.published",
}
_FEED_VERBS: Final[dict[type[Contract], str]] = {
    contracts.DivisionChanged: "changed",
    contracts.OrganChanged: "changed",
    contracts.CalendarAnnounced: "announced",
    contracts.RuleChanged: "changed",
    contracts.BasisChanged: "changed",
    contracts.SubjectAssigned: "changed",
    contracts.EditionPublished: "adopted",
    contracts.MatterRevised: "changed",
    contracts.MatterRetired: "changed",
    VillageListTold: "adopted",
}

_INTERNAL: Final = (
    StaffFacts,
    UnitRegistered,
    DomainRegistered,
    *get_args(DraftEvent),
    *get_args(StanceEvent),
    *get_args(VillageDraftEvent),
)
"""The staff, and what editions are made of: a draft is nobody's business until it is published."""


def tell_services(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the messages of EVT_CATALOG that follow from one event; none where it is catalog's own affair."""
    if _is_internal(stored):
        return []
    contract = contract_of(stored)
    division = _division(contract)
    return [_outgoing(f"evt.catalog.{division}.{_EVT_NAMES[type(contract)]}", contract, stored)]


def tell_public(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the messages of FEED_CATALOG that follow from one event; none where it is not a public fact."""
    if isinstance(stored.data, OrganCredentialAdded | OrganCredentialsRevoked) or _is_internal(stored):
        return []
    contract = contract_of(stored)
    if isinstance(contract, contracts.OrganChanged):
        contract = contract.model_copy(update={"credential_keys": ()})
    return [_outgoing(f"feed.{_division(contract)}.catalog.{_FEED_VERBS[type(contract)]}", contract, stored)]


def contract_of(stored: StoredEvent) -> Contract:  # noqa: C901, PLR0911 - one return an event
    """Give the public state of the event's thing as of the event.

    Raises:
        TypeError: an event nobody has said how to tell; the relay stops.
    """
    event, version = stored.data, stored.version
    match event:
        case DivisionFacts():
            facts = event.model_dump(include=set(DivisionFacts.model_fields))
            return contracts.DivisionChanged(version=version, **facts)
        case OrganFacts():
            facts = event.model_dump(include=set(OrganFacts.model_fields))
            return contracts.OrganChanged(version=version, **facts)
        case CalendarAnnounced():
            return contracts.CalendarAnnounced(version=version, **event.model_dump())
        case RuleChanged():
            return contracts.RuleChanged(version=version, **event.model_dump(exclude={"name"}))
        case BasisFacts():
            told = event.model_dump(include=set(contracts.BasisChanged.model_fields))
            return contracts.BasisChanged(version=version, **told)
        case SubjectAssigned():
            return contracts.SubjectAssigned(version=version, **event.model_dump(exclude={"by_hand"}))
        case EditionPublished():
            told = event.model_dump(include=set(contracts.EditionPublished.model_fields))
            return contracts.EditionPublished(version=version, **told)
        case MatterRevised():
            told = event.model_dump(include=set(contracts.MatterRevised.model_fields))
            return contracts.MatterRevised(version=version, **told)
        case MatterRetired():
            told = event.model_dump(include=set(contracts.MatterRetired.model_fields))
            return contracts.MatterRetired(version=version, **told)
        case VillageListPublished():
            return VillageListTold(version=version, **event.model_dump())
        case _:
            raise TypeError(f"no contract tells {stored.type}")


def _is_internal(stored: StoredEvent) -> bool:
    return isinstance(stored.data, _INTERNAL)


def _division(contract: Contract) -> str:
    match contract:
        case contracts.DivisionChanged():
            return contract.code
        case (
            contracts.OrganChanged()
            | contracts.EditionPublished()
            | contracts.MatterRetired()
            | contracts.SubjectAssigned()
        ):
            return contract.division
        case contracts.MatterRevised():
            return contract.division or CITY
        case VillageListTold():
            return contract.village
        case _:
            return CITY


def _outgoing(subject: str, contract: Contract, stored: StoredEvent) -> Outgoing:
    source = f"/divisions/{_division(contract)}/catalog"
    return Outgoing(subject=subject, contract=contract, source=source, stream_id=stored.stream)
