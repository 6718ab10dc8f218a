"""How lags are shown together: in steps of the limit, those beyond it marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNIT_ZH = "个工作日"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Lags from ``first`` to ``last`` working days, both included; without end where ``last`` is None."""

    first: int
    last: int | None
    late: bool

    @property
    def label(self) -> str:
        """What it is called on a page."""
        end = f"{self.first}–{self.last}" if self.last is not None else f"超过 {self.first - 1} "
        return f"{end}{UNIT_ZH}"


def buckets(limit: int) -> Sequence[Bucket]:
    """Divide lags by a limit in working days: a quarter, a half, the limit, twice the limit, more.

    Raises:
        ValueError: the limit is below 4 days, too short to divide.
    """
    if limit < 4:  # noqa: PLR2004 - quarters of less than 4 days are no days
        raise ValueError(f"a limit of {limit} days cannot be divided")
    ends = [limit // 4, limit // 2, limit, 2 * limit]
    starts = [0, *(end + 1 for end in ends)]
    return [Bucket(start, end, late=start > limit) for start, end in zip(starts, [*ends, None], strict=True)]
