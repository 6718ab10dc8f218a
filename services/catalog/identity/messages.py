"""Between identity's gRPC messages and what its commands and questions speak of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.security.permissions import Role
from gongkai.serving.errors import InvalidRequest
from services.catalog.domain.staff import Held, RegisterStaff
from services.catalog.views.people import Person, grants_of
from services.catalog.views.reading import Found


def staff(person: Person) -> pb.Staff:
    """Make the message of a person."""
    row = person.row
    return pb.Staff(
        id=row.id,
        login=row.login,
        name=person.name,
        post=person.post,
        organ=row.organ,
        unit=row.unit,
        grants=[
            pb.Grant(role=grant.role.value, organ=grant.organ, division=grant.division)
            for grant in grants_of(row)
        ],
        disabled=row.disabled,
        organ_name=row.organ_name or "",
        unit_name=row.unit_name or "",
    )


def unit(row: Found) -> pb.Unit:
    """Make the message of a unit's row."""
    return pb.Unit(organ=row.organ, code=row.code, name=row.name)


def registration(staff_id: str, asked: pb.Staff) -> RegisterStaff:
    """Read the person to register; their id is made here, whatever the message says.

    Raises:
        InvalidRequest: a role nobody knows.
    """
    grants = held(asked.grants)
    login = asked.login.strip()
    return RegisterStaff(staff_id, login, asked.name, asked.post, asked.organ, asked.unit, grants)


def held(grants: Iterable[pb.Grant]) -> tuple[Held, ...]:
    """Read roles.

    Raises:
        InvalidRequest: a role nobody knows, each named by its place.
    """
    read: list[Held] = []
    faults: list[Reason] = []
    for number, grant in enumerate(grants):
        try:
            read.append(Held(role=Role(grant.role), organ=grant.organ, division=grant.division))
        except ValueError:
            text = f"没有“{grant.role}”这一角色，应为 {'、'.join(Role)} 之一。"
            faults.append(Reason("grant.role.unknown", text, f"grants[{number}]"))
    if faults:
        raise InvalidRequest(*faults)
    return tuple(read)


def moment(at: datetime) -> str:
    """Write a moment as RFC 3339, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
