"""What REST answers of figures: those of county, township and village beside each other, and sums."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field

from gongkai.rpc.oversight.v1 import oversight_pb2 as pb


class Value(BaseModel):
    """一方公布的一个数字。"""

    field: str = Field(description="amount 金额（元，两位小数）、people 人数、households 户数、on 日期")
    value: str
    index_number: str = Field(description="公布它的信息的索引号")
    published_on: str
    explains: bool = Field(description="与参照不一致，由公布的机关说明")


class Voice(BaseModel):
    """一个机关在一个层级公布的数字。"""

    level: str = Field(description="所属区划的层级：city 市，county 县，township 乡，village 村")
    organ: str = Field(description="现在由谁说明：公布的机关，已撤并的为承继的机关")
    organ_name: str
    values: list[Value]


class Comparison(BaseModel):
    """同一事项、同一地区、同一时间的数字。"""

    matter: str
    title: str
    place: str = Field(description="12 位区划代码，按当时的区划")
    period: str = Field(description="年、季度或者月：2026、2026-Q3、2026-09")
    state: Literal["disagree", "agree", "alone"] = Field(
        description="disagree 不一致、agree 一致、alone 无从比对"
    )
    voices: list[Voice] = Field(description="从上级到下级")
    differing: list[str] = Field(description="不一致的是哪几种数字")
    explaining: list[str] = Field(description="由哪些机关说明")
    sentence: str

    @classmethod
    def of(cls, one: pb.Comparison) -> Self:
        """Make it of oversight's answer."""
        return cls(
            matter=one.matter, title=one.title, place=one.place, period=one.period,
            state=one.state,  # type: ignore[arg-type]  # pydantic checks it
            voices=[_voice(voice) for voice in one.voices], differing=list(one.differing),
            explaining=list(one.explaining), sentence=one.sentence_zh,
        )  # fmt: skip


class Part(BaseModel):
    """一个下级地区自己公布的。"""

    place: str
    value: str
    index_number: str


class Sum(BaseModel):
    """本级公布的总数和下级各自公布的合计。"""

    matter: str
    title: str
    place: str
    period: str
    field: str
    state: Literal["disagree", "agree", "incomplete"] = Field(
        description="disagree 不一致、agree 一致、incomplete 下级还没有公布全"
    )
    organ: str = Field(description="公布总数的机关")
    whole: str
    index_number: str = Field(description="公布总数的信息的索引号")
    total: str
    parts: list[Part]
    places: int = Field(description="直接下级有几个")
    sentence: str

    @classmethod
    def of(cls, one: pb.AlignedSum) -> Self:
        """Make it of oversight's answer."""
        return cls(
            matter=one.matter, title=one.title, place=one.place, period=one.period, field=one.field,
            state=one.state,  # type: ignore[arg-type]  # pydantic checks it
            organ=one.organ, whole=one.whole_zh, index_number=one.index_number, total=one.total_zh,
            parts=[Part(place=part.place, value=part.value_zh, index_number=part.index_number) for part in one.parts],
            places=one.places, sentence=one.sentence_zh,
        )  # fmt: skip


class Alignment(BaseModel):
    """一页数字比对；不一致的在前，合计同样分页。"""

    total: int
    counts: dict[str, int] = Field(description="各种情况有几处，all 为全部")
    comparisons: list[Comparison]
    sums_total: int
    sums: list[Sum]

    @classmethod
    def of(cls, told: pb.ListAlignmentResponse) -> Self:
        """Make it of oversight's answer."""
        return cls(
            total=told.total,
            counts=dict(told.counts),
            comparisons=[Comparison.of(one) for one in told.comparisons],
            sums_total=told.sums_total,
            sums=[Sum.of(one) for one in told.sums],
        )


def _voice(voice: pb.AlignedVoice) -> Voice:
    values = [
        Value(
            field=one.field, value=one.value, index_number=one.index_number, published_on=one.published_on,
            explains=one.explains,
        )
        for one in voice.values
    ]  # fmt: skip
    return Voice(level=voice.level, organ=voice.organ, organ_name=voice.organ_name, values=values)
