"""A row of the official table with something in every column, for tests that mind only some of them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

COMPLETE: Final = MappingProxyType(
    {
        "level1": "一", "level2": "二", "content_elements": "●内容", "legal_basis": "《政府信息公开条例》",
        "time_limit": "长期公开", "subject": "县人民政府", "channels": "■政府网站", "audience": "全社会", "mode": "主动",
        "levels": "县级",
    }
)  # fmt: skip
"""Field → text."""
