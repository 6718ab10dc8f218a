"""What requests says to the others: that a request exists and how far it is, never who asked or for what."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from gongkai.contracts.contract import Contract


class ClockEntry(BaseModel):
    """One legal day the clock reads, with what happened on it."""

    model_config = ConfigDict(frozen=True)

    what: str = Field(description="submitted, received, decided; a correction replaces the entry it corrects")
    on: date


class RequestState(Contract):
    """The whole public state of a request for disclosure. No applicant, no content."""

    request_id: str
    number: str = Field(description="registration number: division, year, serial")
    version: int = Field(ge=1)
    organ: str
    division: str = Field(pattern=r"^\d{12}$")
    phase: Literal["submitted", "handling", "decided", "archived"]
    outcome: Literal["none", "disclosed", "not_held"] = "none"
    clock: tuple[ClockEntry, ...] = ()


class RequestRegistered(RequestState):
    """A request was submitted and has a number."""

    TYPE: ClassVar[str] = "cn.gongkai.requests.request.registered.v1"


class RequestReceived(RequestState):
    """Its receipt was confirmed, or the day of it corrected: the clock of Art. 33 runs from that day."""

    TYPE: ClassVar[str] = "cn.gongkai.requests.request.received.v1"


class RequestDecided(RequestState):
    """It was decided."""

    TYPE: ClassVar[str] = "cn.gongkai.requests.request.decided.v1"


class ApplicantErased(RequestState):
    """The applicant's data can no longer be read by anybody."""

    TYPE: ClassVar[str] = "cn.gongkai.requests.applicant.erased.v1"
