"""What publishing knows of the city's registry: a snapshot of its views of catalog's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gongkai.contracts.matters import MatterReading
from gongkai.divisions import upwards


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ that may send documents."""

    code: str
    name: str
    division: str
    uscc: str
    """Unified social credit code, the first part of its records' index numbers."""
    heir: str = ""
    """Code of the organ in its place; empty while it is there."""
    heir_name: str = ""
    heir_division: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """The edition of a catalogue in force."""

    catalogue: str
    """Code of its division."""
    number: int
    domains: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """What an answer names it by."""
        return f"{self.catalogue}-{self.number}"


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter as it stands in the edition in force."""

    domain: str
    reading: MatterReading = field(default_factory=MatterReading)
    retired: bool = False
    """It is no longer in the catalogue, or was left out of it."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Organs, divisions and editions in force, as of one moment, with the matters that somebody claims."""

    organs: Mapping[str, Organ] = field(default_factory=dict)
    divisions: frozenset[str] = frozenset()
    heirs: Mapping[str, str] = field(default_factory=dict)
    """Ended division → the one in its place."""
    editions: Mapping[str, Edition] = field(default_factory=dict)
    """By catalogue."""
    claimed: Mapping[tuple[str, str], Matter] = field(default_factory=dict)
    """By catalogue and id; read for the documents at hand only. One that is missing is in no edition."""
    matters: Mapping[str, str] = field(default_factory=dict)
    """Of an edition that names no catalogue, as catalog told of before there were several: id → domain code."""
    domains: frozenset[str] = frozenset()
    """Of the same edition."""

    def _line(self, division: str) -> tuple[str, ...]:
        """The division and those above it, what ended replaced by what follows it."""
        above = upwards(self.heirs.get(division, division))
        return tuple(dict.fromkeys(self.heirs.get(code, code) for code in above))

    def edition_for(self, division: str) -> Edition | None:
        """Give the edition an organ of this division is held to: its own, or the nearest above."""
        return next((self.editions[code] for code in self._line(division) if code in self.editions), None)

    def domains_for(self, division: str) -> frozenset[str]:
        """Give the domains a record of this division may be in: of its own edition and of those above."""
        lines = [self.editions[code].domains for code in self._line(division) if code in self.editions]
        return frozenset[str]().union(*lines) if lines else self.domains

    def matter_for(self, division: str, matter: str) -> Matter | None:
        """Give a matter as the edition for this division has it."""
        edition = self.edition_for(division)
        if edition is not None:
            return self.claimed.get((edition.catalogue, matter))
        return Matter(self.matters[matter]) if matter in self.matters else None
