"""What the prose of a matter means, as catalog read it when the edition was published.

What could not be read is flagged, never guessed: its words stand in the row.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["working_days", "days", "hours", ""]
LimitKind = Literal[
    "deadline", "min_display", "cycle", "realtime", "promptly", "long_term", "before_event", "as_regulated"
]


class TimeLimit(BaseModel):
    """One clock of 公开时限."""

    model_config = ConfigDict(frozen=True)

    kind: LimitKind = Field(
        description="deadline: within n units after the trigger; min_display: shown for at least n units; cycle: anew"
        " every n units; realtime; promptly (及时, no number); long_term; before_event: at least n units before it;"
        " as_regulated: another law sets it"
    )
    trigger: str = Field(default="", description="what starts it, e.g. formed_or_changed; empty: not stated")
    n: int = Field(default=0, ge=0, description="0 where the kind has no number")
    unit: Unit = ""
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
