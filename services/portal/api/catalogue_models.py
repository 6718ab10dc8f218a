"""What REST answers of catalogues: editions, rows, and what their prose means."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Self, TypeVar

from pydantic import BaseModel, Field

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb

Plain = TypeVar("Plain", bound=BaseModel)


class Catalogue(BaseModel):
    """一个目录：市、县、乡镇各一个；guide 是国家试点领域标准指引。"""

    id: str
    division: str = Field(description="12 位区划代码")
    level: str = Field(description="guide、city、county、township")
    title: str
    upper: str | None = Field(description="上级目录")
    edition: int | None = Field(description="现行版次；没有发布过为空")
    effective_on: str | None
    matters: int
    upper_edition: int | None = Field(description="现行版对照的上级版次")
    upper_newest: int | None = Field(description="上级现行版次")

    @classmethod
    def of(cls, one: pb.Catalogue) -> Self:
        """Make it of catalog's answer."""
        return cls(
            id=one.id, division=one.division, level=one.level, title=one.title, upper=one.upper or None,
            edition=one.published or None, effective_on=one.effective_on or None, matters=one.matters,
            upper_edition=one.upper_taken or None, upper_newest=one.upper_published or None,
        )  # fmt: skip


class Catalogues(BaseModel):
    """目录的清单。"""

    total: int
    catalogues: list[Catalogue]


class CatalogueDomain(BaseModel):
    """目录里的一个领域。"""

    code: str
    seq: int
    name: str
    matters: int


class CatalogueWhole(Catalogue):
    """一个目录和它的领域。"""

    domains: list[CatalogueDomain]

    @classmethod
    def whole(cls, told: pb.GetCatalogueResponse) -> Self:
        """Make it of catalog's answer."""
        domains = [
            CatalogueDomain(code=one.code, seq=one.seq, name=one.name, matters=one.matters)
            for one in told.domains
        ]
        return cls(**Catalogue.of(told.catalogue).model_dump(), domains=domains)


class Edition(BaseModel):
    """目录的一版。"""

    catalogue: str
    number: int
    title: str
    effective_on: str
    superseded_on: str | None = Field(description="被新版代替的日期；现行版为空")
    upper_edition: int | None
    matters: int
    added: int = Field(description="比上一版新增")
    changed: int
    removed: int

    @classmethod
    def of(cls, one: pb.Edition) -> Self:
        """Make it of catalog's answer."""
        same = ("catalogue", "number", "title", "effective_on", "matters", "added", "changed", "removed")
        return cls(
            superseded_on=one.superseded_on or None,
            upper_edition=one.upper_edition or None,
            **{name: getattr(one, name) for name in same},
        )


class Editions(BaseModel):
    """历次版本，新的在前。"""

    editions: list[Edition]


class Columns(BaseModel):
    """官方表的各栏，照原文。"""

    domain: str
    place: int = Field(description="在领域内的序号")
    level1: str
    level2: str
    level3: str
    content_elements: str
    legal_basis: str
    time_limit: str
    subject: str
    channels: str
    audience: str
    mode: str
    levels: str
    number: str = Field(description="事项编码")
    office: str
    phone: str


class TimeLimit(BaseModel):
    """一个期限。"""

    kind: str = Field(
        description="deadline、min_display、cycle、realtime、promptly、long_term、before_event、with_event、as_regulated"
    )
    trigger: str = Field(description="从什么时候起算，如 formed_or_changed；空：没有写明")
    event: str
    n: int
    unit: str = Field(description="working_days、days、hours、weeks、months、quarters、years")
    month: int
    day: int
    scope: str = Field(description="只管哪一部分内容；空：全部")
    text: str = Field(description="读自哪些字")


class Channel(BaseModel):
    """一个渠道。"""

    code: str
    name: str
    required: bool = Field(description="■ 必选；否则 □ 可选")
    text: str


class Element(BaseModel):
    """一个要素。"""

    key: str
    name: str
    required: bool = Field(description="● 必选；否则 〇 可选")


class Citation(BaseModel):
    """一件依据和它的效力。"""

    title: str
    number: str
    articles: str
    basis: str | None = Field(description="依据登记簿里的编号；空：没有对上")
    state: str = Field(description="in_force、amended、repealed、replaced、unknown")
    replaced_by: str | None
    note: str
    mark: str = Field(description="M：还没有核实")


class Reading(BaseModel):
    """从文字读出的结构；读不出的写在 flags，不猜。"""

    time_limits: list[TimeLimit]
    channels: list[Channel]
    elements: list[Element]
    citations: list[Citation]
    levels: list[str] = Field(description="city、county、township、village")
    modes: list[str] = Field(description="proactive、on_request")
    audience: str = Field(description="everyone、group")
    group: str
    flags: list[str]


class Change(BaseModel):
    """一栏的差别：was 是上级（或上一版）的，now 是这里的。"""

    field: str
    label: str
    was: str
    now: str

    @classmethod
    def of(cls, one: pb.FieldChange) -> Self:
        """Make it of catalog's answer."""
        return cls(field=one.field, label=one.label, was=one.was, now=one.now)


class Row(BaseModel):
    """目录的一行：一个公开事项。"""

    catalogue: str
    matter: str = Field(description="事项的标识，改名不变")
    state: str = Field(description="in 列入，left_out 不采用")
    row: Columns
    reading: Reading
    differs: list[Change] = Field(description="与上级目录的差别")
    added: bool = Field(description="上级目录没有")
    reason: str | None = Field(description="差别的理由")
    since_edition: int = Field(description="哪一版起是这样")
    organs: list[str] = Field(description="由哪些机关公开")

    @classmethod
    def of(cls, one: pb.PublishedRow) -> Self:
        """Make it of catalog's answer."""
        return cls(
            catalogue=one.catalogue, matter=one.matter, state=one.state, row=_plain(Columns, one.row), added=one.added,
            reading=_reading(one.reading), differs=[Change.of(change) for change in one.differs],
            reason=one.reason or None, since_edition=one.since_edition, organs=list(one.organs),
        )  # fmt: skip


class Rows(BaseModel):
    """一页行；next_page_token 为空即最后一页。"""

    edition: Edition
    total: int
    next_page_token: str
    rows: list[Row]


class Version(BaseModel):
    """事项在某一版的变化。"""

    edition: int
    effective_on: str
    state: str
    changes: list[Change]


class Matter(BaseModel):
    """一个事项：这一版的行，历次变化，在其他目录里的样子。"""

    edition: Edition
    row: Row
    history: list[Version]
    elsewhere: list[Row]

    @classmethod
    def of(cls, told: pb.GetRowResponse) -> Self:
        """Make it of catalog's answer."""
        return cls(
            edition=Edition.of(told.edition),
            row=Row.of(told.row),
            history=[
                Version(
                    edition=one.edition, effective_on=one.effective_on, state=one.state,
                    changes=[Change.of(change) for change in one.changes],
                )
                for one in told.history
            ],
            elsewhere=[Row.of(one) for one in told.elsewhere],
        )  # fmt: skip


def _plain(model: type[Plain], message: object) -> Plain:
    return model.model_validate({name: getattr(message, name) for name in model.model_fields})


def _reading(read: pb.Reading) -> Reading:
    return Reading(
        time_limits=[_plain(TimeLimit, one) for one in read.time_limits],
        channels=[_plain(Channel, one) for one in read.channels],
        elements=[_plain(Element, one) for one in read.elements],
        citations=[_plain(Citation, one) for one in read.citations],
        levels=list(read.levels),
        modes=list(read.modes),
        audience=read.audience,
        group=read.group,
        flags=list(read.flags),
    )
