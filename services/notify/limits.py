"""How much one client, address or subscription may ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gongkai.security.throttle import Limit

PER_CLIENT: Final = Limit(20, timedelta(hours=1))
"""Subscriptions one network address may open."""
PER_ADDRESS: Final = Limit(3, timedelta(minutes=30))
"""Codes one address may be sent."""
TRIES: Final = Limit(5, timedelta(minutes=30))
"""Codes tried for one subscription."""
TRIES_PER_CLIENT: Final = Limit(50, timedelta(hours=1))
