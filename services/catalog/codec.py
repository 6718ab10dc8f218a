"""The events of catalog's log, by their names."""

from __future__ import annotations

from typing import Final

from gongkai.eventstore.codec import Codec
from services.catalog.domain.calendars import CalendarAnnounced
from services.catalog.domain.divisions import DivisionRegistered
from services.catalog.domain.editions import EditionPublished, MatterRevised
from services.catalog.domain.organs import OrganCredentialAdded, OrganCredentialsRevoked, OrganRegistered
from services.catalog.domain.rules import RuleChanged
from services.catalog.domain.staff import (
    GrantsChanged,
    PasswordChanged,
    StaffDisabled,
    StaffErased,
    StaffRegistered,
)
from services.catalog.domain.units import UnitRegistered

CODEC: Final = Codec(
    DivisionRegistered,
    OrganRegistered,
    OrganCredentialAdded,
    OrganCredentialsRevoked,
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
)
