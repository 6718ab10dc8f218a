"""Numbers and lengths of time, as tables write them."""

from __future__ import annotations

import re
from typing import Final

from services.catalog.domain.reading.limit_words import CYCLES, UNITS

_DIGITS: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN: Final = re.compile(
    r"[零〇一二两三四五六七八九十百]+(?=\s*个?(?:工作日|自然日|日历[日天]|日(?!常)|天|小时|星期|周(?!期)|月|季度|年(?!度)|次))"
)

UNIT: Final = "|".join(sorted(UNITS, key=len, reverse=True))
CYCLE: Final = "|".join(sorted(CYCLES, key=len, reverse=True))


def with_digits(text: str) -> str:
    """Write the Chinese numbers before a unit as digits: 二十个工作日 is 20个工作日, 半年 is 6个月."""
    digits = _HAN.sub(lambda match: str(value) if (value := number(match[0])) else match[0], text)
    return digits.replace("半年", "6个月")


def number(han: str) -> int:
    """Give the value of a Chinese number below a thousand; 0 if it is none."""
    hundreds, _, rest = han.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    if len(hundreds) > 1 or len(tens) > 1 or len(ones.lstrip("零〇")) > 1:
        return 0
    value = _DIGITS.get(hundreds, 0) * 100 + _DIGITS.get(ones.lstrip("零〇"), 0)
    return value + ((_DIGITS.get(tens, 0) or 1) * 10 if ten else 0)
