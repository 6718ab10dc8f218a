"""工作台: what waits for whoever is logged in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff


async def desk(request: Request) -> Response:
    """``/staff/``."""
    await staff_of(request)
    return render_staff(request, "staff/desk.html", {}, "desk")
