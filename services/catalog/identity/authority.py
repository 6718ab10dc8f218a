"""What an administrator may do to whom: within their own places, and never more than they hold themselves.

Beside the predicate ``staff.manage`` at the person's organ, every role that a command gives, takes or acts upon must
lie within the administrator's reach. Otherwise a county's administrator could have the password of the city's
administrator reset, who happens to sit in the county, and log in as them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gongkai.refusal import Reason
from gongkai.security.permissions import Place, Staff, may
from gongkai.serving.errors import PermissionRefused
from services.catalog.domain.staff import Held

_MANAGE: Final = "staff.manage"
NOT_HERE: Final = Reason(
    "auth.not-allowed", "您没有管理该机关人员的权限，请联系该机关或其上级区划的管理员。", "organ"
)
BEYOND: Final = Reason(
    "auth.not-allowed", "涉及您管理范围以外的角色，不能授予、收回或代为处理，请联系上级管理员。", "grants"
)
NOT_SELF: Final = Reason("auth.not-allowed", "不能停用自己的账号，请由其他管理员办理。", "staff")


@dataclass(frozen=True, slots=True)
class Reach:
    """Who commands, and where the organs lie that the command is about."""

    by: Staff | None
    """``None`` is the operator, who may do everything."""
    divisions: Mapping[str, str]
    """Organ code → its division; an organ nobody registered is absent."""

    def require(self, organ: str, touched: Iterable[Held] = ()) -> None:
        """Return if the commander may manage the staff of ``organ`` and every role in ``touched``.

        Raises:
            PermissionRefused: with every reason.
        """
        if self.by is None:
            return
        reasons = [] if may(self.by, _MANAGE, self._organ(organ)) else [NOT_HERE]
        if not all(may(self.by, _MANAGE, self._place(held)) for held in touched):
            reasons.append(BEYOND)
        if reasons:
            raise PermissionRefused(*reasons)

    def require_other(self, staff_id: str) -> None:
        """Return unless the commander is the person themselves."""
        if self.by is not None and self.by.id == staff_id:
            raise PermissionRefused(NOT_SELF)

    def _organ(self, code: str) -> Place:
        return Place(code, self.divisions.get(code, ""))

    def _place(self, held: Held) -> Place:
        return Place("", held.division) if held.division else self._organ(held.organ)
