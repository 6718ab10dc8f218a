"""Small things every decision of this service is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gongkai.refusal import Reason, Refusal

DIVISION_CODE: Final = re.compile(r"^\d{12}$")
"""统计用区划代码: two digits each of province, city, county; three each of township and village."""

ORGAN_CODE: Final = re.compile(r"^(?=.{3,40}$)[0-9a-z]+(-[0-9a-z]+)*$")
"""A token of NATS subjects and of the NATS user's name: digits, lower-case letters and single hyphens."""


def refuse_if_any(reasons: Iterator[Reason]) -> None:
    """Raise one Refusal with every reason, or return if there is none."""
    found = tuple(reasons)
    if found:
        raise Refusal(*found)


def blank(text: str) -> bool:
    """Tell whether a text says nothing."""
    return not text.strip()
