"""What a record says in figures, so that county, township and village can be held beside each other.

The plan asks that matters which are the same have the same content at every level (§二（五）11: 相同事项的公开内容对应一致).
Words cannot be compared; an amount, a number of people or households, and a day can.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

PERIOD: Final = r"^\d{4}(-(Q[1-4]|0[1-9]|1[0-2]))?$"
"""A year, a quarter of it or a month of it: 2026, 2026-Q3, 2026-09."""
AMOUNT: Final = r"^\d{1,15}(\.\d{2})?$"
"""Yuan; with two decimals where there are 角 or 分."""


class Fact(BaseModel):
    """The figures of one place in one period. A record of a county may hold one for each of its townships or villages."""

    model_config = ConfigDict(frozen=True)

    division: str = Field(
        pattern=r"^\d{12}$", description="the place the figures are about: the record's or one in it"
    )
    period: str = Field(pattern=PERIOD, description="the year, quarter or month they are of")
    amount: str | None = Field(default=None, pattern=AMOUNT, description="yuan, in the whole period")
    people: int | None = Field(default=None, ge=0, description="persons, counted once")
    households: int | None = Field(default=None, ge=0, description="households, counted once")
    on: date | None = Field(default=None, description="the day it was done: paid out, allotted, decided")
