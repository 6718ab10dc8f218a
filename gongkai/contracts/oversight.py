"""What oversight says to the others: that a duty of disclosure comes due, that its day is over. Told once a due day."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from gongkai.contracts.contract import Contract


class DutyState(Contract):
    """A matter that an organ must disclose anew by a day, because the catalogue names a cycle."""

    organ: str
    organ_name: str
    division: str = Field(pattern=r"^\d{12}$", description="of the organ")
    matter: str
    version: int = Field(ge=1, description="of what was told of this organ and matter")
    title: str
    domain: str
    edition: str = Field(description="<catalogue>-<number> in force for the organ")
    time_limit: str = Field(description="the words of 公开时限")
    due_on: date = Field(description="the last day in time")
    said_on: date = Field(description="the legal day on which oversight found it")
    last_published_on: date | None = None


class DutyDueSoon(DutyState):
    """Nothing new has been published, and the due day is near."""

    TYPE: ClassVar[str] = "cn.gongkai.oversight.duty.due_soon.v1"

    days_left: int = Field(ge=0, description="working days from said_on to due_on; 0: it is the day")


class DutyOverdue(DutyState):
    """The due day is over and nothing new was published."""

    TYPE: ClassVar[str] = "cn.gongkai.oversight.duty.overdue.v1"
