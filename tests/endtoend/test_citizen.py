"""A citizen finds a rule by words of its text, narrows, opens and downloads it; nothing on the way is broken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml
from playwright.async_api import Browser

from tests.axe import violations
from tests.endtoend.city import City
from tests.endtoend.sample import make_sample

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]

ORGAN = "341323-lawyers"
TEXT = "## 第一章　总则\n\n第一条　为了规范灯杆共享，制定本办法。\n\n第二条　杆体加挂设备的，应当先核验承重余量。\n"
TITLE = "多功能灯杆管理办法"


def law_book(folder: Path) -> tuple[Path, Path]:
    """A file with one rule among others, and its mapping."""
    sample = make_sample(folder, ORGAN, 40)
    rows = [json.loads(line) for line in sample.file.read_text("utf-8").splitlines()]
    rule = {"title": TITLE, "number": "灵政〔2026〕999号", "issued": "2026-03-02", "body": TEXT}
    sample.file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in [*rows, rule]), "utf-8")
    mapping = yaml.safe_load(sample.mapping.read_text())
    mapping["kind"] = {"default": "notice", "rules": [{"words": ["管理办法"], "kind": "normative"}]}
    mapping["body"]["media_type"] = "text/markdown"
    sample.mapping.write_text(yaml.safe_dump(mapping, allow_unicode=True))
    return sample.file, sample.mapping


@pytest.fixture(scope="module")
def loaded(city: City, tmp_path_factory: pytest.TempPathFactory) -> City:
    """The platform with the rule published and searchable."""
    file, mapping = law_book(tmp_path_factory.mktemp("laws"))
    accepted = int(
        city.cli("load", str(file), "--mapping", str(mapping)).stdout.split("accepted ")[1].split("　")[0]
    )
    city.wait(lambda: len(city.indexed(ORGAN)) >= accepted, "the rules are searchable")
    return city


@pytest.mark.parametrize(("width", "height", "scripts"), [(1280, 900, True), (390, 844, False)])
async def test_a_citizen_finds_a_rule_by_words_of_its_body_and_downloads_it(
    loaded: City, browser: Browser, *, width: int, height: int, scripts: bool
) -> None:
    """Given a rule whose words stand in its body only, when a citizen asks, narrows by kind and opens it, then its text can be read and taken home."""
    address = loaded.endpoints["portal"]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=scripts, accept_downloads=True
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    await page.goto(f"{address}/341323/")
    await page.get_by_role("searchbox").first.fill("承重余量 核验")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?**")
    if width < 640:
        await page.locator("summary", has_text="缩小范围").click()
    await page.get_by_role("checkbox", name="规范性文件").check()
    await page.get_by_role("button", name="应用").click()
    result = page.get_by_role("link", name=TITLE)
    await result.wait_for()
    assert await page.locator("mark").count() > 0
    if scripts:
        assert await violations(page) == []
    await result.click()
    await page.wait_for_url("**/r/**")

    assert TITLE in await page.inner_text("h1")
    assert "杆体加挂设备的，应当先核验承重余量" in await page.inner_text("main")
    if scripts:
        assert await violations(page) == []
    async with page.expect_download() as download:
        await page.locator('a[href*="/files/"]').first.click()
    taken = await (await download.value).path()
    assert await asyncio.to_thread(Path(taken).read_text, "utf-8") == TEXT
    assert errors == []
    await context.close()
