"""数字比对: what county, township and village publish in figures of the same matter, side by side, and who must explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.divisions import level_of
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from services.portal.figures import HEADS, place_name
from services.portal.pages import Where
from services.portal.portal import page_of, portal_of
from services.portal.routes.home import or_none

PAGE_SIZE: Final = 10
SUMS_BELOW: Final = 5
"""Sums below the comparisons; the others have a list of their own."""
SUMS: Final = "sums"
_PATIENCE: Final = 20.0
"""Seconds for a board, as for that of coverage."""
_LONGEST: Final = 80
"""Characters of a matter's identity, or of an organ's code."""
LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {"": "全部", "disagree": "不一致", "agree": "一致", "alone": "无从比对"}
)
"""What the comparisons may be narrowed to, in their order → its name."""
MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "disagree": "至少一项数字，几方都公布了但不相同",
        "agree": "几方都公布了的数字都相同",
        "alone": "没有一项数字是两方都公布了的，比不了",
        SUMS: "下级各自公布的数字加起来，与本级公布的总数对照",
    }
)
"""What a list holds, for somebody who reads its name for the first time."""
STATES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "disagree": ("◆", "late", "不一致"),
        "agree": ("●", "fine", "一致"),
        "alone": ("○", "wait", "无从比对"),
        "single": ("○", "wait", "只有一方公布"),
        "incomplete": ("○", "wait", "还没有公布全"),
    }
)
"""State of a comparison, of a line of it, or of a sum → its shape, its colour, its words."""
LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {"city": "市级", "county": "县级", "township": "乡级", "village": "村级"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """A field of a comparison: one value a column, none where it is silent."""

    name: str
    state: str
    values: Sequence[pb.AlignedValue | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A comparison as the page has it."""

    told: pb.Comparison
    place: str
    columns: Sequence[pb.AlignedVoice]
    """From the top; a level that could speak and is silent has no organ and no values."""
    labels: Sequence[str]
    """What a column is called where it has no head: its level, with the organ where several of the level speak."""
    lines: Sequence[Line]


async def board(request: Request) -> Response:
    """``/{div}/oversight/alignment``: comparisons and sums of a division and below, filtered by matter and state."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight", "oversight/alignment")
    assert where.place is not None
    page, state = page_of(request), request.query_params.get("state", "")
    matter = request.query_params.get("matter", "")[:_LONGEST]
    organ = request.query_params.get("organ", "")[:_LONGEST]
    if state not in LISTS and state != SUMS:
        raise HTTPException(400, f"只能按这几种查看：{'、'.join(LISTS.values())}、合计")
    sums = state == SUMS
    asked = pb.ListAlignmentRequest(
        division=where.place.code,
        matter=matter,
        organ=organ,
        state="" if sums else state,
        page=1 if sums else page,
        page_size=1 if sums else PAGE_SIZE,
        sums_page=page if sums else 1,
        sums_page_size=PAGE_SIZE if sums else SUMS_BELOW,
    )
    found = await portal.offices.oversight.ListAlignment(asked, timeout=_PATIENCE)
    names = await or_none(portal.registry.organs(where.place)) if organ else None
    values = {
        "found": found,
        "shown": [] if sums else [shown(one, where) for one in found.comparisons],
        "added": [(one, named(one.place, where)) for one in found.sums],
        "chosen": next((one for one in found.matters if one.matter == matter), None),
        "matter": matter,
        "organ": organ,
        "organ_name": (names or {}).get(organ, organ),
        "state": state,
        "page": page,
        "size": PAGE_SIZE,
        "lists": LISTS,
        "meanings": MEANINGS,
        "states": STATES,
        "fields": HEADS,
        "levels": LEVELS,
        "named": lambda code: named(code, where),
        "matter_path": lambda one: matter_path(where, one.domain, one.matter),
    }
    return portal.pages.render(request, "alignment.html", values, where)


def shown(one: pb.Comparison, where: Where) -> Shown:
    """Set the values of a comparison in lines of fields and columns of levels, from the county down to the place."""
    columns: list[pb.AlignedVoice] = []
    own = list(LEVELS).index(level_of(one.place))
    for rank, level in enumerate(LEVELS):
        silent = [pb.AlignedVoice(level=level)] if 0 < rank <= own else []
        columns += [voice for voice in one.voices if voice.level == level] or silent
    many = Counter(voice.level for voice in columns)
    labels = [LEVELS[voice.level] + (voice.organ_name if many[voice.level] > 1 else "") for voice in columns]
    lines = []
    for field, name in HEADS.items():
        values = [next((each for each in voice.values if each.field == field), None) for voice in columns]
        giving = sum(value is not None for value in values)
        if giving:
            state = "disagree" if field in one.differing else "agree" if giving > 1 else "single"
            lines.append(Line(name, state, values))
    return Shown(one, named(one.place, where), columns, labels, lines)


def named(code: str, where: Where) -> str:
    """Name a place: a village after its township, where the page is not the township's own."""
    assert where.place is not None
    return place_name(where.divisions, code, where.place.code)


def matter_path(where: Where, domain: str, matter: str) -> str:
    """Where the matter stands in the catalogue here; empty where no catalogue was heard of."""
    assert where.place is not None
    return f"/{where.place.slug}/catalogue/{domain}/{matter}" if domain else ""
