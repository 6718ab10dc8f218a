"""A refused command says every reason at once, in the reader's language, with the article where law decides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a command cannot be done now."""

    code: str
    """Stable machine name, kebab-case with a dotted scope: ``title.missing``."""
    message_zh: str
    """What happened, why, and what to do next, in Chinese. Never holds personal data."""
    field: str = ""
    """The input field it is about, empty when it is about the whole."""
    article: str = ""
    """The citation, where law decides: ``《政府信息公开条例》第二十条``."""


class Refusal(Exception):
    """The domain refuses a command; nothing was changed. Carries every reason."""

    def __init__(self, *reasons: Reason) -> None:
        if not reasons:
            raise ValueError("a refusal needs at least one reason")
        self.reasons = reasons
        super().__init__("; ".join(reason.code for reason in reasons))
