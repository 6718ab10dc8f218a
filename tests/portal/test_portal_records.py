"""A record's page and its files."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.portal.world import ACT, BARE, BODY, HOSTILE, MIGRATED, WITHDRAWN, World

ORDER = ["索引号", "有效性", "信息名称", "内容概述", "发文字号", "发布机构", "成文日期", "发布日期", "生效日期", "失效日期", "主题分类", "组配分类", "体裁分类", "公开属性", "关键词"]  # fmt: skip


def index_of(text: str) -> list[tuple[str, str]]:
    table = re.search(r'<table class="index">(.*?)</table>', text, re.DOTALL)
    assert table is not None
    cells = re.findall(r'<th scope="row">(.*?)</th><td[^>]*>(.*?)</td>', table[1], re.DOTALL)
    return [(name, re.sub(r"<[^>]+>", "", value).strip()) for name, value in cells]


async def test_the_index_table_has_fifteen_fields(site: httpx.AsyncClient) -> None:
    """All fifteen fields stand in their order."""
    fields = index_of((await site.get(f"/r/{ACT}")).text)
    assert [name for name, _value in fields] == ORDER
    told = dict(fields)
    assert told["索引号"] == ACT
    assert told["有效性"] == "现行有效"
    assert told["发布日期"] == "2026年11月20日"
    assert told["公开属性"] == "主动公开（条例第二十条第一项）"


async def test_an_empty_field_says_none(site: httpx.AsyncClient) -> None:
    """A field without a value says 无; nothing is left out."""
    told = dict(index_of((await site.get(f"/r/{BARE}")).text))
    assert list(told) == ORDER
    assert told["内容概述"] == told["发文字号"] == told["失效日期"] == told["关键词"] == "无"
    assert told["有效性"] == "无"


async def test_figures_are_a_table(site: httpx.AsyncClient, world: World) -> None:
    """A record's figures stand with the names of their places, in words; a column nobody fills is left out."""
    page = (await site.get(f"/r/{ACT}")).text
    table = re.search(r'<table class="grid figure-table">(.*?)</table>', page, re.DOTALL)
    assert table is not None
    cells = [re.sub(r"<[^>]+>", "", one) for one in re.findall(r"<t[hd][ >].*?</t[hd]>", table[1])]
    assert cells == [
        "地区", "时间", "金额", "人数", "户数", "日期",
        "灵璧县", "2026年第三季度", "1,234,567.50 元", "0 人", "812 户", "—",
        "浍沟镇徐圩村", "2026年9月", "5,400.00 元", "58 人", "—", "2026年9月30日",
    ]  # fmt: skip
    del world.records[ACT].facts[0]
    assert "户数" not in (await site.get(f"/r/{ACT}")).text
    assert 'id="figures"' not in (await site.get(f"/r/{BARE}")).text


async def test_a_body_is_typeset(site: httpx.AsyncClient) -> None:
    """Chapters become headings with places to jump to, articles begin bold, organ and day stand at the right."""
    text = (await site.get(f"/r/{ACT}")).text
    assert re.search(r'<h2 id="part-\d+" class="chapter">第一章　总则</h2>', text)
    assert "<b>第一条</b>　为健全" in text
    assert '<p class="signature">2026年11月16日</p>' in text
    assert text.count('href="#part-') == 4


async def test_nothing_of_a_record_becomes_markup(site: httpx.AsyncClient) -> None:
    """Title, fields, body and file names of a hostile record are text wherever they stand."""
    pages = [
        f"/r/{HOSTILE}",
        "/341323/statutory/normative",
        "/341323/",
        "/341323/search?q=<script>",
        "/341323/catalogue/20",
    ]
    for path in pages:
        text = (await site.get(path)).text
        assert text.count("<script") == text.count('<script src="/static/site.') == 1
        for evil in ("<img src=x", "<svg onload", "<iframe", "<i>", "<u>1", "<b onclick"):
            assert evil not in text
        assert "49" not in re.findall(r"\{\{.*?\}\}", text)
    text = (await site.get(f"/r/{HOSTILE}")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in text


async def test_markdown_is_a_safe_subset(site: httpx.AsyncClient) -> None:
    """Headings, bold, tables and lists of Markdown are shown; links and HTML stay text."""
    text = (await site.get(f"/r/{MIGRATED}")).text
    assert "<b>收入</b>" in text
    assert "<td>8,000</td>" in text
    assert "&lt;b&gt;4,300&lt;/b&gt;" in text
    assert 'href="javascript' not in text


async def test_defects_and_provenance_are_shown(site: httpx.AsyncClient) -> None:
    """A migrated record says where it came from and what it lacks."""
    text = (await site.get(f"/r/{MIGRATED}")).text
    assert "由原网站历史数据迁移" in text
    assert "缺少生成（成文）日期。" in text
    assert "2 处缺项" in text
    assert "处缺项" not in (await site.get(f"/r/{ACT}")).text


async def test_a_withdrawn_record_leaves_three_facts(site: httpx.AsyncClient) -> None:
    """410 with date, organ and reason; never the title, a body or a file."""
    answer = await site.get(f"/r/{WITHDRAWN}")
    assert answer.status_code == 410
    for fact in ("2026年11月2日", "灵璧县人民政府办公室", "其中含有应当遮盖的个人信息"):
        assert fact in answer.text
    assert "绝不出现" not in answer.text
    assert (await site.get(f"/r/{WITHDRAWN}/files/{'0' * 64}/a.txt")).status_code == 410


async def test_a_body_is_downloaded_as_it_is(site: httpx.AsyncClient, world: World) -> None:
    """The body comes byte for byte as an attachment no browser will run."""
    (body, *_rest) = world.records[ACT].files
    answer = await site.get(f"/r/{ACT}/files/{body.digest}/正文.txt")
    assert answer.content == BODY.encode()
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%E6%AD%A3%E6%96%87.txt"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-length"] == str(len(BODY.encode()))
    head = await site.head(f"/r/{ACT}/files/{body.digest}/正文.txt")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(BODY.encode())))
    again = await site.get(
        f"/r/{ACT}/files/{body.digest}/正文.txt", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


async def test_a_file_belongs_to_its_record(site: httpx.AsyncClient, world: World) -> None:
    """A digest of another record is not found here; another name leads to the right one."""
    other = world.records[MIGRATED].files[0]
    assert (await site.get(f"/r/{ACT}/files/{other.digest}/{other.name}")).status_code == 404
    body = world.records[ACT].files[0]
    moved = await site.get(f"/r/{ACT}/files/{body.digest}/x.exe")
    assert moved.status_code == 301
    assert moved.headers["location"].endswith("/%E6%AD%A3%E6%96%87.txt")


async def test_a_hostile_file_name_stays_a_name(site: httpx.AsyncClient) -> None:
    """A file name with a path and markup in it can be downloaded and breaks no header."""
    page = (await site.get(f"/r/{HOSTILE}")).text
    found = re.search(rf'href="(/r/{HOSTILE}/files/[^"]+)"', page)
    assert found is not None
    answer = await site.get(found[1])
    assert answer.status_code == 200
    assert "/" not in answer.headers["content-disposition"].split("''")[1]
    assert '"' not in answer.headers["content-disposition"]


async def test_a_destroyed_file_is_told(site: httpx.AsyncClient, world: World) -> None:
    """A destroyed file is named as destroyed, cannot be downloaded, and answers 410."""
    body = world.records[ACT].files[0]
    body.destroyed = True
    page = await site.get(f"/r/{ACT}")
    assert "已依法销毁" in page.text
    assert "第一条" not in page.text
    assert (await site.get(f"/r/{ACT}/files/{body.digest}/{body.name}")).status_code == 410


async def test_contents_publishing_does_not_give_are_not_found(site: httpx.AsyncClient, world: World) -> None:
    """Publishing decides what is public: what it does not give out is a 404, not an empty file."""
    body = world.records[ACT].files[0]
    del world.contents[body.digest]
    assert (await site.get(f"/r/{ACT}/files/{body.digest}/{body.name}")).status_code == 404
    assert (await site.get(f"/r/{ACT}")).status_code == 200


@pytest.mark.parametrize("validity", ["repealed", "expired", "declared_void"])
async def test_what_is_void_says_so_first(site: httpx.AsyncClient, world: World, validity: str) -> None:
    """A document that is no longer in force says so above everything else."""
    world.records[ACT].validity = validity
    text = (await site.get(f"/r/{ACT}")).text
    assert text.index("只供查考") < text.index('<table class="index">')
