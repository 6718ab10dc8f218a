"""The catalogue as everybody sees it: which is in force where, its rows, its matters, its editions."""

from __future__ import annotations

import re
from urllib.parse import unquote

import httpx
import pytest

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal import rowwords
from services.portal.catalogues import edition_of
from services.portal.registry import Registry
from tests.portal.reader import Page
from tests.portal.world import World
from tests.portal.world_editions import (
    ADAPTED,
    ADDED,
    CITY,
    COUNTY,
    LEFT_OUT,
    RETIRED,
    TIMED,
    edit,
    published,
)

PAGES = (
    "/341323/catalogue/",
    "/341323/catalogue/?find=低保&level=township&organ=341323-mzj",
    "/341323/catalogue/?find=没有这样的词",
    "/341323/catalogue/?edition=1",
    "/341323/catalogue/?on=2022-01-01",
    "/341323/catalogue/20?edition=1",
    f"/341323/catalogue/20/{TIMED}",
    f"/341323/catalogue/20/{TIMED}?on=2022-01-01",
    f"/341323/catalogue/20/{LEFT_OUT}",
    f"/341323/catalogue/20/{ADDED}",
    "/341323/catalogue/01/m-01-003",
    "/341323/catalogue/differences",
    "/341323/catalogue/differences?domain=20",
    "/341323/catalogue/compare",
    "/341323/catalogue/compare?a=341323000000-1&b=341323000000-2",
    "/341323/catalogue/compare?a=341300000000-2&b=341323000000-2&domain=20",
    "/341323110/catalogue/",
    "/341323106201/catalogue/20",
    "/341324/catalogue/",
    "/341300/catalogue/differences",
)


async def page(site: httpx.AsyncClient, path: str, status: int = 200) -> Page:
    answer = await site.get(path)
    assert answer.status_code == status, path
    return Page(answer)


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_whole_and_light(site: httpx.AsyncClient, path: str) -> None:
    """One h1, tables with captions, ids once, nothing above 100 KB."""
    shown = await page(site, path)
    assert [tag for tag, _ in shown.tags].count("h1") == 1
    assert shown.html.count("<table") == shown.html.count("<caption")
    ids = [given["id"] for _tag, given in shown.tags if "id" in given]
    assert len(ids) == len(set(ids))
    assert len(shown.answer.content) < 100_000


async def test_the_nearest_catalogue_in_force_is_shown_and_said(site: httpx.AsyncClient) -> None:
    """A county shows its own; a town, a village and a county without one say openly whose they show."""
    own = await page(site, "/341323/catalogue/")
    assert "灵璧县目录第 2 版" in own.text
    assert "尚未发布" not in own.text
    assert "韦集镇尚未发布自己的目录，以下是灵璧县目录" in (await page(site, "/341323101/catalogue/")).text
    village = await page(site, "/341323106201/catalogue/")
    assert "徐圩村没有自己的目录，以下是灵璧县目录" in village.text
    assert "徐圩村信息公开" in village.text
    assert "泗县尚未发布自己的目录，以下是宿州市目录" in (await page(site, "/341324/catalogue/")).text
    assert "渔沟镇目录第 1 版" in (await page(site, "/341323110/catalogue/")).text


async def test_nothing_published_says_what_to_do(
    site: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any catalogue the pages stand, and lead to what is public."""
    world.library.volumes.clear()
    # what is in force is kept for seconds, and other tests ask for it
    monkeypatch.setattr(Registry, "catalogue", lambda self, place: self._read_catalogue(place.code))
    town = "/341323111"
    assert "事项目录还没有发布" in (await page(site, f"{town}/catalogue/")).text
    assert "事项目录还没有发布" in (await page(site, f"{town}/catalogue/differences")).text
    assert "目录里没有这个领域的事项" in (await page(site, f"{town}/catalogue/20")).text
    await page(site, f"{town}/catalogue/20/{TIMED}", 404)


async def test_rows_are_found_by_organ_level_and_word(site: httpx.AsyncClient) -> None:
    """Choices narrow the rows and stay chosen; a level that is none is refused."""
    found = await page(site, "/341323/catalogue/?find=低保&level=township&organ=341323-mzj")
    assert "审批信息" in found.text
    assert found.value("find") == "低保"
    assert "灵璧县目录第 2 版" in found.text
    assert (found.value("level"), found.value("organ")) == ("township", "341323-mzj")
    assert "没有这样的事项" in (await page(site, "/341323/catalogue/?find=低保&organ=341323-czj")).text
    assert "公开层级只有" in (await page(site, "/341323/catalogue/?level=province", 400)).text


async def test_a_past_edition_is_shown_by_number_and_by_day(site: httpx.AsyncClient) -> None:
    """The reader is told that it is past; a day before the first edition says since when there is one."""
    for path in ("?edition=1", "?on=2022-01-01"):
        past = await page(site, f"/341323/catalogue/{path}")
        assert "第 1 版，已经不是现行版本" in past.text
        assert f"/m-01-001{path}" in past.html
    assert "10个工作日内，公示7个工作日" in (await page(site, f"/341323/catalogue/20/{TIMED}?edition=1")).text
    for path in (
        "/341323/catalogue/?on=2020-01-01",
        "/341323/catalogue/20?on=2020-01-01",
        "/341323/catalogue/?edition=7",
    ):
        assert "第 1 版从2021年6月30日起施行" in (await page(site, path, 404)).text
    assert "2026-11-23" in (await page(site, "/341323/catalogue/?on=gestern", 400)).text
    await page(site, "/341323/catalogue/?edition=x", 400)
    ahead = await page(site, "/341323/catalogue/20?on=2999-01-01", 400)
    assert "这一天还没有到" in ahead.text
    assert 'href="/341323/catalogue/20">去掉这些条件，重新打开' in ahead.html
    unknown = await page(site, "/341323/catalogue/99", 404)
    assert "事项目录里没有这一项" in unknown.text
    assert 'href="/341323/catalogue/">看事项目录' in unknown.html


async def test_the_official_table_has_its_columns(site: httpx.AsyncClient, world: World) -> None:
    """Ten columns under two rows of heads, ticks that are read aloud, how many records stand under each row."""
    shown = await page(site, "/341323/catalogue/20")
    heads = re.findall(r"<th scope=\"col[^>]*>([^<]+)</th>", shown.html)
    assert heads[:12] == [
        "序号", "公开事项", "公开内容（要素）", "公开依据", "公开时限", "公开主体", "公开渠道和载体", "公开对象", "公开方式", "公开层级",
        "一级事项", "二级事项",
    ]  # fmt: skip
    assert heads[12:18] == ["全社会", "特定群体", "主动", "依申请", "县级", "乡级"]
    assert "已公开 1 条" in shown.text
    assert 'aria-label="社会救助领域公开事项标准目录，可以左右移动"' in shown.html
    assert "村级" not in shown.text
    rows = world.library.at(COUNTY).rows
    edit(rows, TIMED, 2, levels="乡级;村级")
    assert "村级" in (await page(site, "/341323/catalogue/20")).text
    for number in range(100, 160):
        row = pb.Row(domain="20", place=number, level1="其他", level2=f"事项{number}", time_limit="实时")
        rows[f"m-20-{number}"] = published(f"m-20-{number}", row, COUNTY)
    first = await page(site, "/341323/catalogue/20")
    assert "本页 40 项，共 74 项" in first.text
    onward = next(
        str(given["href"]) for tag, given in first.tags if tag == "a" and given.get("rel") == "next"
    )
    assert "本页 34 项，共 74 项" in (await page(site, onward)).text


async def test_a_matter_is_told_in_plain_words(site: httpx.AsyncClient, world: World) -> None:
    """Clocks as sentences beside what they were read from, boxes, elements, bases with their state, who discloses."""
    shown = await page(site, f"/341323/catalogue/20/{TIMED}")
    for text in (
        "制定或者获取信息之日起 7 个工作日内公开", "公示不少于 7 个工作日", "目录原文：制定或获取信息之日起7个工作日内，公示7个工作日",
        "初审对象名单及相关信息", "社区/企事业单位/村公示栏(电子屏)", "已被《最低生活保障审核确认办法》代替", "未核实", "2021年7月1日起；民政部网站",
        "灵璧县民政局", "特定群体：所在村(社区)居民", "按这个事项还没有公开信息",
    ):  # fmt: skip
        assert text in shown.text, text
    assert "下一次应当公开" not in shown.text
    world.duties[TIMED] = ("due_soon", "2026-12-10")
    due = await page(site, f"/341323/catalogue/20/{TIMED}")
    assert "2026年12月10日" in due.text
    assert "快到期了" in due.text
    assert "下一次应当公开" not in (await page(site, f"/341323/catalogue/20/{TIMED}?edition=1")).text
    world.away.add("oversight")
    assert "下一次应当公开" not in (await page(site, f"/341323/catalogue/20/{TIMED}")).text
    optional = await page(site, f"/341323/catalogue/20/{ADDED}")
    assert "救助时间可选" in optional.text
    assert "，可选" in optional.text.split("在哪里公开")[1]
    rows = world.library.at(COUNTY).rows
    rows[TIMED].reading.flags.append("公开时限“另行通知”未能读出")
    assert "没有读懂" in (await page(site, f"/341323/catalogue/20/{TIMED}")).text


async def test_a_matter_lists_what_was_published_under_it(site: httpx.AsyncClient, world: World) -> None:
    """Records of the matter, in the division that is asked, newest first; without publishing the rest stands."""
    shown = await page(site, "/341323/catalogue/20/m-20-001")
    assert "关于印发灵璧县农村低收入人口常态化帮扶实施办法的通知" in shown.text
    assert "共 1 条" in shown.text
    assert "按这个事项还没有公开信息" in (await page(site, "/341324/catalogue/20/m-20-001")).text
    world.away.add("publishing")
    assert "公开的信息暂时列不出来" in (await page(site, "/341323/catalogue/20/m-20-001")).text


async def test_differences_are_open_with_their_reasons(site: httpx.AsyncClient, world: World) -> None:
    """Adapted cells struck and underlined, what is added, what is left out and why; a domain alone on request."""
    shown = await page(site, "/341323/catalogue/differences")
    for text in (
        "改写",
        "新增",
        "不采用",
        "由市级统一公开，县里不再重复",
        "接待时间由群众意见提出",
        "本县2026年起由乡镇先行救助",
    ):
        assert text in shown.text, text
    assert "<del>10</del><ins>7</ins>" in shown.html
    assert "没有差别" in (await page(site, "/341323/catalogue/differences?domain=01")).text
    left = await page(site, f"/341323/catalogue/20/{LEFT_OUT}")
    assert "灵璧县不采用这个事项" in left.text
    adapted = await page(site, f"/341323/catalogue/20/{ADAPTED}")
    assert "<ins>●接待时间</ins>" in adapted.html
    assert "<ins>；■两微一端</ins>" in adapted.html
    assert "修改了“公开内容（要素）”“公开渠道和载体”" in adapted.text
    behind = world.library.catalogues[COUNTY]
    behind.upper_published = 3
    own = await page(site, "/341323/catalogue/20")
    assert own.status == 200


async def test_any_two_editions_are_compared(site: httpx.AsyncClient) -> None:
    """Two editions of one catalogue, or of two; a name that is none is refused."""
    shown = await page(site, "/341323/catalogue/compare?a=341323000000-1&b=341323000000-2")
    assert "新增 2 ・ 取消 2 ・ 修改 3" in shown.text
    across = await page(site, "/341323/catalogue/compare?a=341300000000-2&b=341323000000-2")
    assert "灵璧县另有 1 ・ 灵璧县没有 1 ・ 写法不同 2" in across.text
    assert (
        "完全相同" in (await page(site, "/341323/catalogue/compare?a=341323000000-1&b=341323000000-1")).text
    )
    assert "选好两个版本" in (await page(site, "/341323/catalogue/compare")).text
    town = await page(site, "/341323110/catalogue/compare?a=341323110000-1&b=341300000000-2")
    assert all(f"{name}第" in town.text for name in ("渔沟镇", "灵璧县", "宿州市"))
    await page(site, "/341323/catalogue/compare?a=evil&b=341323000000-1", 400)
    missing = await page(site, "/341323/catalogue/compare?a=341323000000-9&b=341323000000-1", 404)
    assert "有一版不存在" in missing.text


async def test_the_history_and_other_catalogues_of_a_matter(site: httpx.AsyncClient) -> None:
    """Each edition in which it changed, and how others write it; a matter that went is explained, not lost."""
    shown = await page(site, f"/341323/catalogue/20/{TIMED}")
    assert re.search(r"第 2 版.*：修改了“公开时限”", shown.text)
    assert re.search(r"第 1 版.*：列入目录", shown.text)
    assert "写法不同的有“公开渠道和载体”“责任科室”“咨询电话”" in shown.text
    gone = await page(site, f"/341323/catalogue/14/{RETIRED}?edition=2", 404)
    assert "看第 1 版的这个事项，它在那一版以后取消了" in gone.text
    assert f'/341323/catalogue/14/{RETIRED}?edition=1"' in gone.html
    ended = await site.get(f"/341323/catalogue/14/{RETIRED}")
    assert (ended.status_code, ended.headers["location"]) == (
        302,
        f"/341323/catalogue/14/{RETIRED}?edition=1",
    )
    past = await page(site, ended.headers["location"])
    assert "现行目录已经没有这个事项。从第 2 版" in past.text
    assert "?edition=2" not in past.html  # the edition that has it no longer
    assert f"/api/v1/catalogues/{COUNTY}/rows/{RETIRED}?edition=1" in past.html
    later = await page(site, f"/341323/catalogue/20/{ADDED}?edition=1", 404)
    assert "那时的目录里没有“先行救助结果”" in later.text
    above = await page(site, "/341323110/catalogue/01/m-01-003", 404)
    assert "渔沟镇目录里没有“自然资源领域专项规划”" in above.text
    assert "/341323/catalogue/01/m-01-003" in above.html


async def test_old_addresses_lead_on(site: httpx.AsyncClient) -> None:
    """A matter under another domain's address is redirected for ever."""
    moved = await site.get(f"/341323/catalogue/19/{TIMED}?edition=1")
    assert (moved.status_code, moved.headers["location"]) == (301, f"/341323/catalogue/20/{TIMED}?edition=1")


async def test_the_official_table_is_downloaded(site: httpx.AsyncClient, world: World) -> None:
    """A domain's or all of it, of any edition, under the name the service gives."""
    for path, edition, domain in (
        ("20.xlsx", 0, "20"),
        ("all.xlsx?edition=1", 1, ""),
        ("all.xlsx?on=2022-01-01", 1, ""),
    ):
        answer = await site.get(f"/341323/catalogue/{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
        assert "灵璧县基层政务公开标准目录" in unquote(answer.headers["content-disposition"])
        asked = world.library.asked[-1]
        assert (asked.catalogue, asked.edition, asked.domain) == (COUNTY, edition, domain)
    await page(site, "/341323/catalogue/99.xlsx", 404)


async def test_a_domain_imported_at_run_time_appears(site: httpx.AsyncClient, world: World) -> None:
    """Without a restart: in the catalogue, its table, the home page, the subscriptions and the facets of search."""
    world.library.domains.append(("27", 27, "乡村振兴"))
    world.library.at(CITY).rows["m-27-001"] = published(
        "m-27-001", pb.Row(domain="27", place=1, level1="项目", level2="资金安排")
    )
    county = "/341322"  # not asked for before: what is in force is kept for seconds
    next(iter(world.records.values())).domain = "27"
    assert "乡村振兴" in (await page(site, f"{county}/catalogue/")).text
    assert "资金安排" in (await page(site, f"{county}/catalogue/27")).text
    assert "乡村振兴" in (await page(site, f"{county}/")).text
    subscription = await page(site, "/subscribe?place=341322000000&topic=27")
    assert ("topics", "27") in [field for form in subscription.forms for field in form.fields]
    found = (await site.get(f"{county}/search")).text
    assert "乡村振兴" in found or "27" not in found


async def test_rest_reads_catalogues(site: httpx.AsyncClient) -> None:
    """Catalogues, editions, rows and one row with its history; what is not there is a problem."""
    base = "/api/v1/catalogues"
    assert {one["id"] for one in (await site.get(base)).json()["catalogues"]} >= {CITY, COUNTY}
    whole = (await site.get(f"{base}/341324000000?or_above=true")).json()
    assert (whole["id"], len(whole["domains"])) == (CITY, 26)
    assert [one["number"] for one in (await site.get(f"{base}/{COUNTY}/editions")).json()["editions"]] == [
        2,
        1,
    ]
    rows = (await site.get(f"{base}/{COUNTY}/rows?differences_only=true")).json()
    assert {one["matter"]: one["state"] for one in rows["rows"]}[LEFT_OUT] == "left_out"
    matter = (await site.get(f"{base}/{COUNTY}/rows/{TIMED}?on=2026-11-21")).json()
    assert matter["row"]["reading"]["time_limits"][0]["n"] == 7
    assert [one["edition"] for one in matter["history"]] == [1, 2]
    assert (await site.get(f"{base}/{COUNTY}/rows/nix")).status_code == 404
    assert (await site.get(f"{base}/{COUNTY}/rows?on=gestern")).status_code == 400
    assert (await site.get(f"{base}/nix")).status_code == 400


@pytest.mark.domain
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"kind": "deadline", "trigger": "formed_or_changed", "n": 20, "unit": "working_days"}, "信息形成或者变更之日起 20 个工作日内公开"),
        ({"kind": "deadline", "trigger": "decided", "event": "处罚决定", "n": 7, "unit": "working_days"}, "处罚决定作出之日起 7 个工作日内公开"),
        ({"kind": "deadline", "n": 24, "unit": "hours"}, "24 小时内公开"),
        ({"kind": "min_display", "n": 10, "unit": "days"}, "公示不少于 10 天"),
        ({"kind": "cycle", "n": 1, "unit": "quarters"}, "每季度公开一次"),
        ({"kind": "cycle", "n": 6, "unit": "months"}, "每半年公开一次"),
        ({"kind": "cycle", "n": 1, "unit": "months", "day": 31}, "每月底前公开一次"),
        ({"kind": "cycle", "n": 1, "unit": "years", "month": 3, "day": 31}, "每年3 月底前公开一次"),
        ({"kind": "cycle", "n": 2, "unit": "years"}, "每 2 年公开一次"),
        ({"kind": "realtime"}, "实时公开"),
        ({"kind": "promptly", "trigger": "changed"}, "信息变更后及时公开（目录没有规定天数）"),
        ({"kind": "long_term", "scope": "办事指南"}, "办事指南：长期公开"),
        ({"kind": "before_event", "event": "会议", "trigger": "held", "n": 5, "unit": "days"}, "会议举行前至少 5 天公开"),
        ({"kind": "with_event", "trigger": "issued"}, "印发的同时公开"),
        ({"kind": "unheard", "text": "另行通知"}, "另行通知"),
    ],
)  # fmt: skip
def test_a_clock_is_a_sentence(limit: dict[str, object], said: str) -> None:
    """Every kind of clock is said as people say it; what is of no known kind keeps its own words."""
    assert rowwords.clock(pb.TimeLimit(**limit)) == said  # type: ignore[arg-type]


@pytest.mark.domain
def test_editions_have_names_in_addresses() -> None:
    """Catalogue and number; anything else is none."""
    assert edition_of("341323000000-2") == (COUNTY, 2)
    assert edition_of("guide-1") == ("guide", 1)
    assert [edition_of(one) for one in ("", "guide", "guide-0", "../-1", "guide-1x")] == [None] * 5
