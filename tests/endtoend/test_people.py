"""Those who publish, those who want to be told and those who ask, by keyboard: on a desk, and on a phone without script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser

from gongkai.serving.clock import legal_day, utc_now
from tests.endtoend.city import City
from tests.endtoend.people import NARROW, WIDE, Account, Look, Person, hire, person
from tests.endtoend.sample import credit_code
from tests.endtoend.subscribers import Gateway

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(420)]

ORGAN = "341323-dukou"
ORGAN_NAME = "灵璧县渡口管理所（演示）"
DOMAIN = "公共文化服务"
GROUND = "条例第二十条第（八）项"
APPLICANT = "王秀兰（演示）"
IDENTITY = "341323195603021525"
REPLY = "验收报告\n工程质量合格，共修缮候船室 3 间。\n".encode()
LIST = "渡口,开放时间\n北关渡,19:00-22:00\n".encode()


@dataclass(slots=True)
class Crew:
    """The staff of one organ before their browsers, and whatever else walks by."""

    city: City
    browser: Browser
    gateway: Gateway
    look: Look
    editor: Person
    reviewer: Person
    clerk: Person
    stack: AsyncExitStack

    async def citizen(self, name: str) -> Person:
        """Somebody from the street."""
        site = self.city.endpoints["portal"]
        return await self.stack.enter_async_context(person(self.browser, site, name, self.look))

    async def until(self, so: Callable[[], bool], what: str) -> None:
        """Wait until it is so."""
        await asyncio.to_thread(self.city.wait, so, what, 90)

    async def searchable(self, index_number: str) -> None:
        """Wait until a record is in the index, and so on its way to everybody who follows."""
        found = self.city.query(
            "publishing", "SELECT record_id FROM record WHERE index_number = %s", index_number
        )
        await self.until(lambda: found[0][0] in self.city.indexed(ORGAN), f"{index_number} is searchable")

    async def told(self) -> None:
        """Wait until all that was published has been read by everybody, and every message has gone out."""
        await self.until(self.city.idle, "all that happened is read")
        waiting = "SELECT count(*) FROM message WHERE state IN ('queued', 'sending')"
        await self.until(lambda: self.city.query("notify", waiting) == [(0,)], "no message waits")

    def mails(self, address: str) -> list[dict[str, str]]:
        """What the gateway received for an address, but for codes."""
        rows = self.gateway.messages(channel="email", recipient=address)
        return [row for row in rows if "验证码" not in row["subject"]]


@pytest.fixture(scope="module")
def accounts(city: City) -> dict[str, Account]:
    """An editor who may also review, a reviewer and a clerk of an organ, made by the operator."""
    city.cli("organ", "add", ORGAN, "--name", ORGAN_NAME, "--uscc", credit_code(ORGAN))
    return {
        "editor": hire(city, "dukou-bianji", "何静（演示）", ORGAN, "编辑", "审核员"),
        "reviewer": hire(city, "dukou-shenhe", "李明（演示）", ORGAN, "审核员"),
        "clerk": hire(city, "dukou-banli", "赵立新（演示）", ORGAN, "依申请经办人"),
    }


@pytest.fixture(scope="module", params=[WIDE, NARROW], ids=lambda look: look.name)
async def crew(
    request: pytest.FixtureRequest, city: City, browser: Browser, accounts: dict[str, Account]
) -> AsyncIterator[Crew]:
    """The staff, logged in, each in a browser of their own."""
    async with AsyncExitStack() as stack:
        staff = {}
        for name, account in accounts.items():
            one = await stack.enter_async_context(
                person(browser, city.endpoints["portal"], name, request.param)
            )
            await one.log_in(account.login, account.password, account.chosen)
            staff[name] = one
        gateway = Gateway(city.endpoints["sandbox"])
        stack.callback(gateway.client.close)
        yield Crew(city, browser, gateway, request.param, **staff, stack=stack)


async def publish(crew: Crew, title: str) -> str:
    """A record by two people, from an empty form to the public page; its index number."""
    editor, reviewer = crew.editor, crew.reviewer
    await editor.visit("/staff/drafts/new")
    await editor.fill("标题", title)
    await editor.pick("信息种类", "通知公告")
    await editor.fill("成文日期", legal_day(utc_now()).isoformat())
    await editor.pick("领域", DOMAIN)
    await editor.fill("正文", f"{title}，现予公布。")
    await editor.press("保存并查看")
    draft = editor.address
    await propose(editor)
    await reviewer.visit(draft)
    await reviewer.follow("确认公开属性")
    await reviewer.press("确认")
    await reviewer.follow("公开")
    await reviewer.press("现在公开")
    return await index_number(reviewer)


async def propose(editor: Person) -> None:
    """Propose that a draft be public, from its page."""
    await editor.follow("提出公开属性建议")
    await editor.choose("主动公开")
    await editor.fill("依据和理由", GROUND)
    await editor.press("提出建议")


async def index_number(reader: Person) -> str:
    """The index number on the page of a published draft."""
    link = reader.page.locator('dl.facts a[href^="/r/"]')
    return (await link.inner_text()).strip()


async def test_two_people_publish_a_record_and_take_it_back(crew: Crew) -> None:
    """Written and proposed by one, who may not confirm it; confirmed and published by another; found, revised, withdrawn."""
    editor, reviewer = crew.editor, crew.reviewer
    title = f"渡口夜间开放安排（{crew.look.name}）"

    await editor.visit("/staff/")
    await editor.look_at("desk")
    await editor.menu("信息发布")
    await editor.look_at("drafts-empty")
    await editor.follow("新建信息")
    await editor.fill("标题", title)
    await editor.pick("信息种类", "通知公告")
    await editor.fill("成文日期", "二〇二六年")
    await editor.pick("领域", DOMAIN)
    await editor.press("保存并列出事项")
    await editor.look_at("editor-matters")
    await editor.pick("公开事项", "公共文化机构免费开放信息")
    await editor.fill("成文日期", legal_day(utc_now()).isoformat())
    await editor.fill("内容概述", "夏季夜间开放的渡口和时间")
    await editor.fill(
        "正文", "第一章　总则\n第一条　为了方便夜间过河，制定本安排。\n第二条　渡口在夏季开放到二十二时。"
    )
    await editor.attach("添加附件", "渡口名单.csv", LIST)
    await editor.press("保存并查看")
    await editor.see(title, "渡口名单.csv", "第二条")
    await editor.look_at("draft")
    await editor.follow("提出公开属性建议")
    await editor.choose("主动公开")
    await editor.press("提出建议")
    await editor.look_at("propose-refused")
    await editor.fill("依据和理由", GROUND)
    await editor.press("提出建议")
    await editor.see("不能由您本人确认", "第十七条")
    assert await editor.page.locator("main").get_by_role("link", name="确认公开属性").count() == 0
    await editor.look_at("may-not-confirm")

    await reviewer.visit("/staff/")
    await reviewer.look_at("desk-to-confirm")
    await reviewer.follow(title)
    await reviewer.follow("确认公开属性")
    await reviewer.look_at("confirm")
    await reviewer.press("确认")
    await reviewer.follow("公开")
    await reviewer.see("公众立刻可以看到")
    await reviewer.look_at("publish")
    await reviewer.press("现在公开")
    await reviewer.look_at("published")
    number = await index_number(reviewer)

    citizen = await crew.citizen("citizen")
    await crew.searchable(number)
    await citizen.visit("/341323/")
    await citizen.reach(citizen.page.get_by_role("searchbox").first)
    await citizen.page.keyboard.type("夜间过河 渡口")
    async with citizen.page.expect_navigation():
        await citizen.page.keyboard.press("Enter")
    await citizen.look_at("search")
    await citizen.follow(title)
    await citizen.see(title, number, ORGAN_NAME, "渡口在夏季开放到二十二时")
    await citizen.look_at("record")
    assert await citizen.take("附件　渡口名单.csv", role="link") == LIST
    public = citizen.address

    await editor.visit("/staff/records/")
    await editor.look_at("records")
    await editor.press(f"修订《{title}》")
    await editor.fill("内容概述", "夏季夜间开放的渡口、时间和电话")
    await editor.press("保存并查看")
    await propose(editor)
    await reviewer.visit(editor.address)
    await reviewer.follow("确认公开属性")
    await reviewer.press("确认")
    await reviewer.follow("公开")
    await reviewer.press("现在公开")
    await citizen.visit(public)
    await citizen.see("夏季夜间开放的渡口、时间和电话")
    await citizen.look_at("record-revised")

    await reviewer.visit("/staff/records/")
    await reviewer.follow(f"撤回《{title}》")
    await reviewer.press("撤回")
    await reviewer.see("没有办成")
    await reviewer.look_at("withdraw-refused")
    await reviewer.fill("撤回理由", "开放时间还没有定，依据条例第六条撤回。")
    await reviewer.press("撤回")
    answer = await citizen.page.goto(public)
    assert answer is not None
    assert answer.status == 410
    await citizen.see("开放时间还没有定", number, ORGAN_NAME)
    assert title not in await citizen.page.content()
    await citizen.look_at("gone")
    assert [*editor.faults, *reviewer.faults, *citizen.faults] == []


async def test_a_citizen_is_told_once_and_leaves(crew: Crew) -> None:
    """Subscribed from the county's page by a code that came by mail, told once, left with one press, told no more."""
    citizen = await crew.citizen("subscriber")
    address = f"reader-{crew.look.name}@example.invalid"
    await citizen.visit("/341323/")
    await citizen.follow(DOMAIN)
    await citizen.look_at("domain")
    await citizen.follow("订阅这个领域")
    await citizen.look_at("subscribe")
    await citizen.choose("电子邮件")
    await citizen.fill("邮箱或者手机号码", "没有邮箱")
    await citizen.press("订阅")
    await citizen.see("没有办成")
    await citizen.look_at("subscribe-refused")
    await citizen.fill("邮箱或者手机号码", address)
    await citizen.press("订阅")
    await citizen.look_at("code")
    await crew.until(lambda: bool(crew.gateway.code_for("email", address)), "the code has come")
    await citizen.fill("验证码", crew.gateway.code_for("email", address))
    await citizen.press("确认订阅")
    await citizen.see("订阅已经确认")
    await citizen.look_at("subscribed")

    first = await publish(crew, f"渡口读书会通知（{crew.look.name}）")
    await crew.searchable(first)
    await crew.told()
    mail = crew.mails(address)
    assert [first in row["body"] for row in mail] == [True]

    leave = re.search(r"http://\S+/subscribe/leave/\S+", mail[0]["body"])
    assert leave is not None
    await citizen.visit(leave.group())
    await citizen.see(DOMAIN, "灵璧县")
    await citizen.look_at("leave")
    await citizen.press("退订")
    await citizen.see("已经退订")
    await citizen.look_at("left")
    second = await publish(crew, f"渡口书架更新通知（{crew.look.name}）")
    await crew.searchable(second)
    await crew.told()
    assert len(crew.mails(address)) == 1
    assert [*citizen.faults, *crew.editor.faults, *crew.reviewer.faults] == []


def asked(look: Look) -> str:
    """What the applicant of a walk wants to see."""
    return f"2025年渡口候船室修缮工程的验收报告（{look.name}）"


async def apply(citizen: Person, address: str) -> tuple[str, str]:
    """Apply in four steps, with a slip at each that the page tells of; registration number and query code."""
    await citizen.visit("/341323/")
    await citizen.menu("依申请公开")
    await citizen.look_at("ways")
    await citizen.follow("网上申请")
    await citizen.press("找一找，继续")
    await citizen.look_at("step1-slip")
    await citizen.mend("还没有写要什么信息", asked(citizen.look))
    await citizen.press("找一找，继续")
    await citizen.look_at("step1-organs")
    if await citizen.page.get_by_role("radio", name="其他机关").count():
        await citizen.choose("其他机关")
    await citizen.pick("哪个机关" if await citizen.page.get_by_role("radio").count() else "向哪个机关申请", ORGAN_NAME)
    await citizen.press("保存，下一步")

    await citizen.choose("公民个人（自然人）")
    await citizen.fill("姓名或者单位名称", "王秀(演示)")
    await citizen.pick("证件类型", "居民身份证")
    await citizen.fill("证件号码", f"{IDENTITY[:-1]}0")
    await citizen.fill("联系电话", "13900000000")
    await citizen.fill("电子邮箱", address)
    await citizen.press("保存，下一步")
    await citizen.look_at("step2-slip")
    await citizen.holds(证件号码=f"{IDENTITY[:-1]}0", 联系电话="13900000000", 电子邮箱=address)
    await citizen.mend("身份证号码的最后一位与前 17 位对不上", IDENTITY)
    await citizen.press("保存，下一步")

    await citizen.choose("电子文档")
    await citizen.choose("邮寄")
    await citizen.press("保存，下一步")
    await citizen.look_at("step3-slip")
    await citizen.see("形式和领取方式配不上", "还没有写邮寄地址")
    await citizen.choose("在本站查询进度时下载")
    await citizen.press("保存，下一步")

    await citizen.see(asked(citizen.look), ORGAN_NAME, IDENTITY, address)
    await citizen.look_at("step4")
    await citizen.press("修改您是谁")  # a slip nobody but the reader can see
    await citizen.fill("姓名或者单位名称", APPLICANT)
    await citizen.press("保存，下一步")
    await citizen.press("保存，下一步")
    await citizen.see(APPLICANT)
    await citizen.press("提交申请")
    await citizen.look_at("receipt")
    number, code = await citizen.page.locator(".ticket dd").all_inner_texts()
    return number, code


async def answer(clerk: Person, number: str) -> None:
    """A clerk's work on a case: read who asks, confirm, see why it is due when it is, search, disclose."""
    await clerk.visit("/staff/")
    await clerk.look_at("desk")
    await clerk.menu("依申请公开")
    await clerk.see(number, asked(clerk.look), "等本机关确认收到")
    await clerk.look_at("worklist")
    await clerk.follow(asked(clerk.look))
    await clerk.look_at("case-submitted")
    await clerk.press("查看（留痕）")
    await clerk.see(APPLICANT, IDENTITY)
    await clerk.look_at("case-applicant")
    await clerk.follow("确认收到")
    await clerk.fill("怎样确认的", "电话确认，申请人本人接听")
    await clerk.look_at("receipt")
    await clerk.press("确认收到")
    await clerk.see("双方确认", "第三十一条第（三）项", "第三十三条", "期限届满", "写进文书的一句话")
    await clerk.look_at("case-running")
    await clerk.follow("登记检索记录")
    await clerk.fill("检索了哪些地方", "本机关档案室 2025 年工程卷")
    await clerk.fill("检索用的词", "候船室　验收")
    await clerk.fill("检索结果", "找到验收报告一份。")
    await clerk.look_at("search")
    await clerk.press("登记")
    await clerk.follow("予以公开")
    await clerk.fill("答复内容", "您申请的信息现予公开，见附件。")
    await clerk.press("下一步：核对")
    await clerk.see("还没有附上要公开的文件")
    await clerk.holds(答复内容="您申请的信息现予公开，见附件。")
    await clerk.look_at("disclose-slip")
    await clerk.attach("要公开的文件", "验收报告.txt", REPLY)
    await clerk.press("下一步：核对")
    await clerk.see("请再核对一次", "验收报告.txt")
    await clerk.look_at("disclose-again")
    await clerk.press("作出答复")
    await clerk.see("予以公开", "找到验收报告一份", "查看了申请人信息")
    await clerk.look_at("case-decided")


async def test_another_asks_and_is_answered(crew: Crew) -> None:
    """Applied in four steps, confirmed, explained, answered with a file, told of once, looked up; no address betrays it."""
    citizen = await crew.citizen("applicant")
    address = f"asker-{crew.look.name}@example.invalid"
    number, code = await apply(citizen, address)
    await answer(crew.clerk, number)

    await crew.until(lambda: bool(crew.mails(address)), "the notice has come")
    await crew.told()
    mail = crew.mails(address)
    assert [number in row["subject"] for row in mail] == [True]
    assert not any(word in str(mail) for word in (code, asked(crew.look), APPLICANT, IDENTITY))

    await citizen.visit("/341323/requests/lookup")
    await citizen.fill("登记编号", number)
    await citizen.fill("查询码", "AAAAA-AAAAA")
    await citizen.press("查询", within="main form.steps")
    await citizen.see("没有查到这件申请")
    await citizen.look_at("lookup-slip")
    await citizen.fill("查询码", code.lower())
    await citizen.press("查询", within="main form.steps")
    await citizen.see("您申请的信息现予公开", "按期答复", "第三十三条第二款", "王**")
    await citizen.look_at("progress")
    assert await citizen.take("下载 验收报告.txt", role="button") == REPLY
    spoken = {number, code, code.replace("-", ""), code.lower()}
    assert not [url for url in citizen.addresses for word in spoken if word in url]
    assert not [url for url in crew.clerk.addresses for word in spoken - {number} if word in url]
    assert [*citizen.faults, *crew.clerk.faults] == []
