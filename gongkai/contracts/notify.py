"""What notify says to the others: what became of a notice. No address, no text."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from gongkai.contracts.contract import Contract


class MessageSettled(Contract):
    """A notice that a service asked to be sent was taken by the provider, failed, or is in doubt."""

    TYPE: ClassVar[str] = "cn.gongkai.notify.message.settled.v1"

    key: str = Field(description="the key it was asked to be sent under")
    version: int = Field(ge=1)
    sender: str = Field(description="the service that asked")
    channel: Literal["email", "sms", "wechat"]
    state: Literal["sent", "failed", "doubt", "dropped"]
    at: datetime
