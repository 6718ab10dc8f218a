"""A draft at a desk: commands as methods, for tests that say given, when, then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gongkai.refusal import Refusal
from services.publishing.domain import draft_rules as rules
from services.publishing.domain.contents import Held
from services.publishing.domain.draft import Draft, evolve
from services.publishing.domain.draft_publishing import Publication, Surroundings, examined, publish
from services.publishing.domain.header import FileFact
from services.publishing.domain.manuscript import Manuscript, Revises
from services.publishing.domain.number import book_of
from services.publishing.domain.record import Record
from services.publishing.domain.registry import Registry

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ORGAN = "341323-mzj"
EDITOR, REVIEWER = "s-editor", "s-reviewer"
IDENTITY, MOBILE = "341323199003071236", "13905571234"
BODY = FileFact(role="body", name="正文", digest="a" * 64, size=9, media_type="text/plain")
CONTENT = Manuscript(
    title="关于提高低保标准的通知", kind="notice", formed_on="2026-11-20", files=(BODY,), summary="提高标准"
)


@dataclass
class Desk:
    """A draft and what is around it; each method is a command, and applies what follows."""

    registry: Registry
    draft: Draft = field(default_factory=Draft)
    record: Record = field(default_factory=Record)
    body_text: str = "自12月起提高。"
    held: dict[str, Held] = field(default_factory=lambda: {BODY.digest: Held(9)})

    @property
    def around(self) -> Surroundings:
        organ = self.registry.organs[ORGAN]
        return Surroundings(organ, self.registry, self.held, self.body_text, self.record, date(2026, 11, 23))

    def order(self, by: str, expected: int = 0) -> dict[str, Any]:
        return {"stream": "draft:d-1", "by": by, "at": AT, "expected_version": expected}

    def do(self, command: rules.Command) -> list[Any]:
        events = list(rules.decide(self.draft, command))
        for event in events:
            self.draft = evolve(self.draft, event)
        return events

    def save(
        self, content: Manuscript = CONTENT, *, revises: Revises | None = None, **order: Any
    ) -> list[Any]:
        asked = self.order(EDITOR, self.draft.version) | order
        organ = asked.pop("organ", ORGAN)
        return self.do(rules.Save(organ=organ, content=content, revises=revises, **asked))

    def propose(
        self, attribute: str = "proactive", ground: str = "《条例》第二十条", **order: Any
    ) -> list[Any]:
        found = examined(self.draft, self.around, attribute=attribute).reasons
        asked = self.order(EDITOR) | order
        return self.do(rules.Propose(attribute=attribute, ground=ground, findings=found, **asked))

    def confirm(
        self, by: str = REVIEWER, *, name: str = "李静", post: str = "科长", **order: Any
    ) -> list[Any]:
        return self.do(rules.Confirm(name=name, post=post, **self.order(by) | order))

    def give_back(self, why: str = "标题不准确") -> list[Any]:
        return self.do(rules.Return(reason=why, **self.order(REVIEWER)))

    def discard(self, why: str = "不再需要") -> list[Any]:
        return self.do(rules.Discard(reason=why, **self.order(EDITOR)))

    def publish(self, **order: Any) -> Publication:
        book = book_of(self.registry.organs[ORGAN].uscc, date(2026, 11, 23))
        given = rules.Order(**self.order(EDITOR) | order)
        done = publish(self.draft, given, self.around, book=book, serial=7)
        for event in done.draft_events:
            self.draft = evolve(self.draft, event)
        self.record = done.record
        return done


def refused(act: Callable[[], object]) -> set[tuple[str, str]]:
    with pytest.raises(Refusal) as refusal:
        act()
    return {(one.code, one.field) for one in refusal.value.reasons}


def codes(act: Callable[[], object]) -> set[str]:
    return {code for code, _ in refused(act)}
