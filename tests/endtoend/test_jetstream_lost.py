"""JetStream is a delivery log: its store may be lost, and everything it said is said again, with the same ids."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.city import City
from tests.endtoend.sample import make_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def lines(file: Path, organ: str) -> list[dict[str, Any]]:
    """What a follower has printed about an organ, whole lines only."""
    whole = file.read_text().rpartition("\n")[0].splitlines()
    return [one for one in map(json.loads, whole) if one["data"].get("organ") == organ]


def test_a_lost_store_is_filled_again_and_all_readers_agree(city: City, tmp_path: Path) -> None:
    """The store deleted while stopped: after the start FEED has every fact under its id; a follower goes on; views agree."""
    before, after = (
        make_sample(tmp_path, "341323-wiped", 120),
        make_sample(tmp_path, "341323-afterwards", 60),
    )
    told = tmp_path / "told.jsonl"
    place = tmp_path / "place.json"
    follower = city.spawn("feed", "follow", "--from", "publishing", "--place", str(place), out=told)
    try:
        assert city.load(before).status == 0
        city.wait(lambda: len(lines(told, before.organ)) == before.accepted, "the follower has read")
        city.wait(lambda: len(city.indexed(before.organ)) == before.accepted, "searchable")
        facts = asyncio.run(city.feed_messages(before.organ))
        documents = city.indexed(before.organ)
        epoch = city.query("publishing", "SELECT epoch FROM store_identity")

        city.stop(signal.SIGTERM)
        shutil.rmtree(city.state / "nats" / "jetstream")
        city.start()

        def refilled() -> list[str]:
            return [one["id"] for one in asyncio.run(city.feed_messages(before.organ))]

        city.wait(lambda: len(refilled()) >= before.accepted, "FEED is filled again")
        assert refilled() == [one["id"] for one in facts]
        assert city.load(before).status == 0, "an organ of old still gets its answers"
        assert city.load(after).status == 0
        city.wait(lambda: len(lines(told, after.organ)) == after.accepted, "the follower goes on")
        city.wait(lambda: len(city.indexed(after.organ)) == after.accepted, "searchable")
    finally:
        follower.terminate()
        follower.wait(30)

    assert [one["id"] for one in lines(told, before.organ)] == [one["id"] for one in facts]
    assert len({one["id"] for one in lines(told, after.organ)}) == after.accepted
    assert city.indexed(before.organ) == documents
    assert city.query("publishing", "SELECT epoch FROM store_identity") == epoch
    assert city.standing(before.organ).view == before.accepted


def test_a_refill_on_request_says_everything_again_under_the_same_ids(city: City, tmp_path: Path) -> None:
    """``gongkai streams refill``: the stream holds each fact once more, a follower and the index take no second copy."""
    sample = make_sample(tmp_path, "341323-refill", 60)
    place = str(tmp_path / "place.json")
    assert city.load(sample).status == 0
    follow = ("feed", "follow", "--once", "--from", "publishing", "--place", place)
    first = [json.loads(one) for one in city.cli(*follow).stdout.splitlines()]
    city.wait(lambda: len(city.indexed(sample.organ)) == sample.accepted, "searchable")
    documents = city.indexed(sample.organ)

    said = city.cli("streams", "refill", "FEED_PUBLISHING", "EVT_PUBLISHING").stdout

    assert "FEED_PUBLISHING：已要求重填" in said

    def twice() -> bool:
        ids = [one["id"] for one in asyncio.run(city.feed_messages(sample.organ))]
        return len(ids) == 2 * sample.accepted and len(set(ids)) == sample.accepted

    city.wait(twice, "every fact stands there twice")
    assert city.cli(*follow).stdout == ""
    assert sum(one["data"].get("organ") == sample.organ for one in first) == sample.accepted
    assert city.indexed(sample.organ) == documents
