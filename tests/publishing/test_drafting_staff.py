"""Who of the staff may do what with drafts and records, and what their lists show."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import grpc

from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import drafts_pb2_grpc
from gongkai.security.permissions import Place, Role, may
from gongkai.serving.errors import reasons_of
from tests.publishing.office import (
    CITY,
    COUNTY,
    DENIED,
    NONE,
    OTHER,
    REFUSED,
    Bureau,
    Office,
    Person,
    content,
    refusal,
)

ACTS: dict[str, set[Role]] = {
    "save": {Role.EDITOR}, "propose": {Role.EDITOR}, "confirm": {Role.REVIEWER}, "give_back": {Role.REVIEWER},
    "publish": {Role.EDITOR, Role.REVIEWER}, "discard": {Role.EDITOR}, "get": {Role.EDITOR, Role.REVIEWER, Role.INSPECTOR},
}  # fmt: skip


async def test_each_role_may_do_what_is_its_own(office: Office, bureau: Bureau) -> None:
    """Given every role at the organ, at another, above and beside, when each acts, a stranger finds nothing there."""
    draft = await bureau.editor.save(bureau.code)
    other = await office.organ()
    for role in Role:
        person = office.person(role, organ=bureau.code)
        for act, roles in ACTS.items():
            sees = role in ACTS["get"]
            expected = None if role in roles else DENIED if sees else NONE
            assert await status(person, act, bureau.code, draft) == expected, (role, act)
    assert await status(office.person(Role.INSPECTOR, division=CITY), "get", bureau.code, draft) is None
    strangers = (
        office.person(*Role, organ=other), office.person(*Role, division=OTHER), office.person(),
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


async def test_each_role_may_revise_or_withdraw_or_neither(office: Office, bureau: Bureau) -> None:
    """Given a public record, when every role revises and withdraws it, then each is let do what is its own alone."""
    number = (await bureau.published()).index_number
    for role in Role:
        person = office.person(role, organ=bureau.code)
        asked = pb.ListOrganRecordsRequest(organ=bureau.code)
        if role in {Role.EDITOR, Role.REVIEWER, Role.INSPECTOR}:
            (listed,) = (await person.drafts.ListOrganRecords(asked)).records
            can = {act.code for act in listed.acts if act.allowed}
            assert can == {Role.EDITOR: {"record.revise"}, Role.REVIEWER: {"record.withdraw"}}.get(
                role, set()
            )
        else:
            assert await refusal(person.drafts.ListOrganRecords(asked)) == (NONE, {"organ.none"})
        if role is not Role.EDITOR:
            assert await refusal(person.revise(number)) == (DENIED, {"auth.not-allowed"})
        if role is not Role.REVIEWER:
            assert await refusal(person.withdraw(number)) == (DENIED, {"auth.not-allowed"})


async def test_files_of_a_draft_are_for_those_who_may_read_it(office: Office, bureau: Bureau) -> None:
    """Given a draft's body, when a clerk of the organ or a stranger fetches it, then there is no such draft."""
    draft = await bureau.editor.save(bureau.code)
    digest = hashlib.sha256(content("").body_text.encode()).hexdigest()
    asked = pb.FetchDraftContentRequest(draft_id=draft.id, digest=digest)
    (part,) = [part async for part in bureau.reviewer.drafts.FetchDraftContent(asked)]
    assert part.data.decode() == content("").body_text
    for person in (office.person(Role.CLERK, organ=bureau.code), office.person(*Role, division=OTHER)):
        assert (await refusal(person.drafts.FetchDraftContent(asked).read()))[0] == NONE


async def test_records_are_revised_and_withdrawn_by_those_who_may(office: Office, bureau: Bureau) -> None:
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
    record = (await office.record(number)).record
    assert (record.version, record.title) == (2, "关于调整低保标准的通知")

    assert await refusal(bureau.reviewer.withdraw(number, " ")) == (REFUSED, {"reason.missing"})
    left = await bureau.reviewer.withdraw(number, "标准有误")
    assert (await office.record(number)).tombstone == left
    assert (left.reason, left.organ) == ("标准有误", bureau.code)
    assert await refusal(bureau.reviewer.withdraw(number, "")) == (
        REFUSED,
        {"record.withdrawn", "reason.missing"},
    )
    assert await refusal(bureau.editor.revise(number)) == (REFUSED, {"record.withdrawn"})


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


async def test_list_of_something_unknown_is_refused(bureau: Bureau) -> None:
    """Given a phase or outcome that does not exist, when a list is narrowed to it, then that is told."""
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    drafts = bureau.editor.drafts
    assert await refusal(drafts.ListDrafts(pb.ListDraftsRequest(phase="x"))) == (invalid, {"phase.unknown"})
    asked = pb.ListIncomingRequest(outcome="x")
    assert await refusal(drafts.ListIncoming(asked)) == (invalid, {"outcome.unknown"})


async def test_calls_without_a_person_are_refused(office: Office) -> None:
    """Given the portal's own token, when it calls for a draft, then it is refused: only a person may."""
    stub: Any = drafts_pb2_grpc.DraftServiceStub(office.open(None, "portal"))
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
