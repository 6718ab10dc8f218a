"""From "the province revised a guide" to "my township's catalogue is public", by keyboard: at a desk and on a phone without script."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser

from tests.endtoend import stewards
from tests.endtoend.city import City
from tests.endtoend.people import NARROW, WIDE, Look, Person, person
from tests.endtoend.stewards import (
    GUIDED,
    NEW,
    RENAMED,
    begin,
    open_row,
    propose,
    publish,
    review,
    shelf,
    take,
)

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(420)]

GUIDE = "基层政务公开标准指引"
STANDARD = "宿州市基层政务公开标准目录"
COUNTY = "灵璧县"
TOWNSHIP = "渔沟镇"
TABLE = "标准指引（修订）.xlsx"
NOTE = "按省里修订的指引调整养老服务和社会救助。"


async def test_a_guide_that_was_revised_reaches_a_townships_catalogue(city: City, browser: Browser) -> None:
    """Imported into the guide, taken over by city, county and township, each reviewed by another; then read by a citizen.

    Axe sees every page at a desk, and every kind of page once on a phone.
    """
    passwords = await stewards.settle_in(city.state)
    faults: list[str] = []
    narrow: set[str] = set()
    async with AsyncExitStack() as stack:

        async def enter(login: str, look: Look) -> Person:
            one = await stack.enter_async_context(person(browser, city.endpoints["portal"], login, look))
            one.faults, one.narrow = faults, narrow
            if login in passwords:
                await one.log_in(login, passwords[login], passwords[login])
            return one

        drafter, reviewer = [await enter(login, WIDE) for login in ("shimulu", "shifuhe")]
        await the_guide(drafter, reviewer)
        await the_city(drafter, reviewer)
        await the_county(*[await enter(login, NARROW) for login in ("mulu", "fuhe")])
        await the_township_decides(*[await enter(login, NARROW) for login in ("zhenmulu", "zhenfuhe")])
        await the_township_publishes(*[await enter(login, WIDE) for login in ("zhenmulu", "zhenfuhe")])
        for look in (WIDE, NARROW):
            await the_public(await enter("citizen", look))
    assert faults == []


async def the_guide(drafter: Person, reviewer: Person) -> None:
    """The steward exports the guide, has it as the province changed it, imports it; another publishes."""
    await shelf(drafter, GUIDE)
    await begin(drafter)
    table = stewards.revised(await drafter.take("导出现行目录", role="link"))
    await drafter.follow("导入表格")
    await drafter.look_at("import", narrow_too=True)
    await drafter.attach("工作簿（.xlsx）", TABLE, table)
    await drafter.press("上传并查看")
    await drafter.see(
        "每个格子都能读",
        "新增 1 项，修改 3 项，删除 0 项",
        "改名",
        RENAMED,
        NEW,
        "8个工作日内",
        "5个工作日内",
    )
    await drafter.look_at("import-seen", narrow_too=True)
    await drafter.press("导入草稿")
    await drafter.see("表格已导入草稿")
    await drafter.look_at("imported", narrow_too=True)
    await propose(drafter, NOTE)
    await review(reviewer, GUIDE, NOTE, "新增 1 项", NEW)
    await publish(reviewer, 2)


async def the_city(drafter: Person, reviewer: Person) -> None:
    """The standard follows, but for the new matter, which is decided in the table."""
    await shelf(drafter, STANDARD, looking=False)
    await begin(drafter)
    await take(drafter)
    await drafter.follow("逐项决定")
    await drafter.see("送复核前还有 1 处要决定", NEW)
    await drafter.look_at("to-decide")
    await stewards.decide_in_the_grid(drafter, "将：沿用")
    await propose(drafter, NOTE)
    await review(reviewer, STANDARD, NEW, RENAMED)
    await publish(reviewer, 2)


async def the_county(drafter: Person, reviewer: Person) -> None:
    """The county has written one of the cells itself: both texts are shown, and it keeps its own."""
    await shelf(drafter, COUNTY)
    await begin(drafter)
    await take(drafter)
    await drafter.follow("逐项决定")
    await drafter.see("送复核前还有 2 处要决定", "两边都改了“公开时限”", NEW)
    await drafter.look_at("to-decide")
    await drafter.press("沿用")
    await open_row(drafter, "办事指南")
    await drafter.see("原来", GUIDED, "5个工作日内")
    await drafter.look_at("both-changed")
    await drafter.press("留本县")
    await drafter.look_at("decided")
    await propose(drafter, NOTE)
    await review(reviewer, COUNTY, NEW, RENAMED)
    await publish(reviewer, 2)


async def the_township_decides(drafter: Person, reviewer: Person) -> None:
    """On a phone: the township keeps its quarterly limit and adopts the new matter; its reviewer sends it back."""
    await shelf(drafter, TOWNSHIP, looking=False)
    await begin(drafter)
    await take(drafter)
    await drafter.follow("逐项决定")
    await drafter.see("送复核前还有 2 处要决定", "两边都改了“公开时限”", NEW)
    await drafter.look_at("to-decide")
    await drafter.press("沿用")
    await drafter.press("留本镇")
    await drafter.see("没有要决定的了")
    await drafter.look_at("decided")
    await propose(drafter, NOTE)
    await review(reviewer, TOWNSHIP, NEW, RENAMED)
    await reviewer.follow("退回")
    await reviewer.look_at("return")
    await reviewer.fill("退回的理由", "新增的补贴请写明由民政所办理。")
    await reviewer.press("退回")
    await reviewer.see("已退回起草人")
    await reviewer.look_at("returned")


async def the_township_publishes(drafter: Person, reviewer: Person) -> None:
    """At a desk: what was asked for is written into the matter, sent again and published."""
    await shelf(drafter, TOWNSHIP, looking=False)
    await drafter.see("复核人退回了这一版", "由民政所办理")
    await drafter.look_at("sent-back", narrow_too=True)
    await drafter.follow("21 养老服务")
    await drafter.look_at("sheet", narrow_too=True)
    await open_row(drafter, NEW)
    await drafter.look_at("matter", narrow_too=True)
    await drafter.fill("责任科室", "民政所")
    await drafter.fill("说明", "由镇民政所办理")
    await drafter.press("保存")
    await drafter.see("已保存这一项")
    await drafter.look_at("saved", narrow_too=True)
    await propose(drafter, NOTE)
    await review(reviewer, TOWNSHIP, NEW, "民政所")
    await publish(reviewer, 2)


async def the_public(citizen: Person) -> None:
    """The township's new edition, the new matter, and how it differs from the county's, with reasons."""
    await citizen.visit("/341323110/")
    await citizen.look_at("home")
    await citizen.menu("事项目录")
    await citizen.see("第 2 版")
    await citizen.look_at("catalogue")
    await citizen.follow("养老服务")
    await citizen.see(NEW, RENAMED, "每季度更新")
    await citizen.look_at("domain")
    await citizen.follow(NEW)
    await citizen.see("由镇民政所办理")
    await citizen.look_at("matter")
    await citizen.menu("事项目录")
    await citizen.follow("与县级目录的差别")
    await citizen.see(NEW, "由镇民政所办理", "每季度更新", "高龄津贴按季发放", "汛期值守安排")
    await citizen.look_at("differences")
