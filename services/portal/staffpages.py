"""The frame around the pages of the staff: who is logged in, what their roles let them see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gongkai.security.permissions import ROLE_NAMES, Role, Staff
from services.portal import words
from services.portal.clients import Signed
from services.portal.portal import portal_of

WARN_BEFORE: Final = timedelta(minutes=10)
_E, _R, _C, _I = Role.EDITOR, Role.REVIEWER, Role.CLERK, Role.INSPECTOR
_A, _S = Role.ADMINISTRATOR, Role.STEWARD


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu."""

    code: str
    path: str
    name: str
    roles: frozenset[Role]
    """Who sees it; empty: everybody who is logged in."""
    wide: bool = False
    """Only for who has one of the roles at a division, not at an organ alone."""

    def shows(self, staff: Staff) -> bool:
        """Tell whether somebody's roles let them see it."""
        return not self.roles or any(
            grant.role in self.roles and (grant.division or not self.wide) for grant in staff.grants
        )


MENU: Final = (
    Entry("desk", "/staff/", "工作台", frozenset()),
    Entry("drafts", "/staff/drafts/", "信息发布", frozenset({_E, _R, _I})),
    Entry("incoming", "/staff/incoming/", "部门报送", frozenset({_E, _R, _I})),
    Entry("requests", "/staff/requests/", "依申请公开", frozenset({_C})),
    Entry("catalogue", "/staff/catalogue/", "事项目录", frozenset({_E, _R, _I, _A, _S})),
    Entry("villages", "/staff/villages/", "村务公开", frozenset({_E, _R, _S}), wide=True),
    Entry("messages", "/staff/messages/", "消息与存疑", frozenset({_A})),
    Entry("people", "/staff/people/", "人员", frozenset({_A})),
)


def menu_of(staff: Staff) -> list[Entry]:
    """The entries somebody's roles let them see. What they may do is decided by the services."""
    return [entry for entry in MENU if entry.shows(staff)]


def roles_of(staff: Staff) -> str:
    """What somebody is, in words."""
    return "、".join(dict.fromkeys(ROLE_NAMES[grant.role] for grant in staff.grants))


def frame_of(request: Request, section: str = "") -> dict[str, Any]:
    """What ``frame`` needs: the frame of the staff where somebody is logged in, else the public one."""
    signed: Signed | None = getattr(request.state, "signed", None)
    if signed is None or not request.url.path.startswith("/staff/"):
        return {"frame": "base.html"}
    return {
        "frame": "staff/base.html",
        "signed": signed,
        "menu": [] if signed.must_change_password else menu_of(signed.staff),
        "roles": roles_of(signed.staff),
        "section": section,
        "ends_soon": _ends_soon(request, signed),
    }


def render_staff(
    request: Request, template: str, values: Mapping[str, Any], section: str = "", *, status: int = 200
) -> Response:
    """Answer with a page of the staff (after ``staff_of``). Nobody keeps it."""
    frame = frame_of(request, section)
    return portal_of(request).pages.render(
        request, template, {**frame, **values}, status=status, private=True
    )


def _ends_soon(request: Request, signed: Signed) -> bool:
    try:
        ends = datetime.fromisoformat(signed.expires_at)
    except ValueError:
        return False
    return ends.tzinfo is not None and ends - portal_of(request).clock().astimezone(words.CHINA) < WARN_BEFORE
