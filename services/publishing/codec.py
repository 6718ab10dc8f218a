"""The event types of publishing's log."""

from gongkai.eventstore.codec import Codec
from services.publishing.domain.draft_events import DRAFT_EVENT_TYPES
from services.publishing.domain.events import EVENT_TYPES

CODEC = Codec(*EVENT_TYPES, *DRAFT_EVENT_TYPES)
