"""The catalogues a new registry begins with: the State's guides, and the city's standard that adopts all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from gongkai.eventstore.codec import DomainEvent
from services.catalog.domain import catalogues
from services.catalog.domain.catalogues import GUIDE, Above, Catalogue
from services.catalog.domain.drafting import CatalogueEvent, EditionProposed
from services.catalog.domain.editions import Domain
from services.catalog.domain.merging import Upper
from services.catalog.domain.publication import Draft, Particulars, publish
from services.catalog.domain.stances import UNDECIDED, MatterAdded, MatterAdopted, StanceEvent, evolve
from services.catalog.editions.readings import reading_of
from services.catalog.seed.reading import CITY_TITLE, EFFECTIVE_ON, GUIDE_TITLE, Seed
from services.catalog.views.lineage import catalogue_stream, matter_stream

BY: Final = "system:seed"
Streams = dict[str, list[DomainEvent]]


def first_catalogues(seed: Seed) -> dict[str, Streams]:
    """Give the events of the guide and of the city's standard: catalogue → stream → events."""
    city = next(division.code for division in seed.divisions if division.level == "city")
    domains = {domain.code: domain for domain in seed.domains}
    rows = {matter.id: matter.row for matter in seed.matters}
    guide = Catalogue(GUIDE, city, "guide", "", GUIDE_TITLE)
    standard = Catalogue(city, city, "city", GUIDE, CITY_TITLE)
    return {
        GUIDE: first_edition(
            guide,
            Above(),
            Upper(),
            {name: MatterAdded(row=row) for name, row in rows.items()},
            domains,
            EFFECTIVE_ON,
        ),
        city: first_edition(
            standard, Above(1), Upper(rows), {name: MatterAdopted() for name in rows}, domains, EFFECTIVE_ON
        ),
    }


def first_edition(
    catalogue: Catalogue,
    above: Above,
    upper: Upper,
    stances: Mapping[str, StanceEvent],
    domains: Mapping[str, Domain],
    on: date,
) -> Streams:
    """Give all events of a catalogue whose first edition is published as it is founded."""
    opening = catalogues.open_edition(catalogue, above, "", founded=False)
    opened = _state(opening)
    draft = Draft(upper, {name: evolve(UNDECIDED, event) for name, event in stances.items()}, {})
    publication = publish(opened, draft, Particulars(on, domains, reading_of))
    proposed = EditionProposed(catalogue=catalogue.id, by=BY, note="")
    streams: Streams = {catalogue_stream(catalogue.id): [*opening, proposed, publication.edition]}
    for name, event in stances.items():
        streams[matter_stream(catalogue.id, name)] = [event, *publication.matters.get(name, [])]
    return streams


def _state(events: Iterable[CatalogueEvent]) -> Catalogue:
    state: Catalogue | None = None
    for event in events:
        state = catalogues.evolve(state, event)
    assert state is not None, "founding makes one"
    return state
