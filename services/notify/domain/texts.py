"""From a template and facts to what a person reads, within the provider's limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

_LINK: Final = re.compile(r"https?://\S*|www\.\S*", re.IGNORECASE)
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a provider's template."""

    fact: str
    limit: int
    """Characters."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a message of one kind says over one channel."""

    provider: str
    subject: str = ""
    text: str = ""
    link: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)


Templates = Mapping[str, Mapping[str, Template]]
"""By template and channel."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A message ready to be handed to a channel."""

    provider: str
    params: Mapping[str, str]
    subject: str
    text: str
    link: str


def fill(template: Template, facts: Mapping[str, str]) -> Filled:
    """Fill a template.

    Raises:
        KeyError: a fact it needs is not there.
    """
    return Filled(
        template.provider,
        {name: cut(facts[param.fact], param.limit) for name, param in template.params.items()},
        one_line(template.subject.format_map(facts)),
        template.text.format_map(facts),
        template.link.format_map(facts),
    )


def cut(value: str, limit: int) -> str:
    """A parameter's value on one line, without links, no longer than ``limit`` characters and never empty."""
    text = one_line(_LINK.sub("", value)) or "—"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def one_line(text: str) -> str:
    """Text whose line breaks and control characters are spaces: a header or parameter ends where it ends."""
    return _SPACES.sub(" ", text).strip()


def record_url(site: str, index_number: str) -> str:
    """Where a record is read."""
    return f"{site}/r/{quote(index_number)}"


def leave_url(site: str, token: str) -> str:
    """Where one click ends a subscription; the same address takes RFC 8058's POST."""
    return f"{site}/subscribe/leave/{token}"
