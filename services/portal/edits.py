"""Edits of a draft as the pages send them, and refusals of edits back at the cells they are about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.forms import FormRefused
from services.portal.sheets import base_of

ACTS: Final = frozenset({"adopt", "set", "hold", "restore", "leave_out", "add", "drop", "keep"})
CHANGED: Final = "matter.changed-since"
_FIELDS: Final = frozenset({*COLUMNS, "domain"})
_MOST: Final = 5000
_LONGEST: Final = 10_000
_INT64: Final = 2**63
_AT: Final = re.compile(r"^edits\[(\d{1,6})\](?:\.fields)?(?:\.([a-z_0-9]+))?$")


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason against an edit, and where it belongs."""

    edit: int
    """Which edit, from 0; -1: none of them."""
    field: str
    """Column; empty: the whole row."""
    reason: Reason
    theirs: str = ""
    """What stands there now, where somebody else changed it."""
    seen: int = 0
    """The version of the row as it stands now, where somebody else changed it."""


def edits_of(text: str) -> list[pb.Edit]:
    """Read the edits the grid sends: a list of objects with m, seen, act, fields, reason.

    Raises:
        FormRefused: they cannot be read.
    """
    try:
        told = json.loads(text)
    except ValueError as error:
        raise FormRefused("unreadable") from error
    if not isinstance(told, list) or not 0 < len(told) <= _MOST:
        raise FormRefused("unreadable")
    return [_edit(one) for one in told]


def _edit(told: Any) -> pb.Edit:  # noqa: ANN401 - what JSON gives
    match told:
        case {
            "m": str(matter),
            "seen": int(seen),
            "act": str(act),
            "fields": dict(fields),
            "reason": str(reason),
        }:
            pass
        case _:
            raise FormRefused("unreadable")
    good = all(
        name in _FIELDS and isinstance(value, str) and len(value) <= _LONGEST
        for name, value in fields.items()
    )
    if not good or act not in ACTS or not 0 <= seen < _INT64 or len(matter) + len(reason) > _LONGEST:
        raise FormRefused("unreadable")
    return pb.Edit(matter=matter, seen=seen, act=act, fields=cleaned(fields), reason=reason.strip())


def cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields as they are kept: no NUL, no space around, boxes of channels with a semicolon between."""
    found = {name: value.replace("\x00", "").replace("\r\n", "\n").strip() for name, value in fields.items()}
    if "channels" in found:
        found["channels"] = ";".join(
            one.strip() for one in re.split(r"[;；\n]+", found["channels"]) if one.strip()
        )
    return found


def pressed(text: str) -> pb.Edit:
    """The edit a button of the table stands for: act, matter, version and fields, with bars between.

    Raises:
        FormRefused: it is none of ours.
    """
    act, _, rest = text.partition("|")
    matter, _, rest = rest.partition("|")
    seen, _, fields = rest.partition("|")
    named = [one for one in fields.split(",") if one]
    if act not in ACTS - {"set", "add"} or not seen.isascii() or not seen.isdecimal() or int(seen) >= _INT64:
        raise FormRefused("unreadable")
    if not set(named) <= _FIELDS:
        raise FormRefused("unreadable")
    return pb.Edit(matter=matter, seen=int(seen), act=act, fields=dict.fromkeys(named, ""))


def located(
    reasons: Sequence[Reason], edits: Sequence[pb.Edit], rows: Mapping[str, pb.DraftRow]
) -> list[Refused]:
    """Where each reason belongs; with what stands there now, where somebody else changed it.

    Args:
        reasons: why the edits were not taken.
        edits: the edits.
        rows: the rows they are about as they stand now, by matter.
    """
    found = []
    for reason in reasons:
        at = _AT.match(reason.field)
        edit, field = (int(at[1]), at[2] or "") if at else (-1, "")
        if not 0 <= edit < len(edits):
            found.append(Refused(-1, "", reason))
            continue
        row = rows.get(edits[edit].matter)
        if row is None or reason.code != CHANGED:
            found.append(Refused(edit, field, reason))
            continue
        theirs = getattr(base_of(row), field) if field in COLUMNS else ""
        found.append(Refused(edit, field, reason, theirs, row.version))
    return found
