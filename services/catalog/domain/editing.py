"""One edit of one matter of a draft: what follows from it, or every reason why it cannot be done.

An edit says which state of the matter its author saw. What somebody else changed since in the same cell, here or above,
is told and not overwritten; other cells go through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gongkai.refusal import Reason, Refusal
from services.catalog.domain.checks import blank, refuse_if_any
from services.catalog.domain.edits import Edit, Ground
from services.catalog.domain.merging import settle, settled, stand
from services.catalog.domain.overtaking import overtaken
from services.catalog.domain.rows import (
    Change,
    MatterRow,
    cell_faults,
    row_faults,
    tidy,
)
from services.catalog.domain.stances import (
    Kind,
    MatterAdapted,
    MatterAdded,
    MatterAdopted,
    MatterDropped,
    MatterEdited,
    MatterKept,
    MatterLeftOut,
    MatterRestored,
    Stance,
    StanceEvent,
)

ACTS: Final = ("adopt", "set", "hold", "restore", "leave_out", "add", "drop", "keep")
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"


def decide(edit: Edit, ground: Ground) -> list[StanceEvent]:
    """Decide on one edit; `add` of a new matter is `add_matter`'s.

    Raises:
        Refusal: with every reason.
    """
    refuse_if_any(_unknown(edit, ground))
    refuse_if_any(overtaken(edit, ground))
    settling = settle(ground.stance, ground.upper)
    stance = settled(ground.stance, ground.upper)
    events = _DECIDE[edit.act](edit, Ground(stance, ground.upper, ground.gone))
    return [*settling, *events] if events else []


def add_matter(edit: Edit, domains: Iterable[str], place: int) -> MatterAdded:
    """Decide on a matter of our own.

    Args:
        edit: with the cells of the row, its domain and, where wanted, its place.
        domains: codes of the domains there are.
        place: in the domain, where the edit names none.

    Raises:
        Refusal: with every reason.
    """
    asked = dict(edit.fields)
    domain, wanted = asked.pop("domain", ""), asked.pop("place", "")
    provenance = asked.pop("provenance", "")
    cells = tidy(asked.items())
    refuse_if_any(_addition(edit, cells, domain, domains))
    row = MatterRow.model_validate({**cells, "domain": domain, "provenance": provenance})
    return MatterAdded(row=row.model_copy(update={"place": int(wanted) if wanted.isdecimal() else place}))


def _adopt(_edit: Edit, ground: Ground) -> list[StanceEvent]:
    if ground.upper is None:
        raise Refusal(
            _reason(_edit, "matter.not-above", "上级目录中没有这一事项，不能沿用。自有事项请用“增加”。")
        )
    return [] if ground.stance.kind is Kind.ADOPTED else [MatterAdopted()]


def _set(edit: Edit, ground: Ground) -> list[StanceEvent]:
    cells = tidy(edit.fields.items())
    refuse_if_any(cell_faults(cells, f"{edit.at}.fields"))
    stance, upper = ground.stance, ground.upper
    if stance.kind is Kind.OWN:
        assert stance.row is not None, "a matter of our own has a row"
        own = stance.row.cells()
        changes = {name: Change(was=own[name], now=text) for name, text in cells.items() if own[name] != text}
        return [MatterEdited(changes=changes)] if changes else []
    if stance.kind is Kind.LEFT_OUT:
        raise Refusal(_reason(edit, "matter.left-out", "该事项本级不采用，不能修改内容。请先改为“沿用”。"))
    if upper is None:
        gone = "该事项上级目录已经删除，请先决定“保留为自有事项”或“一并删除”，再修改内容。"
        raise Refusal(_reason(edit, "matter.gone-above", gone))
    first: list[StanceEvent] = [] if stance.kind is Kind.ADOPTED else [MatterAdopted()]
    return [*first, *_adapt(stance, upper, cells, edit.reason.strip())]


def _adapt(stance: Stance, upper: MatterRow, cells: Mapping[str, str], note: str) -> Iterator[StanceEvent]:
    above = upper.cells()
    back = tuple(name for name, text in cells.items() if text == above[name] and name in stance.adapted)
    if back:
        yield MatterRestored(fields=back)
    wanted = {name: Change(was=above[name], now=text) for name, text in cells.items() if text != above[name]}
    changes = {name: change for name, change in wanted.items() if stance.adapted.get(name) != change}
    left = set(stance.adapted) - set(back) | set(changes)
    if changes or (note and note != stance.reason and left):
        yield MatterAdapted(changes=changes, note=note)


def _hold(edit: Edit, ground: Ground) -> list[StanceEvent]:
    standing = stand(ground.stance, ground.upper, ground.gone)
    asked = {question.field: question for question in standing.questions if question.field}
    named = [name for name in edit.fields if name in asked] if edit.fields else list(asked)
    changes = {name: Change(was=asked[name].upper, now=asked[name].own) for name in named}
    return [MatterAdapted(changes=changes, note=edit.reason.strip())] if changes else []


def _restore(edit: Edit, ground: Ground) -> list[StanceEvent]:
    if ground.upper is None:
        raise Refusal(_reason(edit, "matter.not-above", "上级目录中没有这一事项，没有可以恢复的内容。"))
    adapted = ground.stance.adapted
    named = tuple(name for name in adapted if not edit.fields or name in edit.fields)
    return [MatterRestored(fields=named)] if named else []


def _leave_out(edit: Edit, ground: Ground) -> list[StanceEvent]:
    def reasons() -> Iterator[Reason]:
        if blank(edit.reason):
            text = "不采用须说明理由，理由会随目录公开。请填写理由。"
            yield Reason("leave-out.reason.missing", text, f"{edit.at}.reason", _PLAN)
        if ground.upper is None:
            text = "上级目录中没有这一事项，谈不上不采用。自有事项请用“删除”。"
            yield _reason(edit, "matter.not-above", text)

    refuse_if_any(reasons())
    wanted = MatterLeftOut(reason=edit.reason.strip())
    same = ground.stance.kind is Kind.LEFT_OUT and ground.stance.reason == wanted.reason
    return [] if same else [wanted]


def _drop(edit: Edit, ground: Ground) -> list[StanceEvent]:
    gone = ground.stance.kind is Kind.ADOPTED and ground.upper is None

    def reasons() -> Iterator[Reason]:
        if blank(edit.reason):
            text = "删除事项须说明理由，理由留存备查。请填写理由。"
            yield Reason("drop.reason.missing", text, f"{edit.at}.reason", _PLAN)
        if ground.stance.kind is not Kind.OWN and not gone:
            text = "只有本级自有的事项可以删除；上级目录中的事项请用“不采用”并说明理由。"
            yield _reason(edit, "matter.not-own", text)

    refuse_if_any(reasons())
    return [MatterDropped(reason=edit.reason.strip())]


def _keep(edit: Edit, ground: Ground) -> list[StanceEvent]:
    if ground.stance.kind is Kind.OWN:
        return []
    if ground.upper is not None or ground.stance.kind is not Kind.ADOPTED:
        text = "上级目录没有删除这一事项，不需要保留为自有事项。"
        raise Refusal(_reason(edit, "matter.not-gone", text))
    row = stand(ground.stance, None, ground.gone).row
    assert row is not None, "what was adopted stood above"
    return [MatterKept(row=row)]


def _add(edit: Edit, _ground: Ground) -> list[StanceEvent]:
    raise Refusal(_reason(edit, "matter.exists", "该事项已在目录中，不能再增加；要修改请直接修改。"))


_DECIDE: Final[Mapping[str, Callable[[Edit, Ground], list[StanceEvent]]]] = MappingProxyType(
    dict(zip(ACTS, (_adopt, _set, _hold, _restore, _leave_out, _add, _drop, _keep), strict=True))
)


def _unknown(edit: Edit, ground: Ground) -> Iterator[Reason]:
    if edit.act not in ACTS:
        yield _reason(edit, "edit.act.unknown", f"没有“{edit.act}”这种操作，应为 {'、'.join(ACTS)} 之一。")
    if not ground.known:
        yield _reason(edit, "matter.unknown", f"目录中没有事项 {edit.matter or '（空）'}，请核对编号。")


def _addition(edit: Edit, cells: Mapping[str, str], domain: str, domains: Iterable[str]) -> Iterator[Reason]:
    if domain not in domains:
        text = f"没有领域 {domain or '（空）'}，请选择已有的领域，或用导入表格增加领域。"
        yield Reason("matter.domain.unknown", text, f"{edit.at}.fields.domain")
    yield from row_faults(cells, f"{edit.at}.fields")


def _reason(edit: Edit, code: str, text: str) -> Reason:
    return Reason(code, text, edit.at)
