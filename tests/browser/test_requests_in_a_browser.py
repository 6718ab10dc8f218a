"""Applying, looking up and subscribing in Chromium: accessible on a phone in three themes, and whole without script."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.axe import violations
from tests.portal.world_requests import CODE, DISCLOSED, RUNNING

pytestmark = pytest.mark.browser

NEW = "/341323/requests/new/1"
LOOKUP = "/341323/requests/lookup"
WIDTH = 390


async def press(page: Page, name: str) -> None:
    """Press a button of the page's own text and wait for where it leads."""
    async with page.expect_navigation(wait_until="load"):
        await page.locator("main").get_by_role("button", name=name).first.click()


async def look_up(page: Page, url: str, number: str) -> None:
    await page.goto(url + LOOKUP)
    await page.fill("[name=number]", number)
    await page.fill("[name=code]", CODE)
    await press(page, "查询")


@pytest.mark.parametrize("theme", ["standard", "large", "contrast"])
async def test_the_pages_are_accessible(browser: Browser, town_url: str, theme: str) -> None:
    """Errors, the progress of a request and the form for subscribing: nothing for axe to find, nothing cut off."""
    context = await browser.new_context(viewport={"width": WIDTH, "height": 900})
    await context.add_cookies([{"name": "theme", "value": theme, "url": town_url}])
    page = await context.new_page()
    found: list[str] = []

    async def check(name: str) -> None:
        found.extend(f"{name}: {one}" for one in await violations(page, of=()))
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found.extend([f"{name}: {wide} px wide"] if wide > WIDTH else [])

    await look_up(page, town_url, RUNNING)
    await check("progress")
    if theme == "standard":  # the other themes change colours and sizes, which the progress has most of
        await page.goto(f"{town_url}/subscribe?place=341323106000&topic=20")
        await check("subscribe")
        await page.goto(town_url + NEW)
        await press(page, "找一找")
        assert await page.evaluate("document.activeElement.id") == "errors"
        await check("errors")
    assert found == []
    await context.close()


async def test_an_application_goes_through_without_script(browser: Browser, town_url: str) -> None:
    """On a phone with scripts off: four steps, the receipt, the progress, and a file of a reply; no secret in an address."""
    context = await browser.new_context(
        viewport={"width": WIDTH, "height": 900}, java_script_enabled=False, accept_downloads=True
    )
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    await page.goto(town_url + NEW)
    await page.fill("[name=description]", "农田建设")
    await press(page, "找一找")
    await page.locator("[name=organ]").first.check()
    await press(page, "下一步")
    await page.get_by_label("公民个人（自然人）").check()
    assert not await page.locator("[name=contact_name]").is_visible()
    await page.fill("[name=name]", "王秀兰（演示）")
    await page.select_option("[name=id_kind]", "resident_id")
    await page.fill("[name=id_number]", "341323195603021525")
    await page.fill("[name=phone]", "13900000000")
    await press(page, "下一步")
    await page.get_by_label("电子文档", exact=True).check()
    await page.get_by_label("在本站查询进度时下载").check()
    await press(page, "下一步")
    await press(page, "提交申请")
    assert "K7QM3-XPD9T" in await page.locator(".ticket").inner_text()
    await press(page, "现在看看进度")
    assert "还没有起算" in await page.locator("main").inner_text()
    await look_up(page, town_url, DISCLOSED)
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="下载").click()
    assert (await downloading.value).suggested_filename == "成本监审报告.pdf"
    secrets = ("K7QM3", CODE, DISCLOSED, "341323195603021525", "13900000000")
    assert not [one for one in asked for secret in secrets if secret in one]
    await context.close()
