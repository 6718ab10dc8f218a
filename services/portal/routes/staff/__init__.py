"""Pages of the staff, below ``/staff/``: one module a concept."""

from __future__ import annotations

from starlette.routing import Route

from services.portal.routes.staff import (
    acts,
    bases,
    casework,
    catalogues,
    desk,
    drafts,
    editing,
    entering,
    importing,
    incoming,
    matters,
    messages,
    people,
    records,
    requests,
    sheet,
    subjects,
    villages,
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
    Route("/staff/catalogue/", catalogues.overview),
    Route("/staff/catalogue/bases/", bases.listing),
    Route("/staff/catalogue/bases/{id}", bases.basis, methods=_BOTH),
    Route("/staff/catalogue/{catalogue}/", catalogues.one),
    Route("/staff/catalogue/{catalogue}/changes", catalogues.changes),
    Route("/staff/catalogue/{catalogue}/export", catalogues.export),
    Route("/staff/catalogue/{catalogue}/flagged", bases.flagged),
    Route("/staff/catalogue/{catalogue}/subjects", subjects.listing, methods=_BOTH),
    Route("/staff/catalogue/{catalogue}/import", importing.table, methods=_BOTH),
    Route("/staff/catalogue/{catalogue}/matters/{matter}", matters.show, methods=_BOTH),
    Route("/staff/catalogue/{catalogue}/draft/{domain}", sheet.show),
    Route("/staff/catalogue/{catalogue}/draft/{domain}/act", sheet.act, methods=_POST),
    Route("/staff/catalogue/{catalogue}/draft/{domain}/add", matters.add, methods=_BOTH),
    Route("/staff/catalogue/{catalogue}/draft/{domain}/adopt", sheet.adopt, methods=_BOTH),
    Route("/staff/catalogue/{catalogue}/draft/{domain}/edits", sheet.save, methods=_POST),
    Route("/staff/catalogue/{catalogue}/{deed}", catalogues.deed, methods=_BOTH),
    Route("/staff/villages/", villages.listing),
    Route("/staff/villages/{village}/", villages.edit, methods=_BOTH),
    Route("/staff/villages/{village}/check", villages.check),
    Route("/staff/villages/{village}/{deed}", villages.deed, methods=_BOTH),
    Route("/staff/messages/", messages.listing),
    Route("/staff/messages/{number:int}", messages.settle, methods=_BOTH),
    Route("/staff/people/", people.listing),
]
