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
from services.oversight.alignments import (
    Board,
    beside,
    board_of,
    comparisons_of,
    names_of,
    said_still,
    sums_asked_of,
    titles_of,
    whole_of,
)
from services.oversight.coverage_api import CoverageApi
from services.oversight.domain.alignment import Comparison, Key, State, Statement, Voice, newest, ordered
from services.oversight.domain.figures import explained, named, plain, summed, written
from services.oversight.domain.sums import Sum, SumState
from services.oversight.views import facts, reading
from services.oversight.views.reading import Page

Context = grpc.aio.ServicerContext[object, object]
Titles = Mapping[str, Row[Any]]
Names = Mapping[str, str]
Own = Mapping[Key, Sequence[Statement]]
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
            board = await board_of(conn, request.division, today)
            states = {key: state for key, state in board.states.items() if _asked(board, key, request)}
            keys = ordered(key for key, state in states.items() if request.state in ("", state))
            keys.sort(key=lambda key: _ORDER[states[key]])
            added = [one for one in board.sums if request.matter in ("", one.key.matter)]
            if request.organ:
                added = await sums_asked_of(conn, board, added, request.organ)
            added.sort(key=lambda one: _SUM_ORDER[one.state])
            shown = await comparisons_of(conn, board, _page(keys, page))
            shown_sums, own = await said_still(conn, board, _page(added, sums_page))
            titles = await titles_of(conn, board.setting, board.matters)
            names = await names_of(conn, _organs(shown, own), today)
            seen = await reading.seen_until(conn)
        counts = Counter(states.values())
        sum_counts = Counter(one.state for one in added)
        return pb.ListAlignmentResponse(
            comparisons=[comparison(one, titles, names) for one in shown],
            total=len(keys),
            counts={"all": len(states), **{state: counts[state] for state in State}},
            matters=_matters(board, titles),
            sums=[_sum(one, own, titles, names) for one in shown_sums],
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
            if not await facts.any_of(conn, request.matter):
                return pb.CountAlignmentResponse()
            board = await board_of(conn, request.division, today, request.matter)
        counts = Counter(board.states.values())
        wrong = sum(one.state is SumState.DISAGREE for one in board.sums)
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
            found = await beside(conn, request.index_number, today)
            if found is None:
                return pb.GetRecordAlignmentResponse()
            setting, shown = found
            titles = await titles_of(conn, setting, {one.key.matter: one.key.place for one in shown})
            names = await names_of(conn, _organs(shown), today)
        return pb.GetRecordAlignmentResponse(comparisons=[comparison(one, titles, names) for one in shown])


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


def _sum(one: Sum, own: Own, titles: Titles, names: Names) -> pb.AlignedSum:
    organ, index_number = whole_of(one, own)
    keys = {place: Key(one.key.matter, place, one.key.period) for place in one.parts}
    parts = [
        pb.SumPart(
            place=place,
            value_zh=written(one.field, value),
            index_number=newest(own[keys[place]])[one.field].index_number,
        )
        for place, value in one.parts.items()
    ]
    return pb.AlignedSum(
        **_of_matter(one.key.matter, titles),
        place=one.key.place,
        period=one.key.period,
        period_zh=named(one.key.period),
        field=one.field,
        state=one.state,
        organ=organ,
        organ_name=names.get(organ, organ),
        whole_zh=written(one.field, one.whole),
        index_number=index_number,
        total_zh=written(one.field, one.total),
        parts=parts,
        places=one.places,
        sentence_zh=summed(one, level_of(one.key.place), names.get(organ, organ)),
    )


def _asked(board: Board, key: Key, request: pb.ListAlignmentRequest) -> bool:
    if request.matter not in ("", key.matter):
        return False
    if not request.organ:
        return True
    # what differs has been looked at: only there has anybody to explain
    return key in board.known and request.organ in board.known[key].explaining


def _matters(board: Board, titles: Titles) -> Iterable[pb.AlignedMatter]:
    every = Counter(key.matter for key in board.states)
    wrong = Counter(key.matter for key, state in board.states.items() if state is State.DISAGREE)
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


def _organs(shown: Sequence[Comparison], own: Own | None = None) -> Collection[str]:
    voices = {voice.organ for one in shown for voice in one.voices}
    return voices | {said.organ for words in (own or {}).values() for said in words}


def _page(found: Sequence[T], page: Page) -> Sequence[T]:
    return found[page.offset : page.offset + page.size]
