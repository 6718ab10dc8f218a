"""Those who publish, those who want to be told and those who ask, by keyboard: on a desk, and on a phone without script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser

from tests.endtoend.city import City
from tests.endtoend.deeds import (
    APPLICANT,
    DOMAIN,
    IDENTITY,
    LIST,
    ORGAN_NAME,
    REPLY,
    answer,
    apply,
    asked,
    index_number,
    publish,
    release,
    revise,
    withdraw,
    write,
)
from tests.endtoend.people import NARROW, WIDE, Account, Look, Person, hire, person
from tests.endtoend.sample import credit_code
from tests.endtoend.subscribers import Gateway

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(420)]

ORGAN = "341323-dukou"


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
        "editor": hire(city, "dukou-bianji", "何静（演示）", ORGAN, "编辑", "复核员"),
        "reviewer": hire(city, "dukou-shenhe", "李明（演示）", ORGAN, "复核员"),
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


async def test_two_people_publish_a_record_and_take_it_back(crew: Crew) -> None:
    """Written and proposed by one, who may not confirm it; confirmed and published by another; found, revised, withdrawn."""
    editor, reviewer = crew.editor, crew.reviewer
    title = f"渡口夜间开放安排（{crew.look.name}）"
    await write(editor, title)
    await editor.see("不能由您本人确认", "第十七条")
    assert await editor.page.locator("main").get_by_role("link", name="确认公开属性").count() == 0
    await editor.look_at("may-not-confirm")

    await reviewer.visit("/staff/")
    await reviewer.look_at("desk-to-confirm")
    await reviewer.follow(title)
    await release(reviewer, looking=True)
    number = await index_number(reviewer)

    citizen = await crew.citizen("citizen")
    await crew.searchable(number)
    await citizen.visit("/341323/")
    await citizen.search("夜间过河 渡口")
    await citizen.look_at("search")
    await citizen.follow(title)
    await citizen.see(title, number, ORGAN_NAME, "渡口在夏季开放到二十二时")
    await citizen.look_at("record")
    assert await citizen.take("附件　渡口名单.csv", role="link") == LIST
    public = citizen.address

    await revise(editor, reviewer, title, "夏季夜间开放的渡口、时间和电话")
    await citizen.visit(public)
    await citizen.see("夏季夜间开放的渡口、时间和电话")
    await citizen.look_at("record-revised")

    await withdraw(reviewer, title, "开放时间还没有定，依据条例第六条撤回。")
    gone = await citizen.page.goto(public)
    assert gone is not None
    assert gone.status == 410
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

    first = await publish(crew.editor, crew.reviewer, f"渡口读书会通知（{crew.look.name}）")
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
    second = await publish(crew.editor, crew.reviewer, f"渡口书架更新通知（{crew.look.name}）")
    await crew.searchable(second)
    await crew.told()
    assert len(crew.mails(address)) == 1
    assert [*citizen.faults, *crew.editor.faults, *crew.reviewer.faults] == []


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
