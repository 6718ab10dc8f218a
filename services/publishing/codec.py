"""The event types of publishing's log."""

from gongkai.eventstore.codec import Codec
from services.publishing.domain.events import EVENT_TYPES

CODEC = Codec(*EVENT_TYPES)
