"""Which records lie below a division.

A division code has twelve digits: two for the province, two each for city and county, three each for township and
village. A code of twelve digits stands for the division *and everything below it*; a shorter one stands for exactly
the codes that begin with it, which is how 本级 (a county's or the city's own organs) is asked for: ``341323000``.
"""

from __future__ import annotations

import re

from gongkai.refusal import Reason, Refusal

_STEPS = (4, 6, 9, 12)
_FULL = 12
_CODE = re.compile(r"^(?:[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$")


def path_of(code: str) -> tuple[str, ...]:
    """Every prefix a record of this division is found under, city first."""
    return tuple(code[:length] for length in _STEPS)


def prefix_asked_for(division: str) -> str:
    """The prefix a request's division means; empty for the whole city and beyond.

    Raises:
        Refusal: it is no code of 4, 6, 9 or 12 digits.
    """
    if not division:
        return ""
    if not _CODE.match(division):
        raise Refusal(
            Reason(
                "search.division.malformed",
                "区划代码写得不对：应为 6、9 或 12 位数字。请从区县列表里重新选择。",
                "division",
            )
        )
    if len(division) < _FULL:
        return division
    if division.endswith("00000000"):
        return division[:4]
    if division.endswith("000000"):
        return division[:6]
    return division[:9] if division.endswith("000") else division


def levels_below(prefix: str) -> int | None:
    """The length of prefix one level below ``prefix``; None for a village."""
    return next((step for step in _STEPS if step > max(len(prefix), _STEPS[0])), None)


def value_of(prefix: str) -> str:
    """A facet value for a prefix: a division's full code, or the short prefix where that means 本级 alone."""
    own_organs = prefix.endswith("00") if len(prefix) == 6 else prefix.endswith("000")  # noqa: PLR2004
    return prefix if own_organs and len(prefix) < _FULL else prefix.ljust(_FULL, "0")
