"""Envelopes on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongkai.messaging.envelope import Envelope, Undecodable, event_id, headers_of, parse

pytestmark = pytest.mark.domain

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    id_=text,
    source=text,
    subject=st.text(st.characters(exclude_categories=["Cs"])),
    version=st.integers(0, 10**6),
)
def test_what_is_sent_is_what_is_read(id_: str, source: str, subject: str, version: int) -> None:
    """Whatever a sender writes into an attribute survives the headers, which stay plain ASCII on one line."""
    envelope = Envelope(
        id_, "cn.gongkai.x.v1", source, subject, b"{}", datetime(2026, 1, 1, tzinfo=UTC), version, "e-1", 7
    )
    headers = headers_of(envelope)
    assert all(value.isascii() and value.isprintable() and " " not in value for value in headers.values())
    assert parse(headers, b"{}") == envelope


def test_every_missing_attribute_is_named() -> None:
    """A message without the required attributes says all that is missing."""
    with pytest.raises(Undecodable, match="ce-specversion, ce-id, ce-type, ce-source"):
        parse(None, b"")


@pytest.mark.parametrize("name", ["ce-time", "ce-gkversion", "ce-gkposition", "ce-id"])
def test_unreadable_attributes_are_refused(name: str) -> None:
    """An attribute that cannot be read makes the message undecodable, it is not guessed."""
    headers = headers_of(Envelope("1", "t", "/s", "", b"")) | {name: "%ff"}
    with pytest.raises(Undecodable, match="cannot be read"):
        parse(headers, b"")


def test_derived_ids_are_stable() -> None:
    """The first message of an event bears its id, the others ids that depend on nothing else."""
    event = UUID("0197a1f0-0000-7000-8000-000000000001")
    assert [event_id(event, part) for part in range(2)] == [str(event), event_id(event, 1)]
    assert UUID(event_id(event, 1)).version == 5
    assert event_id(event, 1) != event_id(event, 2)
