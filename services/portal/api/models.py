"""What REST answers, as OpenAPI describes it. Names are those of the contracts; empty values are null or left empty."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, Field

from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.rpc.search.v1 import search_pb2
from services.portal import words
from services.portal.registry import Place


class File(BaseModel):
    """正文或附件。"""

    role: str = Field(description="body 正文，attachment 附件")
    name: str
    digest: str = Field(description="内容的 SHA-256，64 位小写十六进制")
    size: int = Field(description="字节数")
    media_type: str
    destroyed: bool = Field(description="已依法销毁，不能下载")
    url: str = Field(description="下载地址")


class Defect(BaseModel):
    """迁移来的信息缺什么。"""

    code: str
    field: str
    message: str


class Fact(BaseModel):
    """一个地区、一段时间的数字；没有写明的为 null。"""

    division: str = Field(description="12 位区划代码：本信息的所属区划，或者其范围内的地区")
    period: str = Field(description="年 2026、季度 2026-Q3 或月 2026-09")
    amount: str | None = Field(description="金额，以元计，十进制文本，有角分时写两位小数")
    people: int | None = Field(description="人数")
    households: int | None = Field(description="户数")
    on: str | None = Field(description="办理（发放、分配、决定）的日期")

    @classmethod
    def of(cls, fact: publishing_pb2.Fact) -> Self:
        """Make it of publishing's answer."""
        return cls(
            division=fact.division,
            period=fact.period,
            amount=fact.amount or None,
            people=fact.people if fact.HasField("people") else None,
            households=fact.households if fact.HasField("households") else None,
            on=fact.on or None,
        )


class Record(BaseModel):
    """一条政府信息。"""

    record_id: str
    index_number: str = Field(description="索引号：统一社会信用代码/年月-序号")
    version: int
    url: str = Field(description="长期地址")
    organ: str
    organ_name: str
    division: str = Field(description="12 位区划代码")
    kind: str = Field(description="种类代码")
    kind_label: str
    title: str
    doc_number: str | None
    issuer: str | None
    summary: str | None
    keywords: list[str]
    formed_on: str | None = Field(description="成文日期")
    published_on: str | None = Field(description="发布日期")
    effective_on: str | None
    expires_on: str | None
    validity: str | None
    validity_label: str | None
    attribute: str | None
    ground: str | None
    domain: str | None
    matter: str | None
    topic: str | None
    genre: str | None
    category: str | None
    provenance: str = Field(description="live 实时报送，migration 历史数据迁移")
    files: list[File]
    facts: list[Fact] = Field(description="数字：同一公开事项在上下级之间可以对照的")
    defects: list[Defect]

    @classmethod
    def of(cls, record: publishing_pb2.Record, base: str) -> Self:
        """Make it of publishing's answer; ``base`` is the site's address."""
        plain = (
            "doc_number", "issuer", "summary", "formed_on", "published_on", "effective_on", "expires_on", "validity",
            "attribute", "ground", "domain", "matter", "topic", "genre", "category",
        )  # fmt: skip
        same = ("record_id", "index_number", "version", "organ", "organ_name", "division", "kind", "title", "provenance")  # fmt: skip
        return cls.model_validate(
            {
                "url": f"{base}{words.record_path(record.index_number)}",
                "kind_label": words.kind(record.kind),
                "validity_label": words.validity(record.validity) or None,
                "keywords": list(record.keywords),
                "files": [_file(file, record.index_number, base) for file in record.files],
                "facts": [Fact.of(one) for one in record.facts],
                "defects": [
                    Defect(code=one.code, field=one.field, message=one.message_zh) for one in record.defects
                ],
                **{name: getattr(record, name) for name in same},
                **{name: getattr(record, name) or None for name in plain},
            }
        )


class Records(BaseModel):
    """一页信息，新的在前。"""

    total: int
    page: int
    page_size: int
    records: list[Record]


class Fragment(BaseModel):
    """一段文字；marked 为真的是与查询相符的部分。"""

    text: str
    marked: bool


class Hit(BaseModel):
    """一条搜索结果。"""

    record_id: str
    index_number: str
    url: str
    organ: str
    organ_name: str
    division: str
    kind: str
    title: list[Fragment]
    body: list[list[Fragment]]
    doc_number: str | None
    published_on: str | None
    validity: str | None
    domain: str | None
    file_count: int

    @classmethod
    def of(cls, hit: search_pb2.Hit, base: str) -> Self:
        """Make it of search's answer."""
        same = ("record_id", "index_number", "organ", "organ_name", "division", "kind", "file_count")
        plain = ("doc_number", "published_on", "validity", "domain")
        return cls.model_validate(
            {
                "url": f"{base}{words.record_path(hit.index_number)}",
                "title": _fragments(hit.title),
                "body": [_fragments(snippet) for snippet in hit.body],
                **{name: getattr(hit, name) for name in same},
                **{name: getattr(hit, name) or None for name in plain},
            }
        )


class FacetValue(BaseModel):
    """一个可以勾选的条件和它的条数。"""

    value: str
    label: str
    count: int


class Found(BaseModel):
    """搜索的回答。"""

    total: int
    page: int
    page_size: int
    exact_number: bool = Field(description="查询被当作文号或索引号")
    hits: list[Hit]
    facets: dict[str, list[FacetValue]]


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


class Stored(BaseModel):
    """收到的文件。"""

    digest: str
    size: int


class ReasonGiven(BaseModel):
    """一条理由。"""

    code: str
    message: str
    field: str = ""
    article: str = ""


class Problem(BaseModel):
    """没有做成：application/problem+json（RFC 9457）。"""

    type: str = "about:blank"
    title: str = Field(description="发生了什么")
    status: int
    detail: str = Field(description="为什么，怎么办")
    instance: str = ""
    reasons: list[ReasonGiven] = []
    withdrawn_on: str | None = None
    organ_name: str | None = None
    index_number: str | None = None


def _file(file: publishing_pb2.File, index_number: str, base: str) -> File:
    return File(
        role=file.role,
        name=file.name,
        digest=file.digest,
        size=file.size,
        media_type=file.media_type,
        destroyed=file.destroyed,
        url=f"{base}{words.file_path(index_number, file.digest, file.name)}",
    )


def _fragments(snippet: search_pb2.Snippet) -> list[Fragment]:
    return [Fragment(text=piece.text, marked=piece.marked) for piece in snippet.fragments]
