"""人员: who works in the division, with their roles in words. Read only: people are registered by command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.security.permissions import ROLE_NAMES, Role
from services.portal.clients import Signed
from services.portal.places import Divisions
from services.portal.portal import portal_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

PAGE_SIZE: Final = 200
_ROLES: Final = {role.value: name for role, name in ROLE_NAMES.items()}


async def listing(request: Request) -> Response:
    """``/staff/people/``."""
    signed = await staff_of(request)
    portal = portal_of(request)
    divisions = await portal.registry.divisions()
    places = administered(signed)
    wanted = request.query_params.get("division", "")
    division = wanted if wanted in places else (places[0] if places else "")
    token = request.query_params.get("after", "")
    asked = pb.ListStaffRequest(division=division, page_size=PAGE_SIZE, page_token=token)
    found = await portal.offices.identity_for(signed).ListStaff(asked)
    values = {
        "found": found,
        "division": division,
        "place": divisions.name_of(division),
        "places": [(code, divisions.name_of(code)) for code in places],
        "roles_of": {one.id: roles_in_words(one, divisions) for one in found.staff},
        "after": token,
    }
    return render_staff(request, "staff/people.html", values, "people")


def administered(signed: Signed) -> list[str]:
    """The divisions somebody administers."""
    grants = signed.staff.grants
    return list(
        dict.fromkeys(one.division for one in grants if one.role is Role.ADMINISTRATOR and one.division)
    )


def roles_in_words(staff: pb.Staff, divisions: Divisions) -> Sequence[str]:
    """Each role with where it is held."""
    words = []
    for grant in staff.grants:
        name = _ROLES.get(grant.role, grant.role)
        own = "本单位" if grant.organ == staff.organ else grant.organ
        words.append(f"{name}（{own if grant.organ else divisions.name_of(grant.division) + '及以下'}）")
    return words
