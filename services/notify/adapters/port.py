"""What notify asks of a channel, and the only answers a channel can give.

The answers keep apart what must never be mixed: *definitely accepted*, *definitely not accepted*, and *nobody here
knows*. Only the middle one may be sent again; the last one is asked about, or stands in the list of doubts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

KEY_LIMIT: Final = 64
"""Longest key, in characters: it has to fit into a ``client_msg_id``, an ``OutId`` and a ``Message-ID``."""

Channel = Literal["email", "sms", "wechat"]


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to one person at one place."""

    key: str
    """Its only id, printable ASCII without spaces, ``KEY_LIMIT`` at most; the provider's own ids are derived from it."""
    address: str
    """Mail address, mobile number (11 digits) or openid."""
    template: str
    """The provider's code of the template, for example ``SMS_RECORD``; for mail only a label."""
    params: Mapping[str, str]
    """The template's parameters by name; mail uses none."""
    subject: str
    """For mail."""
    text: str
    """For mail: the whole body, plain text."""
    leave_url: str | None
    """Where one click ends the subscription (RFC 8058); for WeChat the link of the message. None: nothing to leave."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it."""

    provider_id: str
    """The provider's own number: BizId, msgid, or the Message-ID of a mail."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider definitely does not have it, or it never left here."""

    code: str
    """The provider's code, or ``connect``, ``timeout``, ``closed`` for what happened before anything was sent."""
    message_zh: str
    """What happened and what to do; never contains the address."""
    permanent: bool
    """True: sending the same again will be refused again. False: try later."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It left, and no usable answer came: it may or may not have been accepted."""

    why: str
    """In Chinese, without the address."""


Verdict = Accepted | Refused | InDoubt


class Adapter(Protocol):
    """A channel. Its methods never raise for trouble with the provider; cancelling a ``send`` leaves a doubt."""

    @property
    def channel(self) -> Channel:
        """Which channel this is."""

    @property
    def can_ask(self) -> bool:
        """Whether ``ask`` can ever know more than ``send`` did."""

    async def send(self, message: Outbound) -> Verdict:
        """Hand ``message`` over, once, without any repetition of its own."""

    async def ask(self, message: Outbound, sent_at: datetime) -> Verdict | None:
        """Find out what became of a message in doubt whose ``send`` began at ``sent_at`` (with zone).

        Returns:
            Accepted or Refused: now it is known.
            None: the provider answered, and knows nothing of it *yet*. A slow request may still arrive, so this
            proves nothing before ``PROOF_AFTER`` has passed since ``sent_at``.
            InDoubt: the question could not be put, or cannot be answered any more. Nothing has been learnt.
        """

    async def close(self) -> None:
        """Give up the connections."""


PROOF_AFTER: Final = 20 * 60
"""Seconds after ``sent_at`` from which ``None`` of ``ask`` proves that the provider never got the message.

A signed request is accepted only within 15 minutes of its ``x-acs-date`` ("V3版本请求体&签名机制": 请求发出前15分钟内),
so one that has not arrived by then never will; five minutes are added for clocks that differ and records that lag.
"""
