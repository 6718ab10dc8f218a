"""What relays and consumers report to Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

RELAY_LEADS: Final = Gauge("gongkai_relay_leads", "1 where this process fills the stream.", ("stream",))
RELAY_POSITION: Final = Gauge(
    "gongkai_relay_position", "Last position of the log in the stream.", ("stream",)
)
RELAYED: Final = Counter("gongkai_relayed_total", "Messages put into the stream.", ("stream",))
PENDING: Final = Gauge(
    "gongkai_consumer_pending", "Messages not yet delivered to the consumer.", ("consumer",)
)
UNACKED: Final = Gauge("gongkai_consumer_unacked", "Messages delivered and not yet settled.", ("consumer",))
CONSUMED: Final = Counter(
    "gongkai_consumed_total",
    "Messages settled, by outcome: applied, retried, set_aside.",
    ("consumer", "outcome"),
)
