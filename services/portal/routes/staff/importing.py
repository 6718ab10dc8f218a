"""Importing a table: the workbook is looked at first, every bad cell and every change, then all of it is taken or nothing.

Between the two pages the server keeps nothing: the workbook travels in the form, so it is bounded.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from dataclasses import dataclass
from typing import Final

from grpc import aio
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.clients import Problem, Signed, problem_of
from services.portal.drafting import draft_of
from services.portal.forms import MIB, Form, FormRefused, read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.staff.catalogues import SECTION, frame
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

MOST: Final = 4 * MIB
"""Bytes of a workbook; a table of 5,000 rows has less than one."""
_MOST_FORM: Final = 8 * MIB
_SLOW: Final = 120.0
_SHOWN: Final = 300
"""Bad cells and changes that are shown; more are counted."""
_KINDS: Final = {
    "added": "新增",
    "changed": "修改",
    "removed": "删除",
    "renamed": "改名",
    "returned": "恢复采用",
}
_NONE: Final = Reason(
    "workbook.missing", "没有收到工作簿，或者文件是空的。请选择要导入的工作簿（.xlsx）。", "workbook"
)
_LARGE: Final = Reason(
    "workbook.too-large", "工作簿超过 4 MB。请删除图片和多余的工作表，或者按领域分成几个文件。", "workbook"
)


@dataclass(frozen=True, slots=True)
class Book:
    """What was chosen, and how it is to be read."""

    data: bytes = b""
    name: str = ""
    mapping: str = ""
    complete: bool = False

    @property
    def carried(self) -> str:
        """The bytes as a form carries them."""
        return base64.b64encode(self.data).decode()


async def table(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/import``: choose, look, correct the mapping, import."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    if request.method != "POST":
        return _page(request, draft, Book())
    form = await read_form(request, most_files=1, most_bytes=_MOST_FORM)
    book = await _book(form)
    if not book.data or len(book.data) > MOST:
        return _page(request, draft, Book(), Problem(422, (_LARGE if book.data else _NONE,)))
    if form.text("step") == "import":
        return await _import(request, signed, draft, book, form)
    return await _look(request, signed, draft, book)


async def _look(
    request: Request,
    signed: Signed,
    draft: pb.Draft,
    book: Book,
    problem: Problem | None = None,
    reason: str = "",
) -> Response:
    asked = pb.PreviewImportRequest(
        catalogue=draft.catalogue.id, workbook=book.data, mapping=book.mapping, complete=book.complete
    )
    try:
        told = await portal_of(request).offices.catalogues_for(signed).PreviewImport(asked, timeout=_SLOW)
    except aio.AioRpcError as error:
        return _page(request, draft, book, problem_of(error))
    return _page(request, draft, book, problem, told, reason)


async def _import(request: Request, signed: Signed, draft: pb.Draft, book: Book, form: Form) -> Response:
    asked = pb.ImportTableRequest(
        command_id=form.command_id, catalogue=draft.catalogue.id, workbook=book.data, mapping=book.mapping,
        complete=book.complete, digest=form.text("digest"), reason=form.text("reason"),
    )  # fmt: skip
    try:
        await portal_of(request).offices.catalogues_for(signed).ImportTable(asked, timeout=_SLOW)
    except aio.AioRpcError as error:
        return await _look(request, signed, draft, book, problem_of(error), form.text("reason"))
    return redirect(f"/staff/catalogue/{draft.catalogue.id}/changes", done="table-imported")


async def _book(form: Form) -> Book:
    chosen: list[UploadFile] = form.files("workbook")
    mapping, complete = form.text("mapping"), form.text("complete") == "1"
    if chosen:
        return Book(await chosen[0].read(MOST + 1), chosen[0].filename or "", mapping, complete)
    try:
        data = base64.b64decode(form.text("carried"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormRefused("unreadable") from error
    return Book(data, form.text("name")[:200], mapping, complete)


def _page(
    request: Request,
    draft: pb.Draft,
    book: Book,
    problem: Problem | None = None,
    told: pb.PreviewImportResponse | None = None,
    reason: str = "",
) -> Response:
    values = {
        **frame(draft), "book": book, "told": told, "problem": problem, "editable": "edit" in draft.acts, "shown": _SHOWN,
        "kinds": _KINDS, "reason": reason,
        "wrongs": Counter(one.reason for one in told.bad) if told else {},
    }  # fmt: skip
    return render_staff(
        request, "staff/catalogue/import.html", values, SECTION, status=problem.status if problem else 200
    )
