"""What must be decided about a row of a draft, and what can be done with it at once."""

from __future__ import annotations

from dataclasses import dataclass

from gongkai.contracts.matters import COLUMNS
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.cataloguewords import LEVELS, OWN


@dataclass(frozen=True, slots=True)
class Names:
    """What the catalogue above and our own are called in sentences."""

    upper: str = "上级目录"
    own: str = "本级"
    alone: bool = False
    """There is none above: a row is told beside how it stands in force."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done with a row at once; with a reason it is a page of its own."""

    act: str
    label: str
    fields: str = ""
    with_reason: bool = False
    strong: bool = False


def names_of(catalogue: pb.Catalogue, upper_level: str) -> Names:
    """How the pages of a catalogue call the one above and their own."""
    return Names(LEVELS.get(upper_level, "上级目录"), OWN.get(catalogue.level, "本级"), not catalogue.upper)


def why_of(question: pb.Question, names: Names) -> str:
    """Say what must be decided."""
    match question.kind:
        case "new_above":
            return f"{names.upper}新增了这一项，请决定沿用还是不采用。"
        case "gone_above":
            return f"{names.upper}取消了这一项，{names.own}改过它，请决定保留还是删除。"
        case _:
            label = question.label or COLUMNS.get(question.field, question.field)
            return f"两边都改了“{label}”，请选一个。"


def deeds_of(row: pb.DraftRow, names: Names) -> list[Deed]:
    """What can be done with a row: the answers to its questions, else what its stance allows."""
    found: list[Deed] = []
    several = len(row.questions) > 1
    for one in row.questions:
        of = f"：{one.label}" if several and one.label else ""
        found += _answers(one, names, of)
    if row.questions:  # what settles every question of the row once, and after what settles it by a press
        return sorted(dict.fromkeys(found), key=lambda one: one.with_reason)
    match row.stance:
        case "adapted":
            return [Deed("restore", f"恢复{names.upper}", ",".join(one.field for one in row.differs))]
        case "followed":
            return [Deed("edit", "不跟随…", with_reason=True)]
        case "added":
            return [Deed("drop", "删除…", with_reason=True)]
        case "left_out":
            return [Deed("adopt", "改为沿用")]
    return found


def _answers(question: pb.Question, names: Names, of: str) -> list[Deed]:
    known = {
        "adopt": Deed("adopt", "沿用", strong=True),
        "leave_out": Deed("leave_out", "不采用…", with_reason=True),
        "restore": Deed("restore", f"用{names.upper}{of}", question.field),
        "hold": Deed("hold", f"留{names.own}{of}", question.field),
        "keep": Deed("keep", f"保留为{names.own}事项"),
        "drop": Deed("drop", "删除…", with_reason=True),
    }
    order = ("adopt", "leave_out", "restore", "hold", "keep", "drop")
    return [known[one] for one in order if one in question.answers]
