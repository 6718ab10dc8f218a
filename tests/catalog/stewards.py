"""Stewards of a catalogue as tests know them: two people, what they do, and what they are refused."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import pytest

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.serving.errors import reasons_of
from tests.catalog.staffroom import Staffroom


def command() -> str:
    return str(uuid.uuid4())


async def refused(call: object, status: grpc.StatusCode = grpc.StatusCode.FAILED_PRECONDITION) -> list[str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call  # type: ignore[misc]
    assert error.value.code() is status
    return [reason.code for reason in reasons_of(error.value)]


@dataclass
class Pair:
    """Two stewards of a catalogue: one drafts, the other reviews."""

    catalogue: str
    drafts: CatalogueServiceStub
    reviews: CatalogueServiceStub

    async def open(self) -> pb.Draft:
        request = pb.OpenEditionRequest(command_id=command(), catalogue=self.catalogue)
        return (await self.drafts.OpenEdition(request)).draft

    async def take(self) -> pb.Draft:
        request = pb.TakeUpperRequest(command_id=command(), catalogue=self.catalogue)
        return (await self.drafts.TakeUpper(request)).draft

    async def edit(self, *edits: pb.Edit, by: CatalogueServiceStub | None = None) -> Sequence[pb.DraftRow]:
        request = pb.EditMattersRequest(command_id=command(), catalogue=self.catalogue, edits=edits)
        return (await (by or self.drafts).EditMatters(request)).rows

    async def rows(self, stance: str = "", *matters: str) -> dict[str, pb.DraftRow]:
        request = pb.ListDraftRowsRequest(
            catalogue=self.catalogue, stance=stance, matters=matters, page_size=2000
        )
        return {row.matter: row for row in (await self.drafts.ListDraftRows(request)).rows}

    async def edit_now(self, *edits: pb.Edit) -> Sequence[pb.DraftRow]:
        """Edits by somebody who has just looked."""
        rows = await self.rows("", *(edit.matter for edit in edits if edit.matter))
        for edit in edits:
            edit.seen = rows[edit.matter].version if edit.matter in rows else 0
        return await self.edit(*edits)

    async def adopt_all(self) -> None:
        undecided = await self.rows("undecided")
        await self.edit(*(pb.Edit(matter=matter, act="adopt") for matter in undecided))

    async def publish(self) -> pb.Edition:
        request = pb.ProposeEditionRequest(command_id=command(), catalogue=self.catalogue)
        draft = (await self.drafts.ProposeEdition(request)).draft
        publish = pb.PublishEditionRequest(command_id=command(), catalogue=self.catalogue, seen=draft.version)
        return (await self.reviews.PublishEdition(publish)).edition


def fields(matter: str, cells: Mapping[str, str], seen: int = 0, reason: str = "") -> pb.Edit:
    return pb.Edit(matter=matter, act="set", fields=cells, seen=seen, reason=reason)


async def pair(room: Staffroom, stack: AsyncExitStack, catalogue: str) -> Pair:
    drafts, reviews = [await stack.enter_async_context(room.steward(catalogue)) for _ in range(2)]
    return Pair(catalogue, drafts, reviews)
