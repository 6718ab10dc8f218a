"""What is done with a case: a page that tells the consequences, then the deed. Nothing happens by a link.

What cannot be taken back (an answer, an erasure) is shown once more, as it will be, before it happens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

import grpc
from grpc import aio
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.refusal import Reason
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from services.portal import words
from services.portal.caseacts import ACTS, BY_SLUG, DECIDES, ActWords
from services.portal.clients import Problem, Signed, problem_of
from services.portal.discreet import discreet
from services.portal.downloads import safe_type
from services.portal.forms import MIB, Form, read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.staff.requests import SECTION, case_of, may_erase
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

if TYPE_CHECKING:
    from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceAsyncStub

MOST_FILES: Final = 10
_CHUNK: Final = MIB
_OVERHEAD: Final = 4 * MIB
_SURE: Final = "sure"
_BACK: Final = "back"
_SHOWN_FIRST: Final = frozenset({*DECIDES, "erase"})
"""Acts that are shown once more before they happen."""
_NO_TEXT: Final = Reason("text.missing", "还没有写答复。申请人看到的就是这段话，请写明。", "text")
_NO_REASON: Final = Reason(
    "reason.missing", "还没有写删除的理由。理由会长期保存，请写明依据，不要写申请人的信息。", "reason"
)
_NO_FILES: Final = Reason(
    "files.none", "还没有附上要公开的文件。请选择文件；现场查阅的，在答复里写明时间和地点。", "files"
)


async def act(request: Request) -> Response:
    """``/staff/requests/{number}/{receipt|search|disclose|not-held|correction|erase}``."""
    code = BY_SLUG.get(request.path_params["act"], "")
    if not code:
        raise HTTPException(404)
    signed = await staff_of(request)
    if request.method != "POST":
        return await _page(request, signed, code)
    limit = portal_of(request).settings.content_limit if code == "disclose" else 0
    form = await read_form(request, most_files=MOST_FILES if limit else 0, most_bytes=limit + _OVERHEAD)
    office = portal_of(request).offices.requests_for(signed)
    number = request.path_params["number"]
    if form.text(_SURE) == _BACK:
        return await _page(
            request, signed, code, form, [_file(one) for one in form.all("file") if " " in one]
        )
    kept = [_file(value) for value in form.all("file") if " " in value]
    try:
        kept += [await _upload(office, number, one) for one in form.files("files")]
        if code in _SHOWN_FIRST and form.text(_SURE) != "1":
            return await _again(request, signed, code, form, kept)
        await _do(office, number, code, form, kept)
    except aio.AioRpcError as error:
        return await _page(request, signed, code, form, kept, problem=problem_of(error))
    path = f"/staff/requests/{number}"
    return redirect("/staff/requests/" if code == "erase" else path, done=f"case-{ACTS[code].slug}")


async def by_number(request: Request) -> Response:
    """``POST /staff/requests/erase``: an administrator names the request whose applicant is to be erased."""
    signed = await staff_of(request)
    form = await read_form(request)
    if not may_erase(signed):
        raise HTTPException(403, "您的角色不能删除申请人信息")
    number = "".join(one for one in form.text("number") if one.isascii() and (one.isdigit() or one == "-"))[
        :40
    ]
    if not number:
        return redirect("/staff/requests/")
    return redirect(f"/staff/requests/{number}/erase")


async def _do(
    office: RequestServiceAsyncStub, number: str, code: str, form: Form, files: Sequence[pb.File]
) -> None:
    match code:
        case "confirm_receipt":
            await office.ConfirmReceipt(
                pb.ConfirmReceiptRequest(
                    command_id=form.command_id, number=number, on=form.text("on"), proof=form.text("proof")
                )
            )
        case "correct_receipt":
            await office.CorrectReceipt(
                pb.CorrectReceiptRequest(
                    command_id=form.command_id, number=number, on=form.text("on"), reason=form.text("reason")
                )
            )
        case "record_search":
            search = pb.SearchRecord(
                on=form.text("on"),
                places=form.text("search.places"),
                words=form.text("search.words"),
                result=form.text("search.result"),
            )
            await office.RecordSearch(
                pb.RecordSearchRequest(command_id=form.command_id, number=number, search=search)
            )
        case "erase":
            await office.EraseApplicant(
                pb.EraseApplicantRequest(
                    command_id=form.command_id, number=number, reason=form.text("reason")
                )
            )
        case _:
            await office.Decide(
                pb.DecideRequest(
                    command_id=form.command_id,
                    number=number,
                    outcome=DECIDES[code],
                    on=form.text("on"),
                    text=form.text("text"),
                    files=files,
                )
            )


async def _again(
    request: Request, signed: Signed, code: str, form: Form, files: Sequence[pb.File]
) -> Response:
    """Show an act that cannot be taken back as it will be; or what it still lacks."""
    lacks = []
    if code == "erase" and not form.text("reason"):
        lacks.append(_NO_REASON)
    if code in DECIDES and not form.text("text"):
        lacks.append(_NO_TEXT)
    one = await _case(request, signed, code)
    if code == "disclose" and not files and one is not None and one.content.supply != "on_site":
        lacks.append(_NO_FILES)
    if lacks:
        return await _page(request, signed, code, form, files, problem=Problem(422, tuple(lacks)))
    return await _page(request, signed, code, form, files, sure=True)


async def _page(
    request: Request,
    signed: Signed,
    code: str,
    form: Form | None = None,
    files: Sequence[pb.File] = (),
    *,
    problem: Problem | None = None,
    sure: bool = False,
) -> Response:
    one = await _case(request, signed, code)
    told = next((act for act in one.acts if act.code == code), None) if one is not None else None
    spoken: ActWords = ACTS[code]
    values = {
        "one": one,
        "number": request.path_params["number"],
        "code": code,
        "act": spoken,
        "told": told,
        "typed": form.values if form else {},
        "files": files,
        "problem": problem,
        "sure": sure,
        "limit": portal_of(request).settings.content_limit,
        "most_files": MOST_FILES,
    }
    status = problem.status if problem else 200
    return discreet(
        render_staff(request, "staff/requests/act.html", values, SECTION, status=status), silent=True
    )


async def _case(request: Request, signed: Signed, code: str) -> pb.Request | None:
    """The case; None for an administrator who may erase it and not read it."""
    try:
        return await case_of(request, signed)
    except aio.AioRpcError as error:
        hidden = error.code() in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED}
        if code == "erase" and hidden and may_erase(signed):
            return None
        raise


async def _upload(office: RequestServiceAsyncStub, number: str, upload: UploadFile) -> pb.File:
    """Store a file of the reply for this request.

    Raises:
        AioRpcError: it was not taken; nothing is kept.
    """
    return (await office.UploadReplyFile(_chunks(number, upload))).file


async def _chunks(number: str, upload: UploadFile) -> AsyncIterator[pb.UploadReplyFileRequest]:
    name, media_type = words.file_name(upload.filename or ""), safe_type(upload.content_type or "")
    yield pb.UploadReplyFileRequest(number=number, name=name, media_type=media_type)
    while piece := await upload.read(_CHUNK):
        yield pb.UploadReplyFileRequest(number=number, chunk=piece)


def _file(value: str) -> pb.File:
    """A file stored before, as the page carries it: digest, blank, name. The office knows what it stored for whom."""
    digest, _, name = value.partition(" ")
    return pb.File(digest=digest, name=name)
