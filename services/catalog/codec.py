"""The events of catalog's log, by their names."""

from __future__ import annotations

from typing import Final

from gongkai.eventstore.codec import Codec
from services.catalog.domain.bases import BasisDescribed, BasisRegistered, BasisStateChanged
from services.catalog.domain.calendars import CalendarAnnounced
from services.catalog.domain.division_changes import DivisionEnded, DivisionKept, DivisionRenamed
from services.catalog.domain.divisions import DivisionRegistered
from services.catalog.domain.domains import DomainRegistered
from services.catalog.domain.drafting import (
    CatalogueFounded,
    EditionDiscarded,
    EditionOpened,
    EditionProposed,
    EditionReturned,
    UpperTaken,
)
from services.catalog.domain.editions import EditionPublished, MatterRetired, MatterRevised, widen_matter
from services.catalog.domain.organ_changes import OrganEnded, OrganKept, OrganRenamed
from services.catalog.domain.organs import OrganCredentialAdded, OrganCredentialsRevoked, OrganRegistered
from services.catalog.domain.rules import RuleChanged
from services.catalog.domain.staff import (
    GrantsChanged,
    PasswordChanged,
    StaffDisabled,
    StaffErased,
    StaffRegistered,
)
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
)
from services.catalog.domain.subjects import SubjectAssigned
from services.catalog.domain.units import UnitRegistered
from services.catalog.domain.villagelists import (
    VillageListProposed,
    VillageListPublished,
    VillageListReturned,
    VillageListSaved,
)

CODEC: Final = Codec(
    DivisionRegistered,
    OrganRegistered,
    OrganCredentialAdded,
    OrganCredentialsRevoked,
    DivisionRenamed,
    DivisionEnded,
    OrganRenamed,
    OrganEnded,
    DivisionKept,
    OrganKept,
    CalendarAnnounced,
    RuleChanged,
    EditionPublished,
    MatterRevised,
    StaffRegistered,
    GrantsChanged,
    PasswordChanged,
    StaffDisabled,
    StaffErased,
    UnitRegistered,
    SubjectAssigned,
    BasisRegistered,
    BasisDescribed,
    BasisStateChanged,
    DomainRegistered,
    CatalogueFounded,
    EditionOpened,
    UpperTaken,
    EditionProposed,
    EditionReturned,
    EditionDiscarded,
    MatterRetired,
    MatterAdded,
    MatterEdited,
    MatterAdopted,
    MatterAdapted,
    MatterRestored,
    MatterLeftOut,
    MatterDropped,
    MatterKept,
    MatterRejoined,
    MatterReleased,
    MatterReverted,
    VillageListSaved,
    VillageListProposed,
    VillageListReturned,
    VillageListPublished,
    upcasters={("matter.revised", 1): widen_matter},
)
