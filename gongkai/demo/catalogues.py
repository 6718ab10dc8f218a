"""The demo's catalogues: how two counties and a township differ from what stands above them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class DemoCatalogue:
    """The first edition of a division: all that stands above, but for these differences."""

    id: str
    drafts: str
    """Login of who drafts it."""
    publishes: str
    """Login of who reviews and publishes it."""
    adapt: tuple[Mapping[str, Any], ...]
    """``matter``, ``reason``, ``fields``."""
    leave_out: tuple[Mapping[str, Any], ...]
    """``matter``, ``reason``."""
    add: tuple[Mapping[str, str], ...]
    """Cells of rows of its own, with their ``domain``."""


def demo_catalogues() -> list[DemoCatalogue]:
    """The catalogues of the demo, upper ones first, as the data file lists them."""
    rows = yaml.safe_load((files("gongkai.demo") / "catalogues.yaml").read_text(encoding="utf-8"))
    parts = ("adapt", "leave_out", "add")
    return [
        DemoCatalogue(**{**row, **{part: tuple(row[part]) for part in parts}}) for row in rows["catalogues"]
    ]
