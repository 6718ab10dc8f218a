"""What REST answers of the registry: divisions, organs, domains and their matters."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, Field

from gongkai.rpc.catalog.v1 import catalog_pb2
from services.portal.places import Place


class FormerName(BaseModel):
    """曾用名称。"""

    name: str
    until: str = Field(description="改用下一名称之日，可以在将来")

    @classmethod
    def all_of(cls, told: Iterable[catalog_pb2.FormerName]) -> list[Self]:
        """Make them of catalog's answer."""
        return [cls(name=one.name, until=one.until) for one in told]


class Division(BaseModel):
    """区划。"""

    code: str = Field(description="12 位代码")
    name: str
    level: str = Field(description="city、county、township、village")
    parent: str | None
    ended_on: str = Field(default="", description="撤并之日，可以在将来；没有撤并为空")
    successor: str = Field(default="", description="撤并后承继的区划")
    former_names: list[FormerName] = Field(default_factory=list)

    @classmethod
    def of(cls, place: Place) -> Self:
        """Make it of a division."""
        return cls(
            code=place.code,
            name=place.name,
            level=place.level,
            parent=place.parent or None,
            ended_on=place.ended_on,
            successor=place.successor,
            former_names=FormerName.all_of(place.former_names),
        )


class Divisions(BaseModel):
    """区划表。"""

    total: int
    divisions: list[Division]


class Organ(BaseModel):
    """公开机关。"""

    code: str
    name: str
    short_name: str
    division: str
    uscc: str = Field(description="统一社会信用代码")
    ended_on: str = Field(default="", description="撤并之日，可以在将来；没有撤并为空")
    successor: str = Field(default="", description="撤并后承继职能的机关")
    former_names: list[FormerName] = Field(default_factory=list)

    @classmethod
    def of(cls, organ: catalog_pb2.Organ) -> Self:
        """Make it of catalog's answer; credentials stay out."""
        return cls(
            code=organ.code,
            name=organ.name,
            short_name=organ.short_name,
            division=organ.division,
            uscc=organ.uscc,
            ended_on=organ.ended_on,
            successor=organ.successor,
            former_names=FormerName.all_of(organ.former_names),
        )


class Organs(BaseModel):
    """一页机关；next_page_token 为空即最后一页。"""

    total: int
    next_page_token: str
    organs: list[Organ]


class Domain(BaseModel):
    """目录的一个领域。"""

    code: str
    seq: int
    name: str
    matter_count: int


class Domains(BaseModel):
    """现行目录的领域。"""

    edition: str
    domains: list[Domain]


class Matter(BaseModel):
    """公开事项：标准目录的一行。"""

    id: str
    domain: str
    level1: str
    level2: str
    content_elements: str
    legal_basis: str
    time_limit: str
    subject: str
    channels: str
    audience: str
    mode: str
    levels: str
    provenance: str

    @classmethod
    def of(cls, matter: catalog_pb2.Matter) -> Self:
        """Make it of catalog's answer."""
        return cls(**{name: getattr(matter, name) for name in cls.model_fields})


class Matters(BaseModel):
    """一页事项；next_page_token 为空即最后一页。"""

    edition: str
    total: int
    next_page_token: str
    matters: list[Matter]
