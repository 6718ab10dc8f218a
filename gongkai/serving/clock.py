"""Time and ids as they enter the system; everything below the composition root gets them as arguments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present moment, in UTC."""

Ids = Callable[[], UUID]
"""Gives an id nobody had before."""

LEGAL_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""The zone in which the law counts days."""


def utc_now() -> datetime:
    """Return the present moment in UTC, with its zone."""
    return datetime.now(UTC)


def legal_day(at: datetime) -> date:
    """Return the legal day (Asia/Shanghai) in which ``at`` falls.

    Raises:
        ValueError: ``at`` has no zone, so that its day cannot be known.
    """
    if at.tzinfo is None:
        raise ValueError("a moment without a zone has no legal day")
    return at.astimezone(LEGAL_ZONE).date()


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, 74 random bits; sorts by time."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
