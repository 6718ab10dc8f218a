"""The gRPC edge: the public's three calls, and those of clerks, administrators and the operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from typing import Any, Final

from grpc import aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceServicer
from gongkai.security.grpc_auth import current_caller, current_staff
from gongkai.security.permissions import Staff, may
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import InvalidRequest, NotFound
from services.requests import messages
from services.requests.changing import change_request
from services.requests.domain.acts import hindrances
from services.requests.domain.commands import (
    Command,
    ConfirmReceipt,
    CorrectReceipt,
    Decide,
    EraseApplicant,
    ReadApplicant,
    RecordSearch,
)
from services.requests.domain.facts import Applicant, Content, Reply, ReplyFile
from services.requests.domain.numbers import read_number, shown_code
from services.requests.files import CHUNK, check_file, file_bytes, keep_file
from services.requests.gate import Gate
from services.requests.handlers import Desk, Order, is_answered, load, load_many, submit_request
from services.requests.looking import NO_REQUEST, SUBMIT, by_code, for_staff
from services.requests.messages import Situation
from services.requests.views.law import find_organ, find_organs, read_law
from services.requests.views.reading import Found, Wanted, find_by_number, list_requests

NO_COMMAND: Final = Reason("command_id.missing", "请提供命令编号。", "command_id")
NO_FILE: Final = Reason("file.unknown", "本件的答复中没有这个文件，或者它已经删除。", "digest")

Context = aio.ServicerContext[Any, Any]


class RequestApi(RequestServiceServicer):
    """Answers ``RequestService``."""

    def __init__(self, desk: Desk, gate: Gate, *, file_limit: int) -> None:
        """Take what handlers work with, what slows guessing down, and the largest file in bytes."""
        self._desk = desk
        self._gate = gate
        self._file_limit = file_limit

    # -- the public --------------------------------------------------------------------------------------------

    async def Submit(self, request: pb.SubmitRequest, _context: Context) -> pb.SubmitResponse:
        """Take a request in; the same command id is answered with the same number and code."""
        _require_command(request.command_id)
        counted = not await is_answered(self._desk, request.command_id)
        if counted:
            await self._gate.take("submit", request.client, SUBMIT)
        who, what = request.applicant, request.content
        applicant = Applicant(**{name: getattr(who, name) for name in Applicant.model_fields})
        content = Content(**{name: getattr(what, name) for name in Content.model_fields})
        try:
            outcome = await submit_request(self._desk, request.command_id, request.organ, applicant, content)
        except Refusal:
            if counted:
                await self._gate.give_back("submit", request.client)
            raise
        return pb.SubmitResponse(
            number=outcome["number"],
            query_code=shown_code(self._desk.code_of(outcome["request_id"])),
            submitted_at=outcome["submitted_at"],
            organ_name=outcome["organ_name"],
        )

    async def LookUp(self, request: pb.LookUpRequest, _context: Context) -> pb.LookUpResponse:
        """Show a request to the holder of its number and code."""
        row = await by_code(self._desk, self._gate, request.number, request.query_code, request.client)
        async with self._desk.engine.connect() as conn:
            loaded = await load(self._desk, conn, row.request_id)
            shown = messages.for_applicant(loaded, await self._situation(conn, row.organ))
        return pb.LookUpResponse(request=shown)

    async def FetchReplyFile(
        self, request: pb.FetchReplyFileRequest, _context: Context
    ) -> AsyncIterator[pb.FetchReplyFileResponse]:
        """Give out a file of the reply, by the same number and code."""
        row = await by_code(self._desk, self._gate, request.number, request.query_code, request.client)
        async with self._desk.engine.connect() as conn:
            reply = (await load(self._desk, conn, row.request_id)).state.reply
            files = reply.files if isinstance(reply, Reply) else ()
            file = next((one for one in files if one.digest == request.digest), None)
            data = None if file is None else await file_bytes(self._desk, conn, file.digest)
        if file is None or data is None:
            raise NotFound(NO_FILE)
        for start in range(0, len(data), CHUNK) or range(1):
            yield pb.FetchReplyFileResponse(
                name=file.name, media_type=file.media_type, data=data[start : start + CHUNK]
            )

    # -- questions of the staff --------------------------------------------------------------------------------

    async def ListRequests(
        self, request: pb.ListRequestsRequest, _context: Context
    ) -> pb.ListRequestsResponse:
        """List the requests a clerk may see, by due day."""
        wanted = Wanted.asked(request.organ, request.phase, request.clock, request.page, request.page_size)
        today = legal_day(self._desk.clock())
        async with self._desk.engine.connect() as conn:
            law = await read_law(conn)
            visible = partial(may, current_staff(), "request.read")
            found = await list_requests(conn, wanted, visible, law, today)
            loaded = await load_many(self._desk, conn, [one.row.request_id for one in found.page])
            organs = await find_organs(conn, [one.row.organ for one in found.page], today)
        names = {code: organ.name for code, organ in organs.items()}
        shown = (
            messages.for_list(
                loaded[one.row.request_id].state,
                Situation(names.get(one.row.organ, one.row.organ), law, today),
                one.clock,
            )
            for one in found.page
        )
        return pb.ListRequestsResponse(requests=shown, total=found.total, by_clock=found.by_clock)

    async def GetRequest(self, request: pb.GetRequestRequest, _context: Context) -> pb.GetRequestResponse:
        """Show a request to a clerk of its place."""
        async with self._desk.engine.connect() as conn:
            row = await for_staff(conn, current_staff(), request.number, "request.read")
            return pb.GetRequestResponse(request=await self._for_clerk(conn, row))

    async def ReadApplicant(
        self, request: pb.ReadApplicantRequest, _context: Context
    ) -> pb.ReadApplicantResponse:
        """Open the applicant's data, and record who did."""
        staff = current_staff()
        row = await self._change(
            staff, request.command_id, request.number, ReadApplicant(staff.id), "request.read"
        )
        async with self._desk.engine.connect() as conn:
            applicant = (await load(self._desk, conn, row.request_id)).state.applicant
        if not isinstance(applicant, Applicant):  # erased since
            raise NotFound(NO_REQUEST)
        return pb.ReadApplicantResponse(applicant=messages.applicant_message(applicant))

    # -- commands of the staff ---------------------------------------------------------------------------------

    async def ConfirmReceipt(
        self, request: pb.ConfirmReceiptRequest, _context: Context
    ) -> pb.ConfirmReceiptResponse:
        """Confirm the receipt on a legal day."""
        command = ConfirmReceipt(_day(request.on), request.proof)
        return pb.ConfirmReceiptResponse(request=await self._handle(request, command))

    async def CorrectReceipt(
        self, request: pb.CorrectReceiptRequest, _context: Context
    ) -> pb.CorrectReceiptResponse:
        """Correct the day of receipt."""
        command = CorrectReceipt(_day(request.on), request.reason)
        return pb.CorrectReceiptResponse(request=await self._handle(request, command))

    async def RecordSearch(
        self, request: pb.RecordSearchRequest, _context: Context
    ) -> pb.RecordSearchResponse:
        """Record where and how the organ looked."""
        search = request.search
        by = current_staff().id
        command = RecordSearch(_day(search.on), search.places, search.words, search.result, by)
        return pb.RecordSearchResponse(request=await self._handle(request, command))

    async def Decide(self, request: pb.DecideRequest, _context: Context) -> pb.DecideResponse:
        """Decide: disclosed with files, or not held with the search recorded before."""
        files = tuple(
            ReplyFile(name=file.name.strip(), digest=file.digest, size=file.size, media_type=file.media_type)
            for file in request.files
        )
        command = Decide(request.outcome, _day(request.on), request.text, files)
        return pb.DecideResponse(request=await self._handle(request, command))

    async def UploadReplyFile(
        self, request_iterator: AsyncIterator[pb.UploadReplyFileRequest], _context: Context
    ) -> pb.UploadReplyFileResponse:
        """Take a file in for a reply."""
        first = await anext(request_iterator, None) or pb.UploadReplyFileRequest()
        async with self._desk.engine.connect() as conn:
            row = await for_staff(conn, current_staff(), first.number, "request.handle")
            state = (await load(self._desk, conn, row.request_id)).state
        closed = [one for one in hindrances(state, "disclose") if one.code != "receipt.none"]
        if closed:
            raise Refusal(*closed)
        check_file(first.name, first.media_type)

        async def pieces() -> AsyncIterator[bytes]:
            yield first.chunk
            async for following in request_iterator:
                yield following.chunk

        kept = await keep_file(
            self._desk,
            row.request_id,
            pieces(),
            name=first.name,
            media_type=first.media_type,
            limit=self._file_limit,
        )
        return pb.UploadReplyFileResponse(file=pb.File(**kept.model_dump()))

    async def EraseApplicant(
        self, request: pb.EraseApplicantRequest, _context: Context
    ) -> pb.EraseApplicantResponse:
        """Destroy the applicant's data for ever: by an administrator of the place, or by the operator."""
        command = EraseApplicant(request.reason)
        caller = current_caller()
        if caller.staff is not None:
            row = await self._change(
                caller.staff, request.command_id, request.number, command, "request.erase"
            )
        else:
            async with self._desk.engine.connect() as conn:
                found = await find_by_number(conn, read_number(request.number))
            if found is None:
                raise NotFound(NO_REQUEST)
            row = found
            _require_command(request.command_id)
            await change_request(self._desk, Order(request.command_id, str(caller)), row.request_id, command)
        async with self._desk.engine.connect() as conn:
            loaded = await load(self._desk, conn, row.request_id)
            shown = messages.for_administrator(loaded, await self._situation(conn, row.organ))
        return pb.EraseApplicantResponse(request=shown)

    async def _handle(
        self,
        request: pb.ConfirmReceiptRequest
        | pb.CorrectReceiptRequest
        | pb.RecordSearchRequest
        | pb.DecideRequest,
        command: Command,
    ) -> pb.Request:
        staff = current_staff()
        row = await self._change(staff, request.command_id, request.number, command, "request.handle")
        async with self._desk.engine.connect() as conn:
            return await self._for_clerk(conn, row)

    async def _change(
        self, staff: Staff, command_id: str, number: str, command: Command, permission: str
    ) -> Found:
        async with self._desk.engine.connect() as conn:
            row = await for_staff(conn, staff, number, permission)
        _require_command(command_id)
        await change_request(self._desk, Order(command_id, f"staff:{staff.id}"), row.request_id, command)
        return row

    async def _for_clerk(self, conn: AsyncConnection, row: Found) -> pb.Request:
        loaded = await load(self._desk, conn, row.request_id)
        return messages.for_clerk(loaded, await self._situation(conn, row.organ))

    async def _situation(self, conn: AsyncConnection, organ: str) -> Situation:
        today = legal_day(self._desk.clock())
        known = await find_organ(conn, organ, today)
        name = organ if known is None else known.name
        return Situation(name, await read_law(conn), today)


def _require_command(command_id: str) -> None:
    if not command_id.strip():
        raise InvalidRequest(NO_COMMAND)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
