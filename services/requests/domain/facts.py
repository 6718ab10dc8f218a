"""What a request is made of: who asks, for what, what was looked for and what was answered."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

Phase = Literal["submitted", "handling", "decided", "archived"]
Outcome = Literal["none", "disclosed", "not_held"]
Delivery = Literal["none", "sending", "sent", "failed", "doubt"]
Channel = Literal["none", "email", "sms"]

APPLICANT_KINDS: Final = {
    "natural": "自然人",
    "enterprise": "商业企业",
    "research": "科研机构",
    "welfare": "社会公益组织",
    "legal_service": "法律服务机构",
    "other": "其他组织",
}
"""The columns of the annual report's table 3 (国办公开办函〔2021〕30号)."""
SUPPLIES: Final = {"paper": "纸质", "electronic": "电子文档", "on_site": "当场查阅"}
"""形式要求: the form asked for."""
DELIVERIES: Final = {"post": "邮寄", "online": "网上获取", "pick_up": "自行领取", "email": "发到邮箱"}
"""获取方式、途径: the way asked for."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Applicant(_Fact):
    """Who asks. Personal data: sealed wherever it is stored, and shown to nobody without a trace."""

    kind: str
    name: str
    id_kind: str
    id_number: str
    contact_name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


class Content(_Fact):
    """What is asked for. People write about themselves in it, so it is sealed like the applicant."""

    description: str
    supply: str
    delivery: str


class Search(_Fact):
    """Where and how the organ looked. Art. 36(四): "经检索没有"."""

    on: date
    places: str
    words: str
    result: str


class ReplyFile(_Fact):
    """A file of the reply. ``digest`` is its name in the content store; ``size`` is in bytes."""

    name: str
    digest: str
    size: int
    media_type: str


class Reply(_Fact):
    """What the applicant is told."""

    text: str
    files: tuple[ReplyFile, ...] = ()


class ClockEntry(_Fact):
    """A legal day the clock reads: submitted, received, decided; corrections are applied already."""

    what: str
    on: date
