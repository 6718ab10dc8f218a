"""村务公开 as everybody sees it: the county's column, a village's page, the bulletin sheet, text for the chat group."""

from __future__ import annotations

import httpx
import pytest

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.villages import quarter_named
from services.portal.routes.villages import MOST_CHARACTERS, chat_text
from services.portal.villages import Bulletin
from tests.portal.reader import Page
from tests.portal.world import World
from tests.portal.world_villages import VILLAGE, disclose

HOME = f"/{VILLAGE}/villages/"


@pytest.fixture
def disclosed(world: World) -> World:
    disclose(world, 1, "2026年10月村集体财务收支情况", "2026-11-06", keywords=["村集体财务收支"])
    disclose(world, 2, "2026年第四季度低保对象情况", "2026-10-18", matter="m-20-005")
    disclose(world, 3, "<b>修路</b>一事一议表决结果", "2026-08-02")
    return world


@pytest.mark.parametrize(
    "path",
    [
        "/341323/villages/",
        "/341300/villages/",
        "/341324/villages/",
        "/341323106/villages/",
        HOME,
        f"{HOME}?number=1",
    ],
)
async def test_pages_are_whole(site: httpx.AsyncClient, disclosed: World, path: str) -> None:
    """One h1, tables with captions, ids once."""
    assert disclosed.hall.states
    answer = await site.get(path)
    assert answer.status_code == 200
    found = Page(answer)
    assert [tag for tag, _ in found.tags].count("h1") == 1
    assert found.html.count("<table") == found.html.count("<caption")
    ids = [given["id"] for _tag, given in found.tags if "id" in given]
    assert len(ids) == len(set(ids))


async def test_the_column_of_a_county_names_villages_with_what_is_last_and_next(
    site: httpx.AsyncClient, disclosed: World
) -> None:
    """The last disclosure is linked, the next due day is the earliest, what was not disclosed in time is counted."""
    assert disclosed.hall.states
    text = (await site.get("/341323/villages/")).text
    assert f'<a href="{HOME}">徐圩村</a>' in text
    assert "2026年10月村集体财务收支情况" in text
    assert (
        "2026年12月10日" in text
    )  # the money's next month; the quarter's day in October has passed for the others
    assert "项本期到日未见公开" in text
    assert 'href="/341323/villages/" aria-current="true"' in text
    assert "还没有村（社区）在本平台公布村务公开清单" in (await site.get("/341324/villages/")).text
    assert "/341324/villages/" not in (await site.get("/341324/")).text


async def test_a_village_s_page_says_its_list_in_plain_words(
    site: httpx.AsyncClient, disclosed: World
) -> None:
    """The five kinds, how often, where, last and next; what has hostile words is only words; past numbers by number."""
    text = (await site.get(HOME)).text
    assert "每季度首月20日前" in text
    assert "每月10日前" in text
    assert "2027年1月20日" in text  # the minimum allowance was disclosed this quarter
    assert "2026年10月20日已到，未见公开" in text
    assert "&lt;b&gt;修路&lt;/b&gt;" in text
    assert "第三十一条" in text
    assert (await site.get(f"{HOME}?number=2")).status_code == 404
    assert (await site.get(f"{HOME}?number=x")).status_code == 400
    disclosed.hall.states.clear()
    disclosed.hall.histories.clear()
    assert "还没有在本平台公布村务公开清单" in (await site.get(HOME)).text
    assert (await site.get(f"{HOME}bulletin")).status_code == 404


async def test_programs_read_villages_and_their_lists(site: httpx.AsyncClient, disclosed: World) -> None:
    """The column of a county and a village's list as JSON, with last and next; what is not there is refused in Chinese."""
    told = (await site.get("/api/v1/divisions/341323/villages")).json()
    [one] = told["villages"]
    assert (told["total"], told["next_page_token"]) == (1, "")
    assert (one["village"], one["name"], one["list_number"], one["next_due_on"]) == (
        VILLAGE,
        "徐圩村",
        1,
        "2026-12-10",
    )
    assert one["overdue"] > 0
    assert one["last"]["title"] == "2026年10月村集体财务收支情况"
    listed = (await site.get(f"/api/v1/villages/{VILLAGE}/list")).json()
    assert (listed["number"], listed["in_force"], len(listed["items"])) == (1, True, one["items"])
    [allowance] = [item for item in listed["items"] if item["matter"] == "m-20-005"]
    assert (allowance["cycle_text"], allowance["next_due_on"]) == ("每季度首月20日前", "2027-01-20")
    assert allowance["last"]["url"].endswith(allowance["last"]["index_number"])
    assert (await site.get("/api/v1/divisions/341324000000/villages")).json()["villages"] == []
    for path, status, why in (
        ("divisions/349999/villages", 404, "没有区划 349999"),
        (f"villages/{VILLAGE}/list?number=7", 404, "没有公布过第 7 号清单"),
        ("villages/341323106202/list", 404, "没有公布过清单"),
        ("villages/x/list", 400, "请按 reasons"),
        ("divisions/341323/villages?page_size=51", 400, "请按 reasons"),
    ):
        answer = await site.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert why in answer.json()["detail"]
    disclosed.away.add("villages")
    assert (await site.get(f"/api/v1/villages/{VILLAGE}/list")).status_code == 503


@pytest.mark.parametrize("size", ["a4", "a3"])
async def test_the_bulletin_tells_a_quarter_on_paper(
    site: httpx.AsyncClient, disclosed: World, size: str
) -> None:
    """What was disclosed in the quarter and what the list still asks for; of another quarter, that quarter's."""
    assert disclosed.hall.states
    text = (await site.get(f"{HOME}bulletin?period=2026-Q4&size={size}")).text
    assert f'<body class="{size}">' in text
    assert "2026年第四季度低保对象情况" in text
    assert "修路" not in text
    assert "耕地地力保护补贴（10月20日前）" in text
    assert "修路" in (await site.get(f"{HOME}bulletin?period=2026-Q3&size={size}")).text


@pytest.mark.parametrize(
    ("query", "status"), [("period=2026-Q5", 400), ("period=2026", 400), ("size=a5", 400), ("", 200)]
)
async def test_a_bulletin_of_nothing_is_refused(site: httpx.AsyncClient, query: str, status: int) -> None:
    """A quarter or a paper that does not exist is said to be so; of a county there is no bulletin."""
    answer = await site.get(f"{HOME}bulletin?{query}")
    assert answer.status_code == status
    county = await site.get("/341323/villages/bulletin")
    assert county.status_code == 404
    assert "没有这份清单或者公示单" in county.text


async def test_text_for_the_chat_group(site: httpx.AsyncClient, disclosed: World) -> None:
    """Plain text with the address of the page."""
    assert disclosed.hall.states
    answer = await site.get(f"{HOME}bulletin.txt?period=2026-Q4")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "【徐圩村村务公开】2026年第四季度（2 项）" in answer.text
    assert f"{HOME}\n" in answer.text
    assert len(answer.text) <= MOST_CHARACTERS


def test_text_for_the_chat_group_is_never_too_long() -> None:
    """However much was disclosed, the text stays within 1,000 characters and says how much more there is."""
    period = quarter_named("2026-Q4")
    assert period is not None
    records = [
        publishing_pb2.Record(index_number=str(n), title="很长的标题" * 12, published_on="2026-10-18")
        for n in range(100)
    ]
    shown = Bulletin(period, [(pb.VillageKind(code="5"), records)], [])
    text = chat_text(
        "徐圩村", shown, "https://gongkai.example/341323106201/villages/", "冯庙镇人民政府", "【演示】"
    )
    assert len(text) <= MOST_CHARACTERS
    assert "项，见下面的网址" in text
    assert text.rstrip().endswith("（村委会组织法第三十一条）。")
