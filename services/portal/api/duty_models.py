"""What REST answers of duties."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import BaseModel, Field

from gongkai.rpc.catalog.v1 import duties_pb2 as pb
from services.portal.api.catalogue_models import Change, Edition, Row
from services.portal.api.models import ReasonGiven


class Duty(BaseModel):
    """一个应当公开的事项。"""

    row: Row
    json_schema: dict[str, Any] = Field(description="要素的 JSON Schema 2020-12")
    schema_url: str = Field(description="同一份 JSON Schema 的地址")

    @classmethod
    def of(cls, one: pb.Duty) -> Self:
        """Make it of catalog's answer."""
        return cls(row=Row.of(one.row), json_schema=json.loads(one.schema), schema_url=one.schema_url)


class Duties(BaseModel):
    """一页事项；next_page_token 为空即最后一页。"""

    edition: Edition | None = Field(description="现行的版本；本级和上级都没有发布过目录的为空")
    total: int
    next_page_token: str
    place: str = Field(description="问变化的起点；翻页时留第一页的")
    duties: list[Duty]

    @classmethod
    def of(cls, told: pb.ListDutiesResponse) -> Self:
        """Make it of catalog's answer."""
        return cls(
            edition=Edition.of(told.edition) if told.HasField("edition") else None,
            total=told.total,
            next_page_token=told.next_page_token,
            place=told.place,
            duties=[Duty.of(one) for one in told.duties],
        )


class DutyChange(BaseModel):
    """一个事项的变化。"""

    matter: str
    kind: str = Field(description="added 增加、changed 变动、removed 取消")
    edition: Edition | None = Field(description="变化之后的版本")
    changes: list[Change]


class DutyChanges(BaseModel):
    """变化，和下次再问的起点。"""

    place: str
    changes: list[DutyChange]

    @classmethod
    def of(cls, told: pb.ListChangesResponse) -> Self:
        """Make it of catalog's answer."""
        listed = [
            DutyChange(
                matter=one.matter,
                kind=one.kind,
                edition=Edition.of(one.edition) if one.HasField("edition") else None,
                changes=[Change.of(change) for change in one.changes],
            )
            for one in told.changes
        ]
        return cls(place=told.place, changes=listed)


class Elements(BaseModel):
    """一份文件的要素：名称和内容。"""

    elements: dict[str, str] = Field(default_factory=dict, description="要素的名称 → 内容")


class Validation(BaseModel):
    """核对的结果；与报送时的核对相同。"""

    valid: bool
    edition: Edition = Field(description="按哪一版核对")
    reasons: list[ReasonGiven]

    @classmethod
    def of(cls, told: pb.ValidateDocumentResponse) -> Self:
        """Make it of catalog's answer."""
        reasons = [
            ReasonGiven(code=one.code, message=one.message, field=one.field, article=one.article)
            for one in told.reasons
        ]
        return cls(valid=told.valid, edition=Edition.of(told.edition), reasons=reasons)
