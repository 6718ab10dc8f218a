"""From OpenSearch's response to an answer: marked fragments, never HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.search.domain.divisions import value_of
from services.search.domain.texts import MARK_CLOSE, MARK_OPEN

FACETS: Final = ("division", "organ", "year", "kind", "domain", "validity")

_PIECES = re.compile(f"{MARK_OPEN}(.*?){MARK_CLOSE}", re.DOTALL)
_JOINT = re.compile(f"{MARK_CLOSE}{MARK_OPEN}")
_BLANKS = re.compile(r"\s+")

Raw = Mapping[str, Any]  # a decoded response; its shape is what request_body asked for


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of text; a marked one is what the question matched."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One record found."""

    source: Mapping[str, Any]
    title: tuple[Fragment, ...]
    body: tuple[tuple[Fragment, ...], ...]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value one may narrow to, with how many records it would leave."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits of one page, and the facets of all of them."""

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    exact_number: bool
    """The question was read as a number that a record bears."""


def fragments(marked: str) -> tuple[Fragment, ...]:
    """Split a highlighted text at its marks; neighbouring matches are one."""
    text = _BLANKS.sub(" ", _JOINT.sub("", marked))
    pieces: list[Fragment] = []
    place = 0
    for match in _PIECES.finditer(text):
        if match.start() > place:
            pieces.append(Fragment(text[place : match.start()], marked=False))
        pieces.append(Fragment(match.group(1), marked=True))
        place = match.end()
    if place < len(text):
        pieces.append(Fragment(text[place:], marked=False))
    return tuple(pieces)


def read_answer(response: Raw) -> Answer:
    """Read the response to a ``request_body``."""
    aggregations: Raw = response.get("aggregations", {})
    found = response["hits"]
    return Answer(
        total=int(found["total"]["value"]),
        hits=tuple(_hit(hit) for hit in found["hits"]),
        facets={name: _facet(name, aggregations) for name in FACETS},
        exact_number=aggregations.get("exact_number", {}).get("doc_count", 0) > 0,
    )


def _hit(hit: Raw) -> Hit:
    source: Raw = hit["_source"]
    highlight: Mapping[str, Sequence[str]] = hit.get("highlight", {})
    title = highlight.get("title", [str(source.get("title", ""))])
    return Hit(
        source, fragments(title[0]), tuple(fragments(text) for text in highlight.get("texts.text", ()))
    )


def _facet(name: str, aggregations: Raw) -> tuple[FacetValue, ...]:
    buckets: list[Raw] = list(aggregations.get(name, {}).get("values", {}).get("buckets", ()))
    if name == "division":
        buckets += aggregations.get("division_below", {}).get("values", {}).get("buckets", ())
        return tuple(FacetValue(value_of(bucket["key"]), "", bucket["doc_count"]) for bucket in buckets)
    if name == "year":
        buckets.sort(key=lambda bucket: str(bucket["key"]), reverse=True)
    return tuple(FacetValue(str(bucket["key"]), _label(bucket), bucket["doc_count"]) for bucket in buckets)


def _label(bucket: Raw) -> str:
    names: Sequence[Raw] = bucket.get("label", {}).get("buckets", ())
    return str(names[0]["key"]) if names else ""
