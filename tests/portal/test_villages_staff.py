"""A village's list through two people's hands, without a script: from the model, rows more and less, confirmed, checked."""

from __future__ import annotations

from collections.abc import Callable

from tests.portal.person import Person, sheet_of
from tests.portal.test_staff_catalogue import steward
from tests.portal.world import World
from tests.portal.world_villages import VILLAGE

Come = Callable[[], Person]
BASE = f"/staff/villages/{VILLAGE}"


async def test_a_list_is_begun_changed_and_confirmed_by_another(people: Come, world: World) -> None:
    """Nothing is saved before 保存; the proposer cannot confirm; the other's publishing shows to the public."""
    world.hall.states.clear()
    world.hall.histories.clear()
    first, second = steward(people, world), steward(people, world, "fuhe")
    listed = await first.get("/staff/villages/")
    assert f'<option value="{VILLAGE}">徐圩村</option>' in listed.text
    await first.send(sheet_of(await first.get(f"{BASE}/"), f"{BASE}/"), do="model")
    page = await first.get(f"{BASE}/")
    assert 'value="村集体财务收支"' in page.text
    shown = await first.send(sheet_of(page, f"{BASE}/"), do="remove|0")
    assert "还没有保存" in shown.text
    assert len(world.hall.state(VILLAGE).items) == 15
    shown = await first.send(sheet_of(shown, f"{BASE}/"), do="add")
    saved = await first.send(sheet_of(shown, f"{BASE}/"), do="save", **{"level2-14": "电费收支"})
    assert saved.status_code == 303
    assert [one.level2 for one in world.hall.state(VILLAGE).items][-1] == "电费收支"
    page = await first.get(f"{BASE}/")
    assert "现在不能送复核" in page.text
    rest = {"level1-14": "村级财务", "elements-14": "●电费", "channels-14": "村公示栏", "basis-14": "第三十条", "kind-14": "5", "unmatched-14": "没有"}  # fmt: skip
    await first.send(sheet_of(page, f"{BASE}/"), do="save", **rest)
    await first.send(sheet_of(await first.get(f"{BASE}/propose"), f"{BASE}/propose"))
    assert "须由另一人确认" in (await first.get(f"{BASE}/publish")).text
    assert "等待另一人确认公布" in (await second.get("/staff/")).text
    page = await second.get(f"{BASE}/publish")
    assert "这是第一份清单" in page.text
    await second.send(sheet_of(page, f"{BASE}/publish"))
    assert "电费收支" in (await first.get(f"/{VILLAGE}/villages/")).text


async def test_bad_cells_and_another_s_save_come_back_with_what_was_typed(people: Come, world: World) -> None:
    """A number that is none is said beside its cell; who saves second is told what the first changed."""
    first, second = steward(people, world), steward(people, world, "fuhe")
    one, other = await first.get(f"{BASE}/"), await second.get(f"{BASE}/")
    refused = await first.send(sheet_of(one, f"{BASE}/"), do="save", **{"day-1": "月底"})
    assert refused.status_code == 422
    assert 'id="e-day-1-1"' in refused.text
    await first.send(sheet_of(one, f"{BASE}/"), do="save", **{"day-1": "15"})
    refused = await second.send(sheet_of(other, f"{BASE}/"), do="save", **{"level2-0": "我写的"})
    assert refused.status_code == 422
    assert "“村集体财务收支”的固定日由“10”改为“15”" in refused.text
    assert 'value="我写的"' in refused.text


async def test_the_list_beside_the_catalogue_above(people: Come, world: World) -> None:
    """Both, missing here, the village's own; a person without a role at a division is not led here and is refused."""
    text = (await steward(people, world).get(f"{BASE}/check")).text
    for said in ("两边都有", "清单没有", "村里自己的", "贫困人口识别"):
        assert said in text
    editor = steward(people, world, "bianji")
    assert "/staff/villages/" not in (await editor.get("/staff/")).text
    assert (await editor.get(f"{BASE}/")).status_code == 403
    assert (await steward(people, world).get("/staff/villages/341323000000/")).status_code == 404
