"""The demo's stewards: they draft and publish the first editions of two counties and a township, as on their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from grpc import aio

from gongkai.cli.endpoints import Endpoints
from gongkai.demo.accounts import kept_passwords
from gongkai.demo.catalogues import DemoCatalogue, demo_catalogues
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1 import identity_pb2
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceStub
from gongkai.security.tokens import service_tokens
from gongkai.serving.channels import channel

if TYPE_CHECKING:  # the generated modules have this name for the type checker alone
    from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceAsyncStub

_WHOLE: Final = 2000
"""Rows of a page: the whole of a demo's catalogue."""
_SECONDS: Final = 60.0


async def publish_demo_catalogues(endpoints: Endpoints) -> None:
    """Publish what the data file lists; what is published already is left alone, what was broken off goes on.

    Raises:
        grpc.aio.AioRpcError: catalog refuses or does not answer.
    """
    for wanted in demo_catalogues():
        async with _steward(endpoints, wanted.drafts) as drafts:
            draft = (await drafts.GetDraft(pb.GetDraftRequest(catalogue=wanted.id))).draft
            if draft.catalogue.published:
                continue
            if draft.phase != "proposed":
                draft = await _draft(drafts, wanted, draft.phase)
        async with _steward(endpoints, wanted.publishes) as publishes:
            command = f"demo:catalogue:{wanted.id}:publish:{draft.version}"
            request = pb.PublishEditionRequest(command_id=command, catalogue=wanted.id, seen=draft.version)
            await publishes.PublishEdition(request)


async def _draft(drafts: CatalogueServiceAsyncStub, wanted: DemoCatalogue, phase: str) -> pb.Draft:
    """Draft the edition and propose it. Each edit is sent as often as needed: adopting twice adopts once."""
    name = f"demo:catalogue:{wanted.id}"
    if phase == "none":
        await drafts.OpenEdition(pb.OpenEditionRequest(command_id=f"{name}:open", catalogue=wanted.id))
    rows = await drafts.ListDraftRows(pb.ListDraftRowsRequest(catalogue=wanted.id, page_size=_WHOLE))
    edits = list(_edits(wanted, {row.matter: row for row in rows.rows}))
    request = pb.EditMattersRequest(command_id=f"{name}:edit", catalogue=wanted.id, edits=edits)
    if edits:
        await drafts.EditMatters(request)
    proposal = pb.ProposeEditionRequest(
        command_id=f"{name}:propose", catalogue=wanted.id, note="首版，请复核。"
    )
    return (await drafts.ProposeEdition(proposal)).draft


def _edits(wanted: DemoCatalogue, rows: dict[str, pb.DraftRow]) -> Iterator[pb.Edit]:
    if not any(row.stance == "undecided" for row in rows.values()):
        return  # done before, in the one command that does all
    left_out = {each["matter"]: each["reason"] for each in wanted.leave_out}
    adapted = {each["matter"]: each for each in wanted.adapt}
    for matter, row in rows.items():
        if matter in left_out:
            yield pb.Edit(matter=matter, seen=row.version, act="leave_out", reason=left_out[matter])
        elif matter in adapted:
            how = adapted[matter]
            yield pb.Edit(
                matter=matter, seen=row.version, act="set", fields=how["fields"], reason=how["reason"]
            )
        else:
            yield pb.Edit(matter=matter, seen=row.version, act="adopt")
    for cells in wanted.add:
        yield pb.Edit(act="add", fields={**cells, "provenance": "drafted"})


@asynccontextmanager
async def _steward(endpoints: Endpoints, login: str) -> AsyncIterator[CatalogueServiceAsyncStub]:
    """Catalog's catalogues as one of the demo's people reaches them."""
    async with as_demo_person(endpoints, login) as opened:
        yield CatalogueServiceStub(opened)


@asynccontextmanager
async def as_demo_person(endpoints: Endpoints, login: str) -> AsyncIterator[aio.Channel]:
    """A channel to catalog in the name of one of the demo's people, with their own password."""
    password = kept_passwords(endpoints.keys)[login]
    target = endpoints.grpc["catalog"]
    tokens = service_tokens(endpoints.keys, "portal")
    async with channel(target, audience="catalog", tokens=tokens) as opened:
        identity = IdentityServiceStub(opened)
        session = (await identity.LogIn(identity_pb2.LogInRequest(login=login, password=password))).session
        request = identity_pb2.OpenSessionRequest(session=session, audiences=["catalog"])
        token = (await identity.OpenSession(request)).tokens["catalog"]
    async with channel(target, audience="catalog", tokens=lambda _: token, deadline=_SECONDS) as opened:
        yield opened
