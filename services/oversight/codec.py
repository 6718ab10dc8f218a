"""The event types of oversight's log."""

from __future__ import annotations

from typing import Final

from gongkai.eventstore.codec import Codec
from services.oversight.domain.telling import DutyDueSoon, DutyOverdue

CODEC: Final = Codec(DutyDueSoon, DutyOverdue)
