"""公开依据: laws and documents that matters rest on, whether they are in force, and which matters have to be changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import bases_pb2 as pb
from gongkai.security.permissions import Place, may
from services.portal.cataloguewords import BASIS_KINDS, BASIS_STATES, MARKS
from services.portal.clients import Problem, Signed, problem_of
from services.portal.drafting import draft_of
from services.portal.forms import Form, read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.home import or_none
from services.portal.routes.staff.catalogues import SECTION, frame
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

SIZE: Final = 50
_LONGEST: Final = 100
_FEW: Final = 10
_UNKNOWN: Final = "basis.replaced.unknown"
"""How the service says that no basis is registered under the title; the page says it better."""
_TEXTS: Final = ("state", "since", "source", "checked_on", "mark", "number", "kind")


async def listing(request: Request) -> Response:
    """``/staff/catalogue/bases/``."""
    signed = await staff_of(request)
    state, q = request.query_params.get("state", ""), request.query_params.get("q", "")[:_LONGEST]
    state = state if state in BASIS_STATES else ""
    token = request.query_params.get("after", "")[:200]
    asked = pb.ListBasesRequest(q=q, state=state, page_size=SIZE, page_token=token)
    values = {
        "found": await portal_of(request).offices.bases_for(signed).ListBases(asked),
        "state": state, "states": BASIS_STATES, "q": q, "after": token, "manages": await _manages(request, signed),
    }  # fmt: skip
    return render_staff(request, "staff/catalogue/bases.html", values, SECTION)


async def basis(request: Request) -> Response:
    """``/staff/catalogue/bases/{id}``: what is known of one, and what to write down when it falls."""
    signed = await staff_of(request)
    office = portal_of(request).offices.bases_for(signed)
    told = await office.GetBasis(pb.GetBasisRequest(id=request.path_params["id"]))
    return await _kept(request, signed, told)


async def new(request: Request) -> Response:
    """``/staff/catalogue/bases/new``: register one; a citation that nothing answers to brings its words along."""
    signed = await staff_of(request)
    if not await _manages(request, signed):
        if request.method == "POST":
            await read_form(request)  # one from elsewhere is refused as such
        return redirect("/staff/catalogue/bases/")
    title, number = (request.query_params.get(name, "")[:_LONGEST] for name in ("title", "number"))
    blank = pb.Basis(title=title.strip("《》 "), number=number, kind="normative", state="in_force", mark="F")
    return await _kept(request, signed, pb.GetBasisResponse(basis=blank))


async def _kept(request: Request, signed: Signed, told: pb.GetBasisResponse) -> Response:
    """Show a basis, or take over what was written of it."""
    office = portal_of(request).offices.bases_for(signed)
    if request.method != "POST":
        return await _page(request, signed, told, told.basis, "", None)
    form = await read_form(request)
    written = _written(form, told.basis)
    successor = form.text("replaced_by_title")
    reasons, seen = await _successor(request, signed, successor, written), form.text("seen")
    if reasons and not written.replaced_by_title:
        return await _page(request, signed, told, written, seen, Problem(422, reasons), successor)
    asked = pb.ChangeBasisRequest(
        command_id=form.command_id, basis=written, seen=int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 18 else -1,  # noqa: PLR2004 - of an int64
    )  # fmt: skip
    try:
        saved = await office.ChangeBasis(asked)
    except aio.AioRpcError as error:
        problem = _placed(problem_of(error), reasons)
        return await _page(request, signed, told, written, seen, problem, successor)
    return redirect(f"/staff/catalogue/bases/{saved.basis.id}", done="basis-saved")


def _placed(problem: Problem, reasons: tuple[Reason, ...]) -> Problem:
    """Lead what the service says, and what is already known of the successor, to the fields of the form."""
    others = [one for one in problem.reasons if not reasons or one.code != _UNKNOWN]
    fields = {"replaced_by": "replaced_by_title", "basis.since": "since", "basis.checked_on": "checked_on"}
    led = (replace(one, field=fields.get(one.field, one.field)) for one in others)
    return Problem(problem.status, (*led, *reasons))


async def _successor(request: Request, signed: Signed, title: str, written: pb.Basis) -> tuple[Reason, ...]:
    """Find the basis that replaces this one by its title, and write its id down."""
    if not title:
        written.replaced_by = ""
        written.replaced_by_title = ""
        return ()
    plain = title.strip("《》 ")
    if plain == written.replaced_by_title and written.replaced_by:
        return ()
    asked = pb.ListBasesRequest(q=plain, page_size=_FEW)
    found = (await portal_of(request).offices.bases_for(signed).ListBases(asked)).bases
    same = [one for one in found if plain in (one.title, one.number, *one.aliases)] or list(found)
    if len(same) != 1:
        known = "；".join(one.title for one in same[:_FEW])
        text = (
            f"登记里有几件相近的：{known}。请写全称。"
            if same
            else "登记里没有这件依据。请核对名称，或者先把它登记进来。"
        )
        # named by title the service refuses it too, with whatever else is wrong; where several bear it, it might take one
        exact = any(plain in (one.title, one.number, *one.aliases) for one in same)
        written.replaced_by, written.replaced_by_title = "", "" if exact else plain
        return (Reason("basis.successor", text, "replaced_by_title"),)
    written.replaced_by, written.replaced_by_title = same[0].id, same[0].title
    return ()


def _written(form: Form, before: pb.Basis) -> pb.Basis:
    made = pb.Basis()
    made.CopyFrom(before)
    for name in _TEXTS if before.id else ("title", *_TEXTS):
        setattr(made, name, form.text(name, getattr(before, name)))
    return made


async def _page(
    request: Request,
    signed: Signed,
    told: pb.GetBasisResponse,
    basis: pb.Basis,
    seen: str,
    problem: Problem | None,
    successor: str = "",
) -> Response:
    values = {
        "told": told, "basis": basis, "seen": seen or told.basis.version, "problem": problem, "states": BASIS_STATES, "kinds": BASIS_KINDS,
        "marks": MARKS, "successor": successor or basis.replaced_by_title, "manages": await _manages(request, signed),
    }  # fmt: skip
    status = problem.status if problem else 200
    return render_staff(request, "staff/catalogue/basis.html", values, SECTION, status=status)


async def flagged(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/flagged``: matters of the edition in force whose basis fell."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    office = portal_of(request).offices.bases_for(signed)
    token = request.query_params.get("after", "")[:200]
    asked = pb.ListFlaggedRequest(catalogue=draft.catalogue.id, page_size=SIZE, page_token=token)
    unresolved = pb.ListUnresolvedRequest(catalogue=draft.catalogue.id)
    values = {
        **frame(draft),
        "found": await office.ListFlagged(asked),
        "unresolved": await or_none(office.ListUnresolved(unresolved)),
        "after": token,
        "manages": await _manages(request, signed),
    }
    return render_staff(request, "staff/catalogue/flagged.html", values, SECTION)


async def _manages(request: Request, signed: Signed) -> bool:
    """Tell whether somebody keeps the registry: the city's stewards do, for everybody."""
    city = (await portal_of(request).registry.divisions()).city
    return city is not None and may(signed.staff, "basis.manage", Place("", city.code))
