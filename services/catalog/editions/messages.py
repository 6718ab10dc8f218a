"""Between editions and their gRPC messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.serving.errors import InvalidRequest
from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.edits import Edit
from services.catalog.domain.merging import ANSWERS, Question
from services.catalog.domain.rows import Change, MatterRow
from services.catalog.editions import seen
from services.catalog.editions.drafts import DraftMatter
from services.catalog.editions.readings import reading_of
from services.catalog.views.matter_page import Shown
from services.catalog.views.reading import Found
from services.catalog.views.rows import row_of

_DIGITS: Final = 9


def catalogue(found: Found) -> pb.Catalogue:
    """Make a catalogue of its view row."""
    return pb.Catalogue(
        id=found.id,
        division=found.division,
        level=found.level,
        title=found.title,
        upper=found.upper,
        published=found.published,
        effective_on=found.effective_on.isoformat() if found.effective_on else "",
        matters=found.matters,
        upper_published=found.upper_published,
        upper_taken=found.upper_taken,
    )


def planned(state: Catalogue) -> pb.Catalogue:
    """Make a catalogue of one nobody has founded yet."""
    return pb.Catalogue(
        id=state.id, division=state.division, level=state.level, title=state.title, upper=state.upper
    )


def edition(found: Found, superseded_on: str = "") -> pb.Edition:
    """Make an edition of its view row."""
    return pb.Edition(
        catalogue=found.catalogue,
        number=found.number,
        title=found.title,
        effective_on=found.effective_on.isoformat(),
        superseded_on=superseded_on,
        upper_edition=found.upper_number,
        matters=found.matters,
        added=found.added,
        changed=found.changed,
        removed=found.removed,
    )


def dated_edition(found: Found) -> pb.Edition:
    """Make an edition of what `find_edition` gives."""
    return edition(found, found.superseded_on.isoformat() if found.superseded_on else "")


def row(held: MatterRow | None) -> pb.Row | None:
    """Make a row; none of none."""
    return None if held is None else pb.Row(**held.__dict__)


def reading(held: Mapping[str, Any]) -> pb.Reading:
    """Make a reading of its JSON; an older release may have written less."""
    return pb.Reading(
        time_limits=[pb.TimeLimit(**each) for each in held.get("time_limits", ())],
        channels=[pb.Channel(**each) for each in held.get("channels", ())],
        elements=[pb.Element(**each) for each in held.get("elements", ())],
        citations=[pb.Citation(**each) for each in held.get("citations", ())],
        levels=held.get("levels", ()),
        modes=held.get("modes", ()),
        audience=held.get("audience", ""),
        group=held.get("group", ""),
        flags=held.get("flags", ()),
    )


def changes(held: Mapping[str, Change]) -> list[pb.FieldChange]:
    """Make changes of cells."""
    return [
        pb.FieldChange(field=name, label=COLUMNS[name], was=change.was, now=change.now)
        for name, change in held.items()
    ]


def published_row(found: Found, organs: Iterable[str] = ()) -> pb.PublishedRow:
    """Make a published row of its view row; ``organs`` are those its subject means."""
    return pb.PublishedRow(
        catalogue=found.catalogue,
        matter=found.matter,
        state=found.state,
        row=row(row_of(found)),
        reading=reading(found.reading),
        differs=[
            pb.FieldChange(
                field=each["field"], label=COLUMNS[each["field"]], was=each["was"], now=each["now"]
            )
            for each in found.differs
        ],
        added=found.added,
        reason=found.reason,
        since_edition=found.since_edition,
        organs=organs,
    )


def shown_row(held: Shown, organs: Iterable[str] = ()) -> pb.PublishedRow:
    """Make a published row of what a matter's page shows; ``organs`` are those its subject means."""
    return pb.PublishedRow(
        catalogue=held["catalogue"],
        matter=held["matter"],
        state=held["state"],
        row=held["row"],
        reading=reading(held["reading"] or {}),
        differs=[pb.FieldChange(label=COLUMNS[each["field"]], **each) for each in held["differs"]],
        added=held["added"],
        reason=held["reason"],
        since_edition=held["since_edition"],
        organs=organs,
    )


def versions(history: Iterable[Shown], days: Mapping[int, str]) -> list[pb.RowVersion]:
    """Tell what each edition changed in a matter, newest first.

    Args:
        history: its rows, the oldest first; a gap between two is an edition it was out of.
        days: edition → when it came into force.
    """

    def version(number: int, state: str, changed: list[pb.FieldChange]) -> pb.RowVersion:
        return pb.RowVersion(edition=number, effective_on=days[number], changes=changed, state=state)

    told: list[pb.RowVersion] = []
    was: Shown | None = None
    for now in history:
        goes_on = was is not None and was["until_edition"] == now["since_edition"]
        if was is not None and not goes_on:
            told.append(version(was["until_edition"], "out", []))
        changed = _changed(was["row"], now["row"]) if was is not None and goes_on else []
        told.append(version(now["since_edition"], now["state"], changed))
        was = now
    if was is not None and was["until_edition"] is not None:
        told.append(version(was["until_edition"], "out", []))
    return told[::-1]


def _changed(was: Mapping[str, str], now: Mapping[str, str]) -> list[pb.FieldChange]:
    return [
        pb.FieldChange(field=name, label=label, was=was[name], now=now[name])
        for name, label in COLUMNS.items()
        if was[name] != now[name]
    ]


def draft_row(held: DraftMatter, upper_edition: int) -> pb.DraftRow:
    """Make a row of a draft."""
    in_force = held.in_force.row if held.in_force and held.in_force.state.value == "in" else None
    shown = held.row
    return pb.DraftRow(
        matter=held.matter,
        stance=held.stance,
        version=seen.token(upper_edition, held.version),
        row=row(shown),
        upper=row(held.upper),
        published=row(in_force),
        differs=changes(held.standing.differs),
        questions=map(question, held.standing.questions),
        reason=held.standing.reason,
        reading=None if shown is None else reading(reading_of(shown).model_dump(mode="json")),
    )


def question(held: Question) -> pb.Question:
    """Make a question."""
    return pb.Question(
        kind=held.kind.value,
        field=held.field,
        label=COLUMNS.get(held.field, ""),
        was=held.was,
        upper=held.upper,
        own=held.own,
        answers=ANSWERS[held.kind],
    )


def edits(asked: Iterable[pb.Edit]) -> list[Edit]:
    """Read the edits of a request."""
    return [
        Edit(
            each.matter,
            each.act,
            dict(sorted(each.fields.items())),
            each.reason,
            f"edits[{number}]",
            each.seen,
        )
        for number, each in enumerate(asked)
    ]


def compared_row(held: Shown) -> pb.RowComparison:
    """Make what two published editions say of one matter."""
    left, right = held["left"], held["right"]
    return pb.RowComparison(changes=_changed(left, right) if left and right else [], **held)


def offset(token: str) -> int:
    """Read the place a page begins at.

    Raises:
        InvalidRequest: the token is none that was given.
    """
    if token and not (token.isdecimal() and len(token) <= _DIGITS):
        raise InvalidRequest(Reason("page.token", "翻页标记无效，请从第一页重新查看。", "page_token"))
    return int(token or 0)


def page_of(rows: Sequence[Any], size: int, token: str) -> tuple[Sequence[Any], str]:
    """Cut a page out of rows that are all at hand; gives it with the token of the next."""
    start = offset(token)
    after = start + size
    return rows[start:after], str(after) if after < len(rows) else ""
