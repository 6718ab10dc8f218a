"""The draft of a catalogue in Chromium: arrows, writing, paste, undo, one save, refusals beside their cells, 1,000 rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.axe import violations
from tests.browser.test_portal_in_a_browser import reader, through
from tests.portal.town import town
from tests.portal.world import World, invent
from tests.portal.world_catalogue import COUNTY
from tests.portal.world_staff import PASSWORD

pytestmark = pytest.mark.browser

BASE = f"/staff/catalogue/{COUNTY}"
SHEET = f"{BASE}/draft/20"
PATHS = (
    "/staff/catalogue/", f"{BASE}/", SHEET, f"{BASE}/draft/all?stance=undecided", f"{BASE}/draft/all/adopt", f"{BASE}/propose",
    f"{BASE}/changes", f"{BASE}/matters/m-20-005", f"{SHEET}/add", f"{BASE}/import", f"{BASE}/flagged", "/staff/catalogue/bases/",
    "/staff/catalogue/bases/b-0", f"{BASE}/subjects?subject=征收实施单位",
)  # fmt: skip
_PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
_AT = "[document.activeElement.closest('tr')?.id, document.activeElement.className.split(' ')[0]]"


@pytest.fixture(scope="session")
async def county(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, str]]:
    """A town of its own: drafts are changed in it."""
    world = invent()
    async with town(world, Path(tmp_path_factory.mktemp("county"))) as (url, _portal):
        yield world, url


@asynccontextmanager
async def desk(
    browser: Browser,
    county: tuple[World, str],
    path: str = SHEET,
    *,
    width: int = 1280,
    theme: str = "standard",
) -> AsyncIterator[tuple[Page, World, list[str]]]:
    """A steward before a page of the draft, as invented."""
    world, url = county
    vars(world).update(vars(invent()))
    async with reader(browser, url, width=width, theme=theme) as (page, said):
        world.offices.sessions["logged-in"] = "mulu"
        await page.context.add_cookies([{"name": "session", "value": "logged-in", "url": url}])
        await page.goto(url + path)
        yield page, world, said


async def shows(page: Page, at: str, text: str) -> None:
    """Wait until a place says something."""
    await expect(page.locator(at)).to_contain_text(text, timeout=60_000)


def cell(page: Page, matter: str, field: str) -> str:
    """Where a cell stands."""
    assert page
    return f"#r-{matter} td.f-{field}"


async def test_cells_are_walked_and_written_by_keyboard(browser: Browser, county: tuple[World, str]) -> None:
    """The grid is one tab stop; arrows walk it, Enter writes, Esc leaves, Ctrl+Z takes back, Ctrl+S saves all as one command."""
    async with desk(browser, county) as (page, world, said):
        assert await page.evaluate("document.querySelectorAll('#sheet [tabindex=\"0\"]').length") == 1
        await page.click(cell(page, "m-20-001", "level1"))
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowDown")
        assert await page.evaluate(_AT) == ["r-m-20-002", "f-level2"]
        await page.keyboard.press("Enter")
        await page.keyboard.insert_text("和通报")
        await page.keyboard.press("Escape")
        assert await page.inner_text(cell(page, "m-20-002", "level2")) == "监督检查"
        await page.keyboard.press("Enter")
        await page.keyboard.insert_text("和通报")
        await page.keyboard.press("Enter")
        assert await page.evaluate(_AT) == ["r-m-20-003", "f-level2"]
        assert "监督检查和通报" in await page.inner_text(cell(page, "m-20-002", "level2"))
        await page.keyboard.press("Delete")
        await page.keyboard.press("Control+z")
        assert "有 1 处改动" in await page.inner_text("#said")
        assert "政策法规文件" in await page.inner_text(cell(page, "m-20-003", "level2"))
        await page.click("#r-m-20-001 td.f-levels")
        await page.keyboard.press(" ")  # a tick goes
        await page.keyboard.press("End")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")  # the first act of the conflict: what stands above
        assert "将：用市标准" in await page.inner_text("#r-m-20-005")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Control+s")
        await shows(page, "#said", "已保存 3 行")
        assert await page.evaluate(_AT) == ["r-m-20-005", "rel"]
        assert {(one.matter, one.act): dict(one.fields) for one in world.shelf.edits} == {
            ("m-20-001", "set"): {"levels": "乡级"},
            ("m-20-002", "set"): {"level2": "监督检查和通报"},
            ("m-20-005", "restore"): {"time_limit": ""},
        }
        assert len([one for one in world.shelf.commands if one.startswith("edit")]) == 1
        assert "冲突" not in await page.inner_text("#r-m-20-005")
        assert await violations(page, of=()) == []
        assert said == []


async def test_a_block_from_excel_is_pasted(browser: Browser, county: tuple[World, str]) -> None:
    """Quotes, lines within cells, merged cells, ticks, what may not be written, and rows beyond the last, which become new."""
    async with desk(browser, county) as (page, world, _said):
        await page.click("#r-m-20-012 th")
        block = '12\t甲类\t乙项\t"●一""引""\n●二"\t《甲法》\n13\t甲类\t丙项\t●三\n14\t\t丁项\t●四\t《乙法》\t及时\t县民政局\t"■政府网站\n□公开查阅点"\t\t村民\t√\t\t\t√\t多的\r\n'
        await page.evaluate(_PASTE, block)
        told = await page.inner_text("#said")
        assert "跳过 3 格不能改的" in told
        assert "改了原有 1 个事项的 4 格，其中事项名称改了 1 个；不是要改这些的，按“撤销”" in told
        assert "一级事项空着的 1 格" in told
        assert "右边多出的 1 格没有对应的栏" in told
        await page.keyboard.press("Control+z")
        assert await page.locator("#sheet .dirty").count() == 0
        assert await page.locator("#sheet tr[data-m='']").count() == 0
        await page.keyboard.press("Control+y")
        await page.keyboard.press("Control+s")
        await page.wait_for_url("**done=matters-saved")
        changed, added = world.shelf.edits
        assert changed.fields["content_elements"] == '●一"引"\n●二'
        assert added.act == "add"
        assert dict(added.fields) == {
            "domain": "20", "level1": "甲类", "level2": "丁项", "content_elements": "●四", "legal_basis": "《乙法》", "time_limit": "及时",
            "subject": "县民政局", "channels": "■政府网站;□公开查阅点", "audience": "特定群体:村民", "mode": "主动", "levels": "乡级",
        }  # fmt: skip


async def test_refusals_come_back_beside_their_cells(browser: Browser, county: tuple[World, str]) -> None:
    """Every reason stands beside its cell and above the table; a cell somebody else changed offers both; leaving warns."""
    async with desk(browser, county) as (page, world, said):
        await page.click(cell(page, "m-20-001", "time_limit"))
        await page.keyboard.press("Delete")
        await page.click(cell(page, "m-20-006", "subject"))
        await page.keyboard.press("F2")
        await page.keyboard.insert_text("（写）")
        await page.keyboard.press("Enter")
        world.shelf.meddling[("m-20-006", "subject")] = "各镇政府"
        await page.click("#save")
        await shows(page, "#refused", "有 2 处要看")
        assert await page.evaluate("document.activeElement.id") == "refused"
        assert "公开时限不能空着" in await page.inner_text(cell(page, "m-20-001", "time_limit"))
        assert "现在是：各镇政府" in await page.inner_text("#refused")
        assert await violations(page, of=()) == []
        await page.click("#refused a >> nth=0")
        assert await page.evaluate(_AT) == ["r-m-20-001", "f-time_limit"]
        await page.keyboard.press("Enter")
        await page.keyboard.insert_text("及时")
        await page.keyboard.press("Enter")
        await page.click("text=用我写的")
        said.clear()  # the refused call itself
        await page.evaluate(
            "window.dispatchEvent(Object.assign(new Event('beforeunload', {cancelable: true})))"
        )
        assert not await page.evaluate("window.dispatchEvent(new Event('beforeunload', {cancelable: true}))")
        await page.keyboard.press("Control+s")
        await shows(page, "#said", "已保存 2 行")
        assert world.shelf.drawings[COUNTY].rows["m-20-006"].row.subject == "县民政局、各镇政府（写）"
        assert await page.evaluate("window.dispatchEvent(new Event('beforeunload', {cancelable: true}))")
        assert said == []
        await page.keyboard.press("F2")
        await page.keyboard.insert_text("（又写）")
        await page.keyboard.press("Enter")
        world.shelf.meddling[("m-20-001", "stance")] = "left_out"
        world.shelf.meddling[("m-20-006", "stance")] = "left_out"
        await page.keyboard.press("Control+s")
        await shows(page, "#refused", "别人改了这一项的决定")
        assert "现在是：" not in await page.inner_text("#refused")
        await page.click("text=不要我在这一行写的")
        assert "已恢复成您打开时的样子" in await page.inner_text("#refused")
        assert await page.locator("#sheet .dirty").count() == 0


async def test_a_login_that_ended_loses_nothing(browser: Browser, county: tuple[World, str]) -> None:
    """The save says that the login ended; after a login in another window the same press saves."""
    async with desk(browser, county) as (page, world, _said):
        await page.click(cell(page, "m-20-001", "subject"))
        await page.keyboard.press("Enter")
        await page.keyboard.insert_text("等")
        await page.keyboard.press("Enter")
        world.offices.sessions.clear()
        await page.keyboard.press("Control+s")
        await shows(page, "#refused", "在新窗口登录")
        other = await page.context.new_page()
        await other.goto(f"{county[1]}/staff/login")
        await other.fill("#f-login", "mulu")
        await other.fill("#f-password", PASSWORD)
        await through(other, other.locator("main button"))
        await page.keyboard.press("Control+s")
        await shows(page, "#said", "已保存 1 行")
        assert world.shelf.edits[0].fields["subject"] == "县民政局、各镇政府等"


async def test_a_thousand_rows_are_one_table(browser: Browser, county: tuple[World, str]) -> None:
    """All rows are there for everybody's tools; the last is reached by a key and written; nothing is cut off at the side."""
    async with desk(browser, county) as (page, world, _said):
        world.shelf.grow("24", 1000)
        await page.goto(f"{county[1]}{BASE}/draft/24")
        assert await page.locator("#sheet tr[data-m]").count() == 1000
        await page.click("#r-g-24-0001 td.f-level1")
        await page.keyboard.press("Control+End")
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowRight")
        assert (await page.evaluate(_AT))[1] == "f-level1"
        await page.keyboard.press("Enter")
        await page.keyboard.insert_text("末")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Control+s")
        await shows(page, "#said", "已保存 1 行")
        assert world.shelf.edits[0].fields["level1"].endswith("末")


@pytest.mark.parametrize(
    ("width", "theme", "paths"),
    [
        (1280, "standard", PATHS[::3]),
        (390, "standard", PATHS[1::3]),
        (1280, "contrast", PATHS[2::4]),
        (320, "large", PATHS),
    ],
)
async def test_every_page_of_the_catalogue_is_accessible(
    browser: Browser, county: tuple[World, str], width: int, theme: str, paths: tuple[str, ...]
) -> None:
    """Nothing is found by axe, the console is quiet, nothing is cut off at the side; at 320 px all reflow."""
    found: list[str] = []
    async with desk(browser, county, "/staff/catalogue/", width=width, theme=theme) as (page, _world, said):
        for path in paths:
            await page.goto(county[1] + path)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            found += [f"{path}: {wide} px wide"] if wide > width else []
            if theme != "large":
                found += [f"{path}: {one}" for one in await violations(page)]
        found += said
    assert found == []
