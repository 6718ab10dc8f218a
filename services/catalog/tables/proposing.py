"""A first mapping, from the words in the headers and the names of the sheets. What is unclear stays undecided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from services.catalog.tables.columns import EVERYONE, GROUP, REQUIRED
from services.catalog.tables.mapping import OPEN, SKIP, SKIPPED, UNDECIDED, SheetPlan, TableMapping, Target
from services.catalog.tables.workbook import Sheet

_LOOKED_AT: Final = 20
"""A header stands in the first rows or there is none."""
_DEPTH: Final = 3
_ENOUGH: Final = 4
"""Known columns that make a row a header."""
_NOTE: Final = re.compile(r"[（(][^）)]*[）)]")

_WORDS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        **dict.fromkeys(("序号", "编号", "顺序号", "No", "NO"), SKIPPED),
        "领域": Target("domain"),
        "公开领域": Target("domain"),
        **dict.fromkeys(("事项编码", "编码", "事项编号"), Target("number")),
        **dict.fromkeys(("一级事项", "一级", "一级目录"), Target("level1")),
        **dict.fromkeys(("二级事项", "二级", "二级目录"), Target("level2")),
        **dict.fromkeys(("三级事项", "三级", "三级目录"), Target("level3")),
        **dict.fromkeys(("公开内容", "公开要素", "公开内容要素", "内容要素"), Target("content_elements")),
        **dict.fromkeys(("公开依据", "依据", "法律依据"), Target("legal_basis")),
        **dict.fromkeys(("公开时限", "时限", "公开期限"), Target("time_limit")),
        **dict.fromkeys(("公开主体", "责任主体", "公开责任主体"), Target("subject")),
        **dict.fromkeys(
            ("公开渠道和载体", "公开渠道", "渠道和载体", "公开渠道与载体", "公开载体"), Target("channels")
        ),
        "公开对象": Target("audience"),
        "公开方式": Target("mode"),
        "公开层级": Target("levels"),
        "全社会": Target("audience", EVERYONE),
        **dict.fromkeys(("特定群体", "特定群众", "特定人群", "特定对象"), Target("audience", GROUP)),
        **dict.fromkeys(("主动", "主动公开"), Target("mode", "主动")),
        **dict.fromkeys(("依申请", "依申请公开"), Target("mode", "依申请")),
        **{
            level: Target("levels", level)
            for level in ("省级", "市级", "县级", "乡级", "镇级", "街道", "村级")
        },
        **dict.fromkeys(("区县级", "县区级", "区级", "县、区级"), Target("levels", "县级")),
        **dict.fromkeys(("乡镇级", "乡、镇级", "乡镇"), Target("levels", "乡级")),
        **dict.fromkeys(("责任科室", "责任股室", "责任处室", "承办科室"), Target("office")),
        **dict.fromkeys(("咨询电话", "联系电话", "咨询服务电话"), Target("phone")),
    }
)
"""Words of headers met in published tables."""

_TITLE: Final = re.compile(r"^(?:[（(][一二三四五六七八九十]+[）)])?(?P<name>.{2,20}?)领域(?:基层)?政务公开")
_NUMBERED: Final = re.compile(r"^(?:[（(]?[\d一二三四五六七八九十]+[）)]?[.、．\s]*)?(?P<name>.+?)(?:领域)?$")
_GENERIC: Final = re.compile(r"^(?:sheet|工作表|表)\s*\d*$", re.IGNORECASE)


def propose(sheets: Sequence[Sheet], domains: Iterable[str], place: str = "") -> TableMapping:
    """Propose a mapping.

    Args:
        sheets: of the workbook.
        domains: names of the domains there are.
        place: name of the catalogue's division, with which titles begin.
    """
    known = tuple(domains)
    columns: dict[str, Target] = {}
    plans: dict[str, SheetPlan] = {}
    for sheet in sheets:
        if not sheet.cells:
            plans[sheet.name] = SheetPlan(SKIP, None)
            continue
        header = find_header(sheet)
        found = header_paths(sheet, header) if header else {}
        for path in found.values():
            columns.setdefault(path, meaning(path) or OPEN)
        by_column = any(columns[path].field == "domain" for path in found.values())
        plans[sheet.name] = SheetPlan("" if by_column else _domain(sheet, header, known, place), header)
    return TableMapping(columns, plans)


def find_header(sheet: Sheet) -> tuple[int, int] | None:
    """Where the header stands: the rows in which most columns of the official table are named, each once."""
    best: tuple[int, int, int] | None = None
    for top in range(1, min(sheet.last_row, _LOOKED_AT) + 1):
        if (
            len({compact(sheet.at(top, column).text) for column in range(1, sheet.last_column + 1)} - {""})
            == 1
        ):
            continue  # a title
        for depth in range(1, _DEPTH + 1):
            score = _score(header_paths(sheet, (top, top + depth - 1)).values())
            if score >= _ENOUGH and (best is None or (score, depth) > best[:2]):
                best = (score, depth, top)
    return (best[2], best[2] + best[1] - 1) if best else None


def header_paths(sheet: Sheet, header: tuple[int, int]) -> dict[int, str]:
    """The words above each column, from above, joined by ``/``; columns without any are not in it."""
    paths: dict[int, str] = {}
    for column in range(1, sheet.last_column + 1):
        words = [compact(sheet.at(row, column).text) for row in range(header[0], header[1] + 1)]
        path = "/".join(dict.fromkeys(word for word in words if word))
        if path:
            paths[column] = path
    return paths


def meaning(path: str) -> Target | None:
    """What a header says; None where nobody knows."""
    leaf = _NOTE.sub("", path.rpartition("/")[2]) or path
    return _WORDS.get(leaf) or _WORDS.get(_NOTE.sub("", path))


def compact(text: str) -> str:
    """Words of a header without the blanks and line breaks that layout put there."""
    return "".join(text.split())


def _score(paths: Iterable[str]) -> int:
    targets = [meaning(path) for path in paths]
    found = [target for target in targets if target is not None and target.field]
    return len(set(found) & _COUNTED) * 2 - (len(found) - len(set(found))) * 3 - targets.count(None)


_COUNTED: Final = frozenset(target for target in _WORDS.values() if target.field in REQUIRED)


def _domain(sheet: Sheet, header: tuple[int, int] | None, known: Sequence[str], place: str) -> str:
    above = range(1, header[0] if header else min(sheet.last_row, 3) + 1)
    titles = [compact(sheet.at(row, 1).text) for row in above]
    named = _NUMBERED.match(sheet.name.strip())
    name = named["name"].strip() if named else ""
    if name in known:
        return name
    for title in titles:
        inside = [domain for domain in known if f"{domain}领域" in title]
        if inside:
            return max(inside, key=len)
    if not name or _GENERIC.match(sheet.name.strip()):
        found = [match["name"] for title in titles if (match := _TITLE.match(title.removeprefix(place)))]
        name = found[0] if found else ""
    return UNDECIDED if not name or get_close_matches(name, known, n=1, cutoff=0.75) else name
