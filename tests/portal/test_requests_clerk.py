"""A clerk's list and cases, and what is done with them, without script."""

from __future__ import annotations

import httpx
import pytest

from gongkai.refusal import Reason
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from tests.portal.reader import Page, Reader, signed_in
from tests.portal.world import World
from tests.portal.world_requests import (
    DISCLOSED,
    ERASED,
    EVIL,
    EVIL_TEXT,
    NOT_HELD,
    OVERDUE,
    PROVISIONAL,
    RUNNING,
    WAITING,
)
from tests.portal.world_staff import PASSWORD

LIST = "/staff/requests/"
PDF = ("明细表.pdf", b"%PDF-1.4 reply", "application/pdf")


@pytest.fixture
async def clerk(site: httpx.AsyncClient, world: World) -> Reader:
    """The clerk of the organ that has the requests."""
    assert world.desk.requests
    return await signed_in(site, "banli", PASSWORD)


@pytest.fixture
async def admin(site: httpx.AsyncClient) -> Reader:
    """The administrator of the county, who is no clerk."""
    return await signed_in(site, "guanli", PASSWORD)


def private(page: Page) -> None:
    """Nobody keeps the page, and where it leads learns nothing of its address."""
    assert page.answer.headers["cache-control"] == "no-store"
    assert page.answer.headers["referrer-policy"] == "no-referrer"


async def test_the_list_shows_what_is_due(clerk: Reader) -> None:
    """The most urgent stand on top, each with shape and words for its clock; filters count and choose; pages follow."""
    page = await clerk.open(LIST)
    assert "9 件" in page.text
    for told in (
        "◆ 逾期 1 个工作日",
        "▲ 剩 3 个工作日",
        "● 剩 9 个工作日",
        "‖ 未起算",
        "◌ 暂定 2027-01-05",
        "1 件已逾期。",
    ):
        assert told in page.text
    assert page.html.index(OVERDUE) < page.html.index(RUNNING)
    page = await clerk.open(f"{LIST}?clock=overdue")
    assert OVERDUE in page.text
    assert RUNNING not in page.text
    assert "没有这一页" in (await clerk.open(f"{LIST}?page=9")).text
    assert (await clerk.open(f"{LIST}?page=x")).status == 400


async def test_an_empty_list_says_why(clerk: Reader, world: World) -> None:
    """Without requests the page says when there will be some."""
    world.desk.requests.clear()
    assert "还没有收到申请" in (await clerk.open(LIST)).text


async def test_a_case_has_five_axes_and_a_clock_day_by_day(clerk: Reader) -> None:
    """Phase, outcome, clock, visibility, delivery stand apart; the calendar, the steps and the sentence say one date."""
    page = await clerk.open(f"{LIST}{RUNNING}")
    for axis in ("环节", "结果", "期限", "可见范围", "送达"):
        assert f"<dt>{axis}</dt>" in page.html
    assert "11月5日，不计，网上提交" in page.text
    assert "11月7日，休息日，不计" in page.text
    assert "11月23日，今天，第 11 日" in page.text
    assert "12月4日，期限届满，第 20 日，答复期限" in page.text
    assert "答复期限届满日为2026年12月4日" in page.text
    assert "王**" in page.text
    assert "王秀兰" not in page.html
    private(page)


async def test_acts_are_offered_or_refused_with_reasons(clerk: Reader) -> None:
    """What can be done is a link with its article; what cannot says why; another's act is not offered."""
    page = await clerk.open(f"{LIST}{RUNNING}")
    links = {str(given.get("href")) for tag, given in page.tags if tag == "a"}
    assert {f"{LIST}{RUNNING}/{slug}" for slug in ("search", "disclose", "correction")} <= links
    assert not {f"{LIST}{RUNNING}/{slug}" for slug in ("receipt", "not-held", "erase")} & links
    assert "还没有登记检索记录" in page.text
    assert "由管理员删除" in page.text
    page = await clerk.open(f"{LIST}{RUNNING}/not-held")
    assert "现在不能做" in page.text
    assert not [one for one in page.forms if one.action.endswith("not-held")]


async def test_reading_the_applicant_leaves_a_trace(clerk: Reader, world: World) -> None:
    """The applicant is behind a button that the office records; opening the case again hides them."""
    await clerk.open(f"{LIST}{RUNNING}")
    page = await clerk.press("查看（留痕）")
    assert "王秀兰（演示）" in page.text
    assert "13900000000" in page.text
    private(page)
    (read,) = world.desk.commands
    assert isinstance(read, pb.ReadApplicantRequest)
    assert read.command_id
    assert "王秀兰" not in (await clerk.open(f"{LIST}{RUNNING}")).html


async def test_receipt_is_confirmed_with_date_and_proof(clerk: Reader, world: World) -> None:
    """确认收到 tells the consequences, takes the day and how it was confirmed, and goes back to the case."""
    page = await clerk.open(f"{LIST}{WAITING}/receipt")
    assert "答复期限从收到之日的第二天起算" in page.text
    page = await clerk.press("确认收到", on="2026-11-22", proof="电话确认，申请人本人接听")
    assert page.answer.url.path == f"{LIST}{WAITING}"
    assert "已确认收到。" in page.text
    (done,) = world.desk.commands
    assert (done.number, done.on, done.proof) == (WAITING, "2026-11-22", "电话确认，申请人本人接听")


async def test_a_day_recorded_wrongly_is_corrected(clerk: Reader, world: World) -> None:
    """更正收到日期 takes the right day and the reason."""
    await clerk.open(f"{LIST}{RUNNING}/correction")
    page = await clerk.press("更正", on="2026-11-09", reason="电话记录写错了日期")
    assert "收到日期已更正。" in page.text
    assert world.desk.commands[0].reason == "电话记录写错了日期"


async def test_refusals_keep_what_was_written(clerk: Reader, world: World) -> None:
    """Every reason of a refusal is told at its field, with the article; the input stays."""
    world.desk.refusals = [
        Reason("on.future", "收到日期晚于今天。", "on", "《政府信息公开条例》第三十一条"),
        Reason("proof.missing", "没有填写确认的方式和经过。", "proof"),
    ]
    await clerk.open(f"{LIST}{WAITING}/receipt")
    page = await clerk.press("确认收到", on="2027-01-01", proof=EVIL_TEXT)
    assert page.status == 422
    assert page.text.count("收到日期晚于今天。") == 2
    assert "《政府信息公开条例》第三十一条" in page.text
    assert page.value("proof") == EVIL_TEXT
    harmless(page)


async def test_not_held_needs_a_search_and_a_second_look(clerk: Reader, world: World) -> None:
    """Without a record of the search there is no such answer; with it, the answer is shown once more, then given."""
    await clerk.open(f"{LIST}{RUNNING}/search")
    page = await clerk.press(
        "登记", search__places="档案室", search__words="高标准农田", search__result="没有检索到"
    )
    assert "检索记录已登记。" in page.text
    assert "档案室" in page.text
    await clerk.open(f"{LIST}{RUNNING}/not-held")
    page = await clerk.press("下一步", on="2026-11-23")
    assert page.status == 422
    assert "还没有写答复" in page.text
    page = await clerk.press("下一步", text="经检索，本机关没有该信息。")
    assert "请再核对一次" in page.text
    assert len(world.desk.commands) == 1
    page = await clerk.press("作出答复")
    assert "已作出答复：经检索不存在。" in page.text
    decided = world.desk.commands[1]
    assert (decided.outcome, decided.text, decided.on) == (
        "not_held",
        "经检索，本机关没有该信息。",
        "2026-11-23",
    )


async def test_a_reply_is_disclosed_with_its_files(clerk: Reader, world: World) -> None:
    """Files are stored first, shown for a second look, can be gone back from, and named in the decision."""
    await clerk.open(f"{LIST}{RUNNING}/disclose")
    page = await clerk.press("下一步", text="现将信息提供给您。")
    assert "还没有附上要公开的文件" in page.text
    page = await clerk.press("下一步", files=[("files", PDF)])
    assert "明细表.pdf" in page.text
    assert world.desk.commands == []
    page = await clerk.press("返回修改")
    assert page.value("text") == "现将信息提供给您。"
    assert "已经上传的文件" in page.text
    await clerk.press("下一步", text="现将信息提供给您，见附件。")
    page = await clerk.press("作出答复")
    assert "已作出答复：予以公开。" in page.text
    (decided,) = world.desk.commands
    assert decided.outcome == "disclosed"
    assert [file.name for file in decided.files] == ["明细表.pdf"]
    assert world.desk.files[decided.files[0].digest][2] == PDF[1]


async def test_too_large_a_file_is_told(clerk: Reader, world: World) -> None:
    """A file above the limit is refused with a page that says so; nothing is done."""
    await clerk.open(f"{LIST}{RUNNING}/disclose")
    page = await clerk.press(
        "下一步", text="x", files=[("files", ("a.bin", b"0" * 8_000_000, "application/x"))]
    )
    assert page.status == 413
    assert world.desk.commands == []


async def test_an_administrator_erases_with_a_reason(admin: Reader, world: World) -> None:
    """Who is no clerk sees no case; by number they erase, after the consequences were shown, with a reason."""
    page = await admin.open(LIST)
    assert "您没有依申请经办人的角色" in page.text
    assert (await admin.open(f"{LIST}{DISCLOSED}/search")).status == 404
    await admin.open(LIST)
    page = await admin.press("下一步", number=f" {DISCLOSED} ")
    assert page.answer.url.path == f"{LIST}{DISCLOSED}/erase"
    assert "不能撤销" in page.text
    page = await admin.press("下一步")
    assert "还没有写删除的理由" in page.text
    page = await admin.press("下一步", reason="保存期满")
    assert world.desk.commands == []
    page = await admin.press("永久删除")
    assert "申请人信息已经永久删除。" in page.text
    (erased,) = world.desk.commands
    assert (erased.number, erased.reason) == (DISCLOSED, "保存期满")


async def test_others_find_nothing(site: httpx.AsyncClient, world: World) -> None:
    """An editor finds no case and can do nothing; who is not logged in is sent to log in; foreign forms are refused."""
    assert (await site.get(LIST)).headers["location"].startswith("/staff/login")
    editor = await signed_in(site, "bianji", PASSWORD)
    assert "您没有依申请经办人的角色" in (await editor.open(LIST)).text
    assert (await editor.open(f"{LIST}{RUNNING}")).status == 404
    assert (await editor.open(f"{LIST}{RUNNING}/erase")).status == 404
    clerk = await signed_in(site, "banli", PASSWORD)
    page = await clerk.open(f"{LIST}{WAITING}/receipt")
    data = dict(page.form("确认收到").fields)
    path = f"{LIST}{WAITING}/receipt"
    foreign = await site.post(path, data=data, headers={"Origin": "https://evil.example"})
    blind = await site.post(
        path, data={**data, "csrf": "0"}, headers={"Origin": str(site.base_url).rstrip("/")}
    )
    assert [foreign.status_code, blind.status_code] == [403, 403]
    assert world.desk.commands == []
    assert (await clerk.open(f"{LIST}{RUNNING}/nothing")).status == 404


async def test_what_was_typed_does_no_harm(clerk: Reader) -> None:
    """Markup an applicant or a colleague typed is text on the list, the case, the applicant and the pages of acts."""
    harmless(await clerk.open(LIST))
    page = await clerk.open(f"{LIST}{EVIL}")
    harmless(page)
    assert page.text.count(EVIL_TEXT) >= 10
    page = await clerk.press("查看（留痕）")
    harmless(page)
    assert page.text.count(EVIL_TEXT) >= 16
    for slug in ("receipt", "search", "disclose", "erase"):
        harmless(await clerk.open(f"{LIST}{EVIL}/{slug}"))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (WAITING, "期限还没有起算"),
        (PROVISIONAL, "暂定"),
        (NOT_HELD, "第三十六条第（四）项"),
        (ERASED, "申请人信息和申请内容已经永久删除"),
    ],
)
async def test_each_state_of_a_case_is_told(clerk: Reader, number: str, told: str) -> None:
    """Not received, provisional, decided, erased: the case says what it is."""
    page = await clerk.open(f"{LIST}{number}")
    assert page.status == 200
    assert told in page.text


async def test_a_case_waits_while_the_office_is_away(clerk: Reader, world: World) -> None:
    """While the office is away its pages answer 503; a form sent then can be sent again."""
    await clerk.open(f"{LIST}{WAITING}/receipt")
    form = clerk.page
    world.away = {"requests"}
    assert (await clerk.open(LIST)).status == 503
    clerk.page = form
    assert (await clerk.press("确认收到", on="2026-11-22", proof="电话")).status == 503
    world.away = set()
    clerk.page = form
    assert "已确认收到。" in (await clerk.press("确认收到", on="2026-11-22", proof="电话")).text


def harmless(page: Page) -> None:
    """The page has no element, attribute or sum that came from what somebody typed."""
    assert "<script>alert" not in page.html
    assert not [given for tag, given in page.tags if tag == "img" and given.get("src") == "x"]
    assert not [name for _tag, given in page.tags for name in given if name.startswith("on")]
