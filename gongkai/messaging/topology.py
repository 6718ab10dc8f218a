"""Streams, durable consumers and users of ``topology.yaml`` as values, and the permissions that follow."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gongkai.divisions import upwards

DOMAIN = "gongkai"
"""The JetStream domain of the city's servers; a leaf node addresses their API by it."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StreamSpec(_Spec):
    """One stream. Files on disk, replicas by the deployment, atomic batches allowed."""

    name: str
    about: str
    subjects: tuple[str, ...]
    retention: Literal["limits", "workqueue"] = "limits"
    max_age_days: int = Field(default=0, description="0: for ever")
    max_msg_size: int = Field(default=-1, description="bytes; -1: the server's max_payload")
    duplicate_window_seconds: int = 120
    deny_delete: bool = Field(default=False, description="single messages cannot be deleted over the API")


class ConsumerSpec(_Spec):
    """One durable pull consumer; acknowledged message by message, redelivered without end."""

    stream: str
    durable: str
    filter_subject: str | None = None
    ack_wait_seconds: int = Field(default=10, description="a consumer at work says so every three")
    max_ack_pending: int = Field(
        default=5000, description="messages; bounds what a dying consumer has in hand"
    )


class UserSpec(_Spec):
    """One NATS user and what it does; its permissions follow."""

    name: str
    about: str = ""
    relays: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    consumes: tuple[str, ...] = Field(default=(), description="STREAM/durable")
    follows: tuple[str, ...] = ()
    answers: tuple[str, ...] = Field(
        default=(), description="subjects of requests it answers, sharing a queue"
    )
    provisions: bool = False
    leaf: bool = Field(default=False, description="may connect as a leaf node and source what it follows")

    @property
    def inbox(self) -> str:
        """The user's own reply prefix: nobody else can listen to its answers."""
        return inbox_prefix(self.name)


class Permissions(_Spec):
    """Subjects a user may publish on and subscribe to; everything else is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    responds: bool = Field(default=False, description="may answer once where a request it received said")


class Topology(_Spec):
    """Everything of ``topology.yaml``."""

    streams: dict[str, StreamSpec]
    consumers: tuple[ConsumerSpec, ...]
    users: dict[str, UserSpec]

    @field_validator("streams", "users", mode="before")
    @classmethod
    def _name_from_key(cls, value: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
        return {name: {"name": name, **(spec or {})} for name, spec in value.items()}

    @model_validator(mode="after")
    def _references_exist(self) -> Topology:
        durables = {f"{consumer.stream}/{consumer.durable}" for consumer in self.consumers}
        for user in self.users.values():
            unknown = {*user.relays, *user.follows} - self.streams.keys() | set(user.consumes) - durables
            if unknown:
                raise ValueError(f"user {user.name} refers to what is not declared: {sorted(unknown)}")
        return self

    def permissions(self, user: UserSpec) -> Permissions:
        """What ``user`` may do, and nothing else."""
        publish = [*user.publishes, *(("$JS.API.>",) if user.provisions else ())]
        for name in user.relays:
            publish += [*self.streams[name].subjects, *_reading(name)]
        for name in user.consumes:
            publish += _consuming(*name.split("/"))
        for name in user.follows:
            publish += [*_reading(name), *_following(name, leaf=user.leaf)]
        subscribe = [f"{user.inbox}.>", *(f"{subject} {user.name}" for subject in user.answers)]
        if user.leaf:
            # Sourced messages arrive on a subject the sourcing server picks.
            subscribe += ["$JSC.R.>", "$JS.S.>", "$JS.M.>"]
        return Permissions(publish=tuple(publish), subscribe=tuple(subscribe), responds=bool(user.answers))


def load_topology() -> Topology:
    """Read ``topology.yaml``.

    Raises:
        pydantic.ValidationError: the file contradicts itself.
    """
    text = files(__package__).joinpath("topology.yaml").read_text(encoding="utf-8")
    return Topology.model_validate(yaml.safe_load(text))


def inbox_prefix(user: str) -> str:
    """The reply prefix of a user."""
    return f"_INBOX_{user}"


def organ_user(code: str) -> UserSpec:
    """The user of a department: it may send and ask as itself and read its own answers."""
    return UserSpec(
        name=f"organ-{code}",
        publishes=(f"ingest.{code}.*", f"ask.{code}.*"),
        consumes=(f"REPLY/reply-{code}",),
    )


def organ_consumer(code: str) -> ConsumerSpec:
    """The durable on REPLY from which a department reads its answers; provisioned when the organ is added."""
    return ConsumerSpec(
        stream="REPLY", durable=f"reply-{code}", filter_subject=f"reply.{code}.*", max_ack_pending=10_000
    )


def organ_permissions(code: str, division: str) -> Permissions:
    """What a department may do: besides, hear what is told of the catalogues of its division and those above."""
    user = organ_user(code)
    return Permissions(
        publish=(*user.publishes, *_consuming("REPLY", f"reply-{code}")),
        subscribe=(f"{user.inbox}.>", *(f"feed.{above}.catalog.>" for above in upwards(division))),
    )


def _reading(stream: str) -> list[str]:
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
    ]


def _consuming(stream: str, durable: str) -> list[str]:
    return [
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        *_acknowledging(stream, durable),
    ]


def _acknowledging(stream: str, durable: str) -> list[str]:
    # Servers write the acknowledgement subject in two forms, with and without domain and account. `$JS.ACK.>`
    # would cover both, and would let one department acknowledge, and so lose, what another has sent.
    return [f"$JS.ACK.{stream}.{durable}.>", f"$JS.ACK.*.*.{stream}.{durable}.>"]


def _following(stream: str, *, leaf: bool) -> list[str]:
    apis = ["$JS.API", f"$JS.{DOMAIN}.API"] if leaf else ["$JS.API"]
    consumer = ("CREATE.{}", "CREATE.{}.>", "INFO.{}.*", "MSG.NEXT.{}.*", "DELETE.{}.*")
    verbs = [f"STREAM.INFO.{stream}", *(f"CONSUMER.{verb.format(stream)}" for verb in consumer)]
    return [
        *(f"{api}.{verb}" for api in apis for verb in verbs),
        *_acknowledging(stream, "*"),
        f"$JS.FC.{stream}.>",
    ]
