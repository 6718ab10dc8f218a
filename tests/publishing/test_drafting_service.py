"""Drafts from the first word to the public, on real servers, by people with their tokens."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import uuid4

import grpc
import pytest

from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.security.permissions import Role
from gongkai.serving.errors import reasons_of
from tests.publishing.office import (
    HOSTILE,
    IDENTITY,
    MOBILE,
    REFUSED,
    Bureau,
    Office,
    allowed,
    refusal,
    send,
    why_not,
)


async def test_record_is_published_by_two_people(office: Office, bureau: Bureau) -> None:
    """Given an editor and a reviewer, when they take a draft to its end, then the public has it, and had nothing before."""
    text = "只在本稿中的正文。"
    draft = await bureau.editor.save(bureau.code, body_text=text)
    assert (draft.phase, draft.version, list(draft.findings)) == ("drafting", 1, [])
    assert allowed(draft) == {"draft.write", "draft.propose", "draft.discard"}
    assert "auth.not-allowed" in why_not(draft, "draft.confirm")
    proposed = await bureau.editor.propose(draft)
    assert allowed(await bureau.reviewer.get(draft)) == {"draft.confirm", "draft.return"}
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert await office.fetch(digest) is None
    confirmed = await bureau.reviewer.confirm(proposed)
    assert (confirmed.confirmed_by, "draft.publish" in allowed(confirmed)) == (bureau.reviewer.staff.id, True)
    published = await bureau.editor.publish(confirmed)

    assert published.index_number.endswith("-00001")
    record = (await office.record(published.index_number)).record
    assert (record.title, record.attribute, record.version) == ("关于提高低保标准的通知", "proactive", 1)
    assert await office.fetch(digest) == text.encode()
    assert [step.what for step in published.steps] == ["published", "confirmed", "proposed", "saved"]
    assert published.content.body_text == text
    serials = await office.rows("SELECT count(*) FROM event WHERE type = 'serial.taken' AND payload LIKE :id",
                              id=f"%{published.record_id}%")  # fmt: skip
    assert serials == [(1,)]


async def test_nothing_of_a_draft_stands_in_clear_in_the_database(office: Office, bureau: Bureau) -> None:
    """Given a draft with a secret title, when every table of the service is read, then the title is in none of them."""
    secret = "绝密标题七七四九"
    draft = await bureau.editor.save(bureau.code, title=secret, body_text=f"{secret}正文")
    await bureau.editor.propose(draft, "withheld")
    await bureau.reviewer.confirm(draft)
    tables = await office.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    for (table,) in tables:
        found = await office.rows(
            f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE :word', word=f"%{secret}%"
        )
        assert found == [(0,)], table
    named = bureau.reviewer.staff.name
    assert await office.rows("SELECT count(*) FROM event WHERE payload LIKE :name", name=f"%{named}%") == [
        (0,)
    ]
    assert (await bureau.editor.get(draft)).content.title == secret


async def test_closed_draft_is_not_published(bureau: Bureau) -> None:
    """Given a confirmed attribute that is not proactive, when it is published, then it is refused and stays confirmed."""
    draft = await bureau.editor.save(bureau.code)
    await bureau.editor.propose(draft, "on_request")
    seen = await bureau.reviewer.confirm(draft)
    assert why_not(seen, "draft.publish") == {"attribute.on-request"}
    assert await refusal(bureau.editor.publish(draft)) == (REFUSED, {"attribute.on-request"})
    assert (await bureau.editor.get(draft)).phase == "confirmed"


async def test_own_proposal_is_confirmed_by_another(office: Office, bureau: Bureau) -> None:
    """Given somebody who is editor and reviewer, when they confirm their own proposal, then another has to."""
    both = office.person(Role.EDITOR, Role.REVIEWER, organ=bureau.code)
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


async def test_every_command_is_done_once_and_answered_twice(office: Office, bureau: Bureau) -> None:
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
    versions = await office.rows("SELECT version, count(*) FROM event WHERE stream = :s GROUP BY 1",
                               s=f"draft:{first.id}")  # fmt: skip
    assert sorted(versions) == [(n, 1) for n in range(1, 7)]


async def test_command_ids_of_people_and_organs_do_not_meet(office: Office, bureau: Bureau) -> None:
    """Given an event id of an organ and ids of two people that are alike, when all are used, each is its own."""
    await send(office, bureau.code, "one", title="部门报送")
    mine = await bureau.editor.save(bureau.code, command="one")
    other = await office.person(Role.EDITOR, organ=bureau.code).save(bureau.code, command="one")
    assert mine.id != other.id


async def test_two_who_publish_at_once_publish_one_record(office: Office, bureau: Bureau) -> None:
    """Given a confirmed draft, when two people publish it at the same moment, then there is one record with one number."""
    draft = await bureau.confirmed()
    answers = await asyncio.gather(
        bureau.editor.publish(draft), bureau.reviewer.publish(draft), return_exceptions=True
    )
    (done,) = [one for one in answers if isinstance(one, pb.Draft)]
    (late,) = [one for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert [reason.code for reason in reasons_of(late)] == ["draft.published"]
    assert await office.rows("SELECT count(*) FROM record WHERE organ = :o", o=bureau.code) == [(1,)]
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


async def test_personal_numbers_are_kept_out(office: Office, bureau: Bureau) -> None:
    """Given personal numbers in title, body and a file's name, when it is saved or proposed, it is refused unrepeated."""
    digest = await office.upload(bureau.editor, b"%PDF-1.7")
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


async def test_hostile_html_stays_text(office: Office, bureau: Bureau) -> None:
    """Given markup in every field, when it is published, then it is kept as the text it is, and the body is plain text."""
    draft = await bureau.published(title=HOSTILE, summary=HOSTILE, body_text=HOSTILE, keywords=[HOSTILE])
    record = (await office.record(draft.index_number)).record
    assert (record.title, record.summary, list(record.keywords)) == (HOSTILE, HOSTILE, [HOSTILE])
    (body,) = record.files
    assert body.media_type == "text/plain"
    assert await office.fetch(body.digest) == HOSTILE.encode()


async def test_draft_with_files_keeps_body_and_attachments(office: Office, bureau: Bureau) -> None:
    """Given a file as body and another attached, when the draft is read and published, then both are there by role."""
    main, extra = (
        await office.upload(bureau.editor, b"%PDF main"),
        await office.upload(bureau.editor, b"%PDF extra"),
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
    record = (await office.record(done.index_number)).record
    assert [(file.role, file.name) for file in record.files] == [
        ("body", "正文.pdf"),
        ("attachment", "附表.pdf"),
    ]


async def test_incomplete_draft_lists_what_it_lacks(bureau: Bureau) -> None:
    """Given hardly anything, when it is saved, it is kept and every finding told; what is too long is not kept."""
    draft = await bureau.editor.save(bureau.code, title="", kind="", formed_on="", body_text="")
    missing = {"title.missing", "kind.missing", "formed-on.missing", "content.nothing"}
    assert {one.code for one in draft.findings} == missing
    assert why_not(draft, "draft.publish") == missing | {"draft.not-confirmed"}
    assert await refusal(bureau.editor.propose(draft)) == (REFUSED, missing)
    long = bureau.editor.save(bureau.code, title="长" * 301, body_text="长" * 400_000)
    assert await refusal(long) == (REFUSED, {"field.too-long", "draft.body-too-long"})
