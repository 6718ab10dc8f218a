"""What search decides without any server."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gongkai.contracts.publishing import PublicFile, RecordPublished, RecordWithdrawn
from gongkai.refusal import Refusal
from services.search.domain.answer import Fragment, fragments, read_answer
from services.search.domain.divisions import path_of, prefix_asked_for, value_of
from services.search.domain.documents import newest, public_document, withdrawn_document
from services.search.domain.numbers import document_key, index_key, keys_asked_for
from services.search.domain.query import DEEPEST_HIT, Order, Question, request_body
from services.search.domain.texts import MARK_CLOSE, MARK_OPEN, plain_text

pytestmark = pytest.mark.domain

USCC = "11341323MB0X12345X"


def record(**changes: Any) -> RecordPublished:
    state = RecordPublished(
        record_id="r-1",
        index_number=f"{USCC}/202605-00031",
        version=1,
        organ="341323-zjj",
        organ_name="灵璧县住房和城乡建设局",
        division="341323000000",
        kind="normative",
        title="灵璧县农村危房改造实施细则",
        doc_number="灵建〔2026〕31号",
        published_on=date(2026, 5, 19),
        provenance="live",
    )
    return state.model_copy(update=changes)


def body_file(digest: str, media_type: str = "text/plain") -> PublicFile:
    return PublicFile(role="body", name="正文", digest=digest, size=10, media_type=media_type, url="/x")


@pytest.mark.parametrize(
    "written",
    [
        "灵建〔2026〕31号",
        "灵建2026 31",
        "灵建[2026]31号",
        "灵建（2026）第31号",
        "灵建【2026】031号",
        "灵建２０２６３１",
        "灵建字〔2026〕31号".replace("字", ""),
        " 灵建\u200b〔2026〕３１号 ",
    ],
)
def test_every_spelling_of_a_document_number_has_one_key(written: str) -> None:
    """Brackets, widths, blanks, 第, 号 and leading zeros make no difference to a document number."""
    assert document_key(written) == "灵建202631"
    assert keys_asked_for(written) == ("灵建202631",)


@pytest.mark.parametrize(
    "written", [f"{USCC}/202605-00031", f"{USCC.lower()} 202605 00031", f"{USCC}／202605－00031"]
)
def test_an_index_number_is_read_in_any_spelling(written: str) -> None:
    """An index number is one key however its parts are separated."""
    assert keys_asked_for(written) == (index_key(f"{USCC}/202605-00031"),)


@pytest.mark.parametrize(
    "question",
    [
        "危房改造 资金发放",
        "2026年预算",
        "第三十三条是什么意思",
        "",
        "31号",
        "最低生活保障标准2026年提高到多少钱一个月",
    ],
)
def test_a_spoken_question_is_no_number(question: str) -> None:
    """Words with a year in them are searched as words."""
    assert keys_asked_for(question) == ()


def test_a_division_is_found_under_itself_and_everything_above() -> None:
    """A village's record lies below its township, county and city; 本级 can be asked for alone."""
    assert path_of("341323100201") == ("3413", "341323", "341323100", "341323100201")
    assert prefix_asked_for("341300000000") == "3413"
    assert prefix_asked_for("341323000000") == "341323"
    assert prefix_asked_for("341323100000") == "341323100"
    assert prefix_asked_for("341323") == "341323"
    assert prefix_asked_for("341323000") == "341323000"


@pytest.mark.parametrize("prefix", ["341300", "341323", "341323000", "341323100", "341323100201"])
def test_a_facet_value_asks_for_just_what_it_counted(prefix: str) -> None:
    """The value shown for a prefix, asked for again, means that prefix."""
    assert prefix_asked_for(value_of(prefix)) == prefix


def test_a_document_holds_the_words_that_were_found_and_no_others() -> None:
    """A body that is gone is left out; a picture is not read; marks cannot be forged."""
    state = record(
        title=f"标题{MARK_OPEN}一{MARK_CLOSE}",
        files=(body_file("a" * 64), body_file("b" * 64), body_file("c" * 64, "image/png")),
    )
    document = public_document(state, {"a" * 64: "正文", "c" * 64: "不应出现"})
    assert document.source["texts"] == [{"digest": "a" * 64, "text": "正文"}]
    assert document.digests == {"a" * 64}
    assert document.source["title"] == "标题一"
    assert document.source["number"] == [index_key(state.index_number), "灵建202631"]
    assert document.source["year"] == "2026"


def test_a_withdrawal_keeps_its_version_and_no_word() -> None:
    """The document of a withdrawal says that it is not public, which version it has, and nothing else."""
    withdrawal = RecordWithdrawn(
        record_id="r-1", index_number=f"{USCC}/202605-00031", version=4, organ="341323-zjj", organ_name="住建局",
        division="341323000000", kind="normative", withdrawn_on=date(2026, 6, 1), reason="内容有误",
    )  # fmt: skip
    assert withdrawn_document(withdrawal).source == {"public": False, "record_id": "r-1", "version": 4}
    assert newest([record(version=3), withdrawal, record(version=2)]) == [withdrawal]


def test_html_gives_its_words_without_scripts() -> None:
    """Only what a reader sees of a page is searched."""
    page = (
        "<html><style>p{}</style><script>var 暗=1</script><h1>标题</h1><p>第一条&nbsp;&lt;甲&gt;</p></html>"
    )
    assert plain_text(page.encode(), "text/html; charset=utf-8") == "标题\n第一条 <甲>"
    assert plain_text("# 总则\n\n**第一条** 为了".encode(), "text/markdown") == "总则\n\n第一条 为了"
    assert plain_text(b"%PDF", "application/pdf") == ""


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question(query="长" * 201), "search.query.too-long"),
        (Question(page=0), "search.page.malformed"),
        (Question(page_size=51), "search.page-size.out-of-range"),
        (Question(page=DEEPEST_HIT // 50 + 1, page_size=50), "search.page.too-deep"),
        (Question(division="34132x"), "search.division.malformed"),
    ],
)
def test_a_question_beyond_a_limit_is_refused_in_chinese(question: Question, code: str) -> None:
    """Each limit has its own reason, which says what to do."""
    with pytest.raises(Refusal) as refused:
        request_body(question)
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert "请" in refused.value.reasons[0].message_zh


def test_every_limit_passed_is_told_at_once() -> None:
    """Two faults give two reasons."""
    with pytest.raises(Refusal) as refused:
        request_body(Question(query="长" * 201, page=0))
    assert len(refused.value.reasons) == 2


def test_facets_are_counted_under_the_other_facets() -> None:
    """A choice narrows the hits and the other facets, never its own facet."""
    body: Any = request_body(Question(query="危房改造", organs=("341323-zjj",), years=("2026",)))
    organ = {"terms": {"organ": ["341323-zjj"]}}
    year = {"terms": {"year": ["2026"]}}
    assert body["post_filter"]["bool"]["filter"] == [organ, year]
    assert body["aggs"]["organ"]["filter"]["bool"]["filter"] == [year]
    assert body["aggs"]["kind"]["filter"]["bool"]["filter"] == [organ, year]


def test_an_empty_question_lists_the_newest() -> None:
    """Without a query the order is by day; with one by relevance, unless another is asked for."""
    newest_first: Any = request_body(Question())["sort"]
    assert list(newest_first[0]) == ["published_on"]
    by_relevance: Any = request_body(Question(query="预算"))["sort"]
    assert list(by_relevance[0]) == ["_score"]
    oldest: Any = request_body(Question(query="预算", order=Order.OLDEST))["sort"]
    assert oldest[0] == {"published_on": {"order": "asc"}}


def test_highlights_become_fragments_never_html() -> None:
    """Marks split the text; neighbouring marks join; what looks like HTML stays text."""
    marked = f"农村{MARK_OPEN}危房{MARK_CLOSE}{MARK_OPEN}改造{MARK_CLOSE}<b>补助</b>"
    assert fragments(marked) == (
        Fragment("农村", marked=False),
        Fragment("危房改造", marked=True),
        Fragment("<b>补助</b>", marked=False),
    )


def test_an_answer_without_hits_has_every_facet_empty() -> None:
    """All six facets are there even when nothing was found."""
    answer = read_answer({"hits": {"total": {"value": 0}, "hits": []}})
    assert answer.total == 0
    assert set(answer.facets) == {"division", "organ", "year", "kind", "domain", "validity"}
    assert not answer.exact_number
