"""数字比对: figures of the levels side by side on the board, and its lines on a matter's and a record's page."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.portal.person import Person
from tests.portal.reader import Page
from tests.portal.test_coverage_pages import links
from tests.portal.world import ACT, World
from tests.portal.world_alignment import COMPARED, MATTER

BOARD = "/341323/oversight/alignment"


async def test_the_levels_stand_side_by_side_with_who_must_explain(site: httpx.AsyncClient) -> None:
    """Values by level lead to their records; what differs is said in words, with whoever must explain; sums below."""
    page = Page(await site.get(BOARD))
    assert "县级县民政局" in page.text
    assert "村级镇政府" in page.text
    assert "◆ 不一致" in page.text
    assert "要说明" in page.text
    assert "没有公布" in page.text
    assert "与县级公布的 32 人不一致，由镇政府说明。" in page.text
    assert "浍沟镇徐圩村" in page.text
    assert {"/r/11341323MD23A00253/202611-00001", f"/341323/catalogue/20/{MATTER}"} <= links(page)
    assert "已超过本级公布的 9 人，由镇政府说明。" in page.text
    assert {f"{BOARD}?state={state}" for state in ("disagree", "agree", "alone", "sums")} <= links(page)


async def test_the_board_is_narrowed_by_state_and_matter(site: httpx.AsyncClient) -> None:
    """A tab shows its own; sums have a list; a matter that has no figures, a page that is not there, say so."""
    agree = Page(await site.get(f"{BOARD}?state=agree&matter={MATTER}"))
    assert "● 一致" in agree.text
    assert "公布的 32 人不一致" not in agree.text
    sums = Page(await site.get(f"{BOARD}?state=sums"))
    assert "县级县民政局" not in sums.text
    assert "已超过本级公布的" in sums.text
    assert "没有不一致的数字" in (await site.get(f"{BOARD}?state=disagree&matter=m-20-009")).text
    assert "没有这一页" in (await site.get(f"{BOARD}?page=9")).text
    assert "没有这一页" in (await site.get(f"{BOARD}?state=sums&page=9")).text
    assert (await site.get(f"{BOARD}?state=perfect")).status_code == 400
    asked = Page(await site.get(f"{BOARD}?organ=341323-mzj"))
    assert "全部 1" in asked.text
    assert "由灵璧县民政局说明的" in asked.text
    told = (await site.get("/api/v1/divisions/341323/alignment?state=disagree")).json()
    assert told["comparisons"][0]["voices"][1]["values"][0]["explains"] is True
    assert (told["total"], told["sums"][0]["state"]) == (1, "disagree")
    nowhere = await site.get("/api/v1/divisions/999999/alignment")
    assert (nowhere.status_code, "请用 /divisions 查区划代码" in nowhere.text) == (404, True)


async def test_without_figures_the_board_says_how_they_get_there(
    site: httpx.AsyncClient, world: World
) -> None:
    """A county without figures: what to fill in, and where systems read of it; away, 503."""
    page = Page(await site.get("/341324/oversight/alignment"))
    assert "还没有可以比对的数字" in page.text
    assert {"/api/", "/341324/oversight/coverage"} <= links(page)
    world.away = {"oversight"}
    assert (await site.get(BOARD)).status_code == 503


async def test_other_pages_lead_to_the_board(
    site: httpx.AsyncClient, people: Callable[[], Person], world: World
) -> None:
    """Coverage, villages, the matter and a record that differs lead there; so do the desks of staff."""
    for path in ("/341323/oversight/coverage", "/341323/villages/", "/341323106201/villages/"):
        assert any(link.endswith("/oversight/alignment") for link in links(Page(await site.get(path)))), path
    matter = Page(await site.get(f"/341323/catalogue/20/{MATTER}"))
    assert "2 处不一致" in matter.text
    assert f"{BOARD}?matter={MATTER}" in links(matter)

    assert "与其他层级公布的不一致" not in (await site.get(f"/r/{ACT}")).text
    world.aligned[ACT] = list(COMPARED)
    record = Page(await site.get(f"/r/{ACT}"))
    assert "有 1 处与其他层级公布的不一致。" in record.text
    assert "浍沟镇徐圩村2026年第三季度，人数：" in record.text
    assert f"{BOARD}?matter=m-20-001&state=disagree" in links(record)
    world.away = {"oversight"}
    assert (await site.get(f"/r/{ACT}")).status_code == 200

    world.away = set()
    editor = people()
    await editor.log_in("bianji")
    assert f"{BOARD}?organ=341323-mzj" in links(Page(await editor.get("/staff/")))
    inspector = people()
    await inspector.log_in("jiancha")
    assert BOARD in links(Page(await inspector.get("/staff/")))
