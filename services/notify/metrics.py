"""What notify reports to Prometheus. No address, no key."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

SETTLED: Final = Counter(
    "gongkai_notify_settled_total",
    "Messages by what became of an attempt: sent, failed, doubt, dropped, later.",
    ("channel", "outcome"),
)
QUEUED: Final = Counter("gongkai_notify_queued_total", "Messages put into the queue.", ("channel",))
