"""Pages of the staff, below ``/staff/``: one module a concept."""

from __future__ import annotations

from starlette.routing import Route

from services.portal.routes.staff import (
    acts,
    casework,
    desk,
    drafts,
    editing,
    entering,
    incoming,
    messages,
    people,
    records,
    requests,
)

_BOTH = ["GET", "POST"]
_POST = ["POST"]

STAFF_ROUTES = [
    Route("/staff/", desk.desk),
    Route("/staff/login", entering.log_in, methods=_BOTH),
    Route("/staff/logout", entering.leave, methods=_POST),
    Route("/staff/password", entering.password, methods=_BOTH),
    Route("/staff/drafts/", drafts.listing),
    Route("/staff/drafts/new", editing.new, methods=_BOTH),
    Route("/staff/drafts/{id}", drafts.show),
    Route("/staff/drafts/{id}/edit", editing.edit, methods=_BOTH),
    Route("/staff/drafts/{id}/files/{digest}", drafts.file),
    Route("/staff/drafts/{id}/{act}", acts.act, methods=_BOTH),
    Route("/staff/records/", records.listing),
    Route("/staff/records/{uscc}/{number}/revise", records.revise, methods=_POST),
    Route("/staff/records/{uscc}/{number}/withdraw", records.withdraw, methods=_BOTH),
    Route("/staff/incoming/", incoming.listing),
    Route("/staff/requests/", requests.listing),
    Route("/staff/requests/erase", casework.by_number, methods=_POST),
    Route("/staff/requests/{number}", requests.case),
    Route("/staff/requests/{number}/applicant", requests.applicant, methods=_POST),
    Route("/staff/requests/{number}/{act}", casework.act, methods=_BOTH),
    Route("/staff/messages/", messages.listing),
    Route("/staff/messages/{number:int}", messages.settle, methods=_BOTH),
    Route("/staff/people/", people.listing),
]
