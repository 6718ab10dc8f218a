"""Rules: the law's numbers as rows with effective dates, a citation and how far it is confirmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any

UNITS: Final = ("working_days", "days", "weeks", "months", "columns")
MARKS: Final = ("L", "F", "S", "M")
"""L: read in the statute; F: on a published page; S: the city's plan; M: recalled, not confirmed law."""

_CODE: Final = re.compile(r"^[a-z]+(-[a-z]+)*$")


class RuleFacts(DomainEvent):
    """A rule row."""

    code: str
    name: str
    value: int
    unit: str
    effective_from: date
    effective_to: date | None
    citation: str
    mark: str


class RuleChanged(RuleFacts):
    """A rule has this row from now on; rows with other effective dates stay as they were."""

    NAME: ClassVar[str] = "rule.changed"


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Set a rule's row for the time from ``effective_from``."""

    code: str
    name: str
    value: int
    unit: str
    effective_from: date
    effective_to: date | None
    citation: str
    mark: str


Rule = tuple[ChangeRule, ...]
"""A rule's rows, one an effective date, in their order."""


def decide(state: Rule, command: ChangeRule) -> list[RuleChanged]:
    """Change the rule; setting a row it has already changes nothing."""
    refuse_if_any(_reasons(command))
    if command in state:
        return []
    return [
        RuleChanged(
            code=command.code,
            name=command.name,
            value=command.value,
            unit=command.unit,
            effective_from=command.effective_from,
            effective_to=command.effective_to,
            citation=command.citation,
            mark=command.mark,
        )
    ]


def evolve(state: Rule, event: RuleChanged) -> Rule:
    """Apply one event: the row replaces the one with the same effective date."""
    row = ChangeRule(
        event.code, event.name, event.value, event.unit, event.effective_from, event.effective_to,
        event.citation, event.mark,
    )  # fmt: skip
    others = [other for other in state if other.effective_from != row.effective_from]
    return tuple(sorted([*others, row], key=lambda each: each.effective_from))


def _reasons(command: ChangeRule) -> Iterator[Reason]:
    if not _CODE.match(command.code):
        yield Reason("rule.code.malformed", "规则代码应为小写英文单词，以连字符相连。", "code")
    if blank(command.name):
        yield Reason("rule.name.missing", "请填写规则名称。", "name")
    if command.value <= 0:
        yield Reason("rule.value", "期限应为正整数。", "value")
    if command.unit not in UNITS:
        yield Reason("rule.unit.unknown", "单位应为工作日、日、周、月或栏目数。", "unit")
    if command.effective_to is not None and command.effective_to < command.effective_from:
        yield Reason("rule.effective", "失效日期不能早于生效日期。", "effective_to")
    if blank(command.citation):
        yield Reason("rule.citation.missing", "请写明依据（文件与条款）。", "citation")
    if command.mark not in MARKS:
        yield Reason("rule.mark.unknown", "出处标记应为 L、F、S 或 M。", "mark")
