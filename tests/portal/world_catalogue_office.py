"""The invented services of catalogues and bases: they answer from ``world.shelf``."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from openpyxl import Workbook, load_workbook

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import bases_pb2, bases_pb2_grpc, catalogues_pb2_grpc
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.security.grpc_auth import current_staff
from gongkai.security.permissions import Place, may
from gongkai.serving.errors import NotFound, PermissionRefused
from tests.portal.world_catalogue import FIELDS, Drawing, Merging, Shelf

_PLAN: Final = "《实施方案》任务一"
_WRONG_PHASE: Final = {
    "open": "这个目录已经有起草中的版本。", "take_upper": "现在没有起草中的版本，请先起草新版。", "edit": "现在没有起草中的版本，或者已经送复核。",
    "propose": "现在没有起草中的版本，或者已经送复核。", "return": "还没有送复核。", "publish": "还没有送复核。",
    "discard": "现在没有起草中的版本，或者已经送复核。",
}  # fmt: skip
_PHASES: Final = {
    "open": "none", "take_upper": "drafting", "edit": "drafting", "propose": "drafting", "return": "proposed", "publish": "proposed",
    "discard": "drafting",
}  # fmt: skip
_DOMAINS: Final = {"10": "农村危房改造", "20": "社会救助", "24": "义务教育"}


class Catalogues(catalogues_pb2_grpc.CatalogueServiceServicer):
    """Catalogues and the drafts of their editions."""

    def __init__(self, shelf: Callable[[], Shelf], check: Callable[[str], None]) -> None:
        self._shelf = shelf
        self._check = check

    def _drawing(self, catalogue: str, *, read: bool = True) -> Drawing:
        self._check("catalogues")
        found = self._shelf().drawings.get(catalogue)
        if found is None:
            raise NotFound(Reason("catalogue.unknown", "没有这个目录。", "catalogue"))
        if read and not may(current_staff(), "catalogue.read", Place("", found.catalogue.division)):
            raise PermissionRefused(Reason("auth.not-allowed", "您没有看这个目录草稿的角色。"))
        return found

    def _against(self, drawing: Drawing, act: str) -> list[Reason]:
        staff, reasons = current_staff(), []
        permission = "catalogue.review" if act in {"publish", "return"} else "catalogue.draft"
        if not may(staff, permission, Place("", drawing.catalogue.division)):
            reasons.append(Reason("auth.not-allowed", "您不是这个目录的目录管理员。"))
        if drawing.phase != _PHASES[act]:
            reasons.append(Reason("edition.not-now", _WRONG_PHASE[act]))
        elif act == "publish" and drawing.proposed_by == staff.id:
            reasons.append(Reason("edition.own", "由您本人送复核，要由另一位目录管理员发布。", "", _PLAN))
        undecided = sum(one.stance == "undecided" for one in drawing.rows.values())
        if act == "propose" and drawing.phase == "drafting" and undecided:
            reasons.append(Reason("edition.undecided", f"还有 {undecided} 项要决定，请先逐项决定。"))
        newer = drawing.upper_edition < drawing.catalogue.upper_published
        if act == "take_upper" and drawing.phase == "drafting" and not newer:
            reasons.append(Reason("edition.newest", "已经对照上级目录的最新版。"))
        return reasons

    def _told(self, drawing: Drawing) -> pb.Draft:
        told = pb.Draft(
            catalogue=drawing.catalogue, phase=drawing.phase, number=drawing.number, upper_edition=drawing.upper_edition,
            proposed_by=drawing.proposed_by, note=drawing.note, version=drawing.version,
        )  # fmt: skip
        for act in _PHASES:
            against = self._against(drawing, act)
            told.hindrances.extend(
                pb.Hindrance(act=act, message_zh=one.message_zh, article=one.article) for one in against
            )
            told.acts.extend([] if against else [act])
        if drawing.phase == "none":
            return told
        counted = Counter(one.stance for one in drawing.rows.values())
        told.counts.add(name="all", n=len(drawing.rows))
        for name in ("adopted", "adapted", "followed", "added", "left_out", "undecided", "removed"):
            told.counts.add(name=name, n=counted[name])
        for code, name in _DOMAINS.items():
            waiting = sum(one.stance == "undecided" and _domain(one) == code for one in drawing.rows.values())
            told.domains.add(code=code, seq=int(code), name=name, matters=waiting)
        told.reminders.append(
            "社会救助“政策法规文件”引用的《最低生活保障审核审批办法（试行）》已被替代，建议改引《最低生活保障审核确认办法》。"
        )
        return told

    def _do(self, request: Any, act: str) -> Drawing:
        drawing = self._drawing(request.catalogue)
        against = self._against(drawing, act)
        if against and f"{act} {request.command_id}" not in self._shelf().commands:
            raise Refusal(*against)
        return drawing

    def _done(self, request: Any, act: str, drawing: Drawing) -> pb.Draft:
        self._shelf().commands.append(f"{act} {request.command_id}")
        drawing.version += 1
        return self._told(drawing)

    async def ListCatalogues(self, request: Any, _context: Any) -> pb.ListCataloguesResponse:
        self._check("catalogues")
        held = self._shelf().drawings.values()
        stem = request.division.rstrip("0")
        return pb.ListCataloguesResponse(catalogues=[one.catalogue for one in held if one.catalogue.division.startswith(stem)])  # fmt: skip

    async def GetCatalogue(self, request: Any, _context: Any) -> pb.GetCatalogueResponse:
        return pb.GetCatalogueResponse(catalogue=self._drawing(request.id, read=False).catalogue)

    async def ListEditions(self, request: Any, _context: Any) -> pb.ListEditionsResponse:
        told = self._drawing(request.catalogue, read=False).catalogue
        return pb.ListEditionsResponse(editions=[
            pb.Edition(catalogue=told.id, number=told.published, title=told.title, effective_on=told.effective_on, upper_edition=1, matters=told.matters)
        ])  # fmt: skip

    async def GetDraft(self, request: Any, _context: Any) -> pb.GetDraftResponse:
        return pb.GetDraftResponse(draft=self._told(self._drawing(request.catalogue)))

    async def ListDraftRows(self, request: Any, _context: Any) -> pb.ListDraftRowsResponse:
        rows = sorted(self._drawing(request.catalogue).rows.values(), key=_order)
        found = [
            one for one in rows
            if request.domain in ("", _domain(one)) and (request.stance in ("", one.stance) or (request.stance == "changed" and one.row != one.published)) and request.q in str(one.row)
            and (not request.matters or one.matter in request.matters)
        ]  # fmt: skip
        start, size = int(request.page_token or 0), min(request.page_size or 100, 500)
        token = str(start + size) if start + size < len(found) else ""
        return pb.ListDraftRowsResponse(
            rows=found[start : start + size], next_page_token=token, total=len(found)
        )

    async def OpenEdition(self, request: Any, _context: Any) -> pb.OpenEditionResponse:
        drawing = self._do(request, "open")
        drawing.phase, drawing.note = "drafting", ""
        return pb.OpenEditionResponse(draft=self._done(request, "open", drawing))

    async def TakeUpper(self, request: Any, _context: Any) -> pb.TakeUpperResponse:
        drawing = self._do(request, "take_upper")
        drawing.upper_edition = drawing.catalogue.upper_published
        return pb.TakeUpperResponse(draft=self._done(request, "take_upper", drawing))

    async def EditMatters(self, request: Any, _context: Any) -> pb.EditMattersResponse:
        drawing = self._do(request, "edit")
        if f"edit {request.command_id}" in self._shelf().commands:
            return pb.EditMattersResponse()
        rows = Merging(self._shelf(), drawing).run(request.edits)
        self._shelf().commands.append(f"edit {request.command_id}")
        return pb.EditMattersResponse(rows=rows)

    async def ProposeEdition(self, request: Any, _context: Any) -> pb.ProposeEditionResponse:
        drawing = self._do(request, "propose")
        drawing.phase, drawing.proposed_by, drawing.note = "proposed", current_staff().id, request.note
        return pb.ProposeEditionResponse(draft=self._done(request, "propose", drawing))

    async def ReturnEdition(self, request: Any, _context: Any) -> pb.ReturnEditionResponse:
        drawing = self._do(request, "return")
        if not request.reason:
            raise Refusal(Reason("reason.missing", "缺少理由。请写明要改什么。", "reason"))
        drawing.phase, drawing.note = "drafting", request.reason
        return pb.ReturnEditionResponse(draft=self._done(request, "return", drawing))

    async def DiscardEdition(self, request: Any, _context: Any) -> pb.DiscardEditionResponse:
        drawing = self._do(request, "discard")
        if not request.reason:
            raise Refusal(Reason("reason.missing", "缺少理由。请写明为什么不再继续。", "reason"))
        drawing.phase = "none"
        return pb.DiscardEditionResponse(draft=self._done(request, "discard", drawing), matters=2)

    async def PublishEdition(self, request: Any, _context: Any) -> pb.PublishEditionResponse:
        drawing = self._do(request, "publish")
        if request.seen != drawing.version:
            raise Refusal(Reason("edition.stale", "您看过以后草稿有了变化，请重新核对。", "seen"))
        self._done(request, "publish", drawing)
        drawing.phase = "none"
        drawing.catalogue.published = drawing.number
        edition = pb.Edition(catalogue=request.catalogue, number=drawing.number, effective_on="2026-11-23")
        return pb.PublishEditionResponse(edition=edition)

    async def ExportTable(self, request: Any, _context: Any) -> pb.ExportTableResponse:
        book, data = Workbook(), io.BytesIO()
        book.active.append(["事项", request.domain or "全部", "草稿" if request.draft else "现行"])
        book.save(data)
        return pb.ExportTableResponse(workbook=data.getvalue(), name="灵璧县目录.xlsx")

    async def PreviewImport(self, request: Any, _context: Any) -> pb.PreviewImportResponse:
        self._do(request, "edit")
        try:
            sheet = load_workbook(io.BytesIO(request.workbook)).active
        except Exception as error:
            raise Refusal(Reason("workbook.unreadable", "这不是 Excel 工作簿（xlsx），或者已经损坏。请用 Excel 另存为 .xlsx 再上传。", "workbook")) from error  # fmt: skip
        mapping = request.mapping or "一级事项: level1\n二级事项: level2\n公开时限: time_limit\n"
        told = pb.PreviewImportResponse(mapping=mapping, digest="d" * 64, rows=sheet.max_row, same=3)
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if not cells[1]:
                told.bad.add(sheet="目录", cell=f"B{number}", value="", reason="二级事项空着。", suggestion="写上事项名称，或者删掉这一行。")  # fmt: skip
            else:
                change = told.changes.add(matter=f"m-20-{number:03d}", kind="changed", right=pb.Row(domain="20", level1=str(cells[0]), level2=str(cells[1])))  # fmt: skip
                change.changes.add(
                    field="time_limit", label="公开时限", was="10个工作日内", now=str(cells[2])
                )
        told.changed = len(told.changes)
        return told

    async def ImportTable(self, request: Any, _context: Any) -> pb.ImportTableResponse:
        drawing = self._do(request, "edit")
        self._shelf().imported.append(request.workbook)
        self._done(request, "import", drawing)
        return pb.ImportTableResponse(changed=1)


class Bases(bases_pb2_grpc.BasisServiceServicer):
    """The registry of bases."""

    def __init__(self, shelf: Callable[[], Shelf], check: Callable[[str], None]) -> None:
        self._shelf = shelf
        self._check = check

    async def ListBases(self, request: Any, _context: Any) -> bases_pb2.ListBasesResponse:
        self._check("bases")
        found = [
            one for one in self._shelf().bases.values()
            if request.q in one.title + one.number and request.state in ("", one.state)
        ]  # fmt: skip
        return bases_pb2.ListBasesResponse(bases=found, total=len(found))

    async def GetBasis(self, request: Any, _context: Any) -> bases_pb2.GetBasisResponse:
        found = self._shelf().bases.get(request.id)
        if found is None:
            raise NotFound(Reason("basis.unknown", "没有这件依据。", "id"))
        past = bases_pb2.BasisChange(
            recorded_at="2026-11-01T02:00:00+00:00", state="in_force", source="法律库"
        )
        return bases_pb2.GetBasisResponse(basis=found, history=[past])

    async def ChangeBasis(self, request: Any, _context: Any) -> bases_pb2.ChangeBasisResponse:
        if not may(current_staff(), "basis.manage", Place("", "341300000000")):
            raise PermissionRefused(Reason("auth.not-allowed", "您没有维护依据的角色。"))
        unknown = request.basis.replaced_by_title and not request.basis.replaced_by
        wrong = [Reason("basis.replaced.unknown", "替代的依据没有登记。", "replaced_by")] if unknown else []
        if not request.basis.source:
            wrong.append(Reason("basis.source-missing", "缺少出处。请写明从哪里查到的。", "source"))
        if wrong:
            raise Refusal(*wrong)
        request.basis.id = request.basis.id or f"b-{len(self._shelf().bases)}"
        self._shelf().bases[request.basis.id] = request.basis
        self._shelf().commands.append(f"basis {request.command_id}")
        return bases_pb2.ChangeBasisResponse(basis=request.basis)

    async def ListFlagged(self, request: Any, _context: Any) -> bases_pb2.ListFlaggedResponse:
        self._check("bases")
        flagged = bases_pb2.FlaggedMatter(
            catalogue=request.catalogue, matter="m-20-003", level1="最低生活保障", level2="政策法规文件", domain="20",
            cited="《最低生活保障审核审批办法（试行）》", basis=self._shelf().bases["b-0"],
        )  # fmt: skip
        return bases_pb2.ListFlaggedResponse(matters=[flagged], total=1, bases=1)

    async def ListUnresolved(self, _request: Any, _context: Any) -> bases_pb2.ListUnresolvedResponse:
        told = bases_pb2.ListUnresolvedResponse(resolved=300, total=301)
        told.citations.add(text="各地相关政策法规文件", matters=["m-20-004", "m-20-005"])
        return told


def _domain(row: pb.DraftRow) -> str:
    return row.row.domain or row.upper.domain


def _order(row: pb.DraftRow) -> tuple[str, int]:
    return _domain(row), row.row.place or row.upper.place


__all__ = ["FIELDS", "Bases", "Catalogues"]
