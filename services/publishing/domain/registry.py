"""What publishing knows of the city's registry: a snapshot of its views of catalog's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ that may send documents."""

    code: str
    name: str
    division: str
    uscc: str
    """Unified social credit code, the first part of its records' index numbers."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Organs, divisions and the matters of the edition in force, as of one moment."""

    organs: Mapping[str, Organ] = field(default_factory=dict)
    divisions: frozenset[str] = frozenset()
    matters: Mapping[str, str] = field(default_factory=dict)
    """Matter id → domain code."""
    domains: frozenset[str] = frozenset()
