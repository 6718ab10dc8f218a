"""What catalog says of villages' lists (村务公开清单): self-government, a regime of its own beside the organs' duties."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from gongkai.contracts.contract import Contract

Cycle = Literal["quarterly", "monthly", "at_once"]


class VillageItem(BaseModel):
    """One item of a village's list."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="within the village; outlives renaming")
    kind: str = Field(description="1 to 5: the item of 村委会组织法 Art. 30 it belongs to")
    level1: str
    level2: str
    elements: str = Field(description="what is disclosed")
    cycle: Cycle
    month: int = Field(
        default=0, ge=0, le=3, description="fixed day: of the quarter's first to third month; 0: none"
    )
    day: int = Field(default=0, ge=0, le=31, description="fixed day of that month; 31: its last; 0: none")
    channels: str
    basis: str
    matter: str = Field(default="", description="the matter of the catalogue above that it corresponds to")
    unmatched: str = Field(default="", description="why it corresponds to none")
    mark: str = Field(default="", description="of an item taken from the model list: L, F, S or M")


class VillageListPublished(Contract):
    """A village's list is in force, as a whole; an earlier one of the village no longer is."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.villagelist.published.v1"

    village: str = Field(pattern=r"^\d{12}$", description="the village's division")
    version: int = Field(ge=1)
    number: int = Field(ge=1)
    effective_on: date
    items: tuple[VillageItem, ...]
