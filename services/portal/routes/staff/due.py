"""What an organ must publish again: due soon and overdue, for the desk of whoever publishes for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from gongkai.divisions import stem
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.security.permissions import Role
from services.portal.clients import Signed
from services.portal.organs import organs_of
from services.portal.portal import portal_of
from services.portal.routes.home import or_none

SHOWN: Final = 20
_PUBLISHERS: Final = (Role.EDITOR, Role.REVIEWER)


@dataclass(frozen=True, slots=True)
class Due:
    """The duties of an organ that come due; its numbers, and the first of them."""

    row: pb.OrganCoverage
    duties: Sequence[pb.Duty]
    """Overdue ones first."""
    unlike: int = 0
    """Figures that differ from other levels', which the organ must explain."""

    @property
    def slug(self) -> str:
        """The organ's division as addresses write it."""
        return stem(self.row.division)

    @property
    def path(self) -> str:
        """Where the public sees all of the organ's duties."""
        return f"/{self.slug}/oversight/{self.row.organ}/duties"

    @property
    def unlike_path(self) -> str:
        """Where those figures stand."""
        return f"/{self.slug}/oversight/alignment?organ={self.row.organ}"

    @property
    def count(self) -> int:
        """How many come due, or are over."""
        return self.row.overdue + self.row.due_soon


async def due_of(request: Request, signed: Signed) -> Due | None:
    """What is due at the organ somebody publishes for; None: oversight does not answer, or knows no such organ."""
    choice = await organs_of(request, signed, *_PUBLISHERS)
    oversight = portal_of(request).offices.oversight

    def narrowed(state: str) -> pb.ListDutiesRequest:
        return pb.ListDutiesRequest(organ=choice.chosen, state=state, page_size=SHOWN)

    told, over, soon = await asyncio.gather(
        or_none(oversight.GetCoverage(pb.GetCoverageRequest(organ=choice.chosen))),
        or_none(oversight.ListDuties(narrowed("overdue"))),
        or_none(oversight.ListDuties(narrowed("due_soon"))),
    )
    if told is None or over is None or soon is None or not told.organs:
        return None
    row = told.organs[0]
    asked = pb.ListAlignmentRequest(division=row.division, organ=row.organ, page_size=1, sums_page_size=1)
    found = await or_none(oversight.ListAlignment(asked))
    unlike = found.total + found.sums_total if found is not None else 0
    return Due(row, [*over.duties, *soon.duties][:SHOWN], unlike)


def boards_of(signed: Signed) -> list[str]:
    """Where the boards of the divisions are that somebody inspects."""
    found = {
        grant.division for grant in signed.staff.grants if grant.role is Role.INSPECTOR and grant.division
    }
    return [f"/{stem(division)}/oversight/" for division in sorted(found)]
