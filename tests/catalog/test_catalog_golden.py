"""What stands in the log of catalog is read by every later release."""

from __future__ import annotations

from pathlib import Path

import pytest

from gongkai.eventstore.golden import golden_faults
from services.catalog.codec import CODEC

pytestmark = pytest.mark.domain


def test_every_shape_an_event_ever_had_still_reads() -> None:
    """One payload of every event type and schema is kept; an altered shape needs a new schema and an upcaster."""
    assert golden_faults(CODEC, Path(__file__).parent / "golden") == []
