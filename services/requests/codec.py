"""The event types of requests' log."""

from __future__ import annotations

from typing import Final

from gongkai.eventstore.codec import Codec
from services.requests.domain.events import EVENT_TYPES

CODEC: Final = Codec(*EVENT_TYPES)
