"""Records written by hand on real servers: PostgreSQL, gRPC and the tokens of people."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.content.objects import open_objects
from gongkai.content.store import ContentStore
from gongkai.contracts import catalog
from gongkai.devstack.postgres import Postgres
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import drafts_pb2_grpc, publishing_pb2, publishing_pb2_grpc
from gongkai.security.keys import create_keys, derive, master_key, private_key
from gongkai.security.permissions import Grant, Place, Role, Staff, may
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
from services.publishing.views.rebuild import TABLES, apply_events
from services.publishing.views.registry import apply_catalog

COUNTY, CITY, OTHER = "341323000000", "341300000000", "341322000000"
IDENTITY, MOBILE = "341323199003071236", "13905571234"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
_numbers = itertools.count(1)


@dataclass
class Person:
    """One of the staff with a channel of their own; each method is a call, and answers with the draft."""

    staff: Staff
    town: Town
    _channels: list[Any] = field(default_factory=list)

    @property
    def drafts(self) -> Any:
        return drafts_pb2_grpc.DraftServiceStub(self.town.open(self.staff))

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
class Town:
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
async def served(database_url: str, folder: Path) -> AsyncIterator[Town]:
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
        town = Town(world, engine, service.grpc_port, keys)
        try:
            yield town
        finally:
            await town.close()


@pytest.fixture(scope="module")
def module_database(postgres: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    postgres.ensure_database(name, "gongkai")
    yield postgres.url("gongkai", name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
async def town(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One service for all tests of this file; each has organs of its own."""
    async with served(module_database, tmp_path_factory.mktemp("drafting")) as town:
        yield town


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


@pytest.fixture
async def bureau(town: Town) -> Bureau:
    code = await town.organ()
    return Bureau(code, town.person(Role.EDITOR, organ=code), town.person(Role.REVIEWER, organ=code))


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


async def test_record_is_published_by_two_people(town: Town, bureau: Bureau) -> None:
    """Given an editor and a reviewer, when they take a draft to its end, then the public has it, and had nothing before."""
    draft = await bureau.editor.save(bureau.code)
    assert (draft.phase, draft.version, list(draft.findings)) == ("drafting", 1, [])
    assert allowed(draft) == {"draft.write", "draft.propose", "draft.discard"}
    assert "auth.not-allowed" in why_not(draft, "draft.confirm")
    proposed = await bureau.editor.propose(draft)
    assert allowed(await bureau.reviewer.get(draft)) == {"draft.confirm", "draft.return"}
    digest = hashlib.sha256(content("").body_text.encode()).hexdigest()
    assert await town.fetch(digest) is None
    confirmed = await bureau.reviewer.confirm(proposed)
    assert (confirmed.confirmed_by, "draft.publish" in allowed(confirmed)) == (bureau.reviewer.staff.id, True)
    published = await bureau.editor.publish(confirmed)

    assert published.index_number.endswith("-00001")
    record = (await town.record(published.index_number)).record
    assert (record.title, record.attribute, record.version) == ("关于提高低保标准的通知", "proactive", 1)
    assert await town.fetch(digest) == content("").body_text.encode()
    assert [step.what for step in published.steps] == ["published", "confirmed", "proposed", "saved"]
    assert published.content.body_text == content("").body_text
    serials = await town.rows("SELECT count(*) FROM event WHERE type = 'serial.taken' AND payload LIKE :id",
                              id=f"%{published.record_id}%")  # fmt: skip
    assert serials == [(1,)]


async def test_nothing_of_a_draft_stands_in_clear_in_the_database(town: Town, bureau: Bureau) -> None:
    """Given a draft with a secret title, when every table of the service is read, then the title is in none of them."""
    secret = "绝密标题七七四九"
    draft = await bureau.editor.save(bureau.code, title=secret, body_text=f"{secret}正文")
    await bureau.editor.propose(draft, "withheld")
    await bureau.reviewer.confirm(draft)
    tables = await town.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    for (table,) in tables:
        found = await town.rows(
            f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE :word', word=f"%{secret}%"
        )
        assert found == [(0,)], table
    named = bureau.reviewer.staff.name
    assert await town.rows("SELECT count(*) FROM event WHERE payload LIKE :name", name=f"%{named}%") == [(0,)]
    assert (await bureau.editor.get(draft)).content.title == secret


async def test_closed_draft_is_not_published(bureau: Bureau) -> None:
    """Given a confirmed attribute that is not proactive, when it is published, then it is refused and stays confirmed."""
    draft = await bureau.editor.save(bureau.code)
    await bureau.editor.propose(draft, "on_request")
    seen = await bureau.reviewer.confirm(draft)
    assert why_not(seen, "draft.publish") == {"attribute.on-request"}
    assert await refusal(bureau.editor.publish(draft)) == (REFUSED, {"attribute.on-request"})
    assert (await bureau.editor.get(draft)).phase == "confirmed"


async def test_own_proposal_is_confirmed_by_another(town: Town, bureau: Bureau) -> None:
    """Given somebody who is editor and reviewer, when they confirm their own proposal, then another has to."""
    both = town.person(Role.EDITOR, Role.REVIEWER, organ=bureau.code)
    draft = await both.save(bureau.code)
    seen = await both.propose(draft)
    assert why_not(seen, "draft.confirm") == {"draft.own-proposal"}
    assert await refusal(both.confirm(draft)) == (REFUSED, {"draft.own-proposal"})
    assert (await bureau.reviewer.confirm(draft)).phase == "confirmed"
    assert (await both.publish(draft)).phase == "published"


async def test_returned_draft_is_mended_and_proposed_again(bureau: Bureau) -> None:
    """Given a proposal, when it is returned with a reason, then its editor reads why, changes it and proposes again."""
    draft = await bureau.editor.save(bureau.code)
    proposed = await bureau.editor.propose(draft)
    frozen = bureau.editor.save(bureau.code, proposed, title="别的")
    assert await refusal(frozen) == (REFUSED, {"draft.frozen"})
    back = await bureau.reviewer.give_back(draft, "标题不准确")
    assert (back.phase, back.returned_because) == ("drafting", "标题不准确")
    changed = await bureau.editor.save(bureau.code, back, title="新标题")
    again = await bureau.editor.propose(changed)
    assert (again.phase, again.returned_because, again.content.title) == ("proposed", "", "新标题")


async def test_every_command_is_done_once_and_answered_twice(town: Town, bureau: Bureau) -> None:
    """Given each command, when it is repeated, also after later ones, it changes nothing and gets the same answer."""
    editor, reviewer, code = bureau.editor, bureau.reviewer, bureau.code
    first = await editor.save(code, command="save")
    assert await editor.save(code, command="save") == first
    assert await refusal(editor.save(code, command="save", title="别的")) == (REFUSED, {"command.reused"})
    proposed = await editor.propose(first, command="propose")
    assert await editor.propose(first, command="propose") == proposed
    returned = await reviewer.give_back(first, command="return")
    assert await reviewer.give_back(first, command="return") == returned
    await editor.propose(first)
    confirmed = await reviewer.confirm(first, command="confirm")
    assert await reviewer.confirm(first, command="confirm") == confirmed
    published = await editor.publish(first, command="publish")
    assert await editor.publish(first, command="publish") == published
    again = await editor.save(code, command="save")
    for name in ("id", "version", "phase", "content", "steps"):
        assert getattr(again, name) == getattr(first, name), name
    assert allowed(again) == set()
    opened = await editor.revise(published.index_number, command="revise")
    assert await editor.revise(published.index_number, command="revise") == opened
    discarded = await editor.discard(opened, command="discard")
    assert await editor.discard(opened, command="discard") == discarded
    left = await reviewer.withdraw(published.index_number, command="withdraw")
    assert await reviewer.withdraw(published.index_number, command="withdraw") == left
    versions = await town.rows("SELECT version, count(*) FROM event WHERE stream = :s GROUP BY 1",
                               s=f"draft:{first.id}")  # fmt: skip
    assert sorted(versions) == [(n, 1) for n in range(1, 7)]


async def test_command_ids_of_people_and_organs_do_not_meet(town: Town, bureau: Bureau) -> None:
    """Given an event id of an organ and ids of two people that are alike, when all are used, each is its own."""
    await send(town, bureau.code, "one", title="部门报送")
    mine = await bureau.editor.save(bureau.code, command="one")
    other = await town.person(Role.EDITOR, organ=bureau.code).save(bureau.code, command="one")
    assert mine.id != other.id


async def test_two_who_publish_at_once_publish_one_record(town: Town, bureau: Bureau) -> None:
    """Given a confirmed draft, when two people publish it at the same moment, then there is one record with one number."""
    draft = await bureau.confirmed()
    answers = await asyncio.gather(
        bureau.editor.publish(draft), bureau.reviewer.publish(draft), return_exceptions=True
    )
    (done,) = [one for one in answers if isinstance(one, pb.Draft)]
    (late,) = [one for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert [reason.code for reason in reasons_of(late)] == ["draft.published"]
    assert await town.rows("SELECT count(*) FROM record WHERE organ = :o", o=bureau.code) == [(1,)]
    assert done.index_number.endswith("-00001")


async def test_many_drafts_published_at_once_have_dense_numbers(bureau: Bureau) -> None:
    """Given six confirmed drafts of one organ, when all are published at once, their numbers have no gap and no double."""
    drafts = await asyncio.gather(*(bureau.confirmed(title=f"通知之{n}") for n in range(4)))
    done = await asyncio.gather(*(bureau.editor.publish(draft) for draft in drafts))
    assert sorted(one.index_number[-5:] for one in done) == [f"{n:05d}" for n in range(1, 5)]


async def test_stale_save_is_refused(bureau: Bureau) -> None:
    """Given a draft two editors have open, when the second saves over the first, then they are told to look again."""
    draft = await bureau.editor.save(bureau.code)
    await bureau.editor.save(bureau.code, draft, title="先改的")
    assert await refusal(bureau.editor.save(bureau.code, draft, title="后改的")) == (REFUSED, {"draft.stale"})
    request = pb.ProposeAttributeRequest(
        command_id=str(uuid4()),
        draft_id=draft.id,
        attribute="proactive",
        ground="《条例》",
        expected_version=1,
    )
    assert await refusal(bureau.editor.drafts.ProposeAttribute(request)) == (REFUSED, {"draft.stale"})


async def test_personal_numbers_are_kept_out(town: Town, bureau: Bureau) -> None:
    """Given personal numbers in title, body and a file's name, when it is saved or proposed, it is refused unrepeated."""
    digest = await town.upload(bureau.editor, b"%PDF-1.7")
    file = pb.DraftFile(role="attachment", name=f"{MOBILE}.pdf", digest=digest, media_type="application/pdf")
    saving = bureau.editor.save(bureau.code, title=f"给{IDENTITY}的批复", attachments=[file])
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await saving
    told = reasons_of(refused.value)
    assert {(one.code, one.field) for one in told} == {
        ("personal.identity-number", "title"), ("personal.mobile-number", "attachments.0.name"),
    }  # fmt: skip
    assert IDENTITY not in str(refused.value)
    assert MOBILE not in str(refused.value)
    draft = await bureau.editor.save(bureau.code, body_text=f"张某\n{IDENTITY}")
    (finding,) = draft.findings
    assert (finding.code, finding.field) == ("personal.identity-number", "body_text")
    assert "第 2 行" in finding.message_zh
    assert await refusal(bureau.editor.propose(draft)) == (REFUSED, {"personal.identity-number"})
    withdrawal = bureau.reviewer.withdraw((await bureau.published()).index_number, f"请问{MOBILE}")
    assert await refusal(withdrawal) == (REFUSED, {"personal.mobile-number"})


async def test_hostile_html_stays_text(town: Town, bureau: Bureau) -> None:
    """Given markup in every field, when it is published, then it is kept as the text it is, and the body is plain text."""
    draft = await bureau.published(title=HOSTILE, summary=HOSTILE, body_text=HOSTILE, keywords=[HOSTILE])
    record = (await town.record(draft.index_number)).record
    assert (record.title, record.summary, list(record.keywords)) == (HOSTILE, HOSTILE, [HOSTILE])
    (body,) = record.files
    assert body.media_type == "text/plain"
    assert await town.fetch(body.digest) == HOSTILE.encode()


async def test_draft_with_files_keeps_body_and_attachments(town: Town, bureau: Bureau) -> None:
    """Given a file as body and another attached, when the draft is read and published, then both are there by role."""
    main, extra = (
        await town.upload(bureau.editor, b"%PDF main"),
        await town.upload(bureau.editor, b"%PDF extra"),
    )
    files = [
        pb.DraftFile(role="attachment", name="附表.pdf", digest=extra),
        pb.DraftFile(role="body", name="正文.pdf", digest=main),
    ]
    both = bureau.editor.save(bureau.code, attachments=files)
    assert await refusal(both) == (REFUSED, {"draft.two-bodies"})
    draft = await bureau.confirmed(attachments=files, body_text="")
    assert [(file.role, file.size, file.media_type) for file in draft.content.attachments] == [
        ("body", 9, "application/pdf"), ("attachment", 10, "application/pdf"),
    ]  # fmt: skip
    parts = [
        part async for part in bureau.reviewer.drafts.FetchDraftContent(
            pb.FetchDraftContentRequest(draft_id=draft.id, digest=main)
        )
    ]  # fmt: skip
    assert b"".join(part.data for part in parts) == b"%PDF main"
    foreign = [
        part async for part in bureau.editor.drafts.FetchDraftContent(
            pb.FetchDraftContentRequest(draft_id=draft.id, digest="0" * 64)
        )
    ]  # fmt: skip
    assert [part.found for part in foreign] == [False]
    done = await bureau.editor.publish(draft)
    record = (await town.record(done.index_number)).record
    assert [(file.role, file.name) for file in record.files] == [
        ("body", "正文.pdf"),
        ("attachment", "附表.pdf"),
    ]


async def test_incomplete_draft_lists_what_it_lacks(bureau: Bureau) -> None:
    """Given hardly anything, when it is saved, it is kept and every finding told; what is too long is not kept."""
    draft = await bureau.editor.save(bureau.code, title="", kind="", formed_on="", body_text="")
    missing = {"title.missing", "kind.missing", "formed-on.missing"}
    assert {one.code for one in draft.findings} == missing
    assert why_not(draft, "draft.publish") == missing | {"draft.not-confirmed"}
    assert await refusal(bureau.editor.propose(draft)) == (REFUSED, missing)
    long = bureau.editor.save(bureau.code, title="长" * 301, body_text="长" * 400_000)
    assert await refusal(long) == (REFUSED, {"field.too-long", "draft.body-too-long"})


ACTS: dict[str, set[Role]] = {
    "save": {Role.EDITOR}, "propose": {Role.EDITOR}, "confirm": {Role.REVIEWER}, "give_back": {Role.REVIEWER},
    "publish": {Role.EDITOR, Role.REVIEWER}, "discard": {Role.EDITOR}, "get": {Role.EDITOR, Role.REVIEWER, Role.INSPECTOR},
}  # fmt: skip


async def test_each_role_may_do_what_is_its_own(town: Town, bureau: Bureau) -> None:
    """Given every role at the organ, at another, above and beside, when each acts, a stranger finds nothing there."""
    draft = await bureau.editor.save(bureau.code)
    other = await town.organ()
    for role in Role:
        person = town.person(role, organ=bureau.code)
        for act, roles in ACTS.items():
            sees = role in ACTS["get"]
            expected = None if role in roles else DENIED if sees else NONE
            assert await status(person, act, bureau.code, draft) == expected, (role, act)
    assert await status(town.person(Role.INSPECTOR, division=CITY), "get", bureau.code, draft) is None
    strangers = (
        town.person(*Role, organ=other), town.person(*Role, division=OTHER), town.person(),
    )  # fmt: skip
    for person in strangers:
        for act in ACTS:
            assert await status(person, act, bureau.code, draft) == NONE, act
        assert await refusal(person.drafts.ListDrafts(pb.ListDraftsRequest(organ=bureau.code))) == (
            NONE,
            {"organ.none"},
        )
        assert (await refusal(person.save(bureau.code)))[0] == DENIED


async def status(person: Person, act: str, organ: str, draft: pb.Draft) -> grpc.StatusCode | None:
    """How an act is refused for want of a role; None where it is allowed, or refused for the draft's own sake."""
    call = person.save(organ, draft) if act == "save" else getattr(person, act)(draft)
    try:
        await call
    except grpc.aio.AioRpcError as error:
        codes = {one.code for one in reasons_of(error)}
        return error.code() if codes & {"auth.not-allowed", "draft.none"} else None
    finally:
        if act == "discard" and may(person.staff, "draft.write", Place(organ, COUNTY)):
            draft.CopyFrom(await person.save(organ))
    return None


async def test_records_are_revised_and_withdrawn_by_those_who_may(town: Town, bureau: Bureau) -> None:
    """Given a public record, when it is revised and withdrawn by hand, its number stays; others may do neither."""
    number = (await bureau.published()).index_number
    assert (await refusal(bureau.reviewer.revise(number)))[0] == DENIED
    assert (await refusal(bureau.editor.withdraw(number)))[0] == DENIED
    assert (await refusal(bureau.editor.revise("11341323003205511A/202601-99999")))[0] == NONE
    draft = await bureau.editor.revise(number)
    assert (draft.index_number, draft.content.title) == (number, "关于提高低保标准的通知")
    assert await refusal(bureau.editor.revise(number)) == (REFUSED, {"record.being-revised"})
    (listed,) = (
        await bureau.editor.drafts.ListOrganRecords(pb.ListOrganRecordsRequest(organ=bureau.code))
    ).records
    assert {act.code: [one.code for one in act.reasons] for act in listed.acts} == {
        "record.revise": ["record.being-revised"], "record.withdraw": ["auth.not-allowed"],
    }  # fmt: skip
    changed = await bureau.editor.save(bureau.code, draft, title="关于调整低保标准的通知")
    await bureau.editor.propose(changed)
    await bureau.reviewer.confirm(changed)
    done = await bureau.reviewer.publish(changed)
    assert done.index_number == number
    record = (await town.record(number)).record
    assert (record.version, record.title) == (2, "关于调整低保标准的通知")

    assert await refusal(bureau.reviewer.withdraw(number, " ")) == (REFUSED, {"reason.missing"})
    left = await bureau.reviewer.withdraw(number, "标准有误")
    assert (await town.record(number)).tombstone == left
    assert (left.reason, left.organ) == ("标准有误", bureau.code)
    assert await refusal(bureau.reviewer.withdraw(number, "")) == (
        REFUSED,
        {"record.withdrawn", "reason.missing"},
    )
    assert await refusal(bureau.editor.revise(number)) == (REFUSED, {"record.withdrawn"})


# -- what departments sent ----------------------------------------------------------------------------------------


async def send(town: Town, organ: str, event_id: str, *, what: str = "document", **changes: Any) -> Any:
    """Decide one departmental event, as the consumer does."""
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
    event = Incoming(organ, what, event_id, types[what], sent_at, json.dumps(given).encode(), deliveries=5)
    (verdict,) = await decide_events(town.world, [event])
    assert isinstance(verdict, Answered)
    return verdict.reply


async def incoming(person: Person, **asked: Any) -> Any:
    return await person.drafts.ListIncoming(pb.ListIncomingRequest(**asked))


async def test_editor_sees_what_the_organs_systems_sent(town: Town, bureau: Bureau) -> None:
    """Given events of every outcome, when an editor lists them, each is there once with its reasons, refused untitled."""
    await send(town, bureau.code, "e-1")
    await send(town, bureau.code, "e-1")
    await send(town, bureau.code, "e-2", title="改过的通知")
    await send(town, bureau.code, "e-3", title="改过的通知")
    await send(town, bureau.code, "e-4", title="不该看见的标题", formed_on="2999-01-01", kind="诗")
    await send(town, bureau.code, "e-5", record="old", provenance="migration", formed_on=None)
    listed = await incoming(bureau.editor, organ=bureau.code)
    assert [(one.event_id, one.outcome, one.kind) for one in listed.events] == [
        ("e-5", "published", "document"), ("e-4", "rejected", "document"), ("e-3", "unchanged", "document"),
        ("e-2", "revised", "document"), ("e-1", "published", "document"),
    ]  # fmt: skip
    assert dict(listed.by_outcome) == {
        "published": 2,
        "rejected": 1,
        "unchanged": 1,
        "revised": 1,
        "withdrawn": 0,
    }
    (refused,) = (await incoming(bureau.editor, organ=bureau.code, outcome="rejected")).events
    assert [(one.code, one.field) for one in refused.reasons] == [
        ("kind.unknown", "kind"), ("formed-on.future", "formed_on"),
    ]  # fmt: skip
    assert (refused.title, refused.index_number) == ("", "")
    assert "不该看见" not in str(await town.rows("SELECT incoming::text, '' FROM incoming"))
    assert [defect.code for defect in listed.events[0].defects] == [
        "formed-on.missing",
        "published-on.missing",
    ]
    assert listed.events[4].title == "改过的通知"
    await send(town, bureau.code, "e-6", what="withdrawal")
    after = await incoming(bureau.editor, organ=bureau.code, page_size=1)
    assert [(one.outcome, one.kind, one.title) for one in after.events] == [("withdrawn", "withdrawal", "")]
    assert after.total == 6
    clerk = town.person(Role.CLERK, organ=bureau.code)
    assert (await refusal(incoming(clerk, organ=bureau.code)))[0] == NONE
    assert (await incoming(clerk)).total == 0
    assert (await incoming(town.person(Role.INSPECTOR, division=COUNTY), organ=bureau.code)).total == 6


async def test_defect_is_mended_by_hand(town: Town, bureau: Bureau) -> None:
    """Given a migrated record with defects, when an editor mends one, then it is a new version that lacks the others."""
    reply = await send(
        town, bureau.code, "m-1", provenance="migration", kind=None, formed_on=None, attribute=None,
        ground=None, confirmer=None, body={"media_type": "text/html", "text": "<p>老正文</p>"},
    )  # fmt: skip
    await send(town, bureau.code, "m-2", record="other", title="没有缺项")
    listed = await bureau.editor.drafts.ListOrganRecords(
        pb.ListOrganRecordsRequest(organ=bureau.code, with_defects=True)
    )
    assert [one.record.index_number for one in listed.records] == [reply.index_number]
    draft = await bureau.editor.revise(reply.index_number)
    assert draft.migrated
    assert {one.code for one in draft.defects} == {
        "formed-on.missing",
        "published-on.missing",
    }  # "other" is a kind
    assert [(file.role, file.media_type) for file in draft.content.attachments] == [("body", "text/html")]
    fields = draft.content
    fields.kind, fields.formed_on = "notice", "1998-11-02"
    request = pb.SaveDraftRequest(command_id="m", draft_id=draft.id, expected_version=1, content=fields)
    saved = (await bureau.editor.drafts.SaveDraft(request)).draft
    assert [one.code for one in saved.defects] == ["published-on.missing"]
    await bureau.editor.propose(saved)
    await bureau.reviewer.confirm(saved)
    await bureau.editor.publish(saved)
    record = (await town.record(reply.index_number)).record
    assert [one.code for one in record.defects] == ["published-on.missing"]
    assert (record.formed_on, record.attribute, record.provenance) == ("1998-11-02", "proactive", "migration")
    assert await town.fetch(record.files[0].digest) == "<p>老正文</p>".encode()


async def test_department_and_staff_do_not_overwrite_each_other_unseen(town: Town, bureau: Bureau) -> None:
    """Given a revision by hand, a department's older event is stale and its newer one applied; a draft then is behind."""
    began = utc_now()
    number = (await send(town, bureau.code, "d-1", sent_at=began)).index_number
    draft = await bureau.editor.save(bureau.code, await bureau.editor.revise(number), title="人工修订的通知")
    await bureau.editor.propose(draft)
    await bureau.reviewer.confirm(draft)
    await bureau.editor.publish(draft)
    late = await send(town, bureau.code, "d-2", title="迟到的通知", sent_at=began + timedelta(milliseconds=1))
    assert [one.code for one in late.reasons] == ["event.stale"]
    behind = await bureau.editor.revise(number)
    newer = await send(town, bureau.code, "d-3", title="部门后来的通知", sent_at=utc_now())
    assert (newer.outcome, newer.version) == ("revised", 3)
    seen = await bureau.editor.get(behind)
    assert [one.code for one in seen.findings] == ["draft.record-changed"]
    assert (await town.record(number)).record.title == "部门后来的通知"


async def test_records_are_found_by_title(town: Town, bureau: Bureau) -> None:
    """Given records of an organ, when its staff look for words or a number, then the public ones with them are found."""
    for at, title in enumerate(("关于低保的通知", "关于殡葬_管理的通知", "关于低保的批复")):
        await send(town, bureau.code, f"t-{at}", record=str(at), title=title)
    await send(town, bureau.code, "t-9", what="withdrawal", record="2")

    async def found(q: str) -> list[str]:
        request = pb.ListOrganRecordsRequest(organ=bureau.code, q=q)
        return [one.record.title for one in (await bureau.editor.drafts.ListOrganRecords(request)).records]

    assert await found("低保") == ["关于低保的通知"]
    assert await found("通知 殡葬") == ["关于殡葬_管理的通知"]
    assert await found("_") == ["关于殡葬_管理的通知"]
    assert await found("%") == []
    number = (
        (await bureau.editor.drafts.ListOrganRecords(pb.ListOrganRecordsRequest(organ=bureau.code, q="低保")))
        .records[0]
        .record
    )
    assert await found(number.index_number) == ["关于低保的通知"]


async def test_lists_of_drafts_count_by_phase(bureau: Bureau) -> None:
    """Given drafts in several phases, when they are listed, then by phase, newest first, a page at a time, all reach."""
    first = await bureau.editor.save(bureau.code, title="一")
    second = await bureau.editor.save(bureau.code, title="二")
    await bureau.editor.discard(await bureau.editor.save(bureau.code, title="三"))
    await bureau.editor.propose(first)
    listed = await bureau.editor.drafts.ListDrafts(pb.ListDraftsRequest(organ=bureau.code))
    assert [one.content.title for one in listed.drafts] == ["一", "三", "二"]
    counts = {"drafting": 1, "proposed": 1, "confirmed": 0, "published": 0, "discarded": 1}
    assert (listed.total, dict(listed.by_phase)) == (3, counts)
    one = await bureau.reviewer.drafts.ListDrafts(pb.ListDraftsRequest(phase="drafting", page_size=1))
    assert ([draft.id for draft in one.drafts], one.total) == ([second.id], 1)
    assert (await refusal(bureau.editor.drafts.ListDrafts(pb.ListDraftsRequest(page=-1))))[
        0
    ] == grpc.StatusCode.INVALID_ARGUMENT


async def test_calls_without_a_person_are_refused(town: Town) -> None:
    """Given the portal's own token, when it calls for a draft, then it is refused: only a person may."""
    stub: Any = drafts_pb2_grpc.DraftServiceStub(town.open(None, "portal"))
    assert (await refusal(stub.ListDrafts(pb.ListDraftsRequest())))[0] == DENIED


async def test_odd_ids_are_answered_plainly(bureau: Bureau) -> None:
    """Given ids that cannot be any, when they are used, then they are not found or invalid, never an error inside."""
    draft = await bureau.editor.save(bureau.code)
    for draft_id in ("", "x", "\x00", str(uuid4())):
        assert (await refusal(bureau.editor.drafts.GetDraft(pb.GetDraftRequest(draft_id=draft_id))))[
            0
        ] == NONE
    assert (await refusal(bureau.editor.revise("\x00")))[0] == NONE
    invalid = pb.DiscardDraftRequest(command_id="\x00", draft_id=draft.id, reason="误")
    assert (await refusal(bureau.editor.drafts.DiscardDraft(invalid)))[0] == grpc.StatusCode.INVALID_ARGUMENT
    kept = await bureau.editor.save(bureau.code, title="甲\x00乙", body_text="正\x00文")
    assert (kept.content.title, kept.content.body_text) == ("甲 乙", "正文")


async def test_replay_of_the_log_gives_the_views_there_are(town: Town, bureau: Bureau) -> None:
    """Given everything these tests did, when the log is replayed into empty tables, they hold what the live ones hold."""
    number = (await bureau.published()).index_number
    await bureau.reviewer.withdraw(number)
    async with town.engine.connect() as conn:
        begun = await conn.begin()
        live = {table: await rows_of(conn, table) for table in TABLES}
        for table in TABLES:
            await conn.execute(text(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)"))
        after = 0
        while page := await town.world.store.read(conn, after, 7):
            await apply_events(conn, page)
            after = page[-1].position
        for table in TABLES:
            assert await rows_of(conn, table) == live[table], table
        await begun.rollback()
    assert live["draft"]
    assert live["record_count"]


async def rows_of(conn: AsyncConnection, table: str) -> list[Any]:
    """What a table holds, but for the order of a first entry within one batch and for counts that fell to nothing."""
    columns = (await conn.execute(text(f"SELECT * FROM {table} LIMIT 0"))).keys()
    names = [name for name in columns if name != "entered"]
    found = (await conn.execute(text(f"SELECT {', '.join(names)} FROM {table}"))).all()
    return sorted(tuple(map(str, row)) for row in found if not ("records" in names and row[-1] == 0))
