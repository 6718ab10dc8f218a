"""What REST answers whatever was asked: that something was stored, that it was not done and why."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from pydantic import BaseModel, Field


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
