"""What a service says on its EVT stream, whole: whoever listens can read all of it and keeps what concerns them.

A type that a consumer does not know is set aside for a person; so the list stands here once, not in each consumer.
"""

from __future__ import annotations

from typing import Final

from gongkai.contracts import catalog, villages
from gongkai.contracts.contract import Contract

BY_CATALOG: Final[tuple[type[Contract], ...]] = (
    catalog.OrganChanged,
    catalog.DivisionChanged,
    catalog.CalendarAnnounced,
    catalog.EditionPublished,
    catalog.MatterRevised,
    catalog.MatterRetired,
    catalog.BasisChanged,
    catalog.SubjectAssigned,
    catalog.RuleChanged,
    villages.VillageListPublished,
)
"""On EVT_CATALOG."""
