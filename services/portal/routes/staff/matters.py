"""One matter of a draft: all its columns, what differs, every act with what it needs. Works without the grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.clients import Problem, Signed, problem_of
from services.portal.drafting import ALL, calls, draft_of, row_of
from services.portal.edits import CHANGED, cleaned, located
from services.portal.forms import Form, FormRefused, read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.staff.catalogues import SECTION, frame
from services.portal.sessions import staff_of
from services.portal.sheets import base_of, line_of, writable
from services.portal.staffpages import render_staff

HINTS: Final[Mapping[str, str]] = {
    "content_elements": "每个要素前写 ●（必选）或 〇（可选），例如 ●救助对象●救助金额",
    "legal_basis": "写全称和文号，例如 《社会救助暂行办法》（国务院令第649号）",
    "time_limit": "例如 信息形成或者变更之日起20个工作日内",
    "channels": "一行一个，前面写 ■（必选）或 □（可选），例如 ■政府网站",
    "audience": "全社会，或者 特定群体:征收范围内被征收人",
    "mode": "主动 或者 依申请",
    "levels": "用分号隔开，例如 县级;乡级",
}
_LONG: Final = frozenset({"content_elements", "legal_basis", "time_limit", "subject", "channels"})
_WITH_FIELDS: Final = frozenset({"hold", "restore"})


async def show(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/matters/{matter}``."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    row = await row_of(request, signed, draft.catalogue.id)
    if request.method != "POST":
        return await _page(request, draft, row, {})
    form = await read_form(request)
    edit = _edit(form, row)
    if edit.act == "set" and not edit.fields:
        nothing = Problem(422, (Reason("matter.unchanged", "没有改动任何一格，不用保存。"),))
        return await _page(request, draft, row, form.values, nothing)
    try:
        await _send(request, signed, form, edit)
    except aio.AioRpcError as error:
        now = await row_of(request, signed, draft.catalogue.id)
        return await _refused(request, draft, now, form, edit, problem_of(error))
    path = f"/staff/catalogue/{draft.catalogue.id}/draft/{base_of(row).domain or ALL}"
    answer = redirect(path, done="matter-saved")
    answer.headers["location"] += f"#r-{row.matter}"
    return answer


async def add(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/draft/{domain}/add``: a matter the catalogue above has not."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    domain = request.path_params["domain"]
    if domain not in {one.code for one in draft.domains}:
        raise HTTPException(404)
    row = pb.DraftRow(stance="added", row=pb.Row(domain=domain, audience="全社会", mode="主动"))
    if request.method != "POST":
        return await _page(request, draft, row, {})
    form = await read_form(request)
    fields = {name: text for name in COLUMNS if (text := form.text(f"c-{name}"))}
    edit = pb.Edit(act="add", fields={**cleaned(fields), "domain": domain}, reason=form.text("reason"))
    try:
        await _send(request, signed, form, edit)
    except aio.AioRpcError as error:
        return await _refused(request, draft, row, form, edit, problem_of(error))
    return redirect(f"/staff/catalogue/{draft.catalogue.id}/draft/{domain}", done="matter-saved")


async def _send(request: Request, signed: Signed, form: Form, edit: pb.Edit) -> None:
    catalogue = request.path_params["catalogue"]
    asked = pb.EditMattersRequest(command_id=form.command_id, catalogue=catalogue, edits=[edit])
    await portal_of(request).offices.catalogues_for(signed).EditMatters(asked)


def _edit(form: Form, row: pb.DraftRow) -> pb.Edit:
    """What the button that was pressed asks for; with `set`, the columns that are different now.

    Raises:
        FormRefused: the form is none of ours.
    """
    seen = form.text("seen")
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 18):  # noqa: PLR2004 - of an int64
        raise FormRefused("unreadable")
    act, _, named = form.text("act", "set").partition("|")
    edit = pb.Edit(matter=row.matter, seen=int(seen), act=act)
    if act in {"leave_out", "drop"}:
        edit.reason = form.text(f"reason-{act}")
    elif act == "set":
        before = cleaned({name: form.text(f"w-{name}") for name in COLUMNS})
        after = cleaned({name: form.text(f"c-{name}", before[name]) for name in COLUMNS})
        edit.fields.update({name: text for name, text in after.items() if text != before[name]})
        edit.reason = form.text("reason")
    elif act in _WITH_FIELDS:
        edit.fields.update(dict.fromkeys([one for one in named.split(",") if one in COLUMNS], ""))
    elif act not in {"adopt", "keep"}:
        raise FormRefused("unreadable")
    return edit


async def _refused(
    request: Request, draft: pb.Draft, row: pb.DraftRow, form: Form, edit: pb.Edit, problem: Problem
) -> Response:
    """The form again as it was typed; where somebody else changed a column, with both values."""
    found = located(problem.reasons, [edit], {row.matter: row})
    differing = [
        (COLUMNS[one.field], one.theirs, edit.fields.get(one.field, ""))
        for one in found
        if one.seen and one.field in COLUMNS
    ]
    reasons = [
        Reason(one.reason.code, one.reason.message_zh, _place(one.field, edit), one.reason.article)
        for one in found
    ]
    told = Problem(409 if any(one.code == CHANGED for one in reasons) else problem.status, tuple(reasons))
    return await _page(request, draft, row, form.values, told, differing)


def _place(field: str, edit: pb.Edit) -> str:
    if field == "reason" and edit.act in {"leave_out", "drop"}:
        return f"reason-{edit.act}"
    return f"c-{field}" if field in COLUMNS else field


async def _page(
    request: Request,
    draft: pb.Draft,
    row: pb.DraftRow,
    typed: Mapping[str, str],
    problem: Problem | None = None,
    differing: list[tuple[str, str, str]] | None = None,
) -> Response:
    called = await calls(request, draft)
    domain = base_of(row).domain
    texts = {name: _shown(base_of(row), name) for name in COLUMNS}
    values: dict[str, Any] = {
        **frame(draft), "row": row, "called": called, "texts": texts, "typed": typed, "problem": problem,
        "upper": {name: _shown(row.upper, name) for name in COLUMNS},
        "line": line_of(row, (), called, editable=True), "writable": writable(row) and "edit" in draft.acts,
        "differing": differing or [], "columns": COLUMNS, "hints": HINTS, "long": _LONG,
        "fields": {**{f"c-{name}": label for name, label in COLUMNS.items()}, "reason": "说明", "reason-leave_out": "不采用的理由", "reason-drop": "删除的理由"},
        "domain": next((one for one in draft.domains if one.code == domain), None), "editable": "edit" in draft.acts,
    }  # fmt: skip
    status = problem.status if problem else 200
    return render_staff(request, "staff/catalogue/matter.html", values, SECTION, status=status)


def _shown(row: pb.Row, name: str) -> str:
    text: str = getattr(row, name)
    return text.replace(";", "\n") if name == "channels" else text
