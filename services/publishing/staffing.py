"""What the people of an organ may do here: permissions of the kernel applied to publishing's places."""

from __future__ import annotations

from functools import cache
from typing import Final

from gongkai.refusal import Reason
from gongkai.security.permissions import ROLE_NAMES, Grant, Place, Role, Staff, may
from gongkai.serving.errors import NotFound, PermissionRefused
from services.publishing.domain.registry import Organ, Registry

NO_DRAFT: Final = Reason("draft.none", "没有这份稿件。请从稿件列表中重新打开。", "draft_id")
NO_ORGAN: Final = Reason("organ.none", "没有这个机关，或您无权查看。请从自己的机关中选择。", "organ")
NO_RECORD: Final = Reason("record.none", "没有这条信息，请核对索引号", "index_number")
_ANYWHERE: Final = Place("an organ", "000000000000")


def place_of(organ: Organ) -> Place:
    """Where what belongs to an organ belongs."""
    return Place(organ.code, organ.division)


def allowed(staff: Staff, act: str, organ: Organ) -> bool:
    """Tell whether a person may do an act at an organ, or at the organ in its place once it has ended."""
    heir = Place(organ.heir, organ.heir_division)
    return may(staff, act, place_of(organ)) or (bool(organ.heir) and may(staff, act, heir))


def role_reasons(staff: Staff, act: str, organ: Organ) -> list[Reason]:
    """Why a person may not do an act at an organ at all; empty when they may."""
    return [] if allowed(staff, act, organ) else [_not_allowed(act)]


def require(staff: Staff, act: str, organ: Organ) -> None:
    """Let pass whoever may.

    Raises:
        PermissionRefused: naming the roles that may.
    """
    if reasons := role_reasons(staff, act, organ):
        raise PermissionRefused(*reasons)


def reach(staff: Staff, act: str, registry: Registry) -> list[str]:
    """The organs at which a person may do an act: what their lists are made of."""
    return [code for code, organ in registry.organs.items() if allowed(staff, act, organ)]


def narrow(staff: Staff, act: str, registry: Registry, organ: str) -> list[str]:
    """The organs a list is about: the one named, or (empty) all within reach.

    Raises:
        NotFound: the one named is unknown, or nothing of it may be seen.
    """
    known = registry.organs.get(organ)
    if not organ:
        return reach(staff, act, registry)
    if known is None or not allowed(staff, act, known):
        raise NotFound(NO_ORGAN)
    return [organ]


@cache
def _not_allowed(act: str) -> Reason:
    roles = [role for role in Role if may(_holder(role), act, _ANYWHERE)]
    names = "或".join(ROLE_NAMES[role] for role in roles)
    return Reason(
        "auth.not-allowed",
        f"此项操作需要本机关的{names}角色，您没有。请由有该角色的人员办理，或请管理员授予。",
    )


def _holder(role: Role) -> Staff:
    return Staff("", "", "", "", (Grant(role, organ=_ANYWHERE.organ),))
