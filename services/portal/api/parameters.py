"""What parameters of the same name mean wherever they stand, so that each is described once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "organ": "机关代码，如 341323-mzj",
        "code": "代码：领域如 20，机关如 341323-mzj",
        "kind": "信息种类的代码，如 normative（规范性文件）",
        "domain": "领域代码，如 20（社会救助）",
        "matter": "公开事项的标识，如 m-20-005；改名不变",
        "level": "层级：city 市，county 县，township 乡，village 村",
        "year": "公开的年份，如 2026",
        "validity": "效力：in_force 现行有效，amended 已修改，repealed 已废止等，值见 facets",
        "sort": "排序：relevance 相关度，newest 最新，oldest 最早",
        "parent": "上一级的区划代码",
        "include_below": "是否包括下级区划的机关",
        "uscc": "索引号里斜线以前：统一社会信用代码",
        "number": "索引号里斜线以后：年月-序号，如 202611-00007",
        "page_size": "每页几条",
        "page_token": "上一页答复里的 next_page_token；空：第一页",
        "limit": "一次几条",
        "digest": "内容的 SHA-256，64 位小写十六进制",
    }
)
"""Name → what it is. What a route says itself goes before."""


def explain(schema: dict[str, Any]) -> None:
    """Give every parameter without a description the one its name has."""
    for methods in schema["paths"].values():
        for operation in methods.values():
            for one in operation.get("parameters", ()):
                if not one.get("description") and one["name"] in MEANINGS:
                    one["description"] = MEANINGS[one["name"]]
