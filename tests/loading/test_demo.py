"""The demo's records are invented, complete and spread as promised."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest

from gongkai.contracts.facts import Fact
from gongkai.contracts.ingest import IngestDocument
from gongkai.demo.figures import figure_documents, settled
from gongkai.demo.records import NOTICE, demo_documents, demo_organs
from gongkai.demo.villages import demo_villages, village_documents
from gongkai.uscc import check_character
from services.publishing.domain.figures import Place, read_facts
from services.publishing.domain.findings import Findings
from services.publishing.domain.registry import Registry

pytestmark = pytest.mark.domain

TODAY = date(2026, 11, 23)


def test_the_demo_covers_two_counties_twelve_organs_and_26_domains() -> None:
    """About two hundred records, six months, every organ of the counties at work; the city's keeps its catalogue only."""
    documents = list(demo_documents(TODAY, random.Random(1)))

    assert len(documents) == 208
    assert {code for code, _ in documents} == {organ.code for organ in demo_organs()} - {"341300-zfb"}
    assert len(demo_organs()) == 12 + 1
    assert len({document["domain"] for _, document in documents}) == 26
    assert len({document["record"] for _, document in documents}) == 208
    published = [date.fromisoformat(document["published_on"]) for _, document in documents]
    assert max(published) < TODAY
    assert min(published) >= TODAY - timedelta(days=183)


def test_every_record_says_that_it_is_invented_and_is_the_same_next_time() -> None:
    """The notice closes each text; the same seed gives the same demo, so that starting again changes nothing."""
    documents = list(demo_documents(TODAY, random.Random(1)))

    assert all(document["body"]["text"].endswith(NOTICE) for _, document in documents)
    assert documents == list(demo_documents(TODAY, random.Random(1)))


def test_the_credit_codes_of_the_invented_organs_are_well_formed() -> None:
    """GB 32100's check character holds, so that the registry accepts them."""
    assert all(check_character(organ.uscc[:17]) == organ.uscc[17] for organ in demo_organs())


def test_two_villages_disclose_what_stands_in_their_lists() -> None:
    """Each village's records are the township organ's, of the village's division, marked as invented, of items it keeps."""
    kept = {one.village: one.without for one in demo_villages()}
    documents = list(village_documents(TODAY))

    assert len(kept) == 2
    assert {document["division"] for _, document in documents} == set(kept)
    assert {organ for organ, _ in documents} <= {organ.code for organ in demo_organs()}
    assert all(document["body"]["text"].endswith(NOTICE) for _, document in documents)
    assert not any(document["keywords"][0] in kept[document["division"]] for _, document in documents)


@pytest.mark.parametrize("today", [TODAY, date(2027, 1, 1), date(2027, 2, 16), date(2027, 5, 20)])
def test_county_township_and_villages_say_figures_of_the_same_matters(today: date) -> None:
    """All of them stand as they are; beside each other one differs in people, one in amount, one in date, one total in its sum."""
    documents = [*village_documents(today), *figure_documents(today)]
    places = {
        fact["division"]
        for _, document in documents
        for fact in document.get("facts", ())
        if "division" in fact
    }
    registry = Registry(divisions=frozenset(places | {document["division"] for _, document in documents}))
    said: dict[tuple[str, str, str], list[Fact]] = defaultdict(list)
    for _, document in documents:
        sent, found = IngestDocument.model_validate(document), Findings(lenient=False)
        place = Place(sent.division or "", registry)
        facts = read_facts(sent.facts, place, found, today=today, matter=sent.matter, named=True)
        assert found.reasons == []
        for fact in facts:
            said[str(sent.matter), fact.division, fact.period].append(fact)
    differing = {
        (matter, place, field)
        for (matter, place, _), facts in said.items()
        for field in ("amount", "people", "households", "on")
        if len({value for one in facts if (value := getattr(one, field)) is not None}) > 1
    }
    assert differing == {
        ("m-20-005", "341323110202", "people"), ("m-15-011", "341323110202", "amount"), ("m-15-011", "341323110201", "on"),
    }  # fmt: skip
    year = str(settled(today).first.year)
    total, *parts = (
        float(str(said["m-23-002", place, year][0].amount))
        for place in ("341323110000", "341323110201", "341323110202")
    )
    assert total < sum(parts)
    assert len({document["record"] for _, document in documents}) == len(documents)
