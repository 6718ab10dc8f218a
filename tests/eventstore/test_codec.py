"""Names, shapes and upcasters of events."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from pydantic import ValidationError

from gongkai.eventstore.codec import Codec, DomainEvent, Payload, Upcaster, canonical
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.golden import golden_faults
from gongkai.eventstore.personal import Erased, Personal

pytestmark = pytest.mark.domain

GOLDEN = Path(__file__).parent / "golden"


class Moved(DomainEvent):
    """A thing moved. Once it had ``place``; then a day was added; now the place is an organ's code."""

    NAME: ClassVar[str] = "thing.moved"
    SCHEMA: ClassVar[int] = 3

    organ: str
    on: date | None
    reason: str | None = None


class Applied(DomainEvent):
    """Somebody applied."""

    NAME: ClassVar[str] = "thing.applied"

    applicant: str
    name: Annotated[str | Erased, Personal(subject_field="applicant")]


def with_day(old: Payload) -> Payload:
    return old | {"on": None}


def place_to_organ(old: Payload) -> Payload:
    return {name: value for name, value in old.items() if name != "place"} | {"organ": old["place"].upper()}


CODEC = Codec(Moved, Applied, upcasters={("thing.moved", 1): with_day, ("thing.moved", 2): place_to_organ})


def test_an_event_reads_back_as_written() -> None:
    """Encoding then decoding the present shape changes nothing."""
    moved = Moved(organ="A1", on=date(2026, 3, 2))
    assert CODEC.decode("thing.moved", 3, canonical(CODEC.encode(moved))) == moved


def test_defaults_are_written_down() -> None:
    """A default changed later does not change history, because every field is in the payload."""
    assert CODEC.encode(Moved(organ="A1", on=None)) == {"organ": "A1", "on": None, "reason": None}


@pytest.mark.parametrize(
    ("schema", "payload"),
    [(1, '{"place":"a1"}'), (2, '{"on":null,"place":"a1"}'), (3, '{"on":null,"organ":"A1"}')],
)
def test_every_old_shape_is_brought_up(schema: int, payload: str) -> None:
    """Upcasters run one after another from the schema a payload was written with."""
    assert CODEC.decode("thing.moved", schema, payload) == Moved(organ="A1", on=None)


def test_a_field_of_the_next_release_is_ignored() -> None:
    """Release N reads what N + 1 writes when only an optional field was added."""
    assert CODEC.decode("thing.moved", 3, '{"on":null,"organ":"A1","via":"x"}') == Moved(organ="A1", on=None)


@pytest.mark.parametrize(("name", "schema"), [("thing.burnt", 1), ("thing.moved", 4)])
def test_an_unknown_name_or_newer_schema_is_an_error(name: str, schema: int) -> None:
    """Nothing is decoded by guess."""
    with pytest.raises(UnknownEventType) as unknown:
        CODEC.decode(name, schema, "{}")
    assert (unknown.value.name, unknown.value.schema) == (name, schema)


def test_a_payload_that_breaks_its_schema_is_an_error() -> None:
    """A missing field is not filled in silently."""
    with pytest.raises(ValidationError):
        CODEC.decode("thing.moved", 3, '{"on":null}')


@pytest.mark.parametrize(
    ("types", "upcasters"),
    [
        ((Moved,), {("thing.moved", 1): with_day}),
        ((Applied,), {("thing.moved", 1): with_day}),
        ((Applied, Applied), {}),
    ],
)
def test_a_codec_with_holes_cannot_be_built(
    types: tuple[type[DomainEvent], ...], upcasters: dict[tuple[str, int], Upcaster]
) -> None:
    """A missing or left-over upcaster, or a name given twice, is found when the service starts."""
    with pytest.raises(ValueError, match=r"upcasters|share a name"):
        Codec(*types, upcasters=upcasters)


def test_every_golden_payload_reads() -> None:
    """Each shape ever written has a file, and each file decodes to the present shape."""
    assert golden_faults(CODEC, GOLDEN) == []


def test_golden_faults_are_told(tmp_path: Path) -> None:
    """A missing shape, an undecodable one, a changed field, a forgotten type and a misnamed file are all listed."""
    for name, payload in {
        "thing.moved.v1.json": '{"plaice": "a1"}',
        "thing.moved.v3.json": '{"on": null, "organ": "A1", "by": "road"}',
        "thing.burnt.v1.json": "{}",
        "readme.json": "{}",
    }.items():
        (tmp_path / name).write_text(payload)
    faults = golden_faults(CODEC, tmp_path)
    assert [fault.split(":")[0] for fault in faults] == [
        "readme.json",
        "thing.burnt.v1.json",
        "thing.moved.v1.json",
        "thing.moved.v3.json",
        "thing.applied.v1.json",
        "thing.moved.v2.json",
    ]
    assert "field by is no longer written" in faults[3]


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    """The same object has the same bytes, hence the same digest."""
    assert canonical({"b": 1, "a": {"d": "文", "c": None}}) == '{"a":{"c":null,"d":"文"},"b":1}'
