"""A channel of the tests: counts what it takes, and fails as it is told, as a provider may at each point of a call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from services.notify.adapters.port import Accepted, Channel, InDoubt, Outbound, Refused, Verdict

Behave = Callable[["CountingChannel", Outbound], Awaitable[Verdict]]


async def take(channel: CountingChannel, message: Outbound) -> Verdict:
    """Take it and say so."""
    channel.taken.append(message)
    return Accepted(f"id-{message.key[:12]}")


async def take_silently(channel: CountingChannel, message: Outbound) -> Verdict:
    """Take it; the answer is lost."""
    await take(channel, message)
    return InDoubt("服务商没有答复")


async def lose(_channel: CountingChannel, _message: Outbound) -> Verdict:
    """Lose it on the way, so that nobody hears anything."""
    return InDoubt("服务商没有答复")


async def throttle(_channel: CountingChannel, _message: Outbound) -> Verdict:
    """Say that it is too much now."""
    return Refused("limit", "发送太频繁", permanent=False)


async def refuse(_channel: CountingChannel, _message: Outbound) -> Verdict:
    """Refuse it for ever."""
    return Refused("illegal", "号码不合法，请核对", permanent=True)


async def break_down(channel: CountingChannel, message: Outbound) -> Verdict:
    """Take it and fail as no channel should."""
    await take(channel, message)
    raise RuntimeError("a fault of the channel's own")


async def take_and_hang(channel: CountingChannel, message: Outbound) -> Verdict:
    """Take it and never answer."""
    await take(channel, message)
    await asyncio.sleep(3600)
    raise AssertionError


async def hang(_channel: CountingChannel, _message: Outbound) -> Verdict:
    """Never get as far as the provider."""
    await asyncio.sleep(3600)
    raise AssertionError


@dataclass
class CountingChannel:
    """What a provider received, by message."""

    channel: Channel = "email"
    can_ask: bool = False
    behave: list[Behave] = field(default_factory=list)
    """One a call, then ``take``."""
    always: Behave = take
    taken: list[Outbound] = field(default_factory=list)
    calls: int = 0
    asked: int = 0
    knows_after: int = 1
    """Questions after which it knows what it took; before, it has not seen it yet."""
    answers: bool = True
    """False: questions get no answer."""
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Outbound) -> Verdict:
        self.calls += 1
        self.called.set()
        behave = self.behave.pop(0) if self.behave else self.always
        return await behave(self, message)

    async def ask(self, message: Outbound, sent_at: datetime) -> Verdict | None:
        assert sent_at.tzinfo is not None
        self.asked += 1
        if not self.answers:
            return InDoubt("查询没有答复")
        known = any(one.key == message.key for one in self.taken)
        return Accepted("asked") if known and self.asked >= self.knows_after else None

    async def close(self) -> None:
        """Nothing is open."""

    def most(self) -> int:
        """The most times one message was taken."""
        return max(Counter(message.key for message in self.taken).values(), default=0)
