"""The staff's pages in Chromium: accessible, narrow enough for a phone, quiet whatever was written, keys that help."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.axe import violations
from tests.browser.test_portal_in_a_browser import reader, through
from tests.portal.world_staff import PASSWORD

pytestmark = pytest.mark.browser

RECORD = "11341323MB00010117/202611-10001"
PATHS = (
    "/staff/", "/staff/drafts/", "/staff/drafts/d-proposed", "/staff/drafts/d-draft/edit", "/staff/drafts/d-draft/propose",
    f"/staff/records/{RECORD}/withdraw", "/staff/incoming/", "/staff/messages/?state=", "/staff/people/",
)  # fmt: skip


async def log_in(page: Page, url: str, login: str) -> None:
    """Fill the login form in."""
    await page.goto(f"{url}/staff/login")
    await page.fill("#f-login", login)
    await page.fill("#f-password", PASSWORD)
    await through(page, page.locator("main button"))


@pytest.mark.parametrize(
    ("width", "theme", "paths"),
    [(1280, "standard", PATHS[2::3]), (390, "contrast", PATHS[1::3]), (320, "large", PATHS)],
)
async def test_every_page_of_the_staff_is_accessible(
    browser: Browser, town_url: str, width: int, theme: str, paths: tuple[str, ...]
) -> None:
    """Nothing serious is found by axe, nothing written runs, nothing is cut off at the side; at 320 px all reflow."""
    found: list[str] = []
    async with reader(browser, town_url, width=width, theme=theme) as (page, said):
        await log_in(page, town_url, "evil")
        for path in paths:
            await page.goto(town_url + path)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            found += [f"{path}: {wide} px wide"] if wide > width else []
            if theme == "large":
                continue
            found += [f"{path}: {one}" for one in await violations(page)]
        found += said
    assert found == []


async def test_script_only_helps(browser: Browser, town_url: str) -> None:
    """Arrows walk the rows of a list; a counter counts; a chosen file is named; a refused form's summary leads to its field."""
    async with reader(browser, town_url, width=1280) as (page, _said):
        await log_in(page, town_url, "bianji")
        await page.goto(f"{town_url}/staff/drafts/")
        rows = page.locator("[data-row]")
        await rows.first.focus()
        await page.keyboard.press("ArrowDown")
        assert await rows.nth(1).evaluate("one => one === document.activeElement")
        await page.keyboard.press("End")
        assert await rows.last.evaluate("one => one === document.activeElement")
        await page.goto(f"{town_url}/staff/drafts/new")
        await page.fill("#f-summary", "四个汉字")
        assert "已写 4 字，最多 200 字" in await page.inner_text("main")
        await page.set_input_files(
            "#f-file", {"name": "名单.txt", "mimeType": "text/plain", "buffer": b"x" * 3000}
        )
        assert "名单.txt（3 KB）" in await page.inner_text("main")
        await page.fill("#f-title", "关于11010519491231002X的通知")
        await through(page, page.locator("button[value=show]"))
        assert await page.evaluate("document.activeElement.id") == "problem"
        await page.click(".summary a")
        assert await page.evaluate("document.activeElement.id") == "f-title"
