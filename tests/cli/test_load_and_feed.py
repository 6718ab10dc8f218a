"""What goes wrong before anything runs is told in Chinese, with a status, and without a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gongkai.cli import feed, load
from gongkai.devstack.ports import free_port
from gongkai.security.keys import create_keys


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """The state folder of a stack that does not run."""
    nobody = f"127.0.0.1:{free_port()}"
    places = {"portal": f"http://{nobody}", "nats": f"nats://{nobody}", "opensearch": f"http://{nobody}"}
    grpc = dict.fromkeys(("catalog", "publishing"), nobody)
    (tmp_path / "endpoints.json").write_text(json.dumps({**places, "grpc": grpc}), "utf-8")
    create_keys(tmp_path / "keys", services=("catalog",))
    return tmp_path


def test_a_mapping_that_does_not_exist_ends_the_load_with_what_there_is(away: Path) -> None:
    """Given a name nobody knows, when a file is loaded, then the known ones are told and the status is 1."""
    file = away / "rows.csv"
    file.write_text("title\n甲\n", "utf-8")

    done = CliRunner().invoke(load.app, [str(file), "--mapping", "nothing", "--state", str(away)])

    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
    assert "gov_documents、laws" in done.output


def test_a_load_into_a_stack_that_is_away_says_where_to_look(away: Path) -> None:
    """Given that catalog does not answer, when a file is loaded, then the command ends with status 1 and advice."""
    file = away / "laws.jsonl"
    file.write_text('{"title": "甲"}\n', "utf-8")

    done = CliRunner().invoke(load.app, [str(file), "--state", str(away)])

    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
    assert "gongkai status" in done.output


def test_reading_the_feed_once_from_an_owner_that_is_away_says_where_to_look(away: Path) -> None:
    """Given that publishing does not answer, when its facts are read once, then the status is 1 and the advice is there."""
    arguments = ["follow", "--grpc", "--once", "--from", "publishing", "--state", str(away)]

    done = CliRunner().invoke(feed.app, arguments)

    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
    assert "gongkai status" in done.output
