"""The oversight board's requests: numbers and days, never who asked for what."""

from __future__ import annotations

import httpx

from tests.portal.reader import Page
from tests.portal.world import World
from tests.portal.world_requests import NOT_HELD, OVERDUE


async def test_the_board_counts_requests_beside_publication(site: httpx.AsyncClient) -> None:
    """Each organ's requests stand on the board with the limit and its citation; late ones lead to their list."""
    page = Page(await site.get("/341323/oversight/"))
    assert "依申请按期答复" in page.text
    assert "20 个工作日内答复（《政府信息公开条例》第三十三条第二款）" in page.text
    links = {given.get("href") for tag, given in page.tags if tag == "a"}
    assert "/341323/oversight/341323-mzj/requests" in links


async def test_late_requests_are_listed_by_number_and_days(site: httpx.AsyncClient) -> None:
    """Overdue ones and those answered late, with their days; provisional ones marked; nothing of the applicant."""
    page = Page(await site.get("/341323/oversight/341323-mzj/requests"))
    assert OVERDUE in page.text
    assert "还没有答复" in page.text
    assert "8 个工作日" in page.text
    assert "暂定" in page.text
    assert NOT_HELD in page.text
    assert "王" not in page.text
    assert "没有超期的申请" in (await site.get("/341323/oversight/341323-czj/requests")).text
    assert (await site.get("/341324/oversight/341323-mzj/requests")).status_code == 404


async def test_the_board_without_requests_says_so(site: httpx.AsyncClient, world: World) -> None:
    """A county whose organs received none has no table of zeros; oversight away answers 503."""
    world.records.clear()
    assert (await site.get("/341323/oversight/")).status_code == 200
    world.away = {"oversight"}
    assert (await site.get("/341323/oversight/341323-mzj/requests")).status_code == 503
