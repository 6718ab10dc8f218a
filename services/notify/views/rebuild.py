"""Notify's views from its own log.

Two tables derive from it: subscriptions and messages. The queue (``dispatch``) does not and is never touched here: a
message that is being sent, or is due to be, stays exactly as it is, and one that is settled is not in it. So a rebuild
sends nothing, and loses nothing that was still to be sent.
"""

from __future__ import annotations

from gongkai.eventstore.store import EventStore
from gongkai.serving.rebuilding import Rebuild
from gongkai.serving.sources import OwnLog
from services.notify.views.writing import TABLES, Views

__all__ = ["TABLES", "views_of"]


def views_of(store: EventStore, views: Views) -> Rebuild:
    """What ``gongkai views rebuild notify`` builds, and from what."""
    return Rebuild(TABLES, lambda: [OwnLog(store, views.apply_events, name="notify")])
