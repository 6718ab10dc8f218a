"""Applying and looking up, as a reader without script does it."""

from __future__ import annotations

import httpx
import pytest

from gongkai.refusal import Reason
from tests.portal.reader import Page, Reader
from tests.portal.world import World
from tests.portal.world_requests import (
    CODE,
    DISCLOSED,
    ERASED,
    EVIL,
    EVIL_TEXT,
    NOT_HELD,
    OVERDUE,
    PROVISIONAL,
    REMEDY,
    RUNNING,
    WAITING,
)

NEW = "/341323/requests/new/1"
LOOKUP = "/341323/requests/lookup"
ID_NUMBER = "341323195603021525"
WHO = {"kind": "natural", "name": "王秀兰（演示）", "id_kind": "resident_id", "id_number": ID_NUMBER}
CONTACT = {"phone": "13900000000", "email": "wang@example.invalid"}


@pytest.fixture
def reader(site: httpx.AsyncClient) -> Reader:
    """Somebody with a browser without script."""
    return Reader(site)


def private(page: Page) -> None:
    """Nobody keeps the page."""
    assert page.answer.headers["cache-control"] == "no-store"
    assert "etag" not in page.answer.headers


async def to_step(reader: Reader, step: int, description: str = "农田建设") -> Page:
    """Fill in the steps before one."""
    await reader.open(NEW)
    await reader.press("找一找", description=description)
    page = await reader.press("下一步", organ="other", other_organ="341323-mzj")
    if step > 2:
        page = await reader.press("下一步", **WHO, **CONTACT)
    if step > 3:
        page = await reader.press("下一步", supply="electronic", delivery="online")
    assert f"第 {step} 步，共 4 步" in page.text
    return page


async def test_an_application_is_filed_in_four_steps(reader: Reader, world: World) -> None:
    """Description, matches once, organ, person, form, check: the office gets Art. 29's content; number and code are shown."""
    await reader.open(NEW)
    private(reader.page)
    page = await reader.press("找一找", description="浍沟镇2026年高标准农田建设项目竣工验收公告")
    assert "先看看这些已经公开的信息" in page.text
    assert "有您要的就不用申请" in page.text
    assert "灵璧县浍沟镇人民政府" in page.text
    page = await reader.press("下一步", organ="341323-hgz")
    assert "您是谁？" in page.text
    page = await reader.press("下一步", **WHO, **CONTACT)
    assert "怎么给您？" in page.text
    page = await reader.press("下一步", supply="electronic", delivery="email")
    assert "核对并提交" in page.text
    for shown in ("浍沟镇2026年", "王秀兰（演示）", ID_NUMBER, "灵璧县浍沟镇人民政府"):
        assert shown in page.text
    private(page)
    page = await reader.press("提交申请")
    assert WAITING in page.text
    assert "K7QM3-XPD9T" in page.text
    assert "条例第三十一条第（三）项" in page.text
    private(page)
    assert page.answer.headers["referrer-policy"] == "no-referrer"
    (asked,) = world.desk.submitted
    assert (asked.organ, asked.applicant.name, asked.content.delivery) == (
        "341323-hgz",
        "王秀兰（演示）",
        "email",
    )
    assert asked.client == "127.0.0.1"
    page = await reader.press("现在看看进度")
    assert "还没有起算" in page.text
    secrets = (WAITING, "K7QM3", CODE, ID_NUMBER, "王秀兰", "13900000000")
    assert not [one for one in reader.seen for secret in secrets if secret in one]


async def test_a_form_sent_twice_is_one_application(reader: Reader, world: World) -> None:
    """Submitting the same page again (a double click, a reload) is the same command."""
    page = await to_step(reader, 4)
    await reader.press("提交申请")
    reader.page = page
    again = await reader.press("提交申请")
    assert WAITING in again.text
    assert len(world.desk.submitted) == 1


async def test_slips_are_told_on_top_and_beside_the_field(reader: Reader) -> None:
    """A slip comes back with its step: a summary with links, the sentence beside the field, and the input kept."""
    await to_step(reader, 2)
    page = await reader.press("下一步", **{**WHO, "id_number": "341323195603021520"})
    assert page.status == 422
    assert "有 2 处需要修改" in page.text
    targets = [
        str(given["href"])
        for tag, given in page.tags
        if tag == "a" and str(given.get("href")).startswith("#f-")
    ]
    ids = {given.get("id") for _tag, given in page.tags}
    assert targets == ["#f-id_number", "#f-phone"]
    assert {one[1:] for one in targets} <= ids
    assert page.text.count("最后一位与前 17 位对不上") == 2
    assert page.value("name") == "王秀兰（演示）"
    assert page.value("id_number") == "341323195603021520"
    assert page.value("description") == "农田建设"
    invalid = [given for _tag, given in page.tags if given.get("aria-invalid")]
    assert {str(one["name"]) for one in invalid} == {"id_number", "phone"}
    assert all(str(one["aria-describedby"]).split()[-1] in ids for one in invalid)


async def test_every_step_can_be_gone_back_to(reader: Reader) -> None:
    """返回上一步 and 修改 lead back with everything that was written, and forward again without asking twice."""
    await to_step(reader, 4)
    page = await reader.press("修改您是谁")
    assert page.value("name") == "王秀兰（演示）"
    page = await reader.press("返回上一步")
    assert page.value("description") == "农田建设"
    assert page.value("other_organ") == "341323-mzj"
    page = await reader.press("下一步")
    assert page.value("phone") == "13900000000"


async def test_a_step_cannot_be_skipped(reader: Reader, world: World) -> None:
    """A later step opened by address begins at the first; one sent without the steps before it shows what is missing."""
    page = await reader.open("/341323/requests/new/3")
    assert "第 1 步，共 4 步" in page.text
    await to_step(reader, 4)
    page = await reader.press("提交申请", name="")
    assert "第 2 步，共 4 步" in page.text
    assert "还没有写姓名" in page.text
    page = await reader.press("下一步", name="王秀兰", organ="999999-x")
    assert "没有这个机关" in page.text
    assert world.desk.submitted == []


async def test_the_office_has_the_last_word(reader: Reader, world: World) -> None:
    """What the office refuses comes back at the step it is about, with its reasons, and the input kept."""
    world.desk.refusals = [Reason("applicant.name", "姓名太长，请缩短。", "applicant.name")]
    await to_step(reader, 4)
    page = await reader.press("提交申请")
    assert page.status == 422
    assert "第 2 步，共 4 步" in page.text
    assert "姓名太长，请缩短。" in page.text
    assert page.value("phone") == "13900000000"


@pytest.mark.parametrize(("fault", "status"), [("away", 503), ("throttled", 429)])
async def test_nothing_is_lost_when_it_cannot_be_taken(
    reader: Reader, world: World, fault: str, status: int
) -> None:
    """While the office is away or asked too often, the last page stays, says why, and can be sent again."""
    page = await to_step(reader, 4)
    world.desk.throttled = fault == "throttled"
    world.away = {"requests"} if fault == "away" else set()
    page = await reader.press("提交申请")
    assert page.status == status
    assert page.answer.headers["retry-after"]
    assert "核对并提交" in page.text
    world.desk.throttled, world.away = False, set()
    page = await reader.press("提交申请")
    assert WAITING in page.text


async def test_the_form_works_without_search(reader: Reader, world: World) -> None:
    """While search is away, the first step goes on without matches."""
    world.away = {"search"}
    await reader.open(NEW)
    page = await reader.press("找一找", description="农田建设")
    assert page.status == 200
    assert "没有找到和您写的相近的公开信息" in page.text
    page = await reader.press("下一步", other_organ="341323-mzj")
    assert "您是谁？" in page.text


async def test_a_foreign_form_is_refused(site: httpx.AsyncClient, world: World) -> None:
    """A form from another site, without our token, or with another reader's, does nothing."""
    reader = Reader(site)
    page = await to_step(reader, 4)
    data = dict(page.form("提交申请").fields)
    here = str(site.base_url).rstrip("/")
    path = "/341323/requests/new/submit"
    foreign = await site.post(path, data=data, headers={"Origin": "https://evil.example"})
    silent = await site.post(path, data=data)
    blind = await site.post(path, data={**data, "csrf": ""}, headers={"Origin": here})
    async with httpx.AsyncClient(base_url=here, trust_env=False) as stranger:
        other = await stranger.post(path, data=data, headers={"Origin": here})
    looked = await site.post(
        LOOKUP, data={"number": RUNNING, "code": CODE}, headers={"Origin": "https://evil.example"}
    )
    assert [one.status_code for one in (foreign, silent, blind, other, looked)] == [403] * 5
    assert world.desk.submitted == []
    assert world.desk.clients == []


async def look(reader: Reader, number: str, code: str = "k7qm3-xpd9t") -> Page:
    await reader.open(LOOKUP)
    return await reader.press("查询", number=number, code=code)


async def test_a_request_is_looked_up_by_number_and_code(reader: Reader) -> None:
    """The due date, the working days as squares, the sentences with their articles, the steps, newest first."""
    page = await look(reader, f" {RUNNING.replace('-', '－')} ")
    assert "2026年12月4日" in page.text
    assert "星期五" in page.text
    assert "今天是第 11 日，之后还有 9 个工作日" in page.text
    assert page.html.count('<li class="sq-') == 20
    assert page.html.count("sq-past") == 10
    assert "《政府信息公开条例》第三十三条第二款" in page.text
    assert page.text.index("双方确认收到2026") < page.text.index("申请人在网上提交")
    assert "王**" in page.text
    private(page)
    assert page.answer.headers["referrer-policy"] == "no-referrer"
    assert page.answer.headers["refresh"] == f"900; url={LOOKUP}"
    assert not [one for one in reader.seen if RUNNING in one or "K7QM3" in one.upper()]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (OVERDUE, "已经超过最迟答复日 1 个工作日"),
        (WAITING, "还没有起算"),
        (PROVISIONAL, "暂定"),
        (DISCLOSED, "已在期限以内答复"),
        (NOT_HELD, "已经答复，超过了期限"),
        (NOT_HELD, REMEDY),
        (ERASED, "申请人信息和申请内容已经删除"),
    ],
)
async def test_each_state_is_told(reader: Reader, number: str, told: str) -> None:
    """Overdue, not begun, provisional, answered in time or late, erased: each says what it is."""
    assert told in (await look(reader, number)).text


async def test_an_erased_request_shows_nothing_of_the_applicant(reader: Reader) -> None:
    """After erasure neither name nor content is on the page; the steps are."""
    page = await look(reader, ERASED)
    assert "王**" not in page.text
    assert "已删除" in page.text
    assert "作出答复" in page.text


async def test_a_reply_is_downloaded_with_number_and_code(reader: Reader, world: World) -> None:
    """A file of the reply comes by a form that carries number and code, as a download that nobody keeps."""
    await look(reader, DISCLOSED)
    page = await reader.press("下载")
    assert page.answer.content == b"%PDF-1.4 invented"
    headers = page.answer.headers
    assert headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%88%90")
    assert headers["cache-control"] == "no-store"
    assert "sandbox" in headers["content-security-policy"]
    await look(reader, DISCLOSED)
    assert (await reader.press("下载", digest="0" * 64)).status == 404
    await look(reader, DISCLOSED)
    assert "没有查到" in (await reader.press("下载", code="WRONG")).text
    world.away = {"requests"}
    await reader.open(LOOKUP)
    assert (await reader.press("查询", number=DISCLOSED, code=CODE)).status == 503


async def test_every_wrong_pair_is_answered_alike(reader: Reader) -> None:
    """A number that does not exist and a code that is wrong are told in the same words; the code is not repeated."""
    said = []
    for number, code in (("341323-2026-99999", CODE), (OVERDUE, "AAAAAAAAAA"), (EVIL, "x")):
        page = await look(reader, number, code)
        assert page.status == 404
        said.append(page.text.replace(number, ""))
        assert page.value("code") == ""
    assert len({one[one.index("查询申请进度") :] for one in said}) == 1


async def test_a_missing_half_is_told_before_anybody_is_asked(reader: Reader, world: World) -> None:
    """A pair without one half, or a number of another shape, is told at its field."""
    page = await look(reader, "", "")
    assert page.status == 422
    assert "还没有写登记编号" in page.text
    assert "还没有写查询码" in page.text
    page = await look(reader, "12", CODE)
    assert "登记编号的写法不对" in page.text
    assert world.desk.clients == []


async def test_guessing_is_slowed_down(reader: Reader, world: World) -> None:
    """Who tries too often is told so, and for how long, with 429."""
    world.desk.throttled = True
    page = await look(reader, RUNNING)
    assert page.status == 429
    assert "尝试次数过多，请 10 分钟后再试。" in page.text


async def test_what_was_typed_does_no_harm(reader: Reader) -> None:
    """Markup in any field is text on every page it comes back on: the form, the check, the look-up, a file's name."""
    await to_step(reader, 2, EVIL_TEXT)
    page = await reader.press("下一步", **{**WHO, "name": EVIL_TEXT, "id_number": EVIL_TEXT}, email=EVIL_TEXT)
    harmless(page)
    assert page.value("name") == EVIL_TEXT
    await reader.press("下一步", **{**WHO, "name": EVIL_TEXT}, **CONTACT)
    page = await reader.press("下一步", supply="paper", delivery="post", address=EVIL_TEXT)
    harmless(page)
    assert page.text.count(EVIL_TEXT) >= 3
    page = await look(reader, EVIL)
    harmless(page)
    assert page.text.count(EVIL_TEXT) >= 8
    page = await reader.press("下载")
    assert "attachment" in page.answer.headers["content-disposition"]
    assert EVIL_TEXT not in page.answer.headers["content-disposition"]
    harmless(await look(reader, EVIL_TEXT, EVIL_TEXT))


def harmless(page: Page) -> None:
    """The page has no element, attribute or sum that came from what somebody typed."""
    assert "<script>alert" not in page.html
    assert not [given for tag, given in page.tags if tag == "img" and given.get("src") == "x"]
    assert not [name for _tag, given in page.tags for name in given if name.startswith("on")]
    assert "49" not in page.text.replace("2026", "")


async def test_lists_of_pages_are_not_for_strangers(reader: Reader) -> None:
    """Number and code in an address are not looked at: such an address shows the empty form."""
    page = await reader.open(f"{LOOKUP}?number={RUNNING}&code={CODE}")
    assert page.value("number") == ""
    assert "农田" not in page.text
