"""The portal in Chromium: accessible in three themes and two widths, by keyboard, at 320 px, on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page

from tests.axe import violations
from tests.portal.world import ACT, HOSTILE, MIGRATED, WITHDRAWN

pytestmark = pytest.mark.browser

PATHS = {
    "choose": "/",
    "home": "/341323/",
    "columns": "/341323/statutory/",
    "column": "/341323/statutory/normative",
    "catalogue": "/341323/catalogue/",
    "domain": "/341323/catalogue/20",
    "matter": "/341323/catalogue/20/m-20-001",
    "catalogue-rows": "/341323/catalogue/?find=低保&level=township",
    "matter-adapted": "/341323/catalogue/20/m-20-005",
    "differences": "/341323/catalogue/differences",
    "compare": "/341323/catalogue/compare?a=341323000000-1&b=341323000000-2",
    "requests": "/341323/requests/",
    "search": "/341323/search?q=危房改造&domain=10",
    "nothing-found": "/341323/search?q=没有这样的词",
    "board": "/341323/oversight/",
    "late": "/341323/oversight/341323-mzj/late",
    "defects": "/341323/oversight/341323-xzf/defects",
    "coverage": "/341323/oversight/coverage",
    "duties": "/341323/oversight/341323-mzj/duties",
    "alignment": "/341323/oversight/alignment",
    "record": f"/r/{ACT}",
    "migrated": f"/r/{MIGRATED}",
    "hostile": f"/r/{HOSTILE}",
    "api": "/api/",
    "accessibility": "/accessibility",
}
FAILING = {"gone": f"/r/{WITHDRAWN}", "not-found": "/nothing", "no-division": "/999999/"}
THEMES = ("standard", "large", "contrast")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of axe that a theme of other colours can break where nothing else is different."""


@asynccontextmanager
async def reader(
    browser: Browser, url: str, *, width: int, theme: str = "standard"
) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of a browser with a theme, and what its console said."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=True)
    await context.add_cookies([{"name": "theme", "value": theme, "url": url}])
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog {dialog.message}"))
    yield page, said
    await context.close()


# Widths change the layout, themes the colours: each of both once, not each with each.
@pytest.mark.parametrize(("width", "theme"), [(1280, "standard"), (390, "large"), (390, "contrast")])
async def test_every_page_is_accessible(browser: Browser, town_url: str, width: int, theme: str) -> None:
    """Nothing serious or critical is found by axe, the console is quiet, nothing is cut off at the side."""
    found: list[str] = []
    rules = COLOURS if theme == "contrast" else ()
    async with reader(browser, town_url, width=width, theme=theme) as (page, said):
        for name, path in {**PATHS, **FAILING}.items():
            said.clear()
            await page.goto(town_url + path)
            found += [f"{name}: {one}" for one in await violations(page, only=rules)]
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{name}: {wide} px wide")
            if name in PATHS:
                found += [f"{name}: {text}" for text in said]
    assert found == []


@pytest.mark.parametrize("theme", THEMES)
async def test_pages_reflow_at_320_pixels(browser: Browser, town_url: str, theme: str) -> None:
    """At 320 px no page scrolls sideways; what is wide scrolls in a frame the keyboard reaches."""
    found = []
    async with reader(browser, town_url, width=320, theme=theme) as (page, _said):
        for name, path in PATHS.items():
            await page.goto(town_url + path)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            found += [f"{name}: {wide}"] if wide > 320 else []
    assert found == []


async def test_a_page_is_walked_by_keyboard(browser: Browser, town_url: str) -> None:
    """Tab goes to the skip link first, then in reading order; focus is always to be seen; Enter on it goes to the text."""
    async with reader(browser, town_url, width=1280) as (page, _said):
        await page.goto(f"{town_url}/341323/statutory/normative")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "跳到正文"
        assert await page.evaluate("document.activeElement.getBoundingClientRect().width > 20")
        stops = []
        for _ in range(60):
            await page.keyboard.press("Tab")
            stop = await page.evaluate(
                """() => {
                    const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
                    const seen = s.outlineStyle !== 'none' || s.boxShadow !== 'none';
                    return [e.tagName, seen && r.width > 0 && r.height > 0];
                }"""
            )
            if stop[0] == "BODY":
                break
            stops.append(stop)
        assert all(seen for _tag, seen in stops), stops
        assert {"SUMMARY", "INPUT", "BUTTON", "A"} <= {tag for tag, _seen in stops}
        await page.goto(f"{town_url}/341323/")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"


async def through(page: Page, control: Locator) -> None:
    """Click and wait for where it leads: a click alone returns while the old page is still going."""
    async with page.expect_navigation(wait_until="load"):
        await control.click()


async def test_menus_open_without_script(browser: Browser, town_url: str) -> None:
    """With scripts off a phone's menu, the county switcher and the facets open, and lead on."""
    context = await browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{town_url}/341323/search?q=危房改造")
    await page.locator(".menu summary").click()
    await page.locator(".menu").get_by_role("link", name="监督保障").wait_for()
    await page.locator(".narrow > summary").click()
    await page.locator(".narrow").get_by_label("规范性文件").check()
    await through(page, page.locator(".narrow").get_by_role("button", name="应用"))
    assert "kind=normative" in page.url
    await page.locator(".switch summary").click()
    await through(page, page.get_by_role("link", name="泗县"))
    assert "/341324/" in page.url
    await context.close()


async def test_controls_are_large_enough_to_touch(browser: Browser, town_url: str) -> None:
    """On a phone every button, field, checkbox row, menu entry and page number is at least 44 px high."""
    async with reader(browser, town_url, width=390) as (page, _said):
        await page.goto(f"{town_url}/341323/search?q=危房改造&domain=10")
        small = await page.evaluate(
            """() => [...document.querySelectorAll(
                    'button, summary, .check, input[type=search], .pager a, .picked a, .tools a, footer a')]
                .filter(e => e.offsetParent && Math.max(e.getBoundingClientRect().height,
                    parseFloat(getComputedStyle(e, '::before').height) || 0) < 43.5)
                .map(e => e.className + ' ' + e.textContent.trim().slice(0, 20))"""
        )
        assert small == []


async def test_a_record_prints_as_a_document(browser: Browser, town_url: str) -> None:
    """On paper there is no navigation: index, title, text, and the foot to check it by; the PDF is A4."""
    async with reader(browser, town_url, width=1280) as (page, _said):
        await page.goto(f"{town_url}/r/{ACT}")
        await page.emulate_media(media="print")
        for hidden in ("header .citybar", "nav.sections", "footer", ".side", ".trail"):
            assert not await page.locator(hidden).first.is_visible()
        for shown in (".index", "h1", ".text", ".printfoot"):
            assert await page.locator(shown).first.is_visible()
        assert ACT in await page.locator(".printfoot").inner_text()
        pdf = await page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        assert b"/MediaBox [0 0 594" in pdf or b"/MediaBox [0 0 595" in pdf


async def test_a_theme_is_chosen_with_a_click_and_left_with_another(browser: Browser, town_url: str) -> None:
    """大字版 keeps its choice over pages, 24 px body text, and the same link goes back."""
    async with reader(browser, town_url, width=1280) as (page, _said):
        await page.goto(f"{town_url}/341323/statutory/normative")
        await through(page, page.get_by_role("link", name="大字版"))
        assert page.url == f"{town_url}/341323/statutory/normative"
        await page.goto(f"{town_url}/r/{ACT}")
        assert await page.evaluate("getComputedStyle(document.body).fontSize") == "24px"
        await through(page, page.get_by_role("link", name="大字版"))
        assert await page.evaluate("getComputedStyle(document.body).fontSize") == "16px"


async def test_a_page_stays_within_its_budget(browser: Browser, town_url: str) -> None:
    """At most five requests and 100 KB, all to the site itself."""
    async with reader(browser, town_url, width=1280) as (page, _said):
        for path in (
            "/341323/", f"/r/{ACT}", "/341323/search?q=危房改造", "/341323/oversight/", "/341323/catalogue/24",
            "/341323/catalogue/20/m-20-005",
        ):  # fmt: skip
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            await page.goto(town_url + path)
            sizes = await page.evaluate(
                "performance.getEntries().map(e => e.transferSize || 0).reduce((a, b) => a + b, 0)"
            )
            assert len(set(asked)) <= 5  # the icon of the page before may still be on its way
            assert all(one.startswith(town_url) for one in asked)
            assert sizes <= 100_000


async def test_the_official_table_is_walked_and_printed(browser: Browser, town_url: str) -> None:
    """On a phone the keyboard scrolls the table while the matter's name stays in sight; on paper it lies across A4."""
    async with reader(browser, town_url, width=390) as (page, _said):
        await page.goto(f"{town_url}/341323/catalogue/20")
        frame = page.locator(".scroll")
        await frame.focus()
        for _ in range(6):
            await page.keyboard.press("ArrowRight")
        for _ in range(100):  # it glides; the page's own policy forbids to wait for a script's text
            if await frame.evaluate("it => it.scrollLeft") > 100:
                break
            await page.wait_for_timeout(50)
        assert await frame.evaluate("it => it.scrollLeft") > 100
        name = page.locator(".official tbody th").first
        box = await name.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < 40
        pdf = await page.pdf(prefer_css_page_size=True)
        assert b"/MediaBox [0 0 841" in pdf
