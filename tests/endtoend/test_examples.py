"""The examples of the integrator's guide do what they say, and stay a page long."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endtoend.city import REPOSITORY, City
from tests.endtoend.sample import credit_code, make_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLES = REPOSITORY / "examples"


def run(example: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, str(EXAMPLES / example), *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("example", ["department.py", "province.py"])
def test_an_example_is_at_most_fifty_lines(example: str) -> None:
    """A page, blank lines and all."""
    assert len((EXAMPLES / example).read_text().splitlines()) <= 50


def test_the_department_sends_a_document_and_gets_its_receipt(city: City, tmp_path: Path) -> None:
    """With the credentials that the operator printed; sent again, it is the same record."""
    organ = "341323-example"
    added = city.cli("organ", "add", organ, "--name", "示例机关", "--uscc", credit_code(organ))
    credentials = tmp_path / "example.creds"
    credentials.write_text(added.stdout)

    first, second = (run("department.py", city.endpoints["nats"], str(credentials), organ) for _ in range(2))

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    receipt, again = json.loads(first.stdout), json.loads(second.stdout)
    assert receipt["outcome"] == "published"
    assert again["outcome"] == "unchanged"
    assert again["index_number"] == receipt["index_number"]
    city.wait(lambda: len(city.indexed(organ)) == 1, "searchable")


def test_the_province_reads_every_fact_once_and_goes_on_from_its_place(city: City, tmp_path: Path) -> None:
    """The first run prints all facts; a second, what came since; a third, nothing."""
    first, second = make_sample(tmp_path, "341323-facts", 30), make_sample(tmp_path, "341323-more", 30)
    credentials = city.endpoints["credentials"]["nats_province"]
    arguments = (city.endpoints["nats"], credentials, str(tmp_path / "place.json"))

    def facts(organ: str) -> list[str]:
        done = run("province.py", *arguments)
        assert done.returncode == 0, done.stderr
        return [line.split(" ", 2)[1] for line in done.stdout.splitlines() if f'"{organ}"' in line]

    assert city.load(first).status == 0
    city.wait(lambda: len(asyncio.run(city.feed_messages(first.organ))) == first.accepted, "told")
    assert len(set(facts(first.organ))) == first.accepted
    assert city.load(second).status == 0
    city.wait(lambda: len(asyncio.run(city.feed_messages(second.organ))) == second.accepted, "told")
    assert len(set(facts(second.organ))) == second.accepted
    assert facts(second.organ) == []
