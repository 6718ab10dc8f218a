"""Domains (领域): one list for the whole registry; a new one comes with the first table that names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason, Refusal
from services.catalog.domain.checks import blank
from services.catalog.domain.editions import Domain


class DomainRegistered(DomainEvent):
    """A domain entered the list."""

    NAME: ClassVar[str] = "domain.registered"

    code: str
    seq: int
    name: str
    lead_units: str

    @property
    def domain(self) -> Domain:
        """The domain as editions name it."""
        return Domain(code=self.code, seq=self.seq, name=self.name, lead_units=self.lead_units)


def register(known: Iterable[Domain], name: str, lead_units: str = "") -> Domain:
    """Give the domain of a name: the one there is, or the next in the list.

    Raises:
        Refusal: the name says nothing.
    """
    if blank(name):
        raise Refusal(Reason("domain.name.missing", "请填写领域名称。", "domain"))
    last = 0
    for domain in known:
        if domain.name == name.strip():
            return domain
        last = max(last, domain.seq)
    return Domain(code=f"{last + 1:02d}", seq=last + 1, name=name.strip(), lead_units=lead_units)


def registered(domain: Domain) -> DomainRegistered:
    """Give the event that enters a domain."""
    return DomainRegistered(**domain.model_dump())


def stem(division: str) -> str:
    """Give the digits of a division's code that mean something: part of the ids of what it adds."""
    for digits in (4, 6, 9):
        if not division[digits:].strip("0"):
            return division[:digits]
    return division


def matter_id(domain: str, serial: int, division: str = "") -> str:
    """Give a matter its id.

    Args:
        domain: the domain's code.
        serial: in the domain, of the catalogue that adds it.
        division: code of the catalogue that adds it; empty for the guide.
    """
    added_by = f"-{stem(division)}" if division else ""
    return f"m-{domain}{added_by}-{serial:03d}"


def serial_of(identity: str) -> int:
    """Read the serial back from an id."""
    tail = identity.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def in_order(domains: Mapping[str, Domain], wanted: Iterable[str]) -> tuple[Domain, ...]:
    """Give the domains of these codes in their order."""
    return tuple(sorted((domains[code] for code in set(wanted)), key=lambda domain: domain.seq))
