"""How villages' lists are written on pages."""

from __future__ import annotations

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.villages import Rhythm, in_words


def village_name(name: str) -> str:
    """A village by its name, where the registry names its committee: 磬云村委会 is 磬云村."""
    for committee, place in (
        ("村民委员会", "村"),
        ("村委会", "村"),
        ("社区居委会", "社区"),
        ("居委会", "社区"),
    ):
        if name.endswith(committee) and len(name) > len(committee):
            return name.removesuffix(committee) + place
    return name


def rhythm(told: pb.VillageItem) -> Rhythm:
    """How often an item is disclosed, and by which day."""
    return Rhythm(told.cycle, told.month, told.day)


def village_cycle(told: pb.VillageItem) -> str:
    """An item's cycle in plain words."""
    return in_words(rhythm(told))
