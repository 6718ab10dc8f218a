"""What REST answers of records. Names are those of the contracts; empty values are null or left empty."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from gongkai.rpc.publishing.v1 import publishing_pb2
from services.portal import words


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
