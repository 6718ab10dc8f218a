"""公开主体: stewards see which words of their catalogue mean nobody yet, and say which organ is meant."""

from __future__ import annotations

from collections.abc import Callable

from tests.portal.person import Person
from tests.portal.test_staff_catalogue import steward
from tests.portal.world import World
from tests.portal.world_catalogue import COUNTY

Come = Callable[[], Person]
PAGE = f"/staff/catalogue/{COUNTY}/subjects"


async def test_a_steward_says_which_organ_words_mean(people: Come, world: World) -> None:
    """Words without an organ come first; one is chosen, a refusal stands at the form, and the page says what was done."""
    person = steward(people, world)
    assert f'href="{PAGE}"' in (await person.get(f"/staff/catalogue/{COUNTY}/")).text
    page = await person.get(PAGE)
    assert page.text.index("征收实施单位") < page.text.index("县级人民政府民政部门")
    assert "旧的写法" not in page.text
    one = f"{PAGE}?subject=征收实施单位"
    refused = await person.fill(one, action=PAGE, organs="341323-czj")
    assert "没有机关 341323-czj" in refused.text
    assert refused.text.count("征收实施单位”指谁") == 1
    sent = await person.fill(one, action=PAGE, organs="341323-zfb")
    assert sent.status_code == 303
    done = await person.get(sent.headers["location"])
    assert "已认定是哪个机关" in done.text
    assert "每种写法都有对应的机关" in done.text
    assert "由人认定" in done.text


async def test_who_only_reads_finds_no_form(people: Come, world: World) -> None:
    """An inspector sees whom words mean; nothing to press, and unknown words are not found."""
    reader = steward(people, world, "jiancha")
    page = await reader.get(f"{PAGE}?subject=县级人民政府民政部门")
    assert "认定</button>" not in page.text
    assert "由本区划的目录管理员认定" in page.text
    assert (await reader.get(f"{PAGE}?subject=nothing")).status_code == 404
    assert (await reader.get("/staff/catalogue/guide/subjects")).status_code == 404
