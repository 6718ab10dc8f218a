"""How the gateway can be made to fail, as providers do.

Whether a rule hits a message follows from the seed, the rule, the message's own id and how often it has come, not
from the order of arrival: the same run with the same seed fails for the same messages, and a repetition of a message
draws anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gongkai.sandbox.store import Channel, Store

Kind = Literal["delay", "late", "refuse", "throttle", "drop_answer", "drop_before"]

KINDS: Final[dict[Kind, str]] = {
    "delay": "慢答：先收下，过若干秒才回答",
    "late": "迟收：过若干秒才受理，哪怕对方已不再等",
    "refuse": "拒绝：按该渠道的错误码拒收",
    "throttle": "限流：按该渠道的流控错误码拒收",
    "drop_answer": "丢回执：已收下，但不回答就断开",
    "drop_before": "断线：没收下就断开",
}
CHANNELS: Final[dict[Channel, str]] = {"sms": "短信", "wechat": "微信", "email": "邮件"}


class Fault(BaseModel):
    """One rule. It hits a share of the messages, or the next ``count``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel
    kind: Kind
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    count: Annotated[int, Field(ge=1)] | None = None
    """How many more messages it hits; None: no end."""
    seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    """For ``delay`` and ``late``."""
    prefix: Annotated[str, Field(max_length=200)] = ""
    """Only recipients that begin so."""
    code: Annotated[str, Field(max_length=60, pattern=r"^[\w.]*$")] = ""
    """For ``refuse``: another documented code than the usual temporary one."""


class Rule(Fault):
    """A fault in force."""

    id: int


_RULES: Final = TypeAdapter(list[Rule])


class Faults:
    """The rules in force; kept in the store, so that they outlive a killed gateway."""

    def __init__(self, store: Store, seed: str) -> None:
        self._store = store
        self._seed = seed
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self.rules: list[Rule] = []

    async def load(self) -> None:
        """Take up the rules of the gateway before."""
        row = await self._store.read(
            lambda db: db.execute("SELECT value FROM kept WHERE name = 'faults'").fetchone()
        )
        self.rules = _RULES.validate_json(row["value"]) if row else []

    async def add(self, fault: Fault) -> Rule:
        """Put a rule in force."""
        number = max((rule.id for rule in self.rules), default=0) + 1
        rule = Rule(id=number, **fault.model_dump())
        await self._set([*self.rules, rule])
        return rule

    async def remove(self, number: int | None) -> None:
        """Lift one rule, or all."""
        await self._set([rule for rule in self.rules if number is not None and rule.id != number])

    async def hit(self, channel: Channel, recipient: str, out_id: str) -> Rule | None:
        """Return the first rule that hits this message, and count it."""
        if not self.rules:
            return None
        message = (channel, recipient, out_id)
        self._seen[message] += 1
        for rule in self.rules:
            if rule.channel != channel or not recipient.startswith(rule.prefix):
                continue
            if self._draw(rule, message, self._seen[message]) >= rule.share:
                continue
            if rule.count is not None:
                await self._spend(rule, rule.count)
            return rule
        return None

    async def _spend(self, rule: Rule, left: int) -> None:
        spent = [rule.model_copy(update={"count": left - 1})] if left > 1 else []
        place = self.rules.index(rule)
        await self._set([*self.rules[:place], *spent, *self.rules[place + 1 :]])

    async def _set(self, rules: list[Rule]) -> None:
        self.rules = rules
        text = _RULES.dump_json(rules).decode()

        def write(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO kept (name, value) VALUES ('faults', ?)", (text,))

        await self._store.write(write)

    def _draw(self, rule: Rule, message: tuple[str, str, str], times: int) -> float:
        """Return a number in [0, 1) that belongs to this rule, message and repetition."""
        text = "\0".join((self._seed, str(rule.id), *message, str(times)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
