"""From an empty form to a public record, through two people's hands; and what is refused on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from services.portal import figures
from services.portal.forms import Form
from services.portal.pasting import lines_of
from tests.portal.person import Person, sheet_of
from tests.portal.test_portal_pages import Outline
from tests.portal.world import COUNTY, MIGRATED, World
from tests.portal.world_editions import ADDED, LEFT_OUT

Come = Callable[[], Person]
RECORD = "11341323MB00010117/202611-10001"


async def test_a_record_is_written_confirmed_and_published_by_two(people: Come, world: World) -> None:
    """An editor writes and proposes, a reviewer confirms and publishes, without a script; history names both."""
    editor, reviewer = people(), people()
    await editor.log_in("bianji")
    await reviewer.log_in("shenhe")
    saved = await editor.fill(
        "/staff/drafts/new", title="2026年冬春救助名册", kind="subsidy", formed_on="2026-11-18", domain="20",
        keywords="救助，冬春、名册", body_text="第一章　总则\n第一条　为了救助，制定本办法。", act="show",
    )  # fmt: skip
    at = saved.headers["location"].split("?")[0]
    page = await editor.get(saved.headers["location"])
    assert "稿件已保存" in page.text
    assert 'class="chapter"' in page.text  # the preview is set as the public page sets it
    assert "救助　冬春　名册" in page.text
    assert f'href="{at}/publish"' not in page.text
    answer = await editor.fill(f"{at}/propose", attribute="proactive", ground="条例第二十条第（十一）项")
    assert answer.headers["location"] == f"{at}?done=proposed"
    await reviewer.fill(f"{at}/confirm")
    consequences = await reviewer.get(f"{at}/publish")
    assert "公众立刻可以看到" in consequences.text
    assert "第一条" in consequences.text
    answer = await reviewer.send(sheet_of(consequences, f"{at}/publish"))
    assert answer.headers["location"] == f"{at}?done=published"
    assert world.drawer.done == ["saved", "proposed", "confirmed", "published"]
    text = Outline((await reviewer.get(answer.headers["location"])).text).text
    assert "公众现在就能在前台看到" in text
    assert text.index("公开　李明（演示）") < text.index("提出公开属性建议　何静（演示）")


async def test_nobody_confirms_their_own_proposal(people: Come, world: World) -> None:
    """Who proposed may hold both roles: confirming is refused with the article, on the panel and when sent anyway."""
    person = people()
    await person.log_in("bianji2")
    world.drawer.drafts["d-proposed"].proposed_by = "s-editor2"
    page = await person.get("/staff/drafts/d-proposed")
    cannot = page.text.split("现在不能做</h2>")[1]
    assert "不能由您本人确认" in cannot
    assert "第十七条" in cannot
    assert 'href="/staff/drafts/d-proposed/return"' in page.text.split("现在不能做</h2>")[0]
    refused = await person.get("/staff/drafts/d-proposed/confirm")
    assert "现在不能确认公开属性" in refused.text
    marks = sheet_of(refused, "/staff/logout")
    marks.action = "/staff/drafts/d-proposed/confirm"
    answer = await person.send(marks)
    assert answer.status_code == 422
    assert "不能由您本人确认" in answer.text
    assert not world.drawer.done


async def test_a_return_needs_a_reason_and_reaches_its_editor(people: Come, world: World) -> None:
    """Returned without a reason: the form again. With one: the editor finds it on the desk and may write again."""
    editor, reviewer = people(), people()
    await editor.log_in("bianji")
    await reviewer.log_in("shenhe")
    answer = await reviewer.fill("/staff/drafts/d-proposed/return", reason="")
    assert answer.status_code == 422
    assert 'href="#f-reason">缺少理由。' in answer.text
    await reviewer.fill("/staff/drafts/d-proposed/return", reason="附件里有门牌号")
    assert "退回：附件里有门牌号" in (await editor.get("/staff/")).text
    assert "复核员退回了这份稿件" in (await editor.get("/staff/drafts/d-proposed")).text
    answer = await editor.fill("/staff/drafts/d-proposed/discard", reason="重复")
    assert answer.headers["location"].endswith("done=discarded")
    assert world.drawer.done == ["returned", "discarded"]


async def test_a_refused_save_keeps_everything(people: Come, world: World) -> None:
    """A field that is refused: all reasons on top, linked to their fields, and every word as it was typed."""
    person = people()
    await person.log_in("bianji")
    number = "11010519491231002X"
    answer = await person.fill(
        "/staff/drafts/new", title=f"关于{number}的通知", summary=f"{number}", doc_number="灵民〔2026〕9号",
        body_text="正文\n还在", kind="notice", domain="20",
    )  # fmt: skip
    assert answer.status_code == 422
    page = Outline(answer.text)
    links = [one["href"] for one in page.all("a")]
    assert "#f-title" in links
    assert "#f-summary" in links
    assert "第十五条" in answer.text
    assert [one["id"] for one in page.all("input") if one.get("aria-invalid")] == ["f-title"]
    sheet = sheet_of(answer, "/staff/drafts/new")
    kept = {name: sheet.value(name) for name in ("title", "doc_number", "body_text", "kind", "domain")}
    assert kept == {
        "title": f"关于{number}的通知", "doc_number": "灵民〔2026〕9号", "body_text": "正文\n还在", "kind": "notice", "domain": "20",
    }  # fmt: skip
    assert (await person.send(sheet, title="好", summary="好")).status_code == 303
    assert world.drawer.done == ["saved"]


def test_pasted_columns_follow_their_heads_and_only_plain_numbers_lose_their_unit() -> None:
    """The order of heads counts where they are understood; 万元 and odd groups of digits are left to be asked about."""
    read = lines_of(
        "序号\t村（社区）\t户数\t发放金额\n1\t徐圩村\t1,041户\t5.4万元\n2\t高楼村\t1,41\t￥5，400",
        list(figures.FIELDS),
        9,
    )
    assert list(read) == [
        {"division": "徐圩村", "households": "1041", "amount": "5.4万元"},
        {"division": "高楼村", "households": "1,41", "amount": "5400"},
    ]  # fmt: skip
    unknown = "甲\t乙\n徐圩村\t2026"
    assert list(lines_of(unknown, ["division", "period"], 9)) == [{"division": "徐圩村", "period": "2026"}]


def test_a_form_of_many_figures_is_looked_through_a_few_times() -> None:
    """500 lines are 3,500 fields: none is looked for among all of them, or one save keeps every reader waiting."""
    looks: list[int] = []

    class Fields(list[tuple[str, str]]):
        def __iter__(self) -> Iterator[tuple[str, str]]:
            looks.append(1)
            return super().__iter__()

    lines = [(f"facts[{at}].{name}", f" {at} ") for at in range(500) for name in ("period", "people")]
    form = Form(
        Fields([*(("fact", str(at)) for at in range(500)), *lines, ("facts[7].people", "8")]), {}, "c"
    )
    found = figures.facts_in(form, [])
    assert found is not None
    assert [(one.period, one.people) for one in found[6:8]] == [("6", "6"), ("7", "8")]
    assert len(looks) < 10


async def test_figures_are_typed_in_rows_or_pasted(
    people: Come, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures stand in rows: a bad one beside its field, more rows without a script, a spreadsheet's lines by name or code."""
    person, path = people(), "/staff/drafts/d-draft/edit"
    await person.log_in("bianji")
    page = await person.get(path)
    (wrong,) = [one for one in Outline(page.text).all("input") if one.get("aria-invalid")]
    assert (wrong["id"], wrong["value"]) == ("f-facts[1].amount", "5,400")
    assert "别人改过这份稿件" in (await person.send(sheet_of(page, path), version="9" * 30)).text
    assert 'href="#f-facts[1].amount">数字第 2 行金额（元）：金额带有千位分隔符' in page.text
    pasted = "村\t季度\t发放金额（元）\n徐圩村\t2026-09\t3,300.00元\t2人\t\t2026-09-30\n高楼镇\t2026\n\n别处\t2026\t1"
    changes = {"facts[0].division": "341323000000", "facts[1].period": "", "facts[1].amount": "",
               "facts[1].households": "", "facts[1].on": "", "facts_pasted": pasted, "act": "rows"}  # fmt: skip
    answer = await person.send(sheet_of(page, path), **changes)
    assert answer.headers["location"] == f"{path}?done=saved&rows=5#figures"
    saved = world.drawer.drafts["d-draft"].content.facts
    assert [(one.division, one.period, one.amount, one.people, one.on) for one in saved] == [
        (COUNTY, "2026-Q4", "9000", "37", ""),  # the second line was emptied: it is gone
        ("341323106201", "2026-09", "3300.00", "2", "2026-09-30"),
        ("341323111000", "2026", "", "", ""),
        ("别处", "2026", "1", "", ""),
    ]
    page = await person.get(answer.headers["location"])
    assert len(Outline(page.text).all("select")) == 5 + 4 + 5 - 1
    assert "别处（不在本区划内）" in page.text
    shown = Outline((await person.get("/staff/drafts/d-proposed")).text).text
    assert "浍沟镇徐圩村2026年四季度5,400—41 户2026年11月18日" in shown
    monkeypatch.setattr(figures, "MOST_CHOICES", 3)  # too many for a select: a text field proposes them
    page = await person.get(path)
    sheet = sheet_of(page, path)
    assert [sheet.value(f"facts[{at}].division") for at in (0, 1, 3)] == ["灵璧县", "徐圩村", "别处"]
    await person.send(sheet, **{"facts[3].division": "341323104000 黄湾镇"})
    saved = world.drawer.drafts["d-draft"].content.facts
    assert [one.division[6:] for one in saved] == ["000000", "106201", "111000", "104000"]
    twice = [("341323106201", "　张村"), ("341323107201", "　张村"), (COUNTY, "灵璧县")]
    assert [*figures.proposals(twice).values()] == ["张村 341323106201", "张村 341323107201", "灵璧县"]
    await person.fill("/staff/drafts/d-returned/edit", title="没有数字")
    assert not world.drawer.drafts["d-returned"].content.facts


async def test_two_who_write_at_once_see_each_others_words(people: Come, world: World) -> None:
    """Who saves second is told what the first changed, keeps their own words, and may then save over them."""
    first, second = people(), people()
    await first.log_in("bianji")
    await second.log_in("bianji2")
    path = "/staff/drafts/d-draft/edit"
    early = sheet_of(await second.get(path), path)
    await first.fill(path, title="甲写的标题")
    answer = await second.send(early, title="乙写的标题")
    assert answer.status_code == 409
    assert "甲写的标题" in answer.text
    sheet = sheet_of(answer, path)
    assert sheet.value("title") == "乙写的标题"
    assert (await second.send(sheet)).status_code == 303
    assert world.drawer.drafts["d-draft"].content.title == "乙写的标题"


async def test_attachments_come_one_by_one_and_can_be_removed(people: Come, world: World) -> None:
    """A file is uploaded in the person's own name, offered to those who may read the draft, and removed again."""
    person, clerk = people(), people()
    await person.log_in("bianji")
    await clerk.log_in("banli")
    path, data = "/staff/drafts/d-draft/edit", b"%PDF invented" * 100_000
    await person.fill(path, files={"file": ("名单（公开版）.pdf", data, "application/pdf")})
    await person.fill(path, files={"file": ("../../evil\r\n.txt", b"two", "text/plain")})
    held = list(world.drawer.drafts["d-draft"].content.attachments)
    assert [one.name for one in held] == ["名单（公开版）.pdf", ".._.._evil.txt"] or len(held) == 2
    assert world.uploaders == ["staff:s-editor", "staff:s-editor"]
    digest = hashlib.sha256(data).hexdigest()
    file = f"/staff/drafts/d-draft/files/{digest}"
    download = await person.get(file)
    assert download.content == data
    assert download.headers["cache-control"] == "no-store"
    assert (await clerk.get(file)).status_code == 404
    assert (await person.get(f"/staff/drafts/d-draft/files/{'0' * 64}")).status_code == 404
    page = await person.get(path)
    await person.send(sheet_of(page, path), remove=digest)
    assert [one.digest for one in world.drawer.drafts["d-draft"].content.attachments] == [held[1].digest]


async def test_matters_follow_the_domain_without_script(people: Come) -> None:
    """The domain is chosen, a button saves and lists its matters in the county's own catalogue; what was typed stays."""
    person = people()
    await person.log_in("bianji")
    path = "/staff/drafts/d-draft/edit"
    assert "m-23-001" not in (await person.get(path)).text
    answer = await person.fill(path, domain="23", title="改了领域", act="matters")
    page = await person.get(answer.headers["location"])
    assert 'value="m-23-001"' in page.text
    assert sheet_of(page, path).value("title") == "改了领域"
    answer = await person.fill(path, domain="20", act="matters")
    page = await person.get(answer.headers["location"])
    assert f'value="{ADDED}"' in page.text
    assert f'value="{LEFT_OUT}"' not in page.text


async def test_what_stands_against_publishing_is_listed_beside_the_form(people: Come) -> None:
    """Findings link to the fields they are about; proposing tells them all at once."""
    person = people()
    await person.log_in("bianji")
    page = await person.get("/staff/drafts/d-draft/edit")
    assert 'href="#f-formed_on">成文日期：缺少生成（成文）日期。' in page.text
    answer = await person.fill("/staff/drafts/d-draft/propose", attribute="proactive", ground="")
    assert answer.status_code == 422
    for reason in ("缺少生成（成文）日期", "所填领域不在现行的公开事项目录中", "缺少确定公开属性的理由"):
        assert reason in answer.text


async def test_a_frozen_draft_says_why_it_cannot_be_written(people: Come, world: World) -> None:
    """What is before the reviewer cannot be changed: the form says so, and a save is refused."""
    person = people()
    await person.log_in("bianji")
    path = "/staff/drafts/d-proposed/edit"
    assert "现在不能修改" in (await person.get(path)).text
    assert (await person.fill(path, title="偷偷改")).status_code == 422
    assert not world.drawer.done


async def test_a_defect_is_mended_from_the_list(people: Come, world: World) -> None:
    """Defects stand in the list in words; 改正 opens a draft filled from the record, which stays as it is."""
    person = people()
    await person.log_in("bianji2")
    world.records[MIGRATED].organ = "341323-mzj"
    page = await person.get("/staff/records/?defects=1")
    assert "缺少成文日期" in page.text
    assert RECORD not in page.text
    answer = await person.send(sheet_of(page, f"/staff/records/{MIGRATED}/revise"))
    assert answer.status_code == 303
    editor = await person.get(answer.headers["location"])
    assert sheet_of(editor, answer.headers["location"]).value("title") == "灵璧县2021年财政预算执行情况"
    assert "历史迁移信息可以先补一部分" in editor.text
    assert MIGRATED in world.records


async def test_a_withdrawal_tells_its_consequences_first(people: Come, world: World) -> None:
    """Withdrawing asks for a reason on a page that tells what follows; editors are refused; the record is gone after."""
    editor, reviewer = people(), people()
    await editor.log_in("bianji")
    await reviewer.log_in("shenhe")
    path = f"/staff/records/{RECORD}/withdraw"
    answer = await editor.fill(path, reason="想撤")
    assert answer.status_code == 403
    assert "您没有撤回的角色" in answer.text
    answer = await reviewer.fill(path, reason="")
    assert "缺少理由" in answer.text
    assert RECORD in world.records
    assert "不显示标题和正文" in answer.text
    answer = await reviewer.send(sheet_of(answer, path), reason="内容有误")
    assert answer.headers["location"] == "/staff/records/?done=withdrawn"
    assert (await reviewer.get(f"/r/{RECORD}")).status_code == 410
    assert (await reviewer.get(path)).status_code == 404


async def test_what_departments_sent_is_told_with_every_reason(people: Come) -> None:
    """Refused reports show all their reasons with articles; defects can be mended; filters keep their counts."""
    person = people()
    await person.log_in("bianji")
    page = Outline((await person.get("/staff/incoming/?outcome=rejected")).text)
    assert "缺少名称（标题）" in page.text
    assert "第十五条" in page.text
    assert "第 1–2 条，共 2 条" in page.text
    assert "没有变化 1" in page.text
    assert "没有已撤回的报送" in (await person.get("/staff/incoming/?outcome=withdrawn")).text
    assert "没有这一页" in (await person.get("/staff/incoming/?page=9")).text
    assert (await person.get("/staff/incoming/?page=x")).status_code == 400


async def test_a_service_that_fails_while_saving_keeps_the_input(people: Come, world: World) -> None:
    """Publishing goes away between opening and saving: the form again with its words, and nothing done twice."""
    person = people()
    await person.log_in("bianji")
    sheet = sheet_of(await person.get("/staff/drafts/new"), "/staff/drafts/new")
    world.drawer.away = True
    answer = await person.send(sheet, title="等一分钟再交")
    assert answer.status_code == 503
    assert "不会重复办理" in answer.text
    kept = sheet_of(answer, "/staff/drafts/new")
    world.drawer.away = False
    assert kept.value("title") == "等一分钟再交"
    assert (await person.send(kept)).status_code == 303


async def test_a_draft_that_cannot_be_read_while_saving_keeps_the_input(people: Come, world: World) -> None:
    """The draft's own service, or the one that knows the session, is away: 503, and the words can be sent again."""
    person = people()
    await person.log_in("bianji")
    path = "/staff/drafts/d-draft/edit"
    sheet = sheet_of(await person.get(path), path)
    for down in (world.drawer, world.offices):
        down.away = True
        answer = await person.send(sheet, title="别丢了")
        down.away = False
        assert answer.status_code == 503
        assert sheet_of(answer, path).value("title") == "别丢了"
    assert (await person.send(sheet_of(answer, path))).status_code == 303
    assert world.drawer.drafts["d-draft"].content.title == "别丢了"
