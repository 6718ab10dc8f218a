"""Invented answers on duties: one organ with one matter, which changed once."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

import json
from typing import Any

from gongkai.contracts.elements import document_reasons
from gongkai.contracts.matters import Element, MatterReading
from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import catalogues_pb2, duties_pb2, duties_pb2_grpc
from gongkai.serving.errors import InvalidRequest, NotFound
from services.catalog.domain.reading.schema import schema_of

ORGAN, COUNTY, MATTER = "341323-mzj", "341323000000", "m-20-002"
READING = MatterReading(
    elements=(
        Element(key="救助对象", name="救助对象", required=True),
        Element(key="咨询电话", name="咨询电话", required=False),
    )
)
SCHEMA = json.dumps(schema_of(READING.elements, title="审批信息", schema_id="urn:x"), ensure_ascii=False)
EDITION = catalogues_pb2.Edition(
    catalogue=COUNTY, number=2, title="目录", effective_on="2026-11-01", matters=305
)
URL = f"/api/v1/catalogues/{COUNTY}/matters/{MATTER}/schema"


class Duties(duties_pb2_grpc.DutyServiceServicer):
    def __init__(self) -> None:
        self.meant = {
            "县级人民政府民政部门": duties_pb2.Assignment(organs=[ORGAN], matters=14, version=1),
            "征收实施单位": duties_pb2.Assignment(matters=6),
            "旧的写法": duties_pb2.Assignment(),
        }

    async def ListAssignments(self, request: Any, _context: Any) -> duties_pb2.ListAssignmentsResponse:
        told = []
        for subject, held in self.meant.items():
            one = duties_pb2.Assignment(division=request.division, subject=subject)
            one.MergeFrom(held)
            told.append(one)
        return duties_pb2.ListAssignmentsResponse(assignments=told)

    async def AssignSubject(self, request: Any, _context: Any) -> duties_pb2.AssignSubjectResponse:
        if "341323-czj" in request.organs:
            raise Refusal(Reason("subject.organ.unknown", "本区划没有机关 341323-czj。", "organs[0]"))
        held = self.meant[request.subject]
        now = duties_pb2.Assignment(organs=request.organs, matters=held.matters, by_hand=True)
        self.meant[request.subject] = now
        return duties_pb2.AssignSubjectResponse(assignment=now)

    async def ListDuties(self, request: Any, _context: Any) -> duties_pb2.ListDutiesResponse:
        self._known(request.organ)
        row = catalogues_pb2.PublishedRow(catalogue=COUNTY, matter=MATTER, state="in", organs=[ORGAN])
        duty = duties_pb2.Duty(row=row, schema=SCHEMA, schema_url=URL)
        return duties_pb2.ListDutiesResponse(duties=[duty], total=1, edition=EDITION, place="e~7")

    async def GetSchema(self, request: Any, _context: Any) -> duties_pb2.GetSchemaResponse:
        if (request.catalogue, request.matter) != (COUNTY, MATTER):
            raise NotFound(Reason("matter.unknown", "没有事项。", "matter"))
        return duties_pb2.GetSchemaResponse(schema=SCHEMA, edition=EDITION)

    async def ValidateDocument(self, request: Any, _context: Any) -> duties_pb2.ValidateDocumentResponse:
        self._known(request.organ)
        reasons = [
            duties_pb2.DutyReason(code=one.code, message=one.message_zh, field=one.field, article=one.article)
            for one in document_reasons(READING, dict(request.elements))
        ]
        return duties_pb2.ValidateDocumentResponse(valid=not reasons, reasons=reasons, edition=EDITION)

    async def ListChanges(self, request: Any, _context: Any) -> duties_pb2.ListChangesResponse:
        self._known(request.organ)
        if request.place not in {"", "e~7", "e~9"}:
            raise InvalidRequest(Reason("place.malformed", "起点写得不对。", "place"))
        change = catalogues_pb2.FieldChange(field="time_limit", label="公开时限", was="20", now="10")
        told = duties_pb2.DutyChange(matter=MATTER, kind="changed", edition=EDITION, changes=[change])
        return duties_pb2.ListChangesResponse(changes=[] if request.place == "e~9" else [told], place="e~9")

    @staticmethod
    def _known(organ: str) -> None:
        if organ != ORGAN:
            raise NotFound(Reason("organ.unknown", "没有机关。", "organ"))
