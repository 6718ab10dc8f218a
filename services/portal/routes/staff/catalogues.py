"""事项目录: the catalogues somebody keeps, one of them with its draft and editions, and what is done with an edition."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import bases_pb2
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.cataloguewords import BY_SLUG, DEEDS
from services.portal.clients import Problem, Signed, problem_of
from services.portal.comparing import KINDS, changes_of
from services.portal.downloads import download_headers
from services.portal.drafting import ALL, calls, draft_of, kept_by, rows_of
from services.portal.forms import Form, read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.home import or_none
from services.portal.routes.staff.drafts import names_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

SECTION: Final = "catalogue"
_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SLOW: Final = 60.0
_MOST: Final = 5000


async def overview(request: Request) -> Response:
    """``/staff/catalogue/``."""
    signed = await staff_of(request)
    drafts, others = await kept_by(request, signed)
    divisions = await portal_of(request).registry.divisions()
    values = {"drafts": drafts, "others": others, "place": divisions.name_of, "counts": counts}
    return render_staff(request, "staff/catalogue/overview.html", values, SECTION)


async def one(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/``: its draft by domain, what can be done, its editions."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    catalogue = draft.catalogue.id
    offices = portal_of(request).offices
    editions, flagged, people = await asyncio.gather(
        or_none(offices.catalogues_for(signed).ListEditions(pb.ListEditionsRequest(catalogue=catalogue))),
        or_none(
            offices.bases_for(signed).ListFlagged(
                bases_pb2.ListFlaggedRequest(catalogue=catalogue, page_size=1)
            )
        ),
        names_of(portal_of(request), signed, [draft.proposed_by]),
    )
    divisions = await portal_of(request).registry.divisions()
    values = {
        **frame(draft),
        "editions": editions.editions if editions else None,
        "flagged": flagged,
        "people": people,
        "place": divisions.name_of,
        "called": await calls(request, draft),
    }
    return render_staff(request, "staff/catalogue/one.html", values, SECTION)


async def deed(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/{open|take|propose|return|publish|discard}``: consequences first, then the deed."""
    code = BY_SLUG.get(request.path_params["deed"], "")
    if not code:
        raise HTTPException(404)
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    if request.method != "POST":
        return await _page(request, signed, draft, code, {}, None)
    form = await read_form(request)
    try:
        await _do(request, signed, code, form)
    except aio.AioRpcError as error:
        return await _page(request, signed, draft, code, form.values, problem_of(error))
    return redirect(f"/staff/catalogue/{draft.catalogue.id}/", done=DEEDS[code].done)


def _do(request: Request, signed: Signed, code: str, form: Form) -> Awaitable[object]:
    office = portal_of(request).offices.catalogues_for(signed)
    command: dict[str, Any] = {"command_id": form.command_id, "catalogue": request.path_params["catalogue"]}
    match code:
        case "open":
            return office.OpenEdition(
                pb.OpenEditionRequest(**command, title=form.text("title")), timeout=_SLOW
            )
        case "take_upper":
            return office.TakeUpper(pb.TakeUpperRequest(**command), timeout=_SLOW)
        case "propose":
            return office.ProposeEdition(
                pb.ProposeEditionRequest(**command, note=form.text("note")), timeout=_SLOW
            )
        case "return":
            return office.ReturnEdition(pb.ReturnEditionRequest(**command, reason=form.text("reason")))
        case "discard":
            return office.DiscardEdition(
                pb.DiscardEditionRequest(**command, reason=form.text("reason")), timeout=_SLOW
            )
        case _:
            seen = form.text("seen")
            version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 18 else -1  # noqa: PLR2004 - of an int64
            return office.PublishEdition(pb.PublishEditionRequest(**command, seen=version), timeout=_SLOW)


async def _page(
    request: Request,
    signed: Signed,
    draft: pb.Draft,
    code: str,
    typed: dict[str, str],
    problem: Problem | None,
) -> Response:
    people = await names_of(portal_of(request), signed, [draft.proposed_by])
    lost = code == "discard" and code in draft.acts
    rows = await rows_of(request, signed, draft.catalogue.id, stance="changed", size=_MOST) if lost else None
    values = {
        **frame(draft),
        "lost": changes_of(rows.rows) if rows else [],
        "kinds": KINDS,
        "code": code,
        "deed": DEEDS[code],
        "typed": typed,
        "problem": problem,
        "people": people,
    }
    status = problem.status if problem else 200
    return render_staff(request, "staff/catalogue/deed.html", values, SECTION, status=status)


async def changes(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/changes``: everything that would be new, against the edition in force."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    found = await rows_of(request, signed, draft.catalogue.id, size=_MOST)
    changed = changes_of(found.rows)
    tally = {kind: sum(one.kind == kind for one in changed) for kind in KINDS}
    values = {
        **frame(draft), "changes": changed, "kinds": KINDS, "tally": tally, "same": found.total - len(changed),
        "domains": {told.code: told.name for told in draft.domains},
        "people": await names_of(portal_of(request), signed, [draft.proposed_by]),
    }  # fmt: skip
    return render_staff(request, "staff/catalogue/changes.html", values, SECTION)


async def export(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/export``: the official table; of the draft with ``?draft=1``."""
    signed = await staff_of(request)
    domain = request.query_params.get("domain", "")
    asked = pb.ExportTableRequest(
        catalogue=request.path_params["catalogue"],
        domain="" if domain == ALL else domain,
        draft=request.query_params.get("draft") == "1",
    )
    told = await portal_of(request).offices.catalogues_for(signed).ExportTable(asked, timeout=_SLOW)
    headers = {**download_headers(told.name or "事项目录.xlsx"), "Cache-Control": "no-store"}
    return Response(told.workbook, media_type=_SHEET, headers=headers)


def frame(draft: pb.Draft) -> dict[str, Any]:
    """What every page about a catalogue's draft prints."""
    hindered: dict[str, list[pb.Hindrance]] = {}
    for told in draft.hindrances:
        hindered.setdefault(told.act, []).append(told)
    return {
        "draft": draft,
        "catalogue": draft.catalogue,
        "counts": counts(draft),
        "deeds": DEEDS,
        "hindered": hindered,
        "base": f"/staff/catalogue/{draft.catalogue.id}",
        "newer": draft.catalogue.upper_published > (draft.upper_edition or draft.catalogue.upper_taken),
    }


def counts(draft: pb.Draft) -> dict[str, int]:
    """How many rows stand how."""
    return {told.name: told.n for told in draft.counts}
