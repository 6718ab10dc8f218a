"""The gRPC edge of duties: an organ asks about itself; the staff, the operator and the platform's services about any."""

from __future__ import annotations

import grpc.aio

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import duties_pb2 as pb
from gongkai.rpc.catalog.v1.duties_pb2_grpc import DutyServiceServicer
from gongkai.security.grpc_auth import current_caller
from gongkai.security.permissions import Place, may
from gongkai.serving.errors import NotFound, PermissionRefused
from services.catalog.api import read_order
from services.catalog.duties.answers import Answers
from services.catalog.duties.assigning import assign_subject
from services.catalog.handlers import Office
from services.catalog.views import reading

Context = grpc.aio.ServicerContext[object, object]

_NOT_YOURS = Reason("organ.mismatch", "只能查询本机关的事项；请用本机关的凭证和代码。", "organ")
_NOT_STEWARD = Reason(
    "auth.not-allowed",
    "您没有认定该区划公开主体的权限，请联系该区划的管理员授予“目录管理员”角色。",
    "division",
)


class DutyApi(DutyServiceServicer):
    """Answers about duties, and lets stewards say who is meant."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._answers = Answers(office)

    async def ListDuties(self, request: pb.ListDutiesRequest, _context: Context) -> pb.ListDutiesResponse:
        """List what an organ must disclose."""
        require_own(request.organ)
        return await self._answers.duties(
            request.organ,
            domain=request.domain,
            page_size=request.page_size,
            page_token=request.page_token,
        )

    async def GetSchema(self, request: pb.GetSchemaRequest, _context: Context) -> pb.GetSchemaResponse:
        """Give the JSON Schema of a matter's elements."""
        return await self._answers.schema(request.catalogue, request.matter)

    async def ValidateDocument(
        self, request: pb.ValidateDocumentRequest, _context: Context
    ) -> pb.ValidateDocumentResponse:
        """Say every reason why a document would be refused."""
        require_own(request.organ)
        return await self._answers.validate(request.organ, request.matter, dict(request.elements))

    async def ListChanges(self, request: pb.ListChangesRequest, _context: Context) -> pb.ListChangesResponse:
        """Tell what is not as it was at a place."""
        require_own(request.organ)
        return await self._answers.changes(request.organ, request.place, request.limit)

    async def ListAssignments(
        self, request: pb.ListAssignmentsRequest, _context: Context
    ) -> pb.ListAssignmentsResponse:
        """List who is meant by which words."""
        return await self._answers.assignments(request.division, unassigned_only=request.unassigned_only)

    async def AssignSubject(
        self, request: pb.AssignSubjectRequest, _context: Context
    ) -> pb.AssignSubjectResponse:
        """Say by hand who is meant."""
        caller = current_caller()
        if caller.staff is not None and not may(caller.staff, "subject.assign", Place("", request.division)):
            raise PermissionRefused(_NOT_STEWARD)
        async with self._office.engine.connect() as conn:
            if await reading.find_division(conn, request.division) is None:
                text = f"没有区划 {request.division[:20] or '（空）'}。"
                raise NotFound(Reason("division.unknown", text, "division"))
        order = read_order(request.command_id, str(caller))
        outcome = await assign_subject(self._office, order, request.division, request.subject, request.organs)
        return pb.AssignSubjectResponse(assignment=pb.Assignment(**outcome))


def require_own(organ: str) -> None:
    """Return unless an organ asks about another.

    Raises:
        PermissionRefused: it does.
    """
    caller = current_caller()
    if caller.kind == "organ" and caller.name != organ:
        raise PermissionRefused(_NOT_YOURS)
