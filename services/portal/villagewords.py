"""How villages' lists are written on pages."""

from __future__ import annotations

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.villages import Rhythm, in_words


def rhythm(told: pb.VillageItem) -> Rhythm:
    """How often an item is disclosed, and by which day."""
    return Rhythm(told.cycle, told.month, told.day)


def village_cycle(told: pb.VillageItem) -> str:
    """An item's cycle in plain words."""
    return in_words(rhythm(told))
