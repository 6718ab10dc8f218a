"""Where a stream ends: its last message says which event of the owner's log it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the server says about a stream without reading it."""

    created: str
    """Changes when the stream is deleted and made anew."""
    sequence: int
    """Of the last message, also when that is gone."""
    empty: bool


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of a stream."""

    state: StreamState
    epoch: str
    """Of the last message; empty where there is none."""
    position: int
    """Of the last message in its owner's log; 0 where there is none."""


class ForeignMessage(Exception):
    """The stream ends with a message that came from no relay."""


async def read_state(jetstream: JetStreamContext, stream: str) -> StreamState:
    """One request: is the stream still the one we know?"""
    info = await jetstream.stream_info(stream)
    created: datetime | str | None = info.created
    return StreamState(str(created), info.state.last_seq, info.state.messages == 0)


async def read_tip(jetstream: JetStreamContext, stream: str) -> Tip:
    """The end of ``stream``.

    Raises:
        ForeignMessage: the last message states no place.
    """
    state = await read_state(jetstream, stream)
    if state.empty:
        return Tip(state, "", 0)
    try:
        last = await jetstream.get_last_msg(stream, ">")
    except NotFoundError:  # emptied between the two requests
        return Tip(state, "", 0)
    headers = last.headers or {}
    try:
        return Tip(state, headers["ce-gkepoch"], int(headers["ce-gkposition"]))
    except (KeyError, ValueError) as error:
        raise ForeignMessage(f"{stream}: message {last.seq} states no place in a log") from error
