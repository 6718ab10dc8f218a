"""Pages of the staff, below ``/staff/``: one module a concept."""

from __future__ import annotations

from starlette.routing import Route

from services.portal.routes.staff import desk, entering

STAFF_ROUTES = [
    Route("/staff/", desk.desk),
    Route("/staff/login", entering.log_in, methods=["GET", "POST"]),
    Route("/staff/logout", entering.leave, methods=["POST"]),
    Route("/staff/password", entering.password, methods=["GET", "POST"]),
]
