"""The other services, invented, on real gRPC servers, and the real portal in front of them.

``python -m tests.portal.town 9377`` serves it, to look at.
"""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import (
    bases_pb2,
    bases_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    catalogues_pb2,
    catalogues_pb2_grpc,
    duties_pb2,
    duties_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    villages_pb2,
    villages_pb2_grpc,
)
from gongkai.rpc.notify.v1 import notify_pb2, notify_pb2_grpc
from gongkai.rpc.oversight.v1 import oversight_pb2, oversight_pb2_grpc
from gongkai.rpc.publishing.v1 import drafts_pb2, drafts_pb2_grpc, publishing_pb2, publishing_pb2_grpc
from gongkai.rpc.requests.v1 import requests_pb2, requests_pb2_grpc
from gongkai.rpc.search.v1 import search_pb2, search_pb2_grpc
from gongkai.security.grpc_auth import current_caller
from gongkai.security.keys import create_keys
from gongkai.serving.errors import NotFound, Unavailable
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.portal.__main__ import compose
from tests.portal.world import World, board, invent
from tests.portal.world_alignment import AlignmentOffice
from tests.portal.world_catalogue_office import Bases
from tests.portal.world_coverage import CoverageOffice
from tests.portal.world_drafts import Drafts, Messages
from tests.portal.world_duties import Duties
from tests.portal.world_editions import EditionOffice
from tests.portal.world_notify import NotifyOffice
from tests.portal.world_requests import RequestOffice
from tests.portal.world_staff import Identity
from tests.portal.world_villages import VillageOffice

LOOPBACK = Address("127.0.0.1", 0)
PEERS = ("catalog", "publishing", "search", "oversight", "requests", "notify")
LIMIT = 3 * 1024 * 1024


class Invented:
    """Answers from the world; away or broken when the test says so."""

    def __init__(self, world: World) -> None:
        self.world = world

    def check(self, name: str) -> None:
        if name in self.world.away:
            raise Unavailable(Reason("unavailable", "服务暂时不可用"))
        if name in self.world.broken:
            raise RuntimeError("secret detail of a stack trace")


def below(code: str, division: str) -> bool:
    digits = division.rstrip("0")
    return code.startswith(
        digits if len(digits) > 6 else division[:6] if division[4:6] != "00" else division[:4]
    )


class Catalog(Invented, catalog_pb2_grpc.CatalogServiceServicer):
    async def ListDivisions(self, request: Any, _context: Any) -> catalog_pb2.ListDivisionsResponse:
        self.check("catalog")
        found = [
            one
            for one in self.world.divisions
            if request.parent in ("", one.parent) and request.level in ("", one.level)
        ]
        start = int(request.page_token or 0)
        end = start + min(
            request.page_size or 20, 15
        )  # several pages, so that whoever reads follows the tokens
        token = str(end) if end < len(found) else ""
        return catalog_pb2.ListDivisionsResponse(
            divisions=found[start:end], next_page_token=token, total=len(found)
        )

    async def ListOrgans(self, _request: Any, _context: Any) -> catalog_pb2.ListOrgansResponse:
        self.check("catalog")
        return catalog_pb2.ListOrgansResponse(organs=self.world.organs, total=len(self.world.organs))

    async def GetOrgan(self, request: Any, _context: Any) -> catalog_pb2.GetOrganResponse:
        for organ in self.world.organs:
            if organ.code == request.code:
                return catalog_pb2.GetOrganResponse(organ=organ)
        raise NotFound(Reason("organ.unknown", "没有机关。", "organ"))

    async def ListDomains(self, _request: Any, _context: Any) -> catalog_pb2.ListDomainsResponse:
        self.check("catalog")
        return catalog_pb2.ListDomainsResponse(domains=self.world.domains, edition="suzhou-1")

    async def ListMatters(self, request: Any, _context: Any) -> catalog_pb2.ListMattersResponse:
        found = [one for one in self.world.matters if one.domain == request.domain]
        return catalog_pb2.ListMattersResponse(matters=found, total=len(found), edition="suzhou-1")

    async def GetMatter(self, request: Any, _context: Any) -> catalog_pb2.GetMatterResponse:
        for matter in self.world.matters:
            if matter.id == request.id:
                return catalog_pb2.GetMatterResponse(matter=matter, edition="suzhou-1")
        raise NotFound(Reason("matter.unknown", "没有公开事项。", "matter"))


class Records(Invented, publishing_pb2_grpc.RecordServiceServicer):
    async def GetRecord(self, request: Any, _context: Any) -> publishing_pb2.GetRecordResponse:
        self.check("publishing")
        number = request.index_number
        if number in self.world.records:
            return publishing_pb2.GetRecordResponse(record=self.world.records[number])
        if number in self.world.tombstones:
            return publishing_pb2.GetRecordResponse(tombstone=self.world.tombstones[number])
        raise NotFound(Reason("record.none", "没有这条信息，请核对索引号", "index_number"))

    async def ListRecords(self, request: Any, _context: Any) -> publishing_pb2.ListRecordsResponse:
        self.check("publishing")
        found = [
            one
            for one in self.world.public()
            if below(one.division, request.division or "341300000000")
            and request.kind in ("", one.kind)
            and request.organ in ("", one.organ)
            and request.domain in ("", one.domain)
            and request.matter in ("", one.matter)
            and one.published_on.startswith(request.month)
        ]
        size = request.page_size or 20
        start = ((request.page or 1) - 1) * size
        return publishing_pb2.ListRecordsResponse(records=found[start : start + size], total=len(found))

    async def ListNewest(self, request: Any, _context: Any) -> publishing_pb2.ListNewestResponse:
        self.check("publishing")
        return publishing_pb2.ListNewestResponse(
            places=[
                publishing_pb2.NewestRecords(
                    division=place, records=[one for one in self.world.public() if one.division == place]
                )
                for place in request.divisions
            ]
        )

    async def CountRecords(self, request: Any, _context: Any) -> publishing_pb2.CountRecordsResponse:
        self.check("publishing")
        answer = publishing_pb2.CountRecordsResponse()
        for one in self.world.public():
            if below(one.division, request.division):
                answer.total += 1
                answer.by_domain[one.domain] += 1
                answer.by_kind[one.kind] += 1
                answer.this_year += one.published_on.startswith("2026")
                if one.matter in request.matters:
                    answer.by_matter[one.matter] += 1
        return answer


class Contents(Invented, publishing_pb2_grpc.ContentServiceServicer):
    async def FetchContent(
        self, request: Any, _context: Any
    ) -> AsyncIterator[publishing_pb2.FetchContentResponse]:
        self.check("contents")
        public = {
            file.digest for one in self.world.records.values() for file in one.files if not file.destroyed
        }
        for digest in request.digests:
            if digest not in public or digest not in self.world.contents:
                yield publishing_pb2.FetchContentResponse(digest=digest, last=True)
                continue
            media_type, data = self.world.contents[digest]
            half = len(data) // 2
            for number, piece in enumerate((data[:half], data[half:])):
                yield publishing_pb2.FetchContentResponse(
                    digest=digest, found=True, media_type=media_type, data=piece, last=number == 1
                )

    async def UploadContent(
        self, request_iterator: Any, _context: Any
    ) -> publishing_pb2.UploadContentResponse:
        self.check("publishing")
        digest, data = "", b""
        async for one in request_iterator:
            digest = digest or one.digest
            self.world.chunks.append(len(one.chunk))
            data += one.chunk
            if len(data) > LIMIT:
                raise Refusal(Reason("content.too-large", "文件超过上限，请压缩或拆分后重新上传", "size"))
        if hashlib.sha256(data).hexdigest() != digest:  # also what an upload that breaks off ends in
            raise Refusal(
                Reason("content.digest-mismatch", "收到的内容与声明的摘要不符，请重新上传", "digest")
            )
        self.world.uploaders.append(str(current_caller()))
        self.world.uploaded[digest] = data
        return publishing_pb2.UploadContentResponse(digest=digest, size=len(data))


class Search(Invented, search_pb2_grpc.SearchServiceServicer):
    async def Search(self, request: Any, _context: Any) -> search_pb2.SearchResponse:
        self.check("search")
        if len(request.query) > 100:
            raise Refusal(Reason("search.query.too-long", "搜索的词太长，请缩短到 100 字以内。", "query"))
        words = request.query.split()
        chosen = [one for one in self.world.public() if all(word in one.title for word in words)]
        for name, field in (
            ("kinds", "kind"),
            ("organs", "organ"),
            ("domains", "domain"),
            ("validities", "validity"),
        ):
            wanted = list(getattr(request, name))
            chosen = [one for one in chosen if not wanted or getattr(one, field) in wanted]
        if request.sort == search_pb2.SORT_OLDEST:
            chosen.reverse()
        start = (request.page - 1) * request.page_size
        answer = search_pb2.SearchResponse(total=len(chosen), exact_number="〔" in request.query)
        for one in chosen[start : start + request.page_size]:
            answer.hits.add(
                record_id=one.record_id, index_number=one.index_number, organ=one.organ, organ_name=one.organ_name,
                division=one.division, kind=one.kind, title=marked(one.title, words),
                body=[marked(f"……{one.title}的正文，资金直接发放到户……", words)], doc_number=one.doc_number,
                published_on=one.published_on, validity=one.validity, domain=one.domain, file_count=len(one.files),
            )  # fmt: skip
        for name, field in (
            ("validity", "validity"),
            ("domain", "domain"),
            ("organ", "organ"),
            ("kind", "kind"),
        ):
            facet = answer.facets.add(name=name)
            values = sorted({getattr(one, field) for one in chosen} - {""})
            for value in values:
                label = next((one.organ_name for one in chosen if one.organ == value), "")
                facet.values.add(
                    value=value, label=label, count=sum(getattr(one, field) == value for one in chosen)
                )
        answer.facets.add(name="year").values.add(value="2026", count=len(chosen))
        return answer


def marked(text: str, words: Collection[str]) -> search_pb2.Snippet:
    snippet = search_pb2.Snippet()
    while text:
        at, word = min(((text.find(one), one) for one in words if one in text), default=(len(text), ""))
        if at:
            snippet.fragments.add(text=text[:at])
        if word:
            snippet.fragments.add(text=word, marked=True)
        text = text[at + len(word) :]
    return snippet


class Oversight(Invented, AlignmentOffice, CoverageOffice):
    async def GetBoard(self, _request: Any, _context: Any) -> oversight_pb2.GetBoardResponse:
        self.check("oversight")
        return board(self.world)

    async def ListLateRecords(self, request: Any, _context: Any) -> oversight_pb2.ListLateRecordsResponse:
        found = [
            oversight_pb2.LateRecord(
                index_number=one.index_number, title=one.title, formed_on="2026-06-01", published_on=one.published_on,
                working_days=31, provisional=one.kind == "budget",
            )
            for one in self.world.public() if one.organ == request.organ
        ]  # fmt: skip
        start = ((request.page or 1) - 1) * request.page_size
        return oversight_pb2.ListLateRecordsResponse(
            records=found[start : start + request.page_size], total=len(found)
        )

    async def ListLateRequests(self, request: Any, _context: Any) -> oversight_pb2.ListLateRequestsResponse:
        self.check("oversight")
        rows = [
            oversight_pb2.LateRequest(number="341323-2026-00039", received_on="2026-10-23", due_on="2026-11-20", working_days_over=1),
            oversight_pb2.LateRequest(number="341323-2026-00028", received_on="2026-09-02", due_on="2026-09-30", decided_on="2026-10-20", working_days_over=8, provisional=True),
        ]  # fmt: skip
        found = rows if request.organ == "341323-mzj" else []
        return oversight_pb2.ListLateRequestsResponse(requests=found, total=len(found))

    async def ListDefects(self, request: Any, _context: Any) -> oversight_pb2.ListDefectsResponse:
        found = [
            oversight_pb2.DefectRow(index_number=one.index_number, title=one.title, codes=[d.code for d in one.defects])
            for one in self.world.public() if one.organ == request.organ and one.defects
        ]  # fmt: skip
        return oversight_pb2.ListDefectsResponse(
            records=found, total=len(found), by_code={"formed-on.missing": len(found)}
        )


@asynccontextmanager
async def town(
    world: World, folder: Path, *, port: int = 0, demo: bool = True
) -> AsyncIterator[tuple[str, Service]]:
    """Run the invented services and the portal; give its address."""
    keys = folder / "keys"
    create_keys(keys, services=[*PEERS, "portal"])

    async def organ_keys(code: str) -> Collection[str]:
        return world.organ_keys.get(code, ())

    async with AsyncExitStack() as stack:
        peers = {}
        for name in PEERS:
            service = await stack.enter_async_context(
                Service(name, Settings(name, keys=keys, grpc_listen=LOOPBACK, drain_seconds=1))
            )
            service.organ_keys = organ_keys
            _serve(service, name, world, keys)
            await service.start()
            peers[name] = f"127.0.0.1:{service.grpc_port}"
        settings = Settings(
            "portal", keys=keys, peers=peers, demo=demo, content_limit=LIMIT, drain_seconds=1,
            portal_listen=Address("127.0.0.1", port), http_listen=LOOPBACK,
        )  # fmt: skip
        portal = await stack.enter_async_context(Service("portal", settings))
        await compose(portal)
        await portal.start()
        yield f"http://127.0.0.1:{portal.site_ports['portal']}", portal


class NotifyAndMessages(Messages, NotifyOffice):
    """Subscriptions, and what became of messages."""


def _serve(service: Service, name: str, world: World, keys: Path) -> None:
    match name:
        case "catalog":
            service.grpc(
                catalog_pb2_grpc.add_CatalogServiceServicer_to_server, Catalog(world), catalog_pb2.DESCRIPTOR
            )
            service.grpc(
                identity_pb2_grpc.add_IdentityServiceServicer_to_server,
                Identity(world, keys),
                identity_pb2.DESCRIPTOR,
            )
            check = Invented(world).check
            service.grpc(
                catalogues_pb2_grpc.add_CatalogueServiceServicer_to_server,
                EditionOffice(lambda: world.library, lambda: world.shelf, check),
                catalogues_pb2.DESCRIPTOR,
            )
            service.grpc(
                bases_pb2_grpc.add_BasisServiceServicer_to_server,
                Bases(lambda: world.shelf, check),
                bases_pb2.DESCRIPTOR,
            )
            service.grpc(
                villages_pb2_grpc.add_VillageServiceServicer_to_server,
                VillageOffice(lambda: world.hall, check),
                villages_pb2.DESCRIPTOR,
            )
            service.grpc(duties_pb2_grpc.add_DutyServiceServicer_to_server, Duties(), duties_pb2.DESCRIPTOR)
        case "publishing":
            service.grpc(
                publishing_pb2_grpc.add_RecordServiceServicer_to_server,
                Records(world),
                publishing_pb2.DESCRIPTOR,
            )
            service.grpc(
                publishing_pb2_grpc.add_ContentServiceServicer_to_server,
                Contents(world),
                publishing_pb2.DESCRIPTOR,
            )
            service.grpc(
                drafts_pb2_grpc.add_DraftServiceServicer_to_server, Drafts(world), drafts_pb2.DESCRIPTOR
            )
        case "search":
            service.grpc(
                search_pb2_grpc.add_SearchServiceServicer_to_server, Search(world), search_pb2.DESCRIPTOR
            )
        case "requests":
            office = RequestOffice(lambda: world.desk, Invented(world).check)
            service.grpc(
                requests_pb2_grpc.add_RequestServiceServicer_to_server, office, requests_pb2.DESCRIPTOR
            )
        case "notify":
            post = NotifyAndMessages(lambda: world.post, Invented(world).check)
            post.drawer = lambda: world.drawer
            service.grpc(notify_pb2_grpc.add_NotifyServiceServicer_to_server, post, notify_pb2.DESCRIPTOR)
        case _:
            service.grpc(
                oversight_pb2_grpc.add_OversightServiceServicer_to_server,
                Oversight(world),
                oversight_pb2.DESCRIPTOR,
            )


async def _forever(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with town(invent(), Path(folder), port=port) as (url, _service):
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_forever(int(sys.argv[1])))
