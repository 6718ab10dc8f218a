"""Pages: what a reader gets at each address."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.portal.world import ACT, BARE, HOSTILE, MIGRATED, WITHDRAWN, World

PAGES = (
    "/",
    "/341323/",
    "/341300/",
    "/341323106/",
    "/341323106201/",
    "/341323000000/",
    "/341323/statutory/",
    "/341323/statutory/all",
    "/341323/statutory/all?page=3",
    "/341323/statutory/normative/2026-11",
    "/341323/statutory/personnel",
    "/341323/catalogue/",
    "/341323/catalogue/20",
    "/341323/catalogue/01",
    "/341323/catalogue/20/m-20-001",
    "/341323/requests/",
    "/341323/requests/new/1",
    "/341323/requests/lookup",
    "/subscribe",
    "/subscribe?place=341323000000&topic=20",
    "/341323/search",
    "/341323/search?q=危房改造&domain=10&sort=newest",
    "/341323/search?q=没有这样的词",
    "/341323/oversight/",
    "/341323/oversight/341323-mzj/late",
    "/341323/oversight/341323-xzf/defects",
    "/341323/oversight/341323-mzj/requests",
    "/api/",
    "/accessibility",
    *(f"/r/{number}" for number in (ACT, HOSTILE, MIGRATED, BARE)),
)
OUR_SCRIPT = r"/static/site\.[0-9a-f]{12}\.js"
FORBIDDEN_TAGS = {"iframe", "object", "embed", "base", "style"}


class Outline(HTMLParser):
    """What the tests look at in a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_whole(site: httpx.AsyncClient, path: str) -> None:
    """Every page has one h1, its landmarks, a skip link first, Chinese as language, and nothing from elsewhere."""
    answer = await site.get(path)
    assert answer.status_code == 200
    page = Outline(answer.text)
    assert page.all("html")[0]["lang"] == "zh-CN"
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    assert page.all("a")[0]["href"] == "#main"
    assert not FORBIDDEN_TAGS & {tag for tag, _ in page.tags}
    assert all(re.fullmatch(OUR_SCRIPT, str(one["src"])) and "defer" in one for one in page.all("script"))
    for _tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("src", "href", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("/", "#", str(site.base_url))), value
    assert len(page.all("caption")) == len(page.all("table")) - answer.text.count('aria-label="正文中的表格"')
    assert len(answer.content) < 100_000


async def test_every_link_of_the_site_leads_somewhere(site: httpx.AsyncClient) -> None:
    """No page links to a page that does not exist."""
    links = set()
    for path in PAGES:
        page = Outline((await site.get(path)).text)
        links |= {str(one["href"]).split("#")[0] for one in page.all("a")}
    seen = {str(re.sub(r"back=[^&]*", "back=/", link)) for link in links if link.startswith("/")}
    at_once = asyncio.Semaphore(8)

    async def follow(link: str) -> tuple[str, int]:
        async with at_once:
            return link, (await site.get(link)).status_code

    answers = await asyncio.gather(*map(follow, sorted(seen)))
    assert [one for one in answers if one[1] not in (200, 303)] == []


async def test_pages_carry_their_headers(site: httpx.AsyncClient) -> None:
    """A page may load nothing from elsewhere, is asked about each time, and answers 304 to who has it."""
    first = await site.get("/341323/")
    assert "default-src 'self'" in first.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-cache"
    again = await site.get("/341323/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


async def test_the_style_sheet_never_changes_under_its_name(site: httpx.AsyncClient) -> None:
    """The style sheet's name has its digest; it may be kept for a year; another name is not there."""
    page = Outline((await site.get("/")).text)
    css = next(str(one["href"]) for one in page.all("link") if one["rel"] == "stylesheet")
    assert re.fullmatch(r"/static/site\.[0-9a-f]{12}\.css", css)
    answer = await site.get(css)
    assert "immutable" in answer.headers["cache-control"]
    assert (await site.get("/static/site.000000000000.css")).status_code == 404


async def test_the_navigation_leads_only_to_what_exists(site: httpx.AsyncClient) -> None:
    """Sections that are not built yet are not shown."""
    text = Outline((await site.get("/341323/")).text).text
    for absent in ("公开年报", "公开指南"):
        assert absent not in text
    assert "依申请公开" in text
    assert "村务公开" in text
    assert "村务公开" not in Outline((await site.get("/341324/")).text).text  # no village there has a list


async def test_applying_is_told_honestly(site: httpx.AsyncClient) -> None:
    """The page on applying leads to the form and to the look-up, names the ways of Art. 29, and asks for no purpose."""
    text = Outline((await site.get("/341323/requests/")).text).text
    assert "网上申请" in text
    assert "查询进度" in text
    assert "不需要说明用途" in text
    assert "条例第二十九条" in text
    assert "当面提交" in text
    assert "邮寄" in text


async def test_a_month_lists_its_records_alone(site: httpx.AsyncClient, world: World) -> None:
    """A month archive has the month's records; the form for older months leads to its address."""
    page = Outline((await site.get("/341323/statutory/all/2026-10")).text)
    expected = sum(one.published_on.startswith("2026-10") for one in world.public())
    assert f"共 {expected} 条" in page.text
    moved = await site.get("/341323/statutory/notice?year=2021&month=5")
    assert (moved.status_code, moved.headers["location"]) == (303, "/341323/statutory/notice/2021-05")


async def test_a_column_is_an_atom_feed(site: httpx.AsyncClient) -> None:
    """A column's feed is well-formed Atom, newest first, with titles as text."""
    answer = await site.get("/341323/statutory/normative.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = ET.fromstring(answer.content)  # noqa: S314 - our own answer
    spaces = {"a": "http://www.w3.org/2005/Atom"}
    titles = [one.text for one in root.findall("a:entry/a:title", spaces)]
    assert titles[0] == "关于印发灵璧县农村低收入人口常态化帮扶实施办法的通知"
    assert any(title and "<script>" in title for title in titles)
    month = await site.get("/341323/statutory/all/2026-10.atom")
    assert ET.fromstring(month.content).tag.endswith("feed")  # noqa: S314 - our own answer


async def test_a_theme_is_kept_in_a_cookie(site: httpx.AsyncClient) -> None:
    """Large print is chosen by a link, kept, and never leads off the site."""
    answer = await site.get("/preferences?theme=large&back=/341323/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/341323/")
    assert 'class="theme-large"' in (await site.get("/341323/")).text
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=1"):
        answer = await site.get("/preferences", params={"theme": "large", "back": evil})
        assert answer.headers["location"] == "/"
    odd = await site.get("/341323/", headers={"cookie": 'theme="><script>'})
    assert '"><script>' not in odd.text


async def test_search_keeps_what_was_asked(site: httpx.AsyncClient) -> None:
    """Results are marked, choices are tags that can be taken off, sorting and pages keep the question."""
    answer = await site.get("/341323/search?q=危房改造&domain=10&kind=subsidy")
    assert "<mark>危房改造</mark>" in answer.text
    page = Outline(answer.text)
    links = [str(one["href"]) for one in page.all("a")]
    assert any(
        link.startswith("/341323/search?") and "kind=subsidy" in link and "domain" not in link
        for link in links
    )
    checked = [one["value"] for one in page.all("input") if "checked" in one]
    assert set(checked) == {"10", "subsidy"}
    assert any("sort=oldest" in link and "domain=10" in link for link in links)
    assert next(one for one in page.all("input") if one.get("id") == "q")["value"] == "危房改造"


async def test_an_empty_search_says_what_to_do(site: httpx.AsyncClient) -> None:
    """Nothing found: the page says so and what can be done."""
    text = Outline((await site.get("/341323/search?q=没有这样的词")).text).text
    assert "没有找到含有“没有这样的词”的信息" in text
    assert "依法申请公开" in text


async def test_a_refused_search_keeps_its_words(site: httpx.AsyncClient) -> None:
    """A question beyond the limit is answered with the reason; what was typed stays in the box."""
    words = "危" * 150
    answer = await site.get("/341323/search", params={"q": words})
    assert answer.status_code == 400
    assert "搜索的词太长" in answer.text
    assert any(one.get("value") == words for one in Outline(answer.text).all("input"))


async def test_the_board_opens_every_number(site: httpx.AsyncClient) -> None:
    """The board names the article, and its late records and defects lead to the records."""
    board = await site.get("/341323/oversight/")
    assert "第二十六条" in board.text
    assert "/341323/oversight/341323-mzj/late" in board.text
    late = await site.get("/341323/oversight/341323-mzj/late")
    assert "31 个工作日" in late.text
    defects = await site.get("/341323/oversight/341323-xzf/defects")
    assert f"/r/{MIGRATED}" in defects.text
    assert "缺少成文日期" in defects.text
    assert (await site.get("/341302/oversight/341323-mzj/late")).status_code == 404


async def test_the_home_page_stands_without_oversight(site: httpx.AsyncClient, world: World) -> None:
    """With oversight away the home page shows everything else."""
    world.away.add("oversight")
    answer = await site.get("/341323/")
    assert answer.status_code == 200
    assert "最新公开" in answer.text
    assert "个工作日内公开" not in answer.text


@pytest.mark.parametrize("path", ["/999999/", "/341399/statutory/", "/341323999/"])
async def test_an_unknown_division_is_told(site: httpx.AsyncClient, path: str) -> None:
    """A division that does not exist answers 404 and offers those that do."""
    answer = await site.get(path)
    assert answer.status_code == 404
    assert "没有这个区划" in answer.text
    assert "灵璧县" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/341323/statutory/nothing", 404),
        ("GET", "/341323/statutory/all/2026-13", 404),
        ("GET", "/341323/catalogue/99", 404),
        ("GET", "/341323/catalogue/20/m-99-999", 404),
        ("GET", "/r/11341323MB00010117/209912-00001", 404),
        ("GET", "/341323/statutory/all?page=0", 400),
        ("GET", "/341323/statutory/all?page=-1", 400),
        ("GET", "/341323/statutory/all?page=00000000199999999999999", 400),
        ("GET", "/341323/search?q=a&page=9999999", 400),
        ("GET", "/341323/catalogue/differences?domain=99", 404),
        ("GET", "/341323/catalogue/?find=%00", 400),
        ("GET", "/341323/catalogue/20/%00", 400),
        ("POST", "/341323/", 405),
    ],
)
async def test_errors_say_what_why_how(site: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    """An error page says what happened, why, and what to do."""
    answer = await site.request(method, path)
    assert answer.status_code == status
    page = Outline(answer.text)
    assert len(page.all("h1")) == 1
    assert "为什么" in page.text
    assert "怎么办" in page.text
    assert "default-src" in answer.headers["content-security-policy"]


async def test_away_and_broken_are_told_apart(site: httpx.AsyncClient, world: World) -> None:
    """A service that is away gives 503 and a time to come back; a fault gives 500; neither tells its inside."""
    world.away.add("publishing")
    answer = await site.get(f"/r/{ACT}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    world.away.clear()
    world.broken.add("publishing")
    answer = await site.get(f"/r/{ACT}")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    world.broken.clear()
    world.away.add("search")
    answer = await site.get("/341323/search?q=低保")
    assert answer.status_code == 503
    assert any(one.get("value") == "低保" for one in Outline(answer.text).all("input"))


async def test_a_withdrawn_record_is_gone_for_the_lists_too(site: httpx.AsyncClient, world: World) -> None:
    """At the next look after a withdrawal the record answers 410 and no list has it."""
    assert (await site.get(f"/r/{ACT}")).status_code == 200
    world.withdraw(ACT, "文号有误", "2026-11-23")
    assert (await site.get(f"/r/{ACT}")).status_code == 410
    assert ACT not in (await site.get("/341323/statutory/normative")).text
    assert WITHDRAWN not in (await site.get("/341323/statutory/normative")).text
