"""Invented editions of catalogues, made of the sown rows, and what the public is answered from them.

`EditionOffice` answers whoever shows no person's token; what the staff ask is answered by ``Catalogues``.
"""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.security.grpc_auth import current_caller
from gongkai.serving.errors import NotFound
from services.catalog.domain.reading import read_row
from tests.portal.world_catalogue import Shelf
from tests.portal.world_catalogue_office import Catalogues

CITY: Final = "341300000000"
COUNTY: Final = "341323000000"
TOWN: Final = "341323110000"
ADDED, LEFT_OUT, ADAPTED, RETIRED, TIMED = "m-20-901", "m-20-008", "m-20-002", "m-14-010", "m-20-005"
"""Matters of the county that are not as in the city's standard."""
_COLUMNS: Final = (
    "level1", "level2", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience", "mode", "levels",
    "provenance",
)  # fmt: skip
_ORGANS: Final = {4: "341323-czj", 10: "341323-zjj", 16: "341323-scjg", 20: "341323-mzj"}
_OWN: Final = {"level1": "急难救助", "level2": "先行救助结果", "content_elements": "●救助对象（遮盖后）●救助事由●救助金额〇救助时间", "legal_basis": "《国务院关于全面建立临时救助制度的通知》（国发〔2014〕47号）", "time_limit": "救助决定作出之日起20个工作日内", "subject": "乡镇人民政府(街道办事处)", "channels": "■政府网站;■社区/企事业单位/村公示栏(电子屏);□两微一端", "audience": "特定群体:所在村(社区)居民", "mode": "主动", "levels": "县级;乡级", "provenance": "own"}  # fmt: skip
_CLOCK: Final = re.compile(r"(\d+)个工作日内")
_SHOWN: Final = re.compile(r"公示(?:不少于)?(\d+)(个工作日|天|日)")


@dataclass
class Volume:
    """One published edition."""

    number: int
    effective_on: str
    upper: int
    rows: dict[str, pb.PublishedRow]


@dataclass
class Library:
    """The catalogues and their editions, in order; a test may change them."""

    catalogues: dict[str, pb.Catalogue] = field(default_factory=dict)
    volumes: dict[str, list[Volume]] = field(default_factory=dict)
    domains: list[tuple[str, int, str]] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def found(self, catalogue: str) -> list[Volume]:
        if catalogue not in self.volumes:
            raise NotFound(Reason("catalogue.unknown", "没有这个目录。", "catalogue"))
        return self.volumes[catalogue]

    def at(self, catalogue: str, edition: int = 0, on: str = "") -> Volume:
        volumes = self.found(catalogue)
        if on:
            volumes = [one for one in volumes if one.effective_on <= on]
        elif edition:
            volumes = [one for one in volumes if one.number == edition]
        if not volumes:
            raise NotFound(Reason("edition.unknown", "那一天还没有施行的目录版本。", "edition"))
        return volumes[-1]

    def edition(self, catalogue: str, volume: Volume) -> pb.Edition:
        volumes = self.volumes[catalogue]
        at = volumes.index(volume)
        told = pb.Edition(
            catalogue=catalogue, number=volume.number, title=self.catalogues[catalogue].title, upper_edition=volume.upper,
            effective_on=volume.effective_on, matters=sum(row.state == "in" for row in volume.rows.values()),
            superseded_on=volumes[at + 1].effective_on if at + 1 < len(volumes) else "",
        )  # fmt: skip
        if at:
            compared = compare(volumes[at - 1].rows, volume.rows)
            told.added, told.removed, told.changed = (
                sum(one.kind == kind for one in compared) for kind in ("added", "removed", "changed")
            )
        return told


def compare(
    left: Mapping[str, pb.PublishedRow], right: Mapping[str, pb.PublishedRow]
) -> list[pb.RowComparison]:
    """What is not alike, in the order of the table."""
    found = []
    for matter in sorted({**left, **right}):
        a = left[matter] if matter in left and left[matter].state == "in" else None
        b = right[matter] if matter in right and right[matter].state == "in" else None
        changes = changes_of(a.row, b.row) if a and b else []
        if (a is None) != (b is None) or changes:
            kind = "changed" if a and b else "removed" if a else "added"
            found.append(
                pb.RowComparison(
                    matter=matter,
                    kind=kind,
                    left=a.row if a else None,
                    right=b.row if b else None,
                    changes=changes,
                )
            )
    return found


def changes_of(was: pb.Row, now: pb.Row) -> list[pb.FieldChange]:
    """The cells that differ."""
    return [
        pb.FieldChange(field=name, label=COLUMNS[name], was=getattr(was, name), now=getattr(now, name))
        for name in COLUMNS
        if getattr(was, name) != getattr(now, name)
    ]


@cache
def _sown() -> tuple[tuple[str, bytes], ...]:
    """The rows of the city's standard as they are sown: matter and row (kept as bytes: reading them takes a while)."""
    text = files("services.catalog").joinpath("seed", "catalog_rows.csv").read_text(encoding="utf-8")
    seen: dict[str, int] = {}
    made = []
    for line in csv.DictReader(text.splitlines()):
        seq = list(dict.fromkeys([*seen, line["domain"]])).index(line["domain"]) + 1
        place = seen[line["domain"]] = seen.get(line["domain"], 0) + 1
        matter = f"m-{seq:02d}-{place:03d}"
        row = pb.Row(domain=f"{seq:02d}", place=place, **{name: line[name] for name in _COLUMNS})
        made.append((matter, published(matter, row).SerializeToString()))
    return tuple(made)


def published(matter: str, row: pb.Row, catalogue: str = CITY, since: int = 1) -> pb.PublishedRow:
    """A row as an edition shows it."""
    told = pb.PublishedRow(catalogue=catalogue, matter=matter, state="in", row=row, since_edition=since)
    _read(told)
    told.organs.append(_ORGANS.get(int(row.domain) if row.domain.isdecimal() else 0, "341323-xzf"))
    if "乡级" in row.levels:
        told.organs.append("341323-hgz")
    return told


def _read(told: pb.PublishedRow) -> None:
    row, reading = told.row, told.reading
    reading.Clear()
    read = read_row({name: getattr(row, name) for name in _COLUMNS})
    reading.channels.extend(
        pb.Channel(code=one.code, name=one.name, required=one.required, text=one.text)
        for one in read.channels
    )
    reading.elements.extend(
        pb.Element(key=one.key, name=one.name, required=one.required) for one in read.elements
    )
    reading.citations.extend(
        _citation(pb.Citation(title=one.title, number=one.number, articles=one.articles))
        for one in read.citations
    )
    reading.levels.extend(read.levels)
    reading.modes.extend(read.modes)
    reading.audience, reading.group = read.audience, read.group
    if match := _CLOCK.search(row.time_limit):
        trigger = (
            "formed_or_changed"
            if "变更" in row.time_limit
            else "decided"
            if "决定" in row.time_limit
            else "obtained"
        )
        reading.time_limits.add(
            trigger=trigger, n=int(match[1]), unit="working_days", kind="deadline", text=match.string
        )
    if match := _SHOWN.search(row.time_limit):
        unit = "working_days" if "工作日" in match[2] else "days"
        reading.time_limits.add(n=int(match[1]), unit=unit, kind="min_display", text=match[0])
    if not reading.time_limits:
        reading.flags.append(f"公开时限“{row.time_limit}”未能读出，已按原文保留；请核对。")


def _citation(one: pb.Citation) -> pb.Citation:
    one.basis, one.mark = "b-" + one.title[:8], "L"
    if "政府信息公开条例" in one.title:
        one.state, one.note = "in_force", "2019年5月15日起施行；国务院令第711号"
    elif "临时救助" in one.title:
        one.state, one.note, one.mark = "in_force", "", "M"
    elif "审核审批" in one.title or "最低生活保障工作" in one.title:
        one.state, one.replaced_by = "replaced", "最低生活保障审核确认办法"
        one.note, one.mark = "2021年7月1日起；民政部网站", "M"
    elif "扶贫" in one.title:
        one.state, one.note = "repealed", "2022年3月1日起；农业农村部公告"
    elif one.title.endswith("法"):
        one.state, one.note = "amended", "2024年修正；国家法律法规数据库"
    else:
        one.basis = one.mark = ""
        one.state = "unknown"
    return one


def _copy(
    rows: Mapping[str, pb.PublishedRow], catalogue: str, keep: Iterable[str] | None = None
) -> dict[str, pb.PublishedRow]:
    made = {}
    for matter in rows if keep is None else keep:
        made[matter] = pb.PublishedRow()
        made[matter].CopyFrom(rows[matter])
        made[matter].catalogue = catalogue
        made[matter].ClearField("differs")
        made[matter].reason, made[matter].added = "", False
    return made


def edit(rows: dict[str, pb.PublishedRow], matter: str, edition: int, reason: str = "", **cells: str) -> None:
    """Change cells of a row, against the catalogue above where a reason is given."""
    told, was = rows[matter], pb.Row()
    was.CopyFrom(told.row)
    for name, value in cells.items():
        setattr(told.row, name, value)
    told.since_edition = edition
    _read(told)
    if reason:
        told.reason = reason
        told.differs.extend(changes_of(was, told.row))


def invent_library(domain_names: Iterable[str]) -> Library:
    """A city's standard of two editions, a county's with every kind of difference, a township's first."""
    library = Library(domains=[(f"{seq:02d}", seq, name) for seq, name in enumerate(domain_names, 1)])
    first = {matter: pb.PublishedRow.FromString(data) for matter, data in _sown()}
    second = _copy(first, CITY)
    del second[RETIRED]
    edit(
        second,
        "m-20-003",
        2,
        content_elements="●《国务院关于进一步加强和改进最低生活保障工作的意见》●《最低生活保障审核确认办法》●各地配套政策法规文件",
    )
    edit(second, TIMED, 2, time_limit="制定或获取信息之日起10个工作日内，公示10个工作日")
    charity = pb.Row(**_OWN, domain="20", place=14)
    charity.level1, charity.level2 = "综合业务", "慈善信息"
    second["m-20-014"] = published("m-20-014", charity, since=2)
    own = _copy(second, COUNTY)
    edit(
        own,
        ADAPTED,
        2,
        "接待时间由群众意见提出",
        content_elements=f"{own[ADAPTED].row.content_elements}●接待时间",
        channels=f"{own[ADAPTED].row.channels};■两微一端",
    )
    edit(own, TIMED, 2, "公示期按省里的办法缩短", time_limit="制定或获取信息之日起7个工作日内，公示7个工作日")
    own[LEFT_OUT].state, own[LEFT_OUT].reason, own[LEFT_OUT].since_edition = (
        "left_out",
        "由市级统一公开，县里不再重复",
        2,
    )
    own[ADDED] = published(ADDED, pb.Row(**_OWN, domain="20", place=901), COUNTY, 2)
    own[ADDED].added, own[ADDED].reason = True, "本县2026年起由乡镇先行救助"
    towns = _copy(
        own, TOWN, [one for one, row in own.items() if "乡级" in row.row.levels and row.state == "in"]
    )
    edit(
        towns,
        TIMED,
        1,
        "公示栏在镇政府门口",
        channels=f"{towns[TIMED].row.channels};■便民服务站",
        office="社会事务办",
        phone="0557-000 0000",
    )
    for code, level, upper, place, volumes in (
        (CITY, "city", "guide", "宿州市", [Volume(1, "2020-12-31", 1, first), Volume(2, "2026-11-16", 1, second)]),
        (COUNTY, "county", CITY, "灵璧县", [Volume(1, "2021-06-30", 1, _copy(first, COUNTY)), Volume(2, "2026-11-20", 2, own)]),
        (TOWN, "township", COUNTY, "渔沟镇", [Volume(1, "2026-11-22", 2, towns)]),
    ):  # fmt: skip
        last = volumes[-1]
        library.volumes[code] = volumes
        library.catalogues[code] = pb.Catalogue(
            id=code, division=code, level=level, upper=upper, title=f"{place}基层政务公开标准目录", published=last.number,
            effective_on=last.effective_on, matters=sum(row.state == "in" for row in last.rows.values()),
            upper_published=1 if upper == "guide" else 2, upper_taken=last.upper,
        )  # fmt: skip
    return library


class EditionOffice(Catalogues):
    """Answers what the public asks, from the library."""

    def __init__(
        self, library: Callable[[], Library], shelf: Callable[[], Shelf], check: Callable[[str], None]
    ) -> None:
        super().__init__(shelf, check)
        self._library = library

    def library(self, request: Any) -> Library:
        """The library, where it is open; who asked what is remembered."""
        self._check("catalog")
        library = self._library()
        library.asked.append(request)
        return library

    async def ListCatalogues(self, request: Any, _context: Any) -> pb.ListCataloguesResponse:
        if current_caller().staff is not None:
            return await super().ListCatalogues(request, _context)
        return pb.ListCataloguesResponse(catalogues=self.library(request).catalogues.values())

    async def GetCatalogue(self, request: Any, _context: Any) -> pb.GetCatalogueResponse:
        if current_caller().staff is not None:
            return await super().GetCatalogue(request, _context)
        library = self.library(request)
        digits = request.id
        chain = [digits, f"{digits[:9]}000", f"{digits[:6]}000000", CITY] if request.or_above else [digits]
        code = next((one for one in chain if one in library.volumes), "")
        last = library.at(code or digits)
        counts = [
            sum(one.row.domain == domain and one.state == "in" for one in last.rows.values())
            for domain, *_ in library.domains
        ]
        domains = [
            pb.DomainCount(code=domain, seq=seq, name=name, matters=count)
            for (domain, seq, name), count in zip(library.domains, counts, strict=True)
            if count
        ]
        return pb.GetCatalogueResponse(catalogue=library.catalogues[code], domains=domains)

    async def ListEditions(self, request: Any, _context: Any) -> pb.ListEditionsResponse:
        if current_caller().staff is not None:
            return await super().ListEditions(request, _context)
        library = self.library(request)
        volumes = library.found(request.catalogue)
        return pb.ListEditionsResponse(
            editions=[library.edition(request.catalogue, one) for one in reversed(volumes)]
        )

    async def ListRows(self, request: Any, _context: Any) -> pb.ListRowsResponse:
        library = self.library(request)
        volume = library.at(request.catalogue, request.edition, request.on)
        rows = [
            one
            for one in volume.rows.values()
            if request.domain in ("", one.row.domain)
            and (not request.organ or request.organ in one.organs)
            and (not request.level or request.level in one.reading.levels)
            and (not request.q or any(request.q in getattr(one.row, name) for name in _COLUMNS[:-1]))
            and (
                one.differs or one.added or one.state == "left_out"
                if request.differences_only
                else one.state == "in"
            )
        ]
        shown, token = _cut(rows, request)
        edition = library.edition(request.catalogue, volume)
        return pb.ListRowsResponse(rows=shown, next_page_token=token, total=len(rows), edition=edition)

    async def GetRow(self, request: Any, _context: Any) -> pb.GetRowResponse:
        library = self.library(request)
        volume = library.at(request.catalogue, request.edition, request.on)
        if request.matter not in volume.rows:
            raise NotFound(Reason("matter.unknown", "这一版目录里没有这个事项。", "matter"))
        history: list[pb.RowVersion] = []
        before: pb.PublishedRow | None = None
        for one in library.volumes[request.catalogue]:
            now = one.rows.get(request.matter)
            state = now.state if now else "out"
            changes = changes_of(before.row, now.row) if before and now else []
            if state != (before.state if before else "out") or changes:
                history.append(
                    pb.RowVersion(
                        edition=one.number, effective_on=one.effective_on, state=state, changes=changes
                    )
                )
            before = now
        elsewhere = [
            volumes[-1].rows[request.matter]
            for code, volumes in sorted(library.volumes.items(), key=lambda one: (one[0].isdecimal(), one[0]))
            if code != request.catalogue and request.matter in volumes[-1].rows
        ]
        edition = library.edition(request.catalogue, volume)
        return pb.GetRowResponse(
            row=volume.rows[request.matter],
            edition=edition,
            history=history,
            elsewhere=elsewhere[: request.others or None],
            elsewhere_total=len(elsewhere),
        )

    async def CompareEditions(self, request: Any, _context: Any) -> pb.CompareEditionsResponse:
        library = self.library(request)
        left = library.at(request.catalogue, request.edition)
        right = library.at(request.with_catalogue, request.with_edition)
        rows = [
            one
            for one in compare(left.rows, right.rows)
            if request.domain in ("", one.left.domain, one.right.domain)
        ]
        shown, token = _cut(rows, request)
        kinds = {kind: sum(one.kind == kind for one in rows) for kind in ("added", "removed", "changed")}
        return pb.CompareEditionsResponse(
            rows=shown, next_page_token=token, **kinds, same=len(right.rows) - kinds["added"] - kinds["changed"],
            left=library.edition(request.catalogue, left), right=library.edition(request.with_catalogue, right),
        )  # fmt: skip

    async def ExportTable(self, request: Any, _context: Any) -> pb.ExportTableResponse:
        if current_caller().staff is not None:
            return await super().ExportTable(request, _context)
        library = self.library(request)
        volume = library.at(request.catalogue, request.edition)
        name = f"{library.catalogues[request.catalogue].title}（第{volume.number}版）.xlsx"
        return pb.ExportTableResponse(workbook=b"PK invented workbook", name=name)


def _cut(rows: list[Any], request: Any) -> tuple[list[Any], str]:
    start, size = int(request.page_token or 0), request.page_size or 50
    return rows[start : start + size], str(start + size) if start + size < len(rows) else ""
