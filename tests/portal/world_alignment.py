"""Invented figures of county, township and village: one that differs, one that agrees, one alone, and a sum."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

from typing import Any, Final

from gongkai.rpc.oversight.v1 import oversight_pb2 as pb

MATTER: Final = "m-20-005"
VILLAGE: Final = "341323106201"
_TITLE: Final = "低保审核信息（第 5 项）"
_RECORD: Final = "11341323MD23A00253/202611-00001"


def _voice(level: str, organ: str, *, explains: bool = False, **values: str) -> pb.AlignedVoice:
    said = [
        pb.AlignedValue(
            field=field, value=value.split()[0], value_zh=value, index_number=_RECORD, published_on="2026-10-09",
            explains=explains and field == "people",
        )
        for field, value in values.items()
    ]  # fmt: skip
    return pb.AlignedVoice(level=level, organ=organ, organ_name=organ, values=said)


def _compared(state: str, *voices: pb.AlignedVoice, place: str = VILLAGE) -> pb.Comparison:
    differs = state == "disagree"
    return pb.Comparison(
        matter=MATTER, title=_TITLE, domain="20", place=place, period="2026-Q3", period_zh="2026年第三季度",
        state=state, voices=voices, differing=["people"] if differs else [],
        explaining=["341323-mzj"] if differs else [],
        sentence_zh="人数：村级公布 30 人，与县级公布的 32 人不一致，由镇政府说明。" if differs else "各方公布的数字一致。",
    )  # fmt: skip


COMPARED: Final = (
    _compared(
        "disagree",
        _voice("county", "县民政局", people="32 人", amount="1,200.00 元"),
        _voice("village", "镇政府", people="30 人", explains=True),
    ),
    _compared(
        "agree",
        _voice("county", "县民政局", people="9 人"),
        _voice("township", "镇政府", people="9 人"),
        place="341323106000",
    ),
    _compared("alone", _voice("county", "县民政局", people="9 人"), place="341323000000"),
)
SUM: Final = pb.AlignedSum(
    matter=MATTER, title=_TITLE, domain="20", place="341323106000", period="2026-Q3", period_zh="2026年第三季度",
    field="people", state="disagree", organ="341323106-zf", organ_name="镇政府", whole_zh="9 人", index_number=_RECORD,
    total_zh="30 人", parts=[pb.SumPart(place=VILLAGE, value_zh="30 人", index_number=_RECORD)], places=2,
    sentence_zh="已有 1 个村（社区）公布的人数合计 30 人，还有 1 个没有公布，已超过本级公布的 9 人，由镇政府说明。",
)  # fmt: skip


class AlignmentOffice:
    """Answers on figures: the same of every division that has records, nothing of another county."""

    world: Any
    check: Any

    def _told(self, division: str, matter: str) -> list[pb.Comparison]:
        return (
            list(COMPARED)
            if self.world.records and division != "341324000000" and matter in ("", MATTER)
            else []
        )

    async def ListAlignment(self, request: Any, _context: Any) -> pb.ListAlignmentResponse:
        self.check("oversight")
        told = self._told(request.division, request.matter)
        if request.organ:
            told = [one for one in told if request.organ in one.explaining]
        wanted = [one for one in told if request.state in ("", one.state)]
        start = ((request.page or 1) - 1) * request.page_size
        return pb.ListAlignmentResponse(
            comparisons=wanted[start : start + request.page_size],
            total=len(wanted),
            counts={
                "all": len(told),
                **{s: sum(one.state == s for one in told) for s in ("disagree", "agree", "alone")},
            },
            matters=[pb.AlignedMatter(matter=MATTER, title=_TITLE, domain="20", comparisons=3, disagree=1)]
            if told
            else [],
            sums=[SUM] if told and request.sums_page == 1 else [],
            sums_total=1 if told else 0,
            sums_counts={"disagree": 1 if told else 0, "agree": 0, "incomplete": 0},
            as_of="2026-11-23T01:05:00+00:00",
        )

    async def CountAlignment(self, request: Any, _context: Any) -> pb.CountAlignmentResponse:
        self.check("oversight")
        found = bool(self._told(request.division, request.matter)) and request.matter == MATTER
        return (
            pb.CountAlignmentResponse(disagree=1, agree=1, alone=1, sums_disagree=1)
            if found
            else pb.CountAlignmentResponse()
        )

    async def GetRecordAlignment(self, request: Any, _context: Any) -> pb.GetRecordAlignmentResponse:
        self.check("oversight")
        return pb.GetRecordAlignmentResponse(comparisons=self.world.aligned.get(request.index_number, []))
