"""requests as a whole: a citizen's form, a clerk's receipt, search and decision, the citizen's look-up, over gRPC."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from gongkai.contracts.catalog import FormerName, OrganChanged
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.serving.errors import reasons_of
from gongkai.uscc import placeholder_uscc
from tests.requests.office import (
    ADMINISTRATOR,
    CLERK,
    COUNTY,
    DESCRIPTION,
    EDITOR,
    ORGAN,
    PLANTED,
    STRANGER,
    Office,
    form,
    refused,
)

PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


async def test_request_from_form_to_answer(office: Office) -> None:
    """Given a form, when a clerk confirms, decides and gives a file, then the citizen sees why it was due and gets the file."""
    sent = await office.submit()
    year = office.clock.today.year
    assert sent.number.startswith(f"341323-{year}-0")
    assert len(sent.query_code) == 11
    assert sent.query_code[5] == "-"
    assert sent.organ_name == "灵璧县民政局"

    waiting = await office.look_up(sent)
    assert (waiting.phase, waiting.clock.state, waiting.outcome) == ("submitted", "awaiting_receipt", "none")
    assert (waiting.applicant_masked, waiting.content.description) == ("种**", DESCRIPTION)

    handled = (await office.staff().ConfirmReceipt(office.confirm(sent.number))).request
    assert (handled.phase, handled.clock.state, handled.clock.limit) == ("handling", "running", 20)
    file = await office.upload(sent.number, b"%PDF-1.7 the answer")
    assert file.size == 19
    decided = (await office.staff().Decide(office.disclose(sent.number, file))).request
    assert (decided.phase, decided.outcome, decided.clock.state) == ("decided", "disclosed", "met")

    seen = await office.look_up(sent)
    assert (seen.decision.text, [one.name for one in seen.decision.files]) == (
        "您申请的信息附后。",
        ["明细表.pdf"],
    )
    assert seen.decision.article == "《政府信息公开条例》第三十六条第（二）项"
    assert "60日内依法申请行政复议" in seen.decision.remedy_zh
    assert [step.what for step in seen.steps if step.what != "noticed"] == [
        "decided",
        "received",
        "submitted",
    ]
    assert not any(step.staff for step in seen.steps)
    asked = pb.FetchReplyFileRequest(number=sent.number, query_code=sent.query_code, digest=file.digest)
    parts = [part async for part in office.public.FetchReplyFile(asked)]
    assert b"".join(part.data for part in parts) == b"%PDF-1.7 the answer"
    assert parts[0].name == "明细表.pdf"


async def test_command_repeated_changes_nothing(office: Office) -> None:
    """Given a form sent twice, then number and code are the same; the same id with other content is refused."""
    asked = form()
    first, second = await office.public.Submit(asked), await office.public.Submit(asked)
    assert first == second
    asked.content.description = "另一件信息"
    assert await refused(office.public.Submit(asked)) == (PRECONDITION, ["command.reused"])

    confirm = office.confirm(first.number)
    await office.staff().ConfirmReceipt(confirm)
    await office.staff().ConfirmReceipt(confirm)
    again = office.confirm(first.number)
    assert await refused(office.staff().ConfirmReceipt(again)) == (PRECONDITION, ["receipt.confirmed"])


async def test_numbers_are_dense_however_many_submit_at_once(office: Office) -> None:
    """Given twelve forms at the same moment, when they are taken in, then their numbers follow each other."""
    sent = await asyncio.gather(*(office.submit() for _ in range(12)))
    serials = sorted(int(one.number[-5:]) for one in sent)
    assert serials == list(range(serials[0], serials[0] + 12))


async def test_form_is_refused_with_every_reason_at_once(office: Office) -> None:
    """Given an empty form, when it is sent, then every part of Art. 29 that is missing is named with its article."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.public.Submit(pb.SubmitRequest(command_id="empty", organ="nobody", client="x"))
    told = {reason.code: reason for reason in reasons_of(caught.value)}
    assert set(told) >= {
        "organ.unknown", "applicant.kind", "applicant.name", "applicant.id-number", "applicant.contact",
        "content.description", "content.supply", "content.delivery",
    }  # fmt: skip
    assert told["content.description"].article == "《政府信息公开条例》第二十九条第二款第（二）项"


async def test_not_held_needs_its_search_record(office: Office) -> None:
    """Given no search record, when "not held" is decided, then it is refused by Art. 36(四); with the record it is done."""
    sent = await office.received()
    today = office.clock.today.isoformat()
    decide = office.disclose(sent.number, outcome="not_held", text="经检索没有。")
    assert await refused(office.staff().Decide(decide)) == (PRECONDITION, ["search.none"])

    empty = pb.RecordSearchRequest(
        command_id=str(uuid4()), number=sent.number, search=pb.SearchRecord(on="x")
    )
    _, reasons = await refused(office.staff().RecordSearch(empty))
    assert reasons == ["on.unreadable", "places.missing", "words.missing", "result.missing"]
    search = pb.SearchRecord(on=today, places="档案室、业务系统", words="确权 材料", result="没有")
    done = await office.staff().RecordSearch(
        pb.RecordSearchRequest(command_id=str(uuid4()), number=sent.number, search=search)
    )
    assert (done.request.search.places, done.request.search.by) == ("档案室、业务系统", CLERK.id)
    decided = (await office.staff().Decide(decide)).request
    assert (decided.outcome, decided.decision.article) == (
        "not_held",
        "《政府信息公开条例》第三十六条第（四）项",
    )
    assert (await office.look_up(sent)).search.places == ""


async def test_decision_is_refused_with_every_reason(office: Office) -> None:
    """Given a request not confirmed, when it is disclosed without text, file or day, then all of it is said at once."""
    sent = await office.submit()
    bare = office.disclose(sent.number, on="2030-01-01", text=" ")
    code, reasons = await refused(office.staff().Decide(bare))
    assert (code, set(reasons)) == (PRECONDITION, {"receipt.none", "on.future", "text.missing", "files.none"})

    other, _ = await office.disclosed()
    foreign = (await office.look_up(other)).decision.files[0]
    await office.staff().ConfirmReceipt(office.confirm(sent.number))
    stolen = office.disclose(sent.number, foreign)
    assert await refused(office.staff().Decide(stolen)) == (PRECONDITION, ["files.none", "files.unknown"])
    again = office.disclose(other.number, foreign)
    assert await refused(office.staff().Decide(again)) == (PRECONDITION, ["decided.already"])


async def test_receipt_day_is_corrected_by_an_event(office: Office) -> None:
    """Given a wrong day of receipt, when it is corrected, then the due date follows and what was told stays as told."""
    office.clock.on("2026-09-11")
    sent = await office.submit()
    office.clock.on("2026-09-15")
    first = (await office.staff().ConfirmReceipt(office.confirm(sent.number, "2026-09-15"))).request
    assert first.clock.due_on == "2026-10-19"
    early = pb.CorrectReceiptRequest(command_id=str(uuid4()), number=sent.number, on="2026-09-01", reason="")
    assert await refused(office.staff().CorrectReceipt(early)) == (
        PRECONDITION,
        ["on.early", "reason.missing"],
    )
    right = pb.CorrectReceiptRequest(
        command_id=str(uuid4()), number=sent.number, on="2026-09-14", reason="电话记录为14日"
    )
    after = (await office.staff().CorrectReceipt(right)).request
    assert (after.received_on, after.clock.due_on) == ("2026-09-14", "2026-10-16")
    texts = [step.text_zh for step in after.steps]
    assert texts[0] == "收到日期更正为2026年9月14日，答复期限随之重新推算。理由：电话记录为14日"
    assert "当时推算的答复期限为2026年10月19日。" in texts[1]


VECTORS = [
    ("2025-01-20", "2025-02-21"),
    ("2025-09-15", "2025-10-17"),
    ("2026-02-09", "2026-03-13"),
    ("2026-09-14", "2026-10-16"),
]


@pytest.mark.parametrize(("received", "due"), VECTORS)
async def test_due_day_of_a_real_request(office: Office, received: str, due: str) -> None:
    """Given a request confirmed on a day of the vectors, when it is shown, then it is due on the twentieth working day."""
    office.clock.on(received)
    sent = await office.received(received)
    shown = (await office.staff().GetRequest(pb.GetRequestRequest(number=sent.number))).request
    assert (shown.clock.due_on, shown.clock.provisional) == (due, False)
    assert shown.clock.steps[-2].due_on == due
    assert (await office.look_up(sent)).clock == shown.clock


async def test_due_day_in_a_year_not_announced_is_provisional(office: Office) -> None:
    """Given a receipt in December, when the next year is not announced, then the due day says so in every place."""
    office.clock.on("2026-12-15")
    sent = await office.received("2026-12-15")
    shown = await office.look_up(sent)
    assert (shown.clock.provisional, shown.clock.due_on) == (True, "2027-01-12")
    assert "2027年放假安排尚未公布" in shown.clock.sentence_zh


async def test_list_is_the_clerks_own_by_due_day(office: Office) -> None:
    """Given requests at several days, when clerks list, then each sees their organ's, the earliest due first, counted."""
    office.clock.on("2026-09-14")
    late = await office.received("2026-09-14")
    office.clock.on("2026-11-20")
    soon, waiting = await office.received("2026-11-20"), await office.submit()
    listed = await office.staff().ListRequests(pb.ListRequestsRequest(page_size=100))
    numbers = [one.number for one in listed.requests]
    assert numbers.index(late.number) < numbers.index(soon.number) < numbers.index(waiting.number)
    assert listed.by_clock["overdue"] >= 1
    only = await office.staff().ListRequests(pb.ListRequestsRequest(clock="overdue", page_size=1))
    assert (len(only.requests), only.total, only.by_clock) == (1, listed.by_clock["overdue"], listed.by_clock)
    for nobody in (STRANGER, EDITOR, ADMINISTRATOR):
        assert (await office.staff(nobody).ListRequests(pb.ListRequestsRequest())).total == 0
    assert (await office.staff().ListRequests(pb.ListRequestsRequest(organ="341323-czj"))).total == 0


async def test_hidden_means_hidden(office: Office) -> None:
    """Given somebody without the role at the place, when they read or act, then there is no such request."""
    sent = await office.submit()
    for other in (STRANGER, EDITOR, ADMINISTRATOR):
        stub = office.staff(other)
        calls: list[Any] = [
            stub.GetRequest(pb.GetRequestRequest(number=sent.number)),
            stub.ConfirmReceipt(office.confirm(sent.number)),
            stub.ReadApplicant(pb.ReadApplicantRequest(command_id="r", number=sent.number)),
            stub.Decide(office.disclose(sent.number)),
        ]
        for call in calls:
            assert await refused(call) == (grpc.StatusCode.NOT_FOUND, ["request.unknown"])
    erase = pb.EraseApplicantRequest(command_id="e", number=sent.number, reason="申请人要求")
    code, _ = await refused(office.staff().EraseApplicant(erase))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    code, _ = await refused(office.public.GetRequest(pb.GetRequestRequest(number=sent.number)))
    assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_reading_the_applicant_leaves_a_trace(office: Office) -> None:
    """Given a clerk who opens the applicant's data, then who did is in the timeline of the staff and not of the citizen."""
    sent = await office.submit()
    asked = pb.ReadApplicantRequest(command_id=str(uuid4()), number=sent.number)
    read = (await office.staff().ReadApplicant(asked)).applicant
    assert (read.name, read.id_number, read.address) == (
        PLANTED["name"],
        PLANTED["id_number"],
        PLANTED["address"],
    )
    shown = (await office.staff().GetRequest(pb.GetRequestRequest(number=sent.number))).request
    assert (shown.steps[0].what, shown.steps[0].staff) == ("applicant_read", CLERK.id)
    assert "applicant_read" not in [step.what for step in (await office.look_up(sent)).steps]


async def test_acts_say_what_can_be_done_and_why_not(office: Office) -> None:
    """Given a new request, when the clerk sees it, then each act is allowed or stands with its reasons and article."""
    sent = await office.submit()
    shown = (await office.staff().GetRequest(pb.GetRequestRequest(number=sent.number))).request
    acts = {act.code: act for act in shown.acts}
    assert [code for code, act in acts.items() if act.allowed] == [
        "confirm_receipt", "record_search", "read_applicant",
    ]  # fmt: skip
    assert [reason.code for reason in acts["not_held"].reasons] == ["receipt.none", "search.none"]
    assert acts["erase"].reasons[0].message_zh.startswith("本件还没有作出决定")


async def test_organ_is_asked_by_a_company(office: Office) -> None:
    """Given an organisation with its credit code and contact, when it asks, then it is taken in; a wrong code is told."""
    company = {
        "kind": "enterprise",
        "id_kind": "uscc",
        "id_number": placeholder_uscc("stone", COUNTY),
        "name": "灵璧石材厂",
    }
    right = await office.submit(applicant=company | {"contact_name": "种树人乙"})
    assert (await office.look_up(right)).applicant_masked == "灵璧**"
    wrong = form(applicant=company | {"id_number": placeholder_uscc("stone", COUNTY)[:-1] + "*"})
    _, reasons = await refused(office.public.Submit(wrong))
    assert reasons == ["applicant.contact-name", "applicant.uscc"]
    assert wrong.organ == ORGAN


async def test_an_organ_that_ended_is_asked_no_more(office: Office) -> None:
    """Given an organ that ends tomorrow, then it is still asked today; tomorrow its successor is named, what it took stays.

    A new name that was told ahead is borne from its day on, everywhere. An end that is taken back is no more.
    """
    tomorrow = office.clock.today + timedelta(days=1)
    gone = "341323-gone"
    told = OrganChanged(
        code=gone, version=1, name="灵璧县某局", short_name="某局", division=COUNTY,
        uscc=placeholder_uscc(gone, COUNTY), ended_on=tomorrow, successor=ORGAN,
        former_names=(FormerName(name="灵璧县旧局", until=tomorrow),),
    )  # fmt: skip
    await office.tell(told)
    await office.until(lambda: office.rows("SELECT 1 FROM organ WHERE code = '341323-gone'"))
    sent = await office.submit(organ=gone)
    assert (sent.organ_name, (await office.look_up(sent)).organ_name) == ("灵璧县旧局", "灵璧县旧局")

    office.clock.on(tomorrow.isoformat())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.submit(organ=gone)
    (reason,) = reasons_of(caught.value)
    assert (reason.code, reason.field) == ("organ.ended", "organ")
    assert f"{tomorrow} 撤并" in reason.message_zh
    assert "灵璧县民政局”（341323-mzj）承继" in reason.message_zh
    assert "“灵璧县某局”" in reason.message_zh
    found = await office.look_up(sent)
    assert (found.phase, found.organ_name) == ("submitted", "灵璧县某局")
    await office.tell(told.model_copy(update={"version": 2, "ended_on": None, "successor": ""}))
    await office.until(
        lambda: office.rows("SELECT 1 FROM organ WHERE code = '341323-gone' AND ended_on IS NULL")
    )
    assert (await office.submit(organ=gone)).organ_name == "灵璧县某局"
