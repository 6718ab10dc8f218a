"""A department's file goes through the whole platform, whatever is killed on the way, and stands everywhere once."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.endtoend.city import PARTS, City, Standing, Summary
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


def test_every_process_killed_once_during_a_load_loses_and_doubles_nothing(
    city: City, tmp_path: Path
) -> None:
    """SIGKILL of each process while one load runs: all come back, the load ends well, the counts agree."""
    sample = make_sample(tmp_path, "341323-killed", 250 * (len(PARTS) + 2), large=True)
    out = tmp_path / "load.txt"
    loading = city.load_beside(sample, out)
    killed = {}

    for number, part in enumerate(PARTS):
        wait_recorded(city, sample.organ, 250 * number + 1)
        assert loading.poll() is None, "the load must be running when a process is killed"
        killed[part] = city.kill(part)
    status = loading.wait(240)

    summary = Summary(status, out.read_text())
    assert summary.status == 0, summary.text + city.tail()
    assert (summary["accepted"], summary["rejected"]) == (sample.accepted, sample.untitled)
    city.settle()
    assert all(city.pid(part) != killed[part] for part in PARTS)
    wait_indexed(city, sample.organ, sample.accepted)
    assert city.standing(sample.organ) == everywhere(sample.accepted)
    assert city.load(sample)["accepted"] == sample.accepted
    assert city.standing(sample.organ) == everywhere(sample.accepted)


def wait_recorded(city: City, organ: str, number: int) -> None:
    """Wait until an organ has that many records; while the database is away it has none."""
    count = "SELECT count(*) FROM record WHERE organ = %s"

    def enough() -> bool:
        try:
            return bool(city.query("publishing", count, organ)[0][0] >= number)
        except psycopg.OperationalError:
            return False

    city.wait(enough, f"{organ} has {number} records", 120)


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
