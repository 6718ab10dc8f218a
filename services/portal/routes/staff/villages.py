"""村务公开 for the staff: which villages keep a list, its editor, its deeds, and the list beside the catalogue above."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gongkai.divisions import stem
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.security.permissions import Place, Role, may
from gongkai.villages import CYCLES
from services.portal import villages
from services.portal.clients import Problem, Signed, problem_of
from services.portal.forms import Form, read_form, redirect
from services.portal.places import Divisions
from services.portal.places import Place as Division
from services.portal.portal import portal_of
from services.portal.routes.home import or_none
from services.portal.routes.staff.drafts import names_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff
from services.portal.villageforms import DEEDS, FIELDS, MOST_FIELDS, Deed, items_in, pressed

SECTION: Final = "villages"
_ROLES: Final = (Role.EDITOR, Role.REVIEWER, Role.STEWARD)
_PAGE: Final = 500
_MOST_ROWS: Final = 500
_DIGITS: Final = 17


async def listing(request: Request) -> Response:
    """``/staff/villages/``: the villages somebody keeps lists for; ``?village=`` leads to one of them."""
    signed = await staff_of(request)
    portal = portal_of(request)
    divisions = await portal.registry.divisions()
    chosen = divisions.find(request.query_params.get("village", "")[:12])
    if chosen is not None and chosen.level == "village":
        return RedirectResponse(f"/staff/villages/{chosen.code}/", status_code=303)
    entries = [(divisions.find(one.list.village), one) for one in await lists_of(request, signed)]
    known = {one.list.village for _, one in entries}
    values = {"listed": entries, "choices": _choices(signed, divisions, known), "place": divisions.name_of}
    return render_staff(request, "staff/villages/list.html", values, SECTION)


async def lists_of(request: Request, signed: Signed, *, brief: bool = False) -> list[pb.VillageListEntry]:
    """The lists of the villages somebody keeps, with what is open."""
    office = portal_of(request).offices.villages_for(signed)
    told = await asyncio.gather(
        *(
            office.ListVillageLists(
                pb.ListVillageListsRequest(division=code, drafts=True, page_size=_PAGE, brief=brief)
            )
            for code in _divisions(signed)
        )
    )
    return [one for answer in told for one in answer.lists]


async def edit(request: Request) -> Response:
    """``/staff/villages/{village}/``: the list as a table; a row more or less is shown, not saved, until 保存."""
    signed = await staff_of(request)
    village = await _village(request)
    if request.method != "POST":
        draft = await _draft(request, signed, village)
        return await _editor(request, signed, draft, list(draft.items), draft.version)
    form = await read_form(request, most_fields=MOST_FIELDS)
    items, seen = items_in(form), _version(form)
    changed = pressed(form, items)
    if changed is not None:
        draft = await _draft(request, signed, village)
        return await _editor(request, signed, draft, changed, seen, saved=False)
    model = form.text("do") == "model"
    asked = pb.SaveVillageListRequest(
        command_id=form.command_id, village=village.code, seen=seen, items=() if model else items, model=model
    )
    try:
        await portal_of(request).offices.villages_for(signed).SaveVillageList(asked)
    except aio.AioRpcError as error:
        problem = problem_of(error)
        draft = await _draft(request, signed, village)
        # they have been told what the other changed: what they save next is saved knowingly
        return await _editor(request, signed, draft, items, draft.version, problem, saved=False)
    return redirect(request.url.path, done="village-model" if model else "village-saved")


async def _editor(
    request: Request,
    signed: Signed,
    draft: pb.VillageDraft,
    items: Sequence[pb.VillageItem],
    seen: int,
    problem: Problem | None = None,
    *,
    saved: bool = True,
) -> Response:
    portal = portal_of(request)
    kinds, rows, people, divisions = await asyncio.gather(
        villages.kinds_of(portal),
        or_none(_above(request, draft.village)),
        names_of(portal, signed, [draft.proposed_by]),
        portal.registry.divisions(),
    )
    values = {
        **_frame(draft, divisions),
        "items": items,
        "seen": seen,
        "saved": saved,
        "kinds": kinds,
        "cycles": CYCLES,
        "matters": rows.rows if rows else [],
        "matter_names": {
            row.matter: f"{row.row.level1}·{row.row.level2}" for row in (rows.rows if rows else [])
        },
        "fields": FIELDS,
        "problem": problem,
        "people": people,
    }
    status = problem.status if problem else 200
    return render_staff(request, "staff/villages/editor.html", values, SECTION, status=status)


async def deed(request: Request) -> Response:
    """``/staff/villages/{village}/{propose|return|publish}``: consequences first, then the deed."""
    code = request.path_params["deed"]
    if code not in DEEDS:
        raise HTTPException(404)
    signed = await staff_of(request)
    village = await _village(request)
    draft = await _draft(request, signed, village)
    if request.method != "POST":
        return await _deed_page(request, signed, draft, code)
    form = await read_form(request)
    try:
        await _do(request, signed, code, form, village.code)
    except aio.AioRpcError as error:
        return await _deed_page(request, signed, draft, code, form, problem_of(error))
    return redirect(f"/staff/villages/{village.code}/", done=DEEDS[code].done)


async def _do(request: Request, signed: Signed, code: str, form: Form, village: str) -> None:
    office = portal_of(request).offices.villages_for(signed)
    command: dict[str, Any] = {"command_id": form.command_id, "village": village}
    match code:
        case "propose":
            await office.ProposeVillageList(pb.ProposeVillageListRequest(**command, note=form.text("note")))
        case "return":
            await office.ReturnVillageList(pb.ReturnVillageListRequest(**command, reason=form.text("reason")))
        case _:
            await office.PublishVillageList(pb.PublishVillageListRequest(**command, seen=_version(form)))


async def _deed_page(
    request: Request,
    signed: Signed,
    draft: pb.VillageDraft,
    code: str,
    form: Form | None = None,
    problem: Problem | None = None,
) -> Response:
    portal = portal_of(request)
    people, divisions = await asyncio.gather(
        names_of(portal, signed, [draft.proposed_by]), portal.registry.divisions()
    )
    wanted: Deed = DEEDS[code]
    values = {
        **_frame(draft, divisions),
        "code": code,
        "deed": wanted,
        "typed": form.text(wanted.text) if form and wanted.text else "",
        "people": people,
        "problem": problem,
    }
    status = problem.status if problem else 200
    return render_staff(request, "staff/villages/deed.html", values, SECTION, status=status)


async def check(request: Request) -> Response:
    """``/staff/villages/{village}/check``: the draft beside the catalogue above, side by side."""
    signed = await staff_of(request)
    village = await _village(request)
    portal = portal_of(request)
    office = portal.offices.villages_for(signed)
    draft, found, divisions = await asyncio.gather(
        _draft(request, signed, village),
        office.CheckVillageList(pb.CheckVillageListRequest(village=village.code, draft=True)),
        portal.registry.divisions(),
    )
    values = {
        **_frame(draft, divisions),
        "found": found,
        "keeper": divisions.name_of(found.catalogue) if found.catalogue else "",
    }
    return render_staff(request, "staff/villages/check.html", values, SECTION)


def _frame(draft: pb.VillageDraft, divisions: Divisions) -> dict[str, Any]:
    village = divisions.find(draft.village)
    hindered: dict[str, list[Reason]] = {}
    for one in draft.hindrances:
        hindered.setdefault(one.act, []).append(Reason(one.act, one.message_zh, "", one.article))
    return {
        "draft": draft,
        "village": village,
        "above": divisions.above(village) if village else [],
        "base": f"/staff/villages/{draft.village}",
        "hindered": hindered,
        "deeds": DEEDS,
    }


async def _village(request: Request) -> Division:
    divisions = await portal_of(request).registry.divisions()
    found = divisions.find(request.path_params["village"])
    if found is None or found.level != "village":
        raise HTTPException(404)
    return found


async def _draft(request: Request, signed: Signed, village: Division) -> pb.VillageDraft:
    office = portal_of(request).offices.villages_for(signed)
    return (await office.GetVillageDraft(pb.GetVillageDraftRequest(village=village.code))).draft


async def _above(request: Request, village: str) -> catalogues_pb2.ListRowsResponse:
    """The rows of the catalogue in force above a village, to choose from."""
    portal = portal_of(request)
    place = (await portal.registry.divisions()).find(village)
    told = await portal.registry.catalogue(place) if place else catalogues_pb2.GetCatalogueResponse()
    if not told.catalogue.id:
        return catalogues_pb2.ListRowsResponse()
    asked = catalogues_pb2.ListRowsRequest(catalogue=told.catalogue.id, page_size=_MOST_ROWS)
    return await portal.offices.catalogues.ListRows(asked)


def _divisions(signed: Signed) -> list[str]:
    """The divisions somebody has one of the roles at, without those that lie in another of them."""
    held = sorted(
        {grant.division for grant in signed.staff.grants if grant.division and grant.role in _ROLES}
    )
    return [one for one in held if not any(one != other and one.startswith(stem(other)) for other in held)]


def _choices(signed: Signed, divisions: Divisions, known: set[str]) -> dict[str, list[tuple[str, str]]]:
    """The villages without a list that somebody may begin one for, by township."""
    found: dict[str, list[tuple[str, str]]] = {}
    for place in divisions.by_code.values():
        if place.level != "village" or place.heir or place.code in known:
            continue
        if may(signed.staff, "village.draft", Place("", place.code)):
            found.setdefault(divisions.name_of(place.parent), []).append((place.code, place.name))
    return found


def _version(form: Form) -> int:
    seen = form.text("seen")
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= _DIGITS else -1
