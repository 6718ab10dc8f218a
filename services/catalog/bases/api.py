"""The gRPC edge of the registry of bases. Questions are public; commands are the city's stewards' and the operator's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import grpc.aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import bases_pb2 as pb
from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceServicer
from gongkai.security.grpc_auth import current_caller
from gongkai.security.permissions import Place, may
from gongkai.serving.errors import NotFound, PermissionRefused
from services.catalog.api import read_order
from services.catalog.bases import messages
from services.catalog.bases.commands import change_basis, import_bases
from services.catalog.handlers import Office, Order
from services.catalog.saying import CITY
from services.catalog.views import bases as views
from services.catalog.views.reading import Found, Page

Context = grpc.aio.ServicerContext[object, object]

NOT_HERE = Reason(
    "auth.not-allowed", "公开依据由市级目录管理员登记和修改，请联系市政务公开主管部门。", "basis"
)


class BasisApi(BasisServiceServicer):
    """Answers what is in force and what rests on what; takes over lists and edits."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # -- questions -----------------------------------------------------------------------------------------

    async def ListBases(self, request: pb.ListBasesRequest, _context: Context) -> pb.ListBasesResponse:
        """List bases by id."""
        page = Page.asked(request.page_size, request.page_token)
        async with self._office.engine.connect() as conn:
            found = await views.list_bases(conn, q=request.q, state=request.state, page=page)
            shown = await _messages(conn, found.rows)
        return pb.ListBasesResponse(bases=shown, next_page_token=found.next_token, total=found.total)

    async def GetBasis(self, request: pb.GetBasisRequest, _context: Context) -> pb.GetBasisResponse:
        """Give one basis and what was said of it before."""
        async with self._office.engine.connect() as conn:
            row = await views.find_basis(conn, request.id)
            if row is None:
                raise NotFound(Reason("basis.unknown", f"没有依据 {request.id or '（空）'}。", "id"))
            history = await self._office.store.load(conn, f"basis:{request.id}")
            named = {getattr(stored.data, "replaced_by", "") for stored in history}
            titles = await _titles(conn, named)
            (shown,) = await _messages(conn, [row])
        return pb.GetBasisResponse(
            basis=shown, history=[messages.change(stored, titles) for stored in history]
        )

    async def ListFlagged(self, request: pb.ListFlaggedRequest, _context: Context) -> pb.ListFlaggedResponse:
        """List matters that rest on what has fallen."""
        page = Page.asked(request.page_size, request.page_token)
        async with self._office.engine.connect() as conn:
            found = await views.list_flagged(conn, request.catalogue, page)
            rows = list((await views.bases_of(conn, {row.basis for row in found.rows})).values())
            shown = {basis.id: basis for basis in await _messages(conn, rows)}
        return pb.ListFlaggedResponse(
            matters=[
                pb.FlaggedMatter(
                    catalogue=row.catalogue,
                    matter=row.matter,
                    level1=row.level1,
                    level2=row.level2,
                    domain=row.domain,
                    cited=messages.cited(row.title, row.number),
                    basis=shown[row.basis],
                )
                for row in found.rows
            ],
            next_page_token=found.next_token,
            total=found.total,
            bases=found.bases,
        )

    async def ListUnresolved(
        self, request: pb.ListUnresolvedRequest, _context: Context
    ) -> pb.ListUnresolvedResponse:
        """List citations that no basis answers to, or several do."""
        async with self._office.engine.connect() as conn:
            found = await views.list_unresolved(conn, request.catalogue)
            titles = await _titles(conn, {each for row in found.rows for each in row.candidates})
        citations = [
            pb.UnresolvedCitation(
                text=messages.cited(row.title, row.number),
                matters=row.matters,
                candidates=[titles[each] for each in row.candidates],
                count=row.cited,
            )
            for row in found.rows
        ]
        return pb.ListUnresolvedResponse(citations=citations, resolved=found.resolved, total=found.total)

    # -- commands ------------------------------------------------------------------------------------------

    async def ChangeBasis(self, request: pb.ChangeBasisRequest, _context: Context) -> pb.ChangeBasisResponse:
        """Register a basis or change what is said of it; ``seen`` 0 is not compared."""
        order = _order(request.command_id)
        outcome = await change_basis(
            self._office, order, request.basis.id, messages.said(request.basis), request.seen or None
        )
        async with self._office.engine.connect() as conn:
            row = await views.find_basis(conn, outcome["id"])
            assert row is not None, "it was just written"
            (shown,) = await _messages(conn, [row])
        return pb.ChangeBasisResponse(basis=shown)

    async def ImportBases(self, request: pb.ImportBasesRequest, _context: Context) -> pb.ImportBasesResponse:
        """Take over a part of a list."""
        order = _order(request.command_id)
        told = [messages.said(one, f"bases[{number}]") for number, one in enumerate(request.bases)]
        outcome = await import_bases(self._office, order, told)
        counts = {name: outcome[name] for name in ("registered", "changed", "same")}
        return pb.ImportBasesResponse(**counts, kept=outcome["kept"])


def _order(command_id: str) -> Order:
    caller = current_caller()
    if caller.staff is not None and not may(caller.staff, "basis.manage", Place("", CITY)):
        raise PermissionRefused(NOT_HERE)
    return read_order(command_id, str(caller))


async def _messages(conn: AsyncConnection, rows: Sequence[Found]) -> list[pb.Basis]:
    titles = await _titles(conn, (row.replaced_by for row in rows))
    counts = await views.count_matters(conn, [row.id for row in rows])
    return [messages.basis(row, titles, counts.get(row.id, 0)) for row in rows]


async def _titles(conn: AsyncConnection, identities: Iterable[str]) -> dict[str, str]:
    wanted = {identity for identity in identities if identity}
    return {row.id: row.title for row in (await views.bases_of(conn, wanted)).values()} if wanted else {}
