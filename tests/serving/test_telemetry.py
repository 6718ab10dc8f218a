"""Log lines."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gongkai.serving.telemetry import configure_logging

pytestmark = pytest.mark.domain

IDENTITY = "11010519491231002X"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("search", "info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_json_with_service_level_and_time(stream: io.StringIO) -> None:
    """Our lines and those of libraries have the same form; debug lines are left out at level info."""
    structlog.get_logger().info("indexed", records=7, organ="341323-mzj", took=0.5, well=True)
    structlog.get_logger().debug("detail")
    logging.getLogger("a.library").warning("%s is slow", "it")

    ours, theirs = lines(stream)
    assert (ours["event"], ours["records"], ours["took"], ours["well"]) == ("indexed", 7, 0.5, True)
    assert (ours["service"], ours["level"], theirs["level"]) == ("search", "info", "warning")
    assert str(ours["timestamp"]).endswith("Z")
    assert theirs["event"] == "it is slow"


def test_personal_numbers_never_reach_a_line(stream: io.StringIO) -> None:
    """Identity and mobile numbers are masked in texts, nested values, numbers, errors and library lines."""
    log = structlog.get_logger()
    log.info(IDENTITY, nested={"a": [f"({IDENTITY})", ("13812345678",)]}, number=13812345678)
    logging.getLogger("a.library").warning("refused: %s", IDENTITY)
    try:
        int(IDENTITY)
    except ValueError as error:
        log.exception("failed", cause=error)

    assert IDENTITY not in stream.getvalue()
    assert "13812345678" not in stream.getvalue()
    assert "ValueError" in str(lines(stream)[-1]["exception"])
