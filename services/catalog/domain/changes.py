"""What divisions and organs have in common that are renamed, merged or abolished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from gongkai.contracts.catalog import FormerName
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank

LONGEST_BASIS: Final = 200
"""Characters of a document's title and number."""


class Standing(Protocol):
    """Something with a name that may have ended."""

    @property
    def name(self) -> str:
        """The newest name, even if it is not borne yet."""

    @property
    def former_names(self) -> tuple[FormerName, ...]:
        """Those before it, the oldest first."""

    @property
    def ended_on(self) -> date | None:
        """The first day on which it is no longer there."""

    @property
    def successor(self) -> str:
        """What follows it."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something that must not be left behind, as a refusal names it."""

    code: str
    name: str

    def __str__(self) -> str:
        """Say both."""
        return f"{self.name}（{self.code}）"


def basis_reasons(basis: str) -> Iterator[Reason]:
    """Tell what is wrong with the document a change rests on."""
    if blank(basis):
        yield Reason("change.basis.missing", "请写明依据的文件名和文号，例如 皖民地字〔2026〕12号。", "basis")
    elif len(basis) > LONGEST_BASIS:
        text = f"依据的文件名和文号至多 {LONGEST_BASIS} 字，请缩短。"
        yield Reason("change.basis.too-long", text, "basis")


def order_reasons(state: Standing, effective_on: date) -> Iterator[Reason]:
    """Tell whether a change comes before one that was decided: history is written forwards."""
    last = state.former_names[-1].until if state.former_names else None
    if last is not None and effective_on <= last:
        text = f"“{state.name}”自 {last} 起使用现名，变更的生效日期应在此之后。"
        yield Reason("change.too-early", text, "effective_on")


def ended_reasons(state: Standing, thing_zh: str) -> Iterator[Reason]:
    """Tell that it has an end already."""
    if state.ended_on is not None:
        text = (
            f"{thing_zh}“{state.name}”已定于 {state.ended_on} 撤并，由 {state.successor} 承继，不能再变更。"
        )
        yield Reason("change.ended", text, "code")


def keeping_reasons(state: Standing, today: date, thing_zh: str) -> Iterator[Reason]:
    """Tell why an end cannot be taken back: there is none, or its day has come."""
    if state.ended_on is None:
        text = f"{thing_zh}“{state.name}”没有定于将来的撤并，没有可以撤回的决定。"
        yield Reason("change.keep.no-end", text, "code")
    elif state.ended_on <= today:
        text = (
            f"{thing_zh}“{state.name}”已于 {state.ended_on} 撤并，由 {state.successor} 承继，撤并已经生效，"
            "不能撤回；确需恢复的，请按设立文件另行登记新的代码。"
        )
        yield Reason("change.keep.too-late", text, "code")


def name_reasons(state: Standing, name: str) -> Iterator[Reason]:
    """Tell what is wrong with a new name."""
    if blank(name):
        yield Reason("change.name.missing", "请填写新的名称。", "name")
    elif name.strip() == state.name:
        yield Reason("change.name.same", f"名称已是“{state.name}”，没有可变更的内容。", "name")


def successor_reasons(code: str, successor: str, found: Standing | None, thing_zh: str) -> Iterator[Reason]:
    """Tell what is wrong with a successor of any kind. One that has an end cannot follow, so chains have no rings."""
    if blank(successor):
        yield Reason("change.successor.missing", f"请指明承继的{thing_zh}。", "successor")
    elif successor == code:
        yield Reason("change.successor.self", f"{thing_zh}不能由它自己承继。", "successor")
    elif found is None:
        text = f"承继的{thing_zh} {successor} 没有登记，请先登记。"
        yield Reason("change.successor.unknown", text, "successor")
    elif found.ended_on is not None:
        text = (
            f"承继的{thing_zh}“{found.name}”自己也定于 {found.ended_on} 撤并，"
            f"请改填它的承继者 {found.successor}。"
        )
        yield Reason("change.successor.ended", text, "successor")


def left_behind(
    there: Sequence[Named], along: Iterable[str], code: str, text: str, field: str = "along"
) -> Iterator[Reason]:
    """Tell which of those still there are not named to move along; ``text`` takes the list."""
    named = set(along)
    left = [str(one) for one in there if one.code not in named]
    if left:
        yield Reason(code, text.format(number=len(left), names="、".join(left)), field)


def renamed(state: Standing, effective_on: date, short_name: str = "") -> tuple[FormerName, ...]:
    """Give the former names after a renaming; ``short_name`` is the one until then."""
    former = FormerName(name=state.name, until=effective_on, short_name=short_name)
    return (*state.former_names, former)
