"""One service of publishing with people of organs, for the tests of what is written by hand."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.content.objects import open_objects
from gongkai.content.store import ContentStore
from gongkai.contracts import catalog
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import drafts_pb2_grpc, publishing_pb2, publishing_pb2_grpc
from gongkai.security.keys import create_keys, derive, master_key, private_key
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import issue_staff, operator_tokens, service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.publishing.api import RecordApi
from services.publishing.codec import CODEC
from services.publishing.content_api import ContentApi
from services.publishing.domain.deciding import Answered
from services.publishing.domain.incoming import Incoming
from services.publishing.draft_reading_api import DraftApi
from services.publishing.handlers import Deciding, decide_events
from services.publishing.views.registry import apply_catalog

COUNTY, CITY, OTHER = "341323000000", "341300000000", "341322000000"
IDENTITY, MOBILE = "341323199003071236", "13905571234"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
_numbers = itertools.count(1)


@dataclass
class Person:
    """One of the staff with a channel of their own; each method is a call, and answers with the draft."""

    staff: Staff
    office: Office

    @property
    def drafts(self) -> Any:
        return drafts_pb2_grpc.DraftServiceStub(self.office.open(self.staff))

    async def save(
        self, organ: str, draft: pb.Draft | None = None, command: str = "", **changes: Any
    ) -> pb.Draft:
        request = pb.SaveDraftRequest(
            command_id=command or str(uuid4()), draft_id=draft.id if draft else "",
            expected_version=draft.version if draft else 0, content=content(organ, **changes),
        )  # fmt: skip
        draft_now: pb.Draft = (await self.drafts.SaveDraft(request)).draft
        return draft_now

    async def propose(self, draft: pb.Draft, attribute: str = "proactive", command: str = "") -> pb.Draft:
        request = pb.ProposeAttributeRequest(
            command_id=command or str(uuid4()),
            draft_id=draft.id,
            attribute=attribute,
            ground="《条例》第二十条",
        )
        draft_now: pb.Draft = (await self.drafts.ProposeAttribute(request)).draft
        return draft_now

    async def confirm(self, draft: pb.Draft, command: str = "") -> pb.Draft:
        request = pb.ConfirmAttributeRequest(command_id=command or str(uuid4()), draft_id=draft.id)
        draft_now: pb.Draft = (await self.drafts.ConfirmAttribute(request)).draft
        return draft_now

    async def give_back(self, draft: pb.Draft, reason: str = "请改", command: str = "") -> pb.Draft:
        request = pb.ReturnDraftRequest(command_id=command or str(uuid4()), draft_id=draft.id, reason=reason)
        draft_now: pb.Draft = (await self.drafts.ReturnDraft(request)).draft
        return draft_now

    async def publish(self, draft: pb.Draft, command: str = "") -> pb.Draft:
        request = pb.PublishDraftRequest(command_id=command or str(uuid4()), draft_id=draft.id)
        draft_now: pb.Draft = (await self.drafts.PublishDraft(request)).draft
        return draft_now

    async def discard(self, draft: pb.Draft, reason: str = "不用了", command: str = "") -> pb.Draft:
        request = pb.DiscardDraftRequest(command_id=command or str(uuid4()), draft_id=draft.id, reason=reason)
        draft_now: pb.Draft = (await self.drafts.DiscardDraft(request)).draft
        return draft_now

    async def revise(self, number: str, command: str = "") -> pb.Draft:
        request = pb.ReviseRecordRequest(command_id=command or str(uuid4()), index_number=number)
        draft_now: pb.Draft = (await self.drafts.ReviseRecord(request)).draft
        return draft_now

    async def withdraw(self, number: str, reason: str = "标准有误", command: str = "") -> Any:
        request = pb.WithdrawRecordRequest(
            command_id=command or str(uuid4()), index_number=number, reason=reason
        )
        return (await self.drafts.WithdrawRecord(request)).tombstone

    async def get(self, draft: pb.Draft) -> pb.Draft:
        draft_now: pb.Draft = (await self.drafts.GetDraft(pb.GetDraftRequest(draft_id=draft.id))).draft
        return draft_now


@dataclass
class Office:
    """publishing's gRPC edges on a database and a content store of their own."""

    world: Deciding
    engine: AsyncEngine
    port: int
    keys: Path
    _open: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def open(self, staff: Staff | None, service: str = "") -> grpc.aio.Channel:
        name = staff.id if staff else service
        if name not in self._open:
            catalog_key = private_key(self.keys, "catalog")
            tokens: Any = operator_tokens(self.keys)
            if staff is not None:
                tokens = lambda audience: issue_staff(catalog_key, staff=staff, audience=audience)  # noqa: E731
            elif service != "operator":
                tokens = service_tokens(self.keys, service)
            self._open[name] = channel(
                f"127.0.0.1:{self.port}", audience="publishing", tokens=tokens, deadline=20
            )
        return self._open[name]

    async def close(self) -> None:
        for one in self._open.values():
            await one.close(None)

    async def organ(self, division: str = COUNTY) -> str:
        """A fresh organ, as catalog tells of it."""
        number = next(_numbers)
        changed = catalog.OrganChanged(
            code=f"{division[:6]}-o{number}", version=1, name=f"第{number}局", short_name=f"{number}局",
            division=division, uscc=f"1134132300320{number:04d}X",
        )  # fmt: skip
        async with self.engine.begin() as conn:
            await apply_catalog(conn, [changed])
        return changed.code

    def person(self, *roles: Role, organ: str = "", division: str = "", post: str = "科长") -> Person:
        grants = tuple(Grant(role, organ=organ, division=division) for role in roles)
        staff_id = str(uuid4())
        return Person(
            Staff(staff_id, f"名字{staff_id[:4]}（演示）", post, organ or "341323-zf", grants), self
        )

    @property
    def records(self) -> Any:
        return publishing_pb2_grpc.RecordServiceStub(self.open(None, "portal"))

    @property
    def contents(self) -> Any:
        return publishing_pb2_grpc.ContentServiceStub(self.open(None, "portal"))

    async def record(self, number: str) -> Any:
        return await self.records.GetRecord(publishing_pb2.GetRecordRequest(index_number=number))

    async def fetch(self, digest: str) -> bytes | None:
        asked = publishing_pb2.FetchContentRequest(digests=[digest])
        parts = [part async for part in self.contents.FetchContent(asked)]
        return b"".join(part.data for part in parts) if parts[0].found else None

    async def upload(self, person: Person, data: bytes, media_type: str = "application/pdf") -> str:
        digest = hashlib.sha256(data).hexdigest()

        async def chunks() -> AsyncIterator[Any]:
            yield publishing_pb2.UploadContentRequest(digest=digest, media_type=media_type, chunk=data)

        await publishing_pb2_grpc.ContentServiceStub(self.open(person.staff)).UploadContent(chunks())
        return digest

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as conn:
            return list((await conn.execute(text(query), values)).all())


def content(organ: str, **changes: Any) -> pb.DraftContent:
    fields: dict[str, Any] = {
        "organ": organ, "kind": "notice", "title": "关于提高低保标准的通知", "formed_on": "2026-01-20",
        "body_text": "自2月起提高到每月七百六十元。",
    }  # fmt: skip
    return pb.DraftContent(**fields | changes)


@asynccontextmanager
async def served(database_url: str, folder: Path) -> AsyncIterator[Office]:
    keys = folder / "keys"
    create_keys(keys, services=["publishing", "portal", "catalog"])
    settings = Settings(
        "publishing", database_url=database_url, content_url=(folder / "content").as_uri(), keys=keys,
        grpc_listen=Address("127.0.0.1", 0), drain_seconds=5,
    )  # fmt: skip
    async with Service("publishing", settings) as service:
        engine = await service.database("services.publishing")
        master = master_key(keys)
        world = Deciding(
            engine,
            EventStore(
                CODEC, clock=utc_now, ids=new_id, vault=Vault(derive(master, b"vault"), clock=utc_now)
            ),
            CommandLedger(clock=utc_now),
            ContentStore(open_objects(settings.content_url), master, clock=utc_now),
            utc_now,
        )

        async def settle() -> bool:
            return True

        def nobody() -> None:
            """Wake nobody: there are no relays."""

        service.grpc(
            drafts_pb2_grpc.add_DraftServiceServicer_to_server, DraftApi(world, nobody), pb.DESCRIPTOR
        )
        service.grpc(
            publishing_pb2_grpc.add_RecordServiceServicer_to_server,
            RecordApi(engine, world.contents, clock=utc_now),
            publishing_pb2.DESCRIPTOR,
        )
        service.grpc(
            publishing_pb2_grpc.add_ContentServiceServicer_to_server,
            ContentApi(world, wake=nobody, settle=settle),
            publishing_pb2.DESCRIPTOR,
        )
        await service.start()
        assert service.grpc_port is not None
        divisions = [
            catalog.DivisionChanged(code=code, version=1, name=name, level=level)
            for code, name, level in (
                (COUNTY, "灵璧县", "county"),
                (CITY, "宿州市", "city"),
                (OTHER, "萧县", "county"),
            )
        ]
        async with engine.begin() as conn:
            await apply_catalog(conn, divisions)
        office = Office(world, engine, service.grpc_port, keys)
        try:
            yield office
        finally:
            await office.close()


@dataclass
class Bureau:
    """An organ with an editor and a reviewer."""

    code: str
    editor: Person
    reviewer: Person

    async def confirmed(self, **changes: Any) -> pb.Draft:
        draft = await self.editor.save(self.code, **changes)
        await self.editor.propose(draft)
        return await self.reviewer.confirm(draft)

    async def published(self, **changes: Any) -> pb.Draft:
        return await self.editor.publish(await self.confirmed(**changes))


async def refusal(call: Any) -> tuple[grpc.StatusCode, set[str]]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), {one.code for one in reasons_of(refused.value)}


REFUSED, DENIED, NONE = (
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND,
)


def allowed(draft: pb.Draft) -> set[str]:
    return {act.code for act in draft.acts if act.allowed}


def why_not(draft: pb.Draft, code: str) -> set[str]:
    return {reason.code for act in draft.acts if act.code == code for reason in act.reasons}


def event(organ: str, event_id: str, *, what: str = "document", **changes: Any) -> Incoming:
    """A departmental event as it arrives; a field changed to None is left out."""
    value: dict[str, Any] = {
        "record": "MZ-1", "organ": organ, "title": "部门报送的通知", "kind": "notice", "division": COUNTY,
        "formed_on": "2026-01-20", "attribute": "proactive", "ground": "《条例》第二十条",
        "confirmer": {"name": "张明远", "post": "副局长"}, "body": {"media_type": "text/plain", "text": "正文"},
    }  # fmt: skip
    if what == "withdrawal":
        value = {"record": "MZ-1", "organ": organ, "reason": "误发"}
    given = {name: item for name, item in (value | changes).items() if item is not None}
    sent_at = given.pop("sent_at", None)
    types = {"document": "cn.gongkai.ingest.document.v1", "withdrawal": "cn.gongkai.ingest.withdrawal.v1"}
    return Incoming(organ, what, event_id, types[what], sent_at, json.dumps(given).encode(), deliveries=5)


async def send(office: Office, organ: str, event_id: str, **changes: Any) -> Any:
    """Decide one departmental event, as the consumer does."""
    (verdict,) = await decide_events(office.world, [event(organ, event_id, **changes)])
    assert isinstance(verdict, Answered)
    return verdict.reply
