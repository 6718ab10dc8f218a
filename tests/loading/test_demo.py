"""The demo's records are invented, complete and spread as promised."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from gongkai.demo.records import NOTICE, demo_documents, demo_organs
from gongkai.demo.villages import demo_villages, village_documents
from gongkai.uscc import check_character

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
