"""From a reader's question to the request OpenSearch answers.

Facets are counted under the *other* facets: the question and nothing else is the query; chosen values go into a
``post_filter``, and each facet counts what all the choices but its own leave over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gongkai.refusal import Reason, Refusal
from services.search.domain.divisions import levels_below, prefix_asked_for
from services.search.domain.numbers import keys_asked_for
from services.search.domain.texts import MARK_CLOSE, MARK_OPEN

LONGEST_QUERY: Final = 200
LARGEST_PAGE: Final = 50
DEEPEST_HIT: Final = 10_000
MOST_CHOICES: Final = 200

Json = dict[str, object]

FIELDS: Final = ("title^3", "doc_number^2", "organ_name", "issuer", "keywords", "summary", "texts.text")

MINIMUM_MATCH: Final = "2<75% 5<50% 10<35%"
"""Of the question's character pairs. Two must both be there; a spoken question may lose its fillers. Measured on lay
questions about statutes: all pairs finds too little, 30 % finds everything."""

_FACET_SIZES: Final = {"organ": 60, "year": 60, "kind": 40, "domain": 60, "validity": 20}
_DIVISION_VALUES: Final = 400
_COUNTY: Final = 6
_RUN: Final = re.compile(r"[\u3400-\u9fff]+|[^\W_]+")


class Order(StrEnum):
    """How hits are sorted."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asks. Empty choices mean: no restriction."""

    query: str = ""
    division: str = ""
    also: tuple[str, ...] = ()
    """Ended divisions that the division stands for."""
    organs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    validities: tuple[str, ...] = ()
    order: Order | None = None
    """None: by relevance with a query, newest first without."""
    page: int = 1
    page_size: int = 10


def refuse_unanswerable(question: Question) -> None:
    """Check the question against the limits.

    Raises:
        Refusal: with every limit it passes, in Chinese.
    """
    reasons: list[Reason] = []
    if len(question.query) > LONGEST_QUERY:
        reasons.append(
            Reason(
                "search.query.too-long",
                f"检索词太长：最多 {LONGEST_QUERY} 个字。请只留下最要紧的几个词。",
                "query",
            )
        )
    if question.page < 1:
        reasons.append(Reason("search.page.malformed", "页码从 1 开始。请从第 1 页看起。", "page"))
    if not 1 <= question.page_size <= LARGEST_PAGE:
        reasons.append(
            Reason(
                "search.page-size.out-of-range",
                f"每页条数应在 1 到 {LARGEST_PAGE} 之间。请改小后再试。",
                "page_size",
            )
        )
    elif question.page * question.page_size > DEEPEST_HIT:
        reasons.append(
            Reason(
                "search.page.too-deep",
                f"最多只能翻看前 {DEEPEST_HIT:,} 条。请增加检索词，或者按机关、年份、类型缩小范围。",
                "page",
            )
        )
    chosen = (
        question.organs,
        question.kinds,
        question.domains,
        question.years,
        question.validities,
        question.also,
    )
    if any(len(values) > MOST_CHOICES for values in chosen):
        reasons.append(
            Reason(
                "search.choices.too-many", f"同一类条件最多选 {MOST_CHOICES} 个。请减少几个再试。", "organs"
            )
        )
    try:
        _prefixes(question)
    except Refusal as refusal:
        reasons.extend(refusal.reasons)
    if reasons:
        raise Refusal(*reasons)


def request_body(question: Question) -> Json:
    """The whole search request.

    Raises:
        Refusal: the question passes a limit.
    """
    refuse_unanswerable(question)
    words = question.query.strip()
    choices = _choices(question)
    body: Json = {
        "query": {"bool": {"filter": [{"term": {"public": True}}], "must": [_matching(words)]}},
        "post_filter": {"bool": {"filter": list(choices.values())}},
        "aggs": _facets(question, choices),
        "sort": _sort(question.order or (Order.RELEVANCE if words else Order.NEWEST)),
        "from": (question.page - 1) * question.page_size,
        "size": question.page_size,
        "track_total_hits": True,
        "_source": {"excludes": ["texts", "summary", "keywords"]},
        "timeout": "4s",
    }
    if words:
        body["highlight"] = _highlight(_without_strays(words))
    return body


def _matching(words: str) -> Json:
    if not words:
        return {"match_all": {}}
    keys = keys_asked_for(words)
    if not keys:
        return _by_words(words, MINIMUM_MATCH)
    bearer: Json = {"constant_score": {"filter": {"terms": {"number": list(keys)}}, "boost": 1000}}
    # Texts that cite the number come after its bearer; the number's neighbours do not come at all.
    return {"bool": {"should": [bearer, _by_words(words, "100%")], "minimum_should_match": 1}}


def _by_words(words: str, minimum: str) -> Json:
    kept = _without_strays(words)
    if len(kept) == 1:
        return {"match": {"title.chars": kept}}
    across = {"query": kept, "type": "cross_fields", "fields": list(FIELDS), "minimum_should_match": minimum}
    return {
        "bool": {
            "must": [{"multi_match": {**across, "tie_breaker": 0.3}}],
            "should": [
                {"match_phrase": {"title": {"query": kept, "boost": 4, "slop": 2}}},
                {"match_phrase": {"texts.text": {"query": kept, "slop": 2}}},
            ],
        }
    }


def _without_strays(words: str) -> str:
    """Without single characters between blanks: among pairs they match nothing. A lone one stays."""
    runs = _RUN.findall(words)
    kept = [run for run in runs if len(run) > 1 or run.isdecimal()]
    return " ".join(kept or runs[:1]) or words


def _choices(question: Question) -> dict[str, Json]:
    """The filter of each facet somebody chose in."""
    chosen = {
        "organ": question.organs,
        "kind": question.kinds,
        "domain": question.domains,
        "year": question.years,
        "validity": question.validities,
    }
    filters: dict[str, Json] = {
        name: {"terms": {name: list(values)}} for name, values in chosen.items() if values
    }
    prefixes = _prefixes(question)
    if prefixes:
        filters["division"] = {"terms": {"division_path": prefixes}}
    return filters


def _prefixes(question: Question) -> list[str]:
    """What a record's division may begin with; empty for the whole city and beyond."""
    asked = (question.division, *question.also) if question.division else ()
    return [prefix_asked_for(division) for division in asked]


def _facets(question: Question, choices: dict[str, Json]) -> Json:
    def under_others(name: str, inner: Json) -> Json:
        others = [condition for other, condition in choices.items() if other != name]
        return {"filter": {"bool": {"filter": others}}, "aggs": inner}

    facets: Json = {}
    for name, size in _FACET_SIZES.items():
        terms: Json = {"terms": {"field": name, "size": size}}
        if name == "organ":
            terms["aggs"] = {"label": {"terms": {"field": "organ_name.label", "size": 1}}}
        facets[name] = under_others(name, {"values": terms})
    facets["division"] = under_others("division", {"values": _divisions("[0-9]{6}")})
    prefix = prefix_asked_for(question.division)
    below = levels_below(prefix)
    if "division" in choices and below and below > _COUNTY:
        inner = {"values": _divisions(f"{prefix}[0-9]{{{below - len(prefix)}}}")}
        facets["division_below"] = {"filter": {"bool": {"filter": list(choices.values())}}, "aggs": inner}
    keys = keys_asked_for(question.query.strip())
    if keys:
        facets["exact_number"] = {"filter": {"terms": {"number": list(keys)}}}
    return facets


def _divisions(pattern: str) -> Json:
    return {"terms": {"field": "division_path", "include": pattern, "size": _DIVISION_VALUES}}


def _sort(order: Order) -> list[Json]:
    newest: Json = {"published_on": {"order": "asc" if order is Order.OLDEST else "desc"}}
    last: Json = {"record_id": {"order": "asc"}}
    return [{"_score": {"order": "desc"}}, newest, last] if order is Order.RELEVANCE else [newest, last]


def _highlight(words: str) -> Json:
    def field(name: str, settings: Json) -> Json:
        # Asked field by field: the highlighter cannot see into a query across fields.
        return {name: {**settings, "highlight_query": {"match": {name: words}}}}

    title = field("title", {"number_of_fragments": 0})
    text = field(
        "texts.text", {"fragment_size": 90, "number_of_fragments": 2, "no_match_size": 90, "order": "score"}
    )
    return {
        "type": "unified",
        "pre_tags": [MARK_OPEN],
        "post_tags": [MARK_CLOSE],
        "boundary_scanner_locale": "zh-CN",
        "fields": {**title, **text},
    }
