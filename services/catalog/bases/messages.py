"""Between bases and gRPC messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gongkai.eventstore.event import StoredEvent
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import bases_pb2 as pb
from gongkai.serving.errors import InvalidRequest
from services.catalog.domain.bases import BasisFacts, SetBasis, Standing, basis_id, faults_of
from services.catalog.views.reading import Found


def basis(row: Found, titles: Mapping[str, str], matters: int = 0) -> pb.Basis:
    """Make a basis of its row.

    Args:
        row: of the view.
        titles: id → title, of those that came in the place of others.
        matters: how many rest on it.
    """
    return pb.Basis(
        id=row.id,
        title=row.title,
        number=row.number,
        kind=row.kind,
        state=row.state,
        since=_iso(row.since),
        replaced_by=row.replaced_by,
        replaced_by_title=titles.get(row.replaced_by, ""),
        source=row.source,
        checked_on=_iso(row.checked_on),
        mark=row.mark,
        aliases=row.aliases,
        matters=matters,
        version=row.version,
        region=row.region,
    )


def change(stored: StoredEvent, titles: Mapping[str, str]) -> pb.BasisChange:
    """Make a line of a basis's history of its event."""
    event: Any = stored.data
    assert isinstance(event, BasisFacts), "a basis's stream holds facts of it"
    return pb.BasisChange(
        recorded_at=stored.recorded_at.isoformat(),
        state=event.state,
        since=_iso(event.since),
        source=event.source,
        replaced_by_title=titles.get(event.replaced_by, ""),
        mark=event.mark,
        checked_on=_iso(event.checked_on),
    )


def said(asked: pb.Basis, field: str = "basis") -> SetBasis:
    """Read what is said of a basis; what came in its place may be named by its title.

    Raises:
        InvalidRequest: a date that is none.
    """
    days: dict[str, date | None] = {}
    faults = []
    for name in ("since", "checked_on"):
        try:
            days[name] = date.fromisoformat(getattr(asked, name)) if getattr(asked, name) else None
        except ValueError:
            text = f"“{getattr(asked, name)}”不是日期，应写作 2027-01-01。"
            faults.append(Reason(f"basis.{name}.malformed", text, f"{field}.{name}"))
    replaced_by = asked.replaced_by
    if not replaced_by and asked.replaced_by_title:
        replaced_by = basis_id(asked.replaced_by_title)
    standing = Standing(
        asked.state, days.get("since"), replaced_by, asked.source.strip(), days.get("checked_on"), asked.mark
    )
    read = SetBasis(
        asked.title.strip(), asked.number.strip(), asked.kind, asked.region, tuple(asked.aliases), standing
    )
    if faults:
        raise InvalidRequest(*faults, *(faults_of(read) if field == "basis" else ()))
    return read


def cited(title: str, number: str) -> str:
    """Write a citation as people do."""
    words = f"《{title}》" if title else ""
    return f"{words}（{number}）" if words and number else words or number


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
