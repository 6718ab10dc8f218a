"""What REST answers when it is searched."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from gongkai.rpc.search.v1 import search_pb2
from services.portal import words


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


def _fragments(snippet: search_pb2.Snippet) -> list[Fragment]:
    return [Fragment(text=piece.text, marked=piece.marked) for piece in snippet.fragments]
