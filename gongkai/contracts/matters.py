"""What the prose of a matter means, as catalog read it when the edition was published.

What could not be read is flagged, never guessed: its words stand in the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["working_days", "days", "hours", "weeks", "months", "quarters", "years", ""]
LimitKind = Literal[
    "deadline", "min_display", "cycle", "realtime", "promptly", "long_term", "before_event", "with_event",
    "as_regulated",
]  # fmt: skip

COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "level1": "一级事项",
        "level2": "二级事项",
        "level3": "三级事项",
        "content_elements": "公开内容（要素）",
        "legal_basis": "公开依据",
        "time_limit": "公开时限",
        "subject": "公开主体",
        "channels": "公开渠道和载体",
        "audience": "公开对象",
        "mode": "公开方式",
        "levels": "公开层级",
        "number": "事项编码",
        "office": "责任科室",
        "phone": "咨询电话",
    }
)
"""Field of a row → what its column is called on the official table, in its order."""


class TimeLimit(BaseModel):
    """One clock of 公开时限."""

    model_config = ConfigDict(frozen=True)

    kind: LimitKind = Field(
        description="deadline: within n units after the trigger; min_display: shown for at least n units; cycle: anew"
        " every n units; realtime; promptly (及时, no number); long_term; before_event: at least n units before it;"
        " with_event: at the same time as it; as_regulated: another law sets it"
    )
    trigger: str = Field(default="", description="what starts it, e.g. formed_or_changed; empty: not stated")
    event: str = Field(
        default="", description="what the trigger befalls or who acts, in the words: 合同, 申请人"
    )
    n: int = Field(default=0, ge=0, description="0 where the kind has no number")
    unit: Unit = ""
    month: int = Field(
        default=0,
        ge=0,
        le=12,
        description="of a cycle: due in this month of the year or quarter; 0: not stated",
    )
    day: int = Field(
        default=0, ge=0, le=31, description="of a cycle: due by this day; 31: the month's last; 0: not stated"
    )
    scope: str = Field(default="", description="which part of the content, in its words; empty: all of it")
    text: str = Field(default="", description="the words it was read from")


class Channel(BaseModel):
    """One box of 公开渠道和载体."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    required: bool = Field(description="■; false: □, optional")
    text: str = Field(default="", description="what 其他 says")


class Element(BaseModel):
    """One of 公开内容（要素）."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(description="stable name of the element in a document's `elements`: its words")
    name: str
    required: bool = Field(description="●; false: 〇, optional")


class Citation(BaseModel):
    """One of 公开依据, as cited."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(description="without 《》")
    number: str = Field(default="", description="文号, where cited")
    articles: str = Field(default="", description="e.g. 第十九条、第二十条")
    note: str = Field(
        default="", description="other words that stand with it: its issuer, 2018年修正, a former name"
    )


class MatterReading(BaseModel):
    """A row's structure."""

    model_config = ConfigDict(frozen=True)

    time_limits: tuple[TimeLimit, ...] = ()
    channels: tuple[Channel, ...] = ()
    elements: tuple[Element, ...] = ()
    citations: tuple[Citation, ...] = ()
    levels: tuple[str, ...] = Field(default=(), description="city, county, township, village")
    modes: tuple[str, ...] = Field(default=(), description="proactive, on_request")
    audience: str = Field(default="", description="everyone, group")
    group: str = ""
    flags: tuple[str, ...] = Field(default=(), description="what could not be read, in Chinese")
