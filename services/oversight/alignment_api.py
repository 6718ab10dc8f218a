"""The gRPC edge of alignment: figures of the same matter, place and period beside each other, and sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final, TypeVar

import grpc.aio
from sqlalchemy import Row

from gongkai.divisions import level_of
from gongkai.refusal import Reason
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import InvalidRequest
from services.oversight.alignments import Figures, figures_beside, figures_of, names_of, titles_of
from services.oversight.coverage_api import CoverageApi
from services.oversight.domain.alignment import Comparison, State, Voice
from services.oversight.domain.figures import explained, named, plain, summed, written
from services.oversight.domain.sums import Sum, SumState
from services.oversight.views import facts, reading
from services.oversight.views.reading import Page

Context = grpc.aio.ServicerContext[object, object]
Titles = Mapping[str, Row[Any]]
Names = Mapping[str, str]
T = TypeVar("T")

_ORDER: Final = {state: rank for rank, state in enumerate(State)}
_SUM_ORDER: Final = {SumState.DISAGREE: 0, SumState.INCOMPLETE: 1, SumState.AGREE: 2}
_FILTERS: Final = ("", *State)
_NO_PLACE: Final = Reason("alignment.division", "请指明区划", "division")
_NO_MATTER: Final = Reason("alignment.matter", "请指明区划和事项", "matter")
_NO_STATE: Final = Reason("alignment.state", f"没有这种情况，可以写：{'、'.join(State)}", "state")


class AlignmentApi(CoverageApi):
    """Answers from the figures of public records."""

    async def ListAlignment(
        self, request: pb.ListAlignmentRequest, _context: Context
    ) -> pb.ListAlignmentResponse:
        """List a division's comparisons, disagreements first, and its wholes beside their sums.

        Raises:
            InvalidRequest: no division, or no such state.
        """
        if not request.division:
            raise InvalidRequest(_NO_PLACE)
        if request.state not in _FILTERS:
            raise InvalidRequest(_NO_STATE)
        today = legal_day(self._clock())
        page = Page.asked(request.page, request.page_size)
        sums_page = Page.asked(request.sums_page, request.sums_page_size)
        async with self._engine.connect() as conn:
            figures = await figures_of(conn, request.division, today)
            divisions = await facts.divisions_in(conn, request.division, today, figures.ends)
            titles = await titles_of(conn, figures)
            found = [one for one in figures.comparisons if request.matter in ("", one.key.matter)]
            wanted = [one for one in found if request.state in ("", one.state)]
            wanted.sort(key=lambda one: _ORDER[one.state])
            added = [one for one in figures.sums(divisions) if request.matter in ("", one.key.matter)]
            added.sort(key=lambda one: _SUM_ORDER[one.state])
            shown, shown_sums = _page(wanted, page), _page(added, sums_page)
            names = await names_of(conn, _organs(shown, shown_sums), today)
            seen = await reading.seen_until(conn)
        counts = Counter(one.state for one in found)
        sum_counts = Counter(one.state for one in added)
        return pb.ListAlignmentResponse(
            comparisons=[comparison(one, titles, names) for one in shown],
            total=len(wanted),
            counts={"all": len(found), **{state: counts[state] for state in State}},
            matters=_matters(figures, titles),
            sums=[_sum(one, titles, names) for one in shown_sums],
            sums_total=len(added),
            sums_counts={state: sum_counts[state] for state in SumState},
            as_of=seen.astimezone(UTC).isoformat() if seen else "",
        )

    async def CountAlignment(
        self, request: pb.CountAlignmentRequest, _context: Context
    ) -> pb.CountAlignmentResponse:
        """Count how a matter's figures stand in a division.

        Raises:
            InvalidRequest: no division or no matter.
        """
        if not request.division or not request.matter:
            raise InvalidRequest(_NO_MATTER)
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            figures = await figures_of(conn, request.division, today, request.matter)
            if not figures.statements:
                return pb.CountAlignmentResponse()
            divisions = await facts.divisions_in(conn, request.division, today, figures.ends)
        counts = Counter(one.state for one in figures.comparisons)
        wrong = sum(one.state is SumState.DISAGREE for one in figures.sums(divisions))
        return pb.CountAlignmentResponse(
            disagree=counts[State.DISAGREE],
            agree=counts[State.AGREE],
            alone=counts[State.ALONE],
            sums_disagree=wrong,
        )

    async def GetRecordAlignment(
        self, request: pb.GetRecordAlignmentRequest, _context: Context
    ) -> pb.GetRecordAlignmentResponse:
        """Give each figure of a record beside what others say of the same; nothing for a record without figures."""
        today = legal_day(self._clock())
        async with self._engine.connect() as conn:
            figures = await figures_beside(conn, request.index_number, today)
            if figures is None:
                return pb.GetRecordAlignmentResponse()
            titles = await titles_of(conn, figures)
            names = await names_of(conn, _organs(figures.comparisons), today)
        return pb.GetRecordAlignmentResponse(
            comparisons=[comparison(one, titles, names) for one in figures.comparisons]
        )


def comparison(one: Comparison, titles: Titles, names: Names) -> pb.Comparison:
    """Write a comparison as it is answered."""
    return pb.Comparison(
        **_of_matter(one.key.matter, titles),
        place=one.key.place,
        period=one.key.period,
        period_zh=named(one.key.period),
        state=one.state,
        voices=[_voice(voice, one, names) for voice in one.voices],
        differing=[difference.field for difference in one.differences],
        explaining=one.explaining,
        sentence_zh=explained(one, names),
    )


def _voice(voice: Voice, among: Comparison, names: Names) -> pb.AlignedVoice:
    asked = {one.field for one in among.differences if voice in one.explaining}
    return pb.AlignedVoice(
        level=voice.level,
        organ=voice.organ,
        organ_name=names.get(voice.organ, voice.organ),
        values=[
            pb.AlignedValue(
                field=field,
                value=plain(field, given.value),
                value_zh=written(field, given.value),
                index_number=given.index_number,
                published_on=given.published_on.isoformat(),
                explains=field in asked,
            )
            for field, given in voice.values.items()
        ],
    )


def _sum(one: Sum, titles: Titles, names: Names) -> pb.AlignedSum:
    parts = [
        pb.SumPart(place=place, value_zh=written(one.field, given.value), index_number=given.index_number)
        for place, given in one.parts.items()
    ]
    return pb.AlignedSum(
        **_of_matter(one.key.matter, titles),
        place=one.key.place,
        period=one.key.period,
        period_zh=named(one.key.period),
        field=one.field,
        state=one.state,
        organ=one.organ,
        organ_name=names.get(one.organ, one.organ),
        whole_zh=written(one.field, one.whole.value),
        index_number=one.whole.index_number,
        total_zh=written(one.field, one.total),
        parts=parts,
        places=one.places,
        sentence_zh=summed(one, level_of(one.key.place), names),
    )


def _matters(figures: Figures, titles: Titles) -> Iterable[pb.AlignedMatter]:
    every = Counter(one.key.matter for one in figures.comparisons)
    wrong = Counter(one.key.matter for one in figures.comparisons if one.state is State.DISAGREE)
    for matter in sorted(every):
        yield pb.AlignedMatter(
            **_of_matter(matter, titles), comparisons=every[matter], disagree=wrong[matter]
        )


def _of_matter(matter: str, titles: Titles) -> dict[str, str]:
    row = titles.get(matter)
    return {
        "matter": matter,
        "title": row.title if row is not None else matter,
        "domain": row.domain if row is not None else "",
    }


def _organs(shown: Sequence[Comparison], added: Sequence[Sum] = ()) -> Collection[str]:
    return {voice.organ for one in shown for voice in one.voices} | {one.organ for one in added}


def _page(found: Sequence[T], page: Page) -> Sequence[T]:
    return found[page.offset : page.offset + page.size]
