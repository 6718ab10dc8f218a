"""The public board of coverage and an organ's duties: every number leads to its list, every line says why."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.portal.person import Person
from tests.portal.reader import Page
from tests.portal.world import World


def links(page: Page) -> set[str]:
    return {given.get("href") or "" for tag, given in page.tags if tag == "a"}


async def test_every_number_of_the_board_opens_to_its_list(site: httpx.AsyncClient) -> None:
    """Organs with duties stand on the board, the others are named below; each count links to exactly its list."""
    page = Page(await site.get("/341323/oversight/coverage"))
    mzj = "/341323/oversight/341323-mzj/duties"
    assert {f"{mzj}?state={state}" for state in ("missing", "late", "due_soon", "overdue")} <= links(page)
    assert mzj in links(page)
    assert "另有 1 个机关" in page.text
    assert "超期公开依据《政府信息公开条例》第二十六条" in page.text
    assert "/341323/oversight/coverage" in links(Page(await site.get("/341323/oversight/")))


async def test_columns_are_judged_by_the_check_list(site: httpx.AsyncClient) -> None:
    """Empty and stale columns are listed and lead to the column; five empty ones fail, with the document cited."""
    page = Page(await site.get("/341323/oversight/coverage"))
    assert "达到 5 个，不合格" in page.text
    assert "国办秘函〔2019〕19号" in page.text
    assert {"/341323/statutory/law", "/341323/catalogue/16"} <= links(page)
    assert "/341323/catalogue/20" not in links(page)


async def test_the_city_shows_its_counties(site: httpx.AsyncClient) -> None:
    """On the city's board a county is one line, leading to the county's own board."""
    page = Page(await site.get("/341300/oversight/coverage"))
    assert "/341323/oversight/coverage" in links(page)
    assert not any(link.endswith("/duties") for link in links(page))
    assert "/341323/oversight/coverage#columns" in links(page)  # its numbers lead there too


async def test_an_organ_s_duties_say_how_they_stand(site: httpx.AsyncClient) -> None:
    """Each duty has its state, sentence, citation and due day; tabs narrow it, a domain narrows it further."""
    path = "/341323/oversight/341323-mzj/duties"
    page = Page(await site.get(path))
    assert "已经超过 11 个工作日" in page.text
    assert "依据：《灵璧县基层政务公开标准目录》第 2 版" in page.text
    assert "/341323/catalogue/20/m-20-005" in links(page)
    assert f"{path}?page=2" in links(page)
    overdue = Page(await site.get(f"{path}?state=overdue"))
    assert "/341323/catalogue/20/m-20-005" in links(overdue)
    assert "/341323/catalogue/20/m-20-003" not in links(overdue)
    domain = Page(await site.get(f"{path}?domain=10&state=overdue"))
    assert "没有这样的事项" in domain.text
    assert f"{path}?state=overdue" in links(domain)


async def test_what_cannot_be_shown_is_said(site: httpx.AsyncClient, world: World) -> None:
    """An organ without duties, a strange state, another county's organ, a county without a catalogue, no answer."""
    path = "/341323/oversight/341323-mzj/duties"
    assert "目录没有对应到这个机关的事项" in (await site.get(path.replace("mzj", "scjg"))).text
    assert (await site.get(f"{path}?state=perfect")).status_code == 400
    assert (await site.get(path.replace("/341323/", "/341324/", 1))).status_code == 404
    assert "没有这一页" in (await site.get(f"{path}?page=9")).text
    assert "还没有可以对照的事项" in (await site.get("/341324/oversight/coverage")).text
    village = (await site.get("/341323106201/oversight/coverage")).text
    assert "村务不按这张表对照" in village
    assert "不合格" not in village
    world.away = {"oversight"}
    assert (await site.get("/341323/oversight/coverage")).status_code == 503


async def test_the_desk_tells_what_is_due(people: Callable[[], Person], world: World) -> None:
    """Whoever publishes sees what is overdue and due soon first; away, it says so; an inspector is led to the board."""
    editor = people()
    await editor.log_in("bianji")
    page = Page(await editor.get("/staff/"))
    assert "该再公开的事项" in page.text
    assert page.text.index("已经超过 11 个工作日") < page.text.index("还有 5 个工作日")
    world.away = {"oversight"}
    assert "监督服务没有应答" in (await editor.get("/staff/")).text
    inspector = people()
    await inspector.log_in("jiancha")
    assert "/341323/oversight/coverage" in links(Page(await inspector.get("/staff/")))
