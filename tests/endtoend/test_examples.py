"""The examples of the integrator's guide do what they say, and stay a page long."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.security.keys import private_key
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.security.tokens import issue_staff
from gongkai.serving.channels import channel
from tests.catalog.stewards import Pair, fields
from tests.endtoend.city import REPOSITORY, City
from tests.endtoend.sample import credit_code, make_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLES = REPOSITORY / "examples"


def run(example: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, str(EXAMPLES / example), *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@contextmanager
def running(example: str, *arguments: str) -> Iterator[Iterator[str]]:
    """The lines an example prints that goes on; it is ended afterwards."""
    command = (sys.executable, str(EXAMPLES / example), *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            process.kill()


@pytest.mark.parametrize("example", ["department.py", "duties.py", "province.py"])
def test_an_example_is_a_page(example: str) -> None:
    """At most 55 lines, blank ones and all."""
    assert len((EXAMPLES / example).read_text().splitlines()) <= 55


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


def steward_of(city: City, target: str, division: str) -> Any:
    """A channel of somebody who keeps the catalogues of a division, logged in a moment ago."""
    key = private_key(city.state / "keys", "catalog")
    who = Staff(str(uuid4()), "甲（演示）", "科长", "341321-zfb", (Grant(Role.STEWARD, division=division),))
    return channel(
        target, audience="catalog", tokens=lambda audience: issue_staff(key, staff=who, audience=audience)
    )


async def revise(city: City, division: str, **edition: Any) -> str:
    """Publish an edition of a county in which one matter of the organ has another time limit; the matter."""
    target = city.endpoints["grpc"]["catalog"]
    async with steward_of(city, target, division) as one, steward_of(city, target, division) as other:
        pair = Pair(division, CatalogueServiceStub(one), CatalogueServiceStub(other))
        await pair.open()
        if await pair.rows("undecided"):
            await pair.adopt_all()
        rows = await pair.rows()
        matter = next(name for name, row in rows.items() if row.row.subject == edition["subject"])
        await pair.edit_now(fields(matter, {"time_limit": edition["time_limit"]}, reason="便民"))
        await pair.publish()
    return matter


def test_a_department_asks_validates_sends_and_learns_of_a_changed_matter(city: City, tmp_path: Path) -> None:
    """With the credentials the operator printed, against the whole platform; started again, it goes on from its place."""
    organ, division = "341321-mzj", "341321000000"
    added = city.cli("organ", "add", organ, "--name", "砀山县民政局（示例）", "--uscc", credit_code(organ))
    credentials, place = tmp_path / "duties.creds", tmp_path / "place"
    credentials.write_text(added.stdout)
    arguments = (city.endpoints["nats"], str(credentials), organ, division, str(place))

    with running("duties.py", *arguments) as lines:
        found, in_force = next(lines).split(" matters, by edition ")
        assert int(found) > 0
        told = []
        while not (told and told[-1].startswith("{")):
            told.append(next(lines))
        *checked, receipt = told
        assert checked[0].startswith("缺少公开内容要素")
        assert checked[-1] == "valid"
        answer = json.loads(receipt)
        assert (answer["outcome"], answer["defects"], answer["edition"]) == (
            "published",
            [],
            f"341300000000-{in_force}",
        )

        matter = asyncio.run(
            revise(city, division, subject="县级人民政府民政部门", time_limit="10个工作日内")
        )
        change = json.loads(next(lines))
        assert (change["matter"], change["kind"], change["edition"]["catalogue"]) == (
            matter,
            "changed",
            division,
        )
        assert [(one["field"], one["now"]) for one in change["changes"]] == [("time_limit", "10个工作日内")]

    asyncio.run(revise(city, division, subject="县级人民政府民政部门", time_limit="5个工作日内"))
    with running("duties.py", *arguments) as lines:  # it was away, and has missed nothing
        missed = next(line for line in lines if '"kind"' in line)
        assert [one["now"] for one in json.loads(missed)["changes"]] == ["5个工作日内"]


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
