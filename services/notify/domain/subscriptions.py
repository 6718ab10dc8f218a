"""A subscription: opened with an address, confirmed by a code, left with one click; then the address is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Annotated, ClassVar, Final, Literal

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.personal import Erased, Personal
from gongkai.refusal import Reason, Refusal
from services.notify.domain.addresses import CHANNELS
from services.notify.domain.places import DIVISION_CODE, faults_of

CODE_LIFE: Final = timedelta(minutes=30)
LAPSE: Final = timedelta(hours=24)
"""How long an address that nobody confirmed is kept after its code ended."""
MOST_TOPICS: Final = 40
MOST_PLACES: Final = 50

Left = Literal["asked", "same", "lapsed"]
"""The person asked; an older subscription of the same address wants the same; nobody confirmed it."""


class SubscriptionOpened(DomainEvent):
    """Somebody gave an address and what to be told of; nothing is sent there but a code."""

    NAME: ClassVar[str] = "subscription.opened"

    subscription_id: str
    channel: str
    topics: tuple[str, ...]
    places: tuple[str, ...]
    draw: int
    """Which code it has, see ``Secrets.code``."""
    code_ends_at: datetime
    at: datetime
    address: Annotated[str | Erased | None, Personal(subject_field="subscription_id")] = None
    """None for WeChat: the person's openid comes with the code."""


class SubscriptionConfirmed(DomainEvent):
    """Whoever reads the address sent the code back."""

    NAME: ClassVar[str] = "subscription.confirmed"

    subscription_id: str
    at: datetime
    address: Annotated[str | Erased | None, Personal(subject_field="subscription_id")] = None
    """The openid, for WeChat."""


class SubscriptionLeft(DomainEvent):
    """It ended; in the same transaction the key of its address was destroyed."""

    NAME: ClassVar[str] = "subscription.left"

    subscription_id: str
    why: Left
    at: datetime


SubscriptionEvent = SubscriptionOpened | SubscriptionConfirmed | SubscriptionLeft


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as its history says it is."""

    id: str
    channel: str
    topics: tuple[str, ...]
    places: tuple[str, ...]
    draw: int
    code_ends_at: datetime
    address: str | None
    """None: not known yet, or forgotten."""
    state: Literal["waiting", "active", "left"] = "waiting"


@dataclass(frozen=True, slots=True)
class Open:
    """Ask to be told."""

    id: str
    channel: str
    address: str | None
    """In normal form; None for WeChat, and for what was no address."""
    topics: tuple[str, ...]
    places: tuple[str, ...]
    draw: int
    at: datetime


CODE_WRONG: Final = Reason("code.wrong", "验证码不对，请核对后再输入；五次不对将暂停半小时。", "code")
CODE_ENDED: Final = Reason(
    "code.ended", "验证码已过 30 分钟，不再有效，请重新订阅，会收到新的验证码。", "code"
)
GONE: Final = Reason("subscription.left", "该订阅已经退订，需要时请重新订阅。")


def open_subscription(command: Open, channels: Iterable[str]) -> SubscriptionOpened:
    """Open one; ``channels`` are those this installation can send by.

    Raises:
        Refusal: with every reason.
    """
    reasons = tuple(_reasons(command, frozenset(channels)))
    if reasons:
        raise Refusal(*reasons)
    return SubscriptionOpened(
        subscription_id=command.id,
        channel=command.channel,
        topics=tuple(sorted(set(command.topics))),
        places=tuple(sorted(set(command.places))),
        draw=command.draw,
        code_ends_at=command.at + CODE_LIFE,
        at=command.at,
        address=command.address,
    )


def confirm(
    state: Subscription, *, right: bool, at: datetime, openid: str | None = None
) -> list[SubscriptionEvent]:
    """Confirm with a code that was ``right`` or not; confirming again changes nothing.

    Raises:
        Refusal: it was left, its code has ended, or the code is another.
    """
    if state.state == "left":
        raise Refusal(GONE)
    if not right:
        raise Refusal(CODE_WRONG)
    if state.state == "active":
        return []
    if at > state.code_ends_at:
        raise Refusal(CODE_ENDED)
    return [SubscriptionConfirmed(subscription_id=state.id, at=at, address=openid)]


def leave(state: Subscription, why: Left, at: datetime) -> list[SubscriptionEvent]:
    """End it; ending it again changes nothing."""
    return [] if state.state == "left" else [SubscriptionLeft(subscription_id=state.id, why=why, at=at)]


def evolve(state: Subscription | None, event: DomainEvent) -> Subscription | None:
    """Apply one event."""
    match event:
        case SubscriptionOpened():
            return Subscription(
                event.subscription_id, event.channel, event.topics, event.places, event.draw,
                event.code_ends_at, _readable(event.address),
            )  # fmt: skip
        case SubscriptionConfirmed() if state is not None:
            return replace(state, state="active", address=_readable(event.address) or state.address)
        case SubscriptionLeft() if state is not None:
            return replace(state, state="left", address=None)
        case _:
            raise UnknownEventType(event.NAME, event.SCHEMA)


def fold(events: Sequence[DomainEvent]) -> Subscription | None:
    """The subscription after these events; None for one that does not exist."""
    start: Subscription | None = None
    return reduce(evolve, events, start)


def _readable(address: str | Erased | None) -> str | None:
    return address if isinstance(address, str) else None


def _reasons(command: Open, channels: frozenset[str]) -> Iterator[Reason]:
    named = CHANNELS.get(command.channel)
    if named is None:
        yield Reason("channel.unknown", "请选择接收方式：电子邮件、短信或微信。", "channel")
    elif command.channel not in channels:
        yield Reason("channel.absent", f"本平台没有开通{named}通知，请改选其他接收方式。", "channel")
    elif command.address is None and command.channel != "wechat":
        example = "name@example.com" if command.channel == "email" else "13800000000（11 位）"
        yield Reason("address.malformed", f"{named}地址的写法不对，请写成如 {example} 的样子。", "address")
    if not command.topics:
        yield Reason("topics.missing", "请至少选择一个领域，或选择全部领域。", "topics")
    if not command.places:
        yield Reason("places.missing", "请至少选择一个地区。", "places")
    if len(command.topics) > MOST_TOPICS or len(command.places) > MOST_PLACES:
        text = f"最多选 {MOST_TOPICS} 个领域、{MOST_PLACES} 个地区；要看得更多，请选全部领域或上一级地区。"
        yield Reason("wish.too-long", text, "topics")
    for bad in faults_of(command.topics, command.places):
        field = "places" if bad in command.places and not DIVISION_CODE.fullmatch(bad) else "topics"
        yield Reason(
            "wish.malformed", f"“{bad[:20]}”不是地区代码（12 位数字）或领域代码，请重新选择。", field
        )
