"""Reasons that are worded for a department's system, in the words for a person at a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gongkai.refusal import Reason
from services.publishing.domain.reasons import REASONS

_TO_STAFF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content.not-uploaded": "平台没有收到这个文件。请重新上传后再保存。",
        "field.too-long": "内容过长。请缩短后再保存。",
        "attribute.on-request": "确定为依申请公开的信息不发布；有人提出申请时再提供。本稿到此为止。",
        "attribute.withheld": "确定为不予公开的信息不得发布。本稿到此为止，请按保密要求保管。",
        "personal.identity-number": "含有居民身份证号码，不得公开。请删除后再保存。",
        "personal.mobile-number": "含有手机号码，不得公开。请删除，或改用办公电话后再保存。",
    }
)
_FIELDS: Final[Mapping[str, str]] = MappingProxyType({"body": "body_text"})


def to_staff(found: Reason) -> Reason:
    """The reason as an editor is told it: their words, and the names of their form's fields."""
    name, _, rest = found.field.partition(".")
    field = ".".join(part for part in (_FIELDS.get(name, name), rest) if part)
    words = _TO_STAFF.get(found.code)
    if words is None:
        return replace(found, field=field)
    # What stands before the usual words is kept: which line of the body it is.
    message = found.message_zh.replace(REASONS[found.code].message_zh, words)
    return replace(found, field=field, message_zh=message)
