"""Indexing and asking a real OpenSearch."""

from __future__ import annotations

from datetime import date
from itertools import chain

import pytest

from gongkai.refusal import Refusal
from services.search.bodies import BodiesUnavailable
from services.search.domain.answer import Answer, read_answer
from services.search.domain.query import Order, Question, request_body
from services.search.engine import IndexRefused, IndexUnavailable
from tests.search.conftest import Bench


async def ask(bench: Bench, question: Question) -> Answer:
    await bench.refresh()
    return read_answer(await bench.engine.search(request_body(question)))


def found(answer: Answer) -> list[str]:
    return [hit.source["record_id"] for hit in answer.hits]


async def test_a_law_is_found_by_words_that_stand_only_in_its_body(bench: Bench) -> None:
    """A citizen's question finds the text that answers it, with the matched words marked."""
    law = bench.owner.publish(
        "law", "最低生活保障办法", "第三条 共同生活的家庭成员人均收入低于当地标准的，可以申请救助。"
    )
    other = bench.owner.publish("other", "道路交通管理规定", "机动车应当按照规定停放。")
    await bench.indexer.apply([law, other])
    answer = await ask(bench, Question(query="家庭成员人均收入低于标准怎么申请救助"))
    assert found(answer) == ["law"]
    marked = {piece.text for snippet in answer.hits[0].body for piece in snippet if piece.marked}
    assert "家庭成员人均收入低于" in "".join(marked)
    assert answer.hits[0].title[0].text == "最低生活保障办法"


async def test_a_number_is_found_in_any_spelling(bench: Bench) -> None:
    """灵建2026 31 finds 灵建〔2026〕31号 and puts it before a text that only cites it; its index number finds it too."""
    rule = bench.owner.publish("rule", "危房改造实施细则", doc_number="灵建〔2026〕31号")
    citing = bench.owner.publish(
        "citing", "关于执行灵建〔2026〕31号文件的通知", "灵建〔2026〕31号文件已经印发。"
    )
    near = bench.owner.publish("near", "另一件", doc_number="灵建〔2026〕3号")
    await bench.indexer.apply([rule, citing, near])
    for spelling in ("灵建〔2026〕31号", "灵建2026 31", "灵建［２０２６］31"):
        answer = await ask(bench, Question(query=spelling))
        assert found(answer)[0] == "rule"
        assert "near" not in found(answer)
        assert answer.exact_number
    by_index = await ask(bench, Question(query=rule.index_number.replace("/", " ")))
    assert found(by_index) == ["rule"]


async def test_a_single_character_finds_titles(bench: Bench) -> None:
    """A question of one character is answered from titles."""
    await bench.indexer.apply(
        [bench.owner.publish("a", "契税征收公告"), bench.owner.publish("b", "道路公告")]
    )
    assert found(await ask(bench, Question(query="税"))) == ["a"]


async def test_noise_is_limited(bench: Bench) -> None:
    """A text that shares one pair of characters with the question is no answer."""
    await bench.indexer.apply(
        [
            bench.owner.publish("yes", "农村危房改造资金发放公示", "名单如下"),
            bench.owner.publish("no", "农村公路养护", "关于资金的说明"),
        ]
    )
    assert found(await ask(bench, Question(query="危房改造 资金发放"))) == ["yes"]


async def test_facets_count_what_each_choice_would_leave(bench: Bench) -> None:
    """Every facet value, chosen, gives exactly as many hits as it counted."""
    places = {
        "341323000000": "灵璧县",
        "341323100000": "渔沟镇",
        "341321000000": "砀山县",
        "341300000000": "宿州市",
    }
    for number, (division, name) in enumerate(places.items()):
        for year in (2024, 2026):
            bench.owner.publish(
                f"r{number}-{year}",
                "预算公开",
                division=division,
                organ=division[:6] + f"-o{number}",
                organ_name=f"{name}财政局",
                published_on=date(year, 3, 1),
                kind="budget" if number else "notice",
                domain="finance",
            )
    await bench.indexer.apply(bench.owner.log)
    chosen = Question(query="预算", years=("2026",))
    answer = await ask(bench, chosen)
    assert answer.total == 4
    assert {(value.value, value.count) for value in answer.facets["year"]} == {("2024", 4), ("2026", 4)}
    assert {value.label for value in answer.facets["organ"]} == {f"{name}财政局" for name in places.values()}
    assert {value.value for value in answer.facets["division"]} == {"341323000000", "341321000000", "341300"}
    for value in answer.facets["division"]:
        narrowed = await ask(bench, Question(query="预算", years=("2026",), division=value.value))
        assert narrowed.total == value.count
    for value in answer.facets["kind"]:
        narrowed = await ask(bench, Question(query="预算", years=("2026",), kinds=(value.value,)))
        assert narrowed.total == value.count
    county = await ask(bench, Question(query="预算", division="341323000000"))
    assert ("341323100000", 2) in {(value.value, value.count) for value in county.facets["division"]}


async def test_pages_follow_each_other_without_gap_or_double(bench: Bench) -> None:
    """Pages of a list sorted by day show every record once; the deepest page is refused, not cut."""
    for number in range(25):
        bench.owner.publish(f"r{number:02d}", "公告", published_on=date(2026, 1, 1 + number % 5))
    await bench.indexer.apply(bench.owner.log)
    pages = [found(await ask(bench, Question(page=page, order=Order.OLDEST))) for page in (1, 2, 3)]
    assert sorted(chain.from_iterable(pages)) == [f"r{number:02d}" for number in range(25)]
    with pytest.raises(Refusal):
        request_body(Question(page=201, page_size=50))


async def test_a_withdrawn_record_never_comes_back(bench: Bench) -> None:
    """After a withdrawal its older events, replayed, bring nothing back; nothing of it is left in the document."""
    first = bench.owner.publish("r", "撤回前的标题", "撤回前的正文")
    second = bench.owner.publish("r", "修订后的标题", "修订后的正文")
    await bench.indexer.apply([first, second])
    assert await bench.alias_holds("修订后的标题") == 1
    withdrawal = bench.owner.withdraw(second)
    await bench.indexer.apply([withdrawal])
    await bench.indexer.apply([second])
    await bench.indexer.apply([first, second])
    assert (await ask(bench, Question())).total == 0
    assert await bench.alias_holds("撤回前的正文") == 0
    left = await bench.engine.sources("gongkai-records-1", ["r"])
    assert left["r"] == {"public": False, "record_id": "r", "version": 3}


async def test_an_older_version_does_not_overwrite(bench: Bench) -> None:
    """Order and repeats make no difference: the newest version stands."""
    first = bench.owner.publish("r", "第一稿")
    second = bench.owner.publish("r", "第二稿")
    for facts in ([second], [first], [first, second], [second, first]):
        await bench.indexer.apply(facts)
    answer = await ask(bench, Question())
    assert [hit.source["title"] for hit in answer.hits] == ["第二稿"]


async def test_a_body_that_is_gone_leaves_the_record_findable(bench: Bench) -> None:
    """When publishing has no such content any more, the record is indexed without it."""
    state = bench.owner.publish("r", "标题还在", "正文没了")
    bench.owner.contents.clear()
    await bench.indexer.apply([state])
    assert await bench.alias_holds("标题还在") == 1


async def test_publishing_away_is_no_reason_to_index_half(bench: Bench) -> None:
    """When contents cannot be asked for now, nothing is written and the batch is to be tried again."""
    state = bench.owner.publish("r", "标题", "正文")
    bench.owner.away = 1
    with pytest.raises(BodiesUnavailable):
        await bench.indexer.apply([state])
    assert await bench.alias_holds("标题") == 0
    await bench.indexer.apply([state])
    assert await bench.alias_holds("正文") == 1


async def test_a_document_the_index_refuses_is_named(bench: Bench) -> None:
    """A refusal names the record and the cause, not its text; the others of the batch are written."""
    good = bench.owner.publish("good", "好的")
    bad = bench.owner.publish("bad", "坏的", organ="长" * 20_000)
    with pytest.raises(IndexRefused, match="bad: ") as refused:
        await bench.indexer.apply([good, bad])
    assert "长" not in str(refused.value)
    assert await bench.alias_holds("好的") == 1


async def test_a_write_never_creates_an_index_by_itself(bench: Bench) -> None:
    """A writer that still thinks of a dropped index is told so; the index does not rise without its mapping."""
    state = bench.owner.publish("r", "标题")
    with pytest.raises(IndexUnavailable):
        await bench.indexer.index([state], ["gongkai-records-77"])
    assert (await bench.engine.indices()).all == ("gongkai-records-1",)
