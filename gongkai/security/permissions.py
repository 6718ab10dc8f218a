"""Who of the staff may do what, where: one predicate a line, the same for pages, gRPC and REST.

A predicate knows the person and the place a thing belongs to. What depends on the thing's own history (the
confirmer must be another person than the proposer) its domain decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What somebody is at an organ, or at a division and everything below it."""

    EDITOR = "editor"
    REVIEWER = "reviewer"
    CLERK = "clerk"
    INSPECTOR = "inspector"
    ADMINISTRATOR = "administrator"
    STEWARD = "steward"


ROLE_NAMES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.EDITOR: "编辑",
        Role.REVIEWER: "复核员",
        Role.CLERK: "依申请经办人",
        Role.INSPECTOR: "监督员",
        Role.ADMINISTRATOR: "管理员",
        Role.STEWARD: "目录管理员",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing belongs."""

    organ: str
    """Organ code; empty for what belongs to a division as a whole."""
    division: str
    """12 digits: the organ's division, or the division itself."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at one organ, or at a division and everything below it."""

    role: Role
    organ: str = ""
    division: str = ""

    def covers(self, place: Place) -> bool:
        """Tell whether the grant reaches a place."""
        if self.organ:
            return self.organ == place.organ
        return bool(self.division) and place.division.startswith(_stem(self.division))


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works here, as their token says. Name and post are personal data: never logged."""

    id: str
    name: str
    post: str
    organ: str
    grants: tuple[Grant, ...]

    def holds(self, *roles: Role, at: Place) -> bool:
        """Tell whether the person has one of the roles at a place."""
        return any(grant.role in roles and grant.covers(at) for grant in self.grants)

    def holds_anywhere(self, *roles: Role) -> bool:
        """Tell whether the person has one of the roles at all: what a menu shows."""
        return any(grant.role in roles for grant in self.grants)


Permission = Callable[[Staff, Place], bool]

_E, _R, _C, _I, _A, _S = (
    Role.EDITOR, Role.REVIEWER, Role.CLERK, Role.INSPECTOR, Role.ADMINISTRATOR, Role.STEWARD,
)  # fmt: skip

PERMISSIONS: Final[Mapping[str, Permission]] = MappingProxyType(
    {
        "draft.read": lambda who, at: who.holds(_E, _R, _I, at=at),
        "draft.write": lambda who, at: who.holds(_E, at=at),
        "draft.propose": lambda who, at: who.holds(_E, at=at),
        "draft.confirm": lambda who, at: who.holds(_R, at=at),
        "draft.return": lambda who, at: who.holds(_R, at=at),
        "draft.publish": lambda who, at: who.holds(_E, _R, at=at),
        "draft.discard": lambda who, at: who.holds(_E, at=at),
        "record.revise": lambda who, at: who.holds(_E, at=at),
        "record.withdraw": lambda who, at: who.holds(_R, at=at),
        "incoming.read": lambda who, at: who.holds(_E, _R, _I, at=at),
        "request.read": lambda who, at: who.holds(_C, at=at),
        "request.handle": lambda who, at: who.holds(_C, at=at),
        "request.erase": lambda who, at: who.holds(_A, at=at),
        "message.read": lambda who, at: who.holds(_A, at=at),
        "message.settle": lambda who, at: who.holds(_A, at=at),
        "staff.read": lambda who, at: who.holds(_A, at=at),
        "staff.manage": lambda who, at: who.holds(_A, at=at),
        "oversight.read": lambda who, at: who.holds(_E, _R, _C, _I, _A, _S, at=at),
        "catalogue.read": lambda who, at: who.holds(_E, _R, _I, _A, _S, at=at),
        "catalogue.draft": lambda who, at: who.holds(_S, at=at),
        "catalogue.review": lambda who, at: who.holds(_S, at=at),
        "subject.assign": lambda who, at: who.holds(_S, _A, at=at),
        "basis.manage": lambda who, at: who.holds(_S, at=at),
        "village.draft": lambda who, at: who.holds(_S, _E, at=at),
        "village.confirm": lambda who, at: who.holds(_S, _R, at=at),
        "division.manage": lambda who, at: who.holds(_A, at=at),
    }
)
"""Act → who may. An act without a row is nobody's."""


def may(staff: Staff, act: str, at: Place) -> bool:
    """Tell whether ``staff`` may do ``act`` to a thing that belongs at ``at``."""
    permission = PERMISSIONS.get(act)
    return permission is not None and permission(staff, at)


def _stem(division: str) -> str:
    """The part of a division's code that everything below it begins with (6, 9 or 12 digits; 4 for a city)."""
    for digits in (4, 6, 9):
        if division[digits:].strip("0") == "":
            return division[:digits]
    return division
