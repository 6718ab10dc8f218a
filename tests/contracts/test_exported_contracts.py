"""The public events are additive only, and what is written down of them is current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongkai.contracts.exporting import asyncapi, breaking_changes, schemas

pytestmark = pytest.mark.domain

FOLDER = Path(__file__).parents[2] / "docs" / "contracts"
ADVICE = "run: python -m gongkai.contracts.exporting"


def test_no_contract_breaks_its_readers() -> None:
    """A field that readers rely on is neither dropped nor altered; a new meaning is a new type (`…v2`)."""
    now = schemas()
    faults = {
        path.stem: found
        for path in FOLDER.glob("cn.*.json")
        if (found := breaking_changes(json.loads(path.read_text("utf-8")), now.get(path.stem, {})))
    }

    assert faults == {}


def test_the_exported_schemas_are_current() -> None:
    """An additive change is exported in the same commit."""
    for name, schema in {**schemas(), "asyncapi": asyncapi()}.items():
        assert json.loads((FOLDER / f"{name}.json").read_text("utf-8")) == json.loads(json.dumps(schema)), (
            ADVICE
        )


def test_breaking_changes_are_told_apart_from_additions() -> None:
    """Given a schema, an added optional field passes; a dropped, altered or no longer certain one is named."""
    before = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]}

    assert (
        breaking_changes(before, before | {"properties": before["properties"] | {"c": {"type": "string"}}})
        == []
    )
    assert breaking_changes(before, {"properties": {"a": {"type": "integer"}}, "required": []}) == [
        "field b is gone",
        "field a has another meaning",
        "field a was always there and no longer is",
    ]
