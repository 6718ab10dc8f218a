"""Those who keep the catalogues of a city, a county and a township, and what they do before their pages, by keyboard."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from gongkai.cli.demo import add_demo_people
from gongkai.cli.demo_catalogues import publish_demo_catalogues
from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.load import organ_credentials_of
from gongkai.demo.accounts import demo_people, kept_passwords
from gongkai.demo.records import demo_organs
from gongkai.loading.mapping import MappedOrgan
from tests.endtoend.people import Person

WELFARE: Final = "社会救助"
ELDERLY: Final = "养老服务"
GUIDED: Final = "制定或获取信息之日起8个工作日内"
"""The guide's new time limit of 最低生活保障／办事指南, which the county writes otherwise."""
ALLOWANCE: Final = "制定或获取补贴政策之日起5个工作日内"
"""The guide's new time limit of 老年人补贴, which the township writes otherwise."""
RENAMED: Final = "老年人补贴发放结果"
"""What the guide calls 老年人补贴申领信息 now."""
NEW: Final = "居家适老化改造补贴"
"""The guide's new matter."""
ELEMENTS: Final = "●补贴对象●补贴标准●申请材料●办理流程●咨询电话"


async def settle_in(state: Path) -> dict[str, str]:
    """Register the demo's organs and people, and publish their first catalogues; login → password."""
    endpoints = load_endpoints(state)
    needed = {one.organ for one in demo_people()}
    for organ in demo_organs():
        if organ.code in needed:
            told = MappedOrgan(
                code=organ.code, name=organ.name, short_name=organ.short_name, division=organ.division, uscc=organ.uscc
            )  # fmt: skip
            await organ_credentials_of(endpoints, told)
    await add_demo_people(endpoints)
    await publish_demo_catalogues(endpoints)
    return kept_passwords(endpoints.keys)


def revised(workbook: bytes) -> bytes:
    """The guide's table as the province changed it: two time limits, a name and a new row."""
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    cell(book[WELFARE], "办事指南", "公开时限").value = GUIDED
    elderly = book[ELDERLY]
    cell(elderly, "老年人补贴", "公开时限").value = ALLOWANCE
    last = elderly.max_row
    elderly.append([elderly.cell(last, column).value for column in range(1, elderly.max_column + 1)])
    new = {
        "序号": last + 1,
        "一级事项": "养老服务业务办理",
        "二级事项": NEW,
        "公开内容（要素）": ELEMENTS,
        "公开时限": ALLOWANCE,
        "乡级": "√",
    }
    for title, value in new.items():
        elderly.cell(last + 1, _column(elderly, title)).value = value
    cell(elderly, "老年人补贴申领信息", "二级事项").value = RENAMED
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(sheet: Worksheet, matter: str, column: str) -> Any:
    """A cell of the first row whose matter is called so."""
    names = _column(sheet, "二级事项")
    line = next(row for row in range(1, sheet.max_row + 1) if sheet.cell(row, names).value == matter)
    return sheet.cell(line, _column(sheet, column))


def _column(sheet: Worksheet, title: str) -> int:
    return next(one.column for row in sheet.iter_rows(max_row=4) for one in row if one.value == title)


async def shelf(steward: Person, title: str, *, looking: bool = True) -> None:
    """From the desk to one of the catalogues somebody keeps."""
    await steward.visit("/staff/")
    if looking:
        await steward.look_at("desk")
    await steward.menu("事项目录")
    if looking:
        await steward.look_at("shelf")
    await steward.follow(title)
    if looking:
        await steward.look_at("catalogue")


async def begin(steward: Person) -> None:
    """Draft a new edition."""
    await steward.follow("起草新版")
    await steward.look_at("open")
    await steward.press("开始起草")
    await steward.look_at("drafting")


async def take(steward: Person) -> None:
    """Lay the newest edition above beside the draft."""
    await steward.see("上级目录有新版")
    await steward.follow("对照上级新版")
    await steward.look_at("take")
    await steward.press("对照新版")
    await steward.see("草稿已改为对照上级目录的新版")
    await steward.look_at("taken")


async def propose(steward: Person, note: str) -> None:
    """Send the draft to another steward."""
    await steward.follow("送复核")
    await steward.look_at("propose")
    await steward.fill("送复核说明", note)
    await steward.press("送复核")
    await steward.see("已送复核", "不能再改")
    await steward.look_at("proposed")


async def review(steward: Person, title: str, *changes: str) -> None:
    """Look through all that would change."""
    await shelf(steward, title, looking=False)
    await steward.follow("全部变化")
    await steward.see(*changes)
    await steward.look_at("changes")


async def publish(steward: Person, number: int) -> None:
    """Publish what was looked through."""
    await steward.follow("发布")
    await steward.look_at("publish")
    await steward.press("发布新版")
    await steward.see("新版目录已经发布", f"现行第 {number} 版")
    await steward.look_at("published")


async def decide_in_the_grid(steward: Person, told: str) -> None:
    """Take the first answer to the only open question, in the table, and save it."""
    await steward.reach(steward.page.locator('#sheet [tabindex="0"]'))
    for key in ("End", "Enter", "Enter", "Escape"):
        await steward.page.keyboard.press(key)
    await steward.see(told)
    await steward.look_at("decided-unsaved", narrow_too=True)
    await steward.page.keyboard.press("Control+s")
    await steward.page.locator("#said", has_text="已保存").wait_for()
    await steward.see("没有要决定的了")
    await steward.look_at("decided")


async def open_row(steward: Person, matter: str) -> None:
    """Open a row of the table by the link at its head; where the table is a grid, its keys lead there."""
    rows = steward.page.locator("#sheet tr[data-m]")
    if steward.look.scripts:
        await steward.reach(steward.page.locator('#sheet [tabindex="0"]'))
        told = await rows.all_inner_texts()
        for key in [
            *["ArrowDown"] * next(at for at, text in enumerate(told) if matter in text),
            "Home",
            "Enter",
        ]:
            await steward.page.keyboard.press(key)
    else:
        await steward.reach(rows.filter(has_text=matter).first.get_by_role("link").first)
    async with steward.page.expect_navigation(wait_until="load"):
        await steward.page.keyboard.press("Enter")
