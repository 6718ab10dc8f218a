"""Dates as departments write them: 2026-11-23, 2026年11月23日, 2026/11/23, 2026.11.23, 20261123, full-width digits."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from services.publishing.domain.text import clean

_FORMS: Final = (
    re.compile(
        r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"
    ),
    re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日?$"),
    re.compile(r"^(\d{4})/(\d{1,2})/(\d{1,2})$"),
    re.compile(r"^(\d{4})\.(\d{1,2})\.(\d{1,2})$"),
    re.compile(r"^(\d{4})(\d{2})(\d{2})$"),
)
_CHINESE: Final = {**{c: str(n) for n, c in enumerate("〇一二三四五六七八九")}, "零": "0", "○": "0", "O": "0"}
_CHINESE_FORM: Final = re.compile(
    r"^([〇零○O一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日$"
)
_EARLIEST: Final = 1900


def read_date(given: str | None) -> date | None:
    """The day a department wrote, or None when it cannot be read as a day from 1900 on.

    An ISO time after the day is dropped: the written day is the legal one, whatever the zone.
    """
    text = unicodedata.normalize("NFKC", clean(given)).replace("—", "-").replace("–", "-").replace("−", "-")
    tight = text if "T" in text or ":" in text else text.replace(" ", "")
    for form in _FORMS:
        if match := form.match(tight):
            return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _CHINESE_FORM.match(tight):
        year = int("".join(_CHINESE[c] for c in match[1]))
        return _day(year, _small_number(match[2]), _small_number(match[3]))
    return None


def _day(year: int, month: int, day: int) -> date | None:
    if year < _EARLIEST:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _small_number(text: str) -> int:
    """一 … 三十一 as a number; 0 when it is none, which no month or day is."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return int(_CHINESE[text]) if len(text) == 1 else 0
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return (int(_CHINESE[tens]) if tens else 1) * 10 + (int(_CHINESE[ones]) if ones else 0)
