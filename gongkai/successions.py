"""What follows what: divisions and organs that were merged, abolished or renamed, from the day that was decided.

Everything is derived at reading for a day, so that a decision can be told before it is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from gongkai.contracts.catalog import FormerName
from gongkai.divisions import stem, upwards


def former_on(day: date, former: Iterable[FormerName]) -> FormerName | None:
    """Give the former name that was still borne on a day; None where it is the newest. From the oldest on."""
    return next((one for one in former if day < one.until), None)


def name_on(day: date, newest: str, former: Iterable[FormerName]) -> str:
    """Give the name borne on a day."""
    found = former_on(day, former)
    return newest if found is None else found.name


@dataclass(frozen=True, slots=True)
class End:
    """Something ended: what follows it, from which legal day."""

    successor: str
    ended_on: date


@dataclass(frozen=True, slots=True)
class Successions:
    """The divisions (or the organs) that ended or will, by code."""

    ends: Mapping[str, End] = field(default_factory=dict)

    def ended(self, code: str, day: date) -> bool:
        """Tell whether something is no longer there on a day."""
        end = self.ends.get(code)
        return end is not None and end.ended_on <= day

    def heir(self, code: str, day: date) -> str:
        """Give what stands in something's place on a day: the last successor, or itself."""
        here, seen = code, {code}
        while self.ended(here, day):
            here = self.ends[here].successor
            if here in seen:  # never decided; a reader must not hang on a log that says so
                return here
            seen.add(here)
        return here

    def followed_by(self, code: str, day: date) -> tuple[str, ...]:
        """Give what ended and now is this one, exactly."""
        return tuple(sorted(one for one in self.ends if one != code and self.heir(one, day) == code))

    def predecessors(self, division: str, day: date) -> tuple[str, ...]:
        """Give the ended divisions that a division or something below it now stands for, and that lie elsewhere.

        ``division`` has 12 digits and means everything below it, or fewer and means what begins with them.
        """
        if not self.ends or not division:
            return ()
        digits = stem(division) if len(division) == _FULL else division
        ended = (code for code in self.ends if self.ended(code, day) and not code.startswith(digits))
        return tuple(sorted(code for code in ended if self.heir(code, day).startswith(digits)))

    def upwards(self, division: str, day: date) -> tuple[str, ...]:
        """Give a division and those above it up to its city, what ended replaced by what followed it."""
        line = (self.heir(code, day) for code in upwards(self.heir(division, day)))
        return tuple(dict.fromkeys(line))


_FULL = 12
