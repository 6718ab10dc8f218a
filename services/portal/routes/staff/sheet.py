"""The draft of one domain as a table, what its buttons do, and what the grid saves: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.cataloguewords import STANCES
from services.portal.clients import Problem, Signed, problem_of
from services.portal.drafting import ALL, calls, draft_of, rows_of, some_rows
from services.portal.edits import Refused, edits_of, located, pressed
from services.portal.forms import MIB, FormRefused, read_form, redirect
from services.portal.portal import page_of, portal_of
from services.portal.routes.staff.catalogues import SECTION, frame
from services.portal.sessions import staff_of
from services.portal.sheets import Column, columns_in, columns_of, line_of, sheet_of
from services.portal.staffpages import render_staff

SIZE: Final = 1000
"""Rows on a page: more than any domain has, so that only the view of all domains is ever cut."""
_SLOW: Final = 60.0
_MOST_BYTES: Final = 8 * MIB
_LONGEST: Final = 100


async def show(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/draft/{domain}``; ``?stance=`` one tab, ``?q=`` words."""
    signed = await staff_of(request)
    return await _sheet(request, signed, await draft_of(request, signed))


async def _sheet(
    request: Request, signed: Signed, draft: pb.Draft, problem: Problem | None = None
) -> Response:
    if draft.phase == "none":
        return redirect(f"/staff/catalogue/{draft.catalogue.id}/")
    values = await _values(request, signed, draft)
    status = problem.status if problem else 200
    return render_staff(
        request, "staff/catalogue/sheet.html", {**values, "problem": problem}, SECTION, status=status
    )


async def _values(request: Request, signed: Signed, draft: pb.Draft, *, table: bool = True) -> dict[str, Any]:
    """What the page and its parts print; without the table for an answer that has its rows already."""
    domain = request.path_params["domain"]
    known = {one.code: one for one in draft.domains}
    if domain != ALL and domain not in known:
        raise HTTPException(404)
    stance = request.query_params.get("stance", "")
    stance = stance if stance in STANCES else ""
    q = request.query_params.get("q", "")[:_LONGEST]
    whole = await rows_of(
        request, signed, draft.catalogue.id, domain=domain, q=q, page=page_of(request), size=SIZE
    )
    tally = {name: sum(row.stance == name for row in whole.rows) for name in STANCES}
    shown = [row for row in whole.rows if stance in ("", row.stance)]
    called = await calls(request, draft)
    editable = "edit" in draft.acts
    questions = [row for row in whole.rows if row.questions]
    return {
        **frame(draft),
        "domain": known.get(domain),
        "path": f"/staff/catalogue/{draft.catalogue.id}/draft/{domain}",
        "here": domain,
        "stance": stance,
        "stances": STANCES,
        "q": q,
        "tally": tally,
        "found": whole,
        "page": whole.page,
        "size": SIZE,
        "sheet": sheet_of(shown, called, editable=editable) if table else None,
        "editable": editable,
        "called": called,
        "asked": [line_of(row, (), called, editable=False) for row in questions],
        "to_adopt": [row.matter for row in whole.rows if _adoptable(row)],
        "domains": {one.code: one.name for one in draft.domains},
    }


async def act(request: Request) -> Response:
    """``…/draft/{domain}/act``: a button of the table, without the grid. What needs a reason is a page of its own."""
    signed = await staff_of(request)
    form = await read_form(request)
    edit = pressed(form.text("do"))
    asked = pb.EditMattersRequest(
        command_id=form.command_id, catalogue=request.path_params["catalogue"], edits=[edit]
    )
    try:
        await portal_of(request).offices.catalogues_for(signed).EditMatters(asked)
    except aio.AioRpcError as error:
        return await _sheet(request, signed, await draft_of(request, signed), problem_of(error))
    answer = redirect(request.url.path.removesuffix("/act"), done="matter-saved", stance=form.text("stance"))
    answer.headers["location"] += f"#r-{edit.matter}"
    return answer


async def save(request: Request) -> Response:
    """``…/draft/{domain}/edits``: what the grid changed, as one command; told in JSON, cell by cell."""
    signed = await staff_of(request)
    form = await read_form(request, most_bytes=_MOST_BYTES)
    edits = edits_of(form.text("edits"))
    catalogue = request.path_params["catalogue"]
    asked = pb.EditMattersRequest(command_id=form.command_id, catalogue=catalogue, edits=edits)
    try:
        told = await portal_of(request).offices.catalogues_for(signed).EditMatters(asked, timeout=_SLOW)
    except aio.AioRpcError as error:
        problem = problem_of(error)
        rows = await _now(request, signed, catalogue, edits) if problem.status in {422, 409} else {}
        return _refused(problem, located(problem.reasons, edits, rows))
    return await _saved(request, signed, columns_in(form.text("columns")), edits, told.rows)


async def _now(
    request: Request, signed: Signed, catalogue: str, edits: Sequence[pb.Edit]
) -> dict[str, pb.DraftRow]:
    try:
        return await some_rows(request, signed, catalogue, (one.matter for one in edits))
    except aio.AioRpcError:
        return {}


def _refused(problem: Problem, found: Sequence[Refused]) -> Response:
    told = [
        {
            "edit": one.edit, "field": one.field, "text": one.reason.message_zh, "article": one.reason.article,
            "seen": one.seen, "theirs": one.theirs if one.seen else None,
        }
        for one in found
    ]  # fmt: skip
    return JSONResponse({"refused": told}, status_code=problem.status, headers={"Cache-Control": "no-store"})


async def _saved(
    request: Request,
    signed: Signed,
    columns: Sequence[Column],
    edits: Sequence[pb.Edit],
    rows: Sequence[pb.DraftRow],
) -> Response:
    """The rows as they stand now and what stands around the table, as the page itself would show them."""
    known = {(one.field, one.key) for one in columns}
    needed = {(one.field, one.key) for one in columns_of(rows)}
    if any(one.act in {"add", "drop"} for one in edits) or not needed <= known:
        return JSONResponse({"reload": True}, headers={"Cache-Control": "no-store"})
    values = await _values(request, signed, await draft_of(request, signed), table=False)
    lines = [line_of(row, columns, values["called"], editable=values["editable"]) for row in rows]
    parts = portal_of(request).pages.part("staff/catalogue/sheetparts.html", values)
    told = {
        "rows": {line.matter: str(parts.row(line)) for line in lines},
        "tabs": str(parts.tabs()),
        "waiting": str(parts.waiting()),
        "said": f"已保存 {len(rows)} 行。还没有送复核，公众看不到。",
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def adopt(request: Request) -> Response:
    """``…/draft/{domain}/adopt``: everything the catalogue above added, taken over at once, after it was shown."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    values = await _values(request, signed, draft)
    found = (
        await some_rows(request, signed, draft.catalogue.id, values["to_adopt"]) if values["to_adopt"] else {}
    )
    if request.method != "POST":
        return _adopt_page(request, values, list(found.values()), None)
    form = await read_form(request)
    edits = [pressed(f"adopt|{one.replace(':', '|')}|") for one in form.text("matters").split()]
    if not edits:
        raise FormRefused("unreadable")
    asked = pb.EditMattersRequest(command_id=form.command_id, catalogue=draft.catalogue.id, edits=edits)
    try:
        await portal_of(request).offices.catalogues_for(signed).EditMatters(asked, timeout=_SLOW)
    except aio.AioRpcError as error:
        return _adopt_page(request, values, list(found.values()), problem_of(error))
    return redirect(values["path"], done="matters-adopted")


def _adopt_page(
    request: Request, values: dict[str, Any], rows: Sequence[pb.DraftRow], problem: Problem | None
) -> Response:
    lines = [line_of(row, (), values["called"], editable=False) for row in rows]
    status = problem.status if problem else 200
    told = {**values, "lines": lines, "problem": problem}
    return render_staff(request, "staff/catalogue/adopt.html", told, SECTION, status=status)


def _adoptable(row: pb.DraftRow) -> bool:
    return any("adopt" in one.answers for one in row.questions)
