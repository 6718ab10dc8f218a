"""Departmental events as they arrive: what can be read of them before anything is known about their record.

Everything that can be wrong with a field's type is found here, and the rest of the event is still examined, so that
its sender hears every reason at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

import orjson
from pydantic import ValidationError

from gongkai.contracts.ingest import IngestDocument, IngestEvent, IngestWithdrawal
from gongkai.refusal import Reason
from services.publishing.domain.contents import Contents, read_contents
from services.publishing.domain.figures import spoken_of, without_malformed_figures
from services.publishing.domain.number import record_id_of
from services.publishing.domain.reasons import reason
from services.publishing.domain.text import clean

MAX_EVENT_ID: Final = 200
_TYPES: Final[dict[str, type[IngestEvent]]] = {"document": IngestDocument, "withdrawal": IngestWithdrawal}
_EventT_co = TypeVar("_EventT_co", bound=IngestEvent, covariant=True)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of INGEST."""

    organ: str
    """The second token of the subject: NATS lets only that organ's credentials publish there."""
    token: str
    """The third: ``document`` or ``withdrawal``."""
    event_id: str
    """``ce-id``; empty when there is none."""
    type: str
    """``ce-type``."""
    sent_at: datetime | None
    """``ce-time``."""
    data: bytes
    deliveries: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    """As they came; kept with a dead letter."""

    @property
    def subject(self) -> str:
        """Where it was published."""
        return f"ingest.{self.organ}.{self.token}"

    @property
    def command_id(self) -> str:
        """What it is known by in the ledger: the sender's id is unique for its organ only."""
        return f"{self.organ}/{self.event_id}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message taken apart as far as JSON goes."""

    incoming: Incoming
    value: dict[str, Any] | None
    """The JSON object; None when the bytes are no event."""
    fingerprint: bytes
    """Of what was asked: type and data, whatever the order of the keys and the spaces between them."""


@dataclass(frozen=True, slots=True)
class Understood(Generic[_EventT_co]):
    """An event with its fields read."""

    incoming: Incoming
    event: _EventT_co
    record_id: str
    contents: Contents = field(default_factory=Contents)
    malformed: tuple[Reason, ...] = ()
    fields: frozenset[str] = field(default_factory=frozenset)
    """The malformed fields; what else is said about them would only repeat it."""

    def every_reason(self, found: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """All reasons: of the types, and of what was found in the rest."""
        return (*self.malformed, *(one for one in found if not self._repeats(one)))

    def _repeats(self, found: Reason) -> bool:
        head, _, rest = found.field.partition(".")
        # Of a line of figures the malformed value alone was left out: what is said of its others holds.
        return (found.field if rest and head.startswith("facts[") else head) in self.fields


def parse(incoming: Incoming) -> Parsed:
    """Take a message apart; never fails."""
    value: object = None
    try:
        value = orjson.loads(incoming.data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        return Parsed(incoming, None, sha256(incoming.type.encode() + b"\n" + incoming.data).digest())
    canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return Parsed(incoming, value, sha256(incoming.type.encode() + b"\n" + canonical).digest())


def envelope_reasons(incoming: Incoming) -> list[Reason]:
    """What is wrong with the envelope of a message whose data is an object."""
    known = _TYPES.get(incoming.token)
    reasons = []
    if known is None or incoming.type != known.TYPE:
        reasons.append(reason("event.type-unknown"))
    if len(incoming.event_id) > MAX_EVENT_ID:
        reasons.append(reason("field.too-long", "ce-id"))
    return reasons


def understand(parsed: Parsed) -> Understood[IngestEvent]:
    """Read the fields of an event whose envelope is sound and whose data is an object."""
    incoming, value = parsed.incoming, parsed.value or {}
    model = _TYPES[incoming.token]
    malformed: dict[str, Reason] = {}
    wrong: set[str] = set()
    value, about_figures = without_malformed_figures(value)
    try:
        event = model.model_validate(value)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            # The keys of elements are the sender's own words: a reason does not repeat them.
            place = fault["loc"][:1] if fault["loc"][0] == "elements" else fault["loc"]
            name = ".".join(str(part) for part in place)
            malformed[name] = reason("field.malformed", name)
            wrong.add(str(fault["loc"][0]))
        event = model.model_validate({name: item for name, item in value.items() if name not in wrong})
    malformed |= {one.field: one for one in about_figures}
    fields = wrong | {name for one in about_figures for name in spoken_of(one.field)}
    contents = read_contents(event) if isinstance(event, IngestDocument) else Contents()
    record_key = clean(event.record) or incoming.event_id
    return Understood(
        incoming,
        event,
        record_id_of(incoming.organ, record_key),
        contents,
        tuple(malformed.values()),
        frozenset(fields),
    )
