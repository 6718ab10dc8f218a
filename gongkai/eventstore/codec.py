"""Domain events to canonical JSON and back, old shapes included.

An event's name is a contract with its own history: it is written down in the class and never derived from a
class path. A changed shape is a new ``SCHEMA`` number and one pure upcaster on dicts; see ``golden.py`` for the
check that every shape ever written still decodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict

from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.personal import Personal

Payload = dict[str, Any]
"""A JSON object. ``Any`` because an old shape has, by nature, no type in today's code."""
Upcaster = Callable[[Payload], Payload]
"""Turns the payload of schema n into that of schema n + 1; pure."""


class DomainEvent(BaseModel):
    """A fact of one service's domain; private to it. Subclasses set ``NAME``, and ``SCHEMA`` once it is above 1.

    Fields this release does not know are ignored, so that release N reads what N + 1 writes: adding an optional
    field needs no new schema, anything else does.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    NAME: ClassVar[str]
    """``<thing>.<past verb>``, for example ``record.published``; for ever."""
    SCHEMA: ClassVar[int] = 1
    """Number of the shape this class describes."""

    @classmethod
    def personal_fields(cls) -> Mapping[str, str]:
        """Fields that are sealed in the log, each with the field that names its subject."""
        return {
            name: mark.subject_field
            for name, field in cls.model_fields.items()
            for mark in field.metadata
            if isinstance(mark, Personal)
        }


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces, in UTF-8 without escapes: the bytes that are stored and digested.

    A ``jsonb`` column would reorder keys and lose the bytes a digest or a signature was made of.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


class Codec:
    """The event types one service knows, with the upcasters for their older shapes.

    Raises:
        ValueError: two types share a name, a shape has no upcaster, or an upcaster belongs to no shape.
    """

    def __init__(
        self,
        *event_types: type[DomainEvent],
        upcasters: Mapping[tuple[str, int], Upcaster] = MappingProxyType({}),
    ) -> None:
        self.types = {event_type.NAME: event_type for event_type in event_types}
        if len(self.types) != len(event_types):
            raise ValueError("two event types share a name")
        needed = {(name, n) for name, t in self.types.items() for n in range(1, t.SCHEMA)}
        if needed != set(upcasters):
            raise ValueError(f"upcasters missing or left over: {sorted(needed ^ set(upcasters))}")
        self._upcasters = dict(upcasters)
        self.personal = {name: fields for name, t in self.types.items() if (fields := t.personal_fields())}

    def encode(self, event: DomainEvent) -> Payload:
        """The event as a JSON object, personal fields still open.

        Every field is written, defaults too: a default changed later must not change history.

        Raises:
            UnknownEventType: the type was not given to this codec, so nobody could read it back.
        """
        if self.types.get(event.NAME) is not type(event):
            raise UnknownEventType(event.NAME, event.SCHEMA)
        return event.model_dump(mode="json")

    def decode(self, name: str, schema: int, payload: str) -> DomainEvent:
        """The event of this name from the JSON of any schema it ever had.

        Raises:
            UnknownEventType: this release does not know the name, or only older schemas of it.
            pydantic.ValidationError: the payload is not what its schema promises.
        """
        event_type = self.types.get(name)
        if event_type is None or schema > event_type.SCHEMA:
            raise UnknownEventType(name, schema)
        if schema < event_type.SCHEMA:
            data: Payload = orjson.loads(payload)
            for number in range(schema, event_type.SCHEMA):
                data = self._upcasters[name, number](data)
            payload = canonical(data)
        return event_type.model_validate_json(payload)
