"""The mapping (对照表) from a workbook to the official columns: a text people can edit.

It says of each header what it means and of each sheet which domain it is and where its header stands. A first one is
proposed from the headers (`proposing`); what could not be told stands in it as ``？`` until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import yaml

from gongkai.contracts.matters import COLUMNS
from services.catalog.tables.columns import TICKED
from services.catalog.tables.faults import BadCell

UNDECIDED: Final = "？"
SKIP: Final = "不导入"
NUMBERING: Final = "序号"
DOMAIN: Final = "领域"
CHARACTERS: Final = 64_000
_FIELDS: Final = {label: name for name, label in COLUMNS.items()}
_INTRODUCTION: Final = """\
# 对照表：说明表中各列、各工作表是目录的什么。可以修改后重新预览。
# 列：左边是表头（上下两级用/连接），右边是目录的栏目；不要的列写“不导入”，写着“？”的须先确定。
# 勾选的列写作 栏目=含义，例如 公开层级=乡级。
# 工作表：领域写名称（目录中没有的，导入时登记为新领域）；不要的工作表写“领域: 不导入”；表头行写“2-3”或“4”。
# 改名：“提出”表示其他各栏相同而名称不同的，当作同一事项改名；“不认”表示当作一删一增。
"""
_CHECK: Final = "按说明修改对照表，或清空对照表，由系统重新提出"


@dataclass(frozen=True, slots=True)
class Target:
    """What a column means."""

    field: str = ""
    """A field of the row, or ``domain``; empty: skipped or undecided."""
    tick: str = ""
    """For a ticked column: what a tick says."""
    decided: bool = True


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What a sheet is."""

    domain: str
    """Name of its domain; `SKIP`, `UNDECIDED`, or empty where a column names it row by row."""
    header: tuple[int, int] | None
    """First and last header row; None: not found."""


@dataclass(frozen=True, slots=True)
class TableMapping:
    """The whole mapping."""

    columns: Mapping[str, Target]
    """By header: the words of its rows from above, joined by ``/``, without blanks."""
    sheets: Mapping[str, SheetPlan]
    renames: bool = True
    """Whether a row that is new but for its name may be proposed as another row renamed."""


SKIPPED: Final = Target()
OPEN: Final = Target(decided=False)


def write_mapping(mapping: TableMapping) -> str:
    """Write the mapping as YAML, with an introduction."""
    columns = {path: _word(target) for path, target in mapping.columns.items()}
    sheets = {
        name: {"领域": plan.domain, **({} if plan.domain == SKIP else {"表头行": _rows(plan.header)})}
        for name, plan in mapping.sheets.items()
    }
    parts: list[dict[str, Any]] = [{"列": columns}, {"改名": "提出" if mapping.renames else "不认"}]
    text = "".join(yaml.safe_dump(part, allow_unicode=True, sort_keys=False, width=200) for part in parts)
    lines = [
        yaml.safe_dump({name: plan}, allow_unicode=True, sort_keys=False, width=200, default_flow_style=None)
        for name, plan in sheets.items()
    ]
    return f"{_INTRODUCTION}{text}工作表:\n{''.join('  ' + line for line in lines)}"


def read_mapping(text: str) -> tuple[TableMapping | None, list[BadCell]]:
    """Read an edited mapping; it or all that is wrong with it."""
    faults: list[BadCell] = []

    def fault(value: object, reason: str) -> None:
        faults.append(BadCell("对照表", "", str(value)[:60], reason, _CHECK))

    content = _load(text)
    if (
        not isinstance(content, dict)
        or not isinstance(content.get("列"), dict)
        or not isinstance(content.get("工作表"), dict)
    ):
        fault("", "对照表的写法有误，读不出“列”和“工作表”两部分")
        return None, faults
    columns: dict[str, Target] = {}
    for path, word in content["列"].items():
        target = _target(str(word))
        if target is None:
            fault(word, f"“{path}”的去向不是目录的栏目（栏目有：{'、'.join(COLUMNS.values())}）")
        else:
            columns[str(path)] = target
    sheets: dict[str, SheetPlan] = {}
    for name, said in content["工作表"].items():
        plan = _plan(said)
        if plan is None:
            fault(said, f"工作表“{name}”须写明领域和表头行，例如：{{领域: 就业创业, 表头行: 2-3}}")
        else:
            sheets[str(name)] = plan
    renames = content.get("改名", "提出")
    if renames not in {"提出", "不认"}:
        fault(renames, "“改名”应为“提出”或“不认”")
    return (None if faults else TableMapping(columns, sheets, renames == "提出")), faults


def covering(mapping: TableMapping, proposed: TableMapping) -> TableMapping:
    """An edited mapping, with what the workbook has beyond it as proposed, headers to be decided."""
    columns = {**dict.fromkeys(proposed.columns, OPEN), **mapping.columns}
    sheets = {name: mapping.sheets.get(name, plan) for name, plan in proposed.sheets.items()}
    return replace(mapping, columns=MappingProxyType(columns), sheets=MappingProxyType(sheets))


def _load(text: str) -> Any:  # noqa: ANN401 - whatever the person wrote
    if len(text) > CHARACTERS:
        return None
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _target(word: str) -> Target | None:
    word = "".join(word.split())
    if word in {SKIP, NUMBERING}:
        return SKIPPED
    if word in {UNDECIDED, "?", ""}:
        return OPEN
    if word == DOMAIN:
        return Target("domain")
    label, equals, tick = word.replace("＝", "=").partition("=")
    field = _FIELDS.get(label)
    if field is None or (equals and (field not in TICKED or not tick)):
        return None
    return Target(field, tick)


def _word(target: Target) -> str:
    if not target.decided:
        return UNDECIDED
    if not target.field:
        return SKIP
    label = DOMAIN if target.field == "domain" else COLUMNS[target.field]
    return f"{label}={target.tick}" if target.tick else label


def _plan(said: object) -> SheetPlan | None:
    if said == SKIP:
        return SheetPlan(SKIP, None)
    if not isinstance(said, dict):
        return None
    domain = str(said.get("领域") or "").strip()
    header = _header(str(said.get("表头行", "")))
    if domain == SKIP:
        return SheetPlan(SKIP, None)
    return SheetPlan(domain, header)


def _header(said: str) -> tuple[int, int] | None:
    first, _, last = said.replace("—", "-").replace("－", "-").partition("-")
    if not (first.strip().isdecimal() and (not last or last.strip().isdecimal())):
        return None
    top, bottom = int(first), int(last or first)
    return (top, bottom) if 1 <= top <= bottom <= top + 3 else None


def _rows(header: tuple[int, int] | None) -> str:
    if header is None:
        return UNDECIDED
    return f"{header[0]}-{header[1]}" if header[0] != header[1] else str(header[0])
