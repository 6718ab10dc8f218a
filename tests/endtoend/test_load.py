"""A department's file goes through the whole platform, whatever is killed on the way, and stands everywhere once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.city import City, Standing
from tests.endtoend.sample import make_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def everywhere(number: int) -> Standing:
    return Standing(log=number, view=number, feed=number, index=number, followed=number)


def wait_indexed(city: City, organ: str, number: int) -> None:
    city.wait(lambda: len(city.indexed(organ)) >= number, f"{number} documents of {organ} searchable", 180)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_accepted_stands_everywhere_once_and_a_second_load_changes_nothing(
    city: City, tmp_path: Path, form: str
) -> None:
    """Accepted = records in the log = FEED facts = documents in the alias = lines followed, also after a repeat."""
    sample = make_sample(tmp_path, f"341323-{form}", 300, form=form, large=True)

    first = city.load(sample)

    assert first.status == 0, first.text
    assert (first["sent"], first["repeated"]) == (sample.rows - sample.repeated, sample.repeated)
    assert (first["accepted"], first["rejected"]) == (sample.accepted, sample.untitled)
    assert first["title.missing"] == sample.untitled
    assert first["confirmer.missing"] == sample.accepted
    wait_indexed(city, sample.organ, sample.accepted)
    assert city.standing(sample.organ) == everywhere(sample.accepted)
    assert len(city.followed(sample.organ, "--grpc")) == sample.accepted
    before = city.query("publishing", "SELECT max(position) FROM event")

    second = city.load(sample)

    assert second.status == 0
    assert (second["sent"], second["accepted"], second["rejected"]) == (
        first["sent"],
        first["accepted"],
        first["rejected"],
    )
    assert city.query("publishing", "SELECT max(position) FROM event") == before
    assert city.standing(sample.organ) == everywhere(sample.accepted)


def test_the_serials_of_a_load_are_whole(city: City, tmp_path: Path) -> None:
    """Index numbers of an organ run from 1 without gap or double, however many were killed before."""
    sample = make_sample(tmp_path, "341323-serial", 120)
    assert city.load(sample).status == 0
    assert city.load(make_sample(tmp_path, "341323-serial", 160)).status == 0

    numbers = [
        number
        for (number,) in city.query(
            "publishing", "SELECT index_number FROM record WHERE organ = %s", sample.organ
        )
    ]

    serials = sorted(int(number.rpartition("-")[2]) for number in numbers)
    assert serials == list(range(1, len(serials) + 1))
