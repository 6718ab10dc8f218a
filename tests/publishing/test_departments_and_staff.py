"""What departments sent, as their staff see and mend it; and the views made again from the log."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.security.permissions import Role
from gongkai.serving.clock import utc_now
from services.publishing.handlers import decide_events
from services.publishing.views.rebuild import TABLES, apply_events
from tests.publishing.office import COUNTY, NONE, Bureau, Office, Person, event, refusal, send


async def incoming(person: Person, **asked: Any) -> Any:
    return await person.drafts.ListIncoming(pb.ListIncomingRequest(**asked))


async def test_editor_sees_what_the_organs_systems_sent(office: Office, bureau: Bureau) -> None:
    """Given events of every outcome, when an editor lists them, each is there once with its reasons, refused untitled."""
    await send(office, bureau.code, "e-1")
    await send(office, bureau.code, "e-1")
    await send(office, bureau.code, "e-2", title="改过的通知")
    await send(office, bureau.code, "e-3", title="改过的通知")
    await send(office, bureau.code, "e-4", title="不该看见的标题", formed_on="2999-01-01", kind="诗")
    await send(office, bureau.code, "e-5", record="old", provenance="migration", formed_on=None)
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
    assert "不该看见" not in str(await office.rows("SELECT incoming::text, '' FROM incoming"))
    assert [defect.code for defect in listed.events[0].defects] == [
        "formed-on.missing",
        "published-on.missing",
    ]
    assert listed.events[4].title == "改过的通知"
    await send(office, bureau.code, "e-6", what="withdrawal")
    after = await incoming(bureau.editor, organ=bureau.code, page_size=1)
    assert [(one.outcome, one.kind, one.title) for one in after.events] == [("withdrawn", "withdrawal", "")]
    assert after.total == 6
    clerk = office.person(Role.CLERK, organ=bureau.code)
    assert (await refusal(incoming(clerk, organ=bureau.code)))[0] == NONE
    assert (await incoming(clerk)).total == 0
    assert (await incoming(office.person(Role.INSPECTOR, division=COUNTY), organ=bureau.code)).total == 6


async def test_defect_is_mended_by_hand(office: Office, bureau: Bureau) -> None:
    """Given a migrated record with defects, when an editor mends one, then it is a new version that lacks the others."""
    reply = await send(
        office, bureau.code, "m-1", provenance="migration", kind=None, formed_on=None, attribute=None,
        ground=None, confirmer=None, body={"media_type": "text/html", "text": "<p>老正文</p>"},
    )  # fmt: skip
    await send(office, bureau.code, "m-2", record="other", title="没有缺项")
    listed = await bureau.editor.drafts.ListOrganRecords(
        pb.ListOrganRecordsRequest(organ=bureau.code, with_defects=True)
    )
    assert [one.record.index_number for one in listed.records] == [reply.index_number]
    draft = await bureau.editor.revise(reply.index_number)
    assert draft.migrated
    assert {one.code for one in draft.defects} == {
        "kind.missing",
        "formed-on.missing",
        "published-on.missing",
    }
    assert [(file.role, file.media_type) for file in draft.content.attachments] == [("body", "text/html")]
    fields = draft.content
    fields.kind, fields.formed_on = "notice", "1998-11-02"
    request = pb.SaveDraftRequest(command_id="m", draft_id=draft.id, expected_version=1, content=fields)
    saved = (await bureau.editor.drafts.SaveDraft(request)).draft
    assert [one.code for one in saved.defects] == ["published-on.missing"]
    await bureau.editor.propose(saved)
    await bureau.reviewer.confirm(saved)
    await bureau.editor.publish(saved)
    record = (await office.record(reply.index_number)).record
    assert [one.code for one in record.defects] == ["published-on.missing"]
    assert (record.formed_on, record.attribute, record.provenance) == ("1998-11-02", "proactive", "migration")
    assert await office.fetch(record.files[0].digest) == "<p>老正文</p>".encode()


async def test_department_and_staff_do_not_overwrite_each_other_unseen(
    office: Office, bureau: Bureau
) -> None:
    """Given a revision by hand, a department's older event is stale and its newer one applied; a draft then is behind."""
    began = utc_now()
    number = (await send(office, bureau.code, "d-1", sent_at=began)).index_number
    draft = await bureau.editor.save(bureau.code, await bureau.editor.revise(number), title="人工修订的通知")
    await bureau.editor.propose(draft)
    await bureau.reviewer.confirm(draft)
    await bureau.editor.publish(draft)
    late = await send(
        office, bureau.code, "d-2", title="迟到的通知", sent_at=began + timedelta(milliseconds=1)
    )
    assert [one.code for one in late.reasons] == ["event.stale"]
    behind = await bureau.editor.revise(number)
    newer = await send(office, bureau.code, "d-3", title="部门后来的通知", sent_at=utc_now())
    assert (newer.outcome, newer.version) == ("revised", 3)
    seen = await bureau.editor.get(behind)
    assert [one.code for one in seen.findings] == ["draft.record-changed"]
    assert (await office.record(number)).record.title == "部门后来的通知"


async def test_people_and_batches_number_records_together(office: Office, bureau: Bureau) -> None:
    """Given batches of an organ's events and people who publish, all at once, then no number is missing or double."""
    drafts = [await bureau.confirmed(title=f"人工之{n}") for n in range(3)]
    batches = [
        [
            event(bureau.code, f"b{batch}-{n}", record=f"b{batch}-{n}", title=f"批次{batch}之{n}")
            for n in range(20)
        ]
        for batch in range(4)
    ]
    await asyncio.gather(
        *(decide_events(office.world, batch) for batch in batches),
        *(bureau.editor.publish(draft) for draft in drafts),
    )
    numbers = await office.rows("SELECT index_number FROM record WHERE organ = :o ORDER BY 1", o=bureau.code)
    assert [row[0][-5:] for row in numbers] == [f"{n:05d}" for n in range(1, 84)]


async def test_records_are_found_by_title(office: Office, bureau: Bureau) -> None:
    """Given records of an organ, when its staff look for words or a number, then the public ones with them are found."""
    for at, title in enumerate(("关于低保的通知", "关于殡葬_管理的通知", "关于低保的批复")):
        await send(office, bureau.code, f"t-{at}", record=str(at), title=title)
    await send(office, bureau.code, "t-9", what="withdrawal", record="2")

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


async def test_replay_of_the_log_gives_the_views_there_are(office: Office, bureau: Bureau) -> None:
    """Given a record, a draft and events, when the log is replayed into empty tables, they hold what the live ones hold."""
    number = (await bureau.published()).index_number
    await bureau.reviewer.withdraw(number)
    await bureau.editor.save(bureau.code, title="还在起草")
    await send(office, bureau.code, "r-1")
    await send(office, bureau.code, "r-2", kind="诗")
    async with office.engine.connect() as conn:
        begun = await conn.begin()
        live = {table: await rows_of(conn, table) for table in TABLES}
        for table in TABLES:
            await conn.execute(text(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)"))
        after = 0
        while page := await office.world.store.read(conn, after, 7):
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
