"""Invented catalogues, their drafts and bases, and the services that answer for them. Nothing here is law."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import bases_pb2, catalogues_pb2
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb

CITY: Final = "341300000000"
COUNTY: Final = "341323000000"
TOWN: Final = "341323110000"
FIELDS: Final = (
    "level1", "level2", "level3", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience", "mode",
    "levels", "number", "office", "phone",
)  # fmt: skip
LABELS: Final = {
    "time_limit": "公开时限",
    "level2": "二级事项",
    "content_elements": "公开内容（要素）",
    "channels": "公开渠道和载体",
}
_NAMES: Final = {CITY: "宿州市", COUNTY: "灵璧县", TOWN: "大庙镇"}
_USUAL: Final = {
    "level1": "综合业务", "content_elements": "●机构名称●机构职能●办公地址●办公电话", "legal_basis": "《政府信息公开条例》及相关规定",
    "time_limit": "制定或获取信息之日起10个工作日内", "subject": "县民政局、各镇政府", "channels": "■政府网站;■公开查阅点;■政务服务中心",
    "audience": "全社会", "mode": "主动", "levels": "县级;乡级", "provenance": "published",
}  # fmt: skip
_VILLAGE: Final = "■政府网站;■公开查阅点;■政务服务中心;■社区/企事业单位/村公示栏(电子屏)"
_OLD_LAW: Final = "●《国务院关于进一步加强和改进最低生活保障工作的意见》●《最低生活保障审核审批办法（试行）》"
_NEW_LAW: Final = "●《国务院关于进一步加强和改进最低生活保障工作的意见》●《最低生活保障审核确认办法》"


@dataclass
class Drawing:
    """The draft of one catalogue."""

    catalogue: pb.Catalogue
    phase: str = "drafting"
    number: int = 2
    upper_edition: int = 2
    proposed_by: str = ""
    note: str = ""
    version: int = 7
    rows: dict[str, pb.DraftRow] = field(default_factory=dict)


@dataclass
class Shelf:
    """What the invented catalogue office holds."""

    drawings: dict[str, Drawing] = field(default_factory=dict)
    bases: dict[str, bases_pb2.Basis] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    """Every command that changed something: method and its id."""
    edits: list[pb.Edit] = field(default_factory=list)
    """Every edit that was taken, in order."""
    meddling: dict[tuple[str, str], str] = field(default_factory=dict)
    """What somebody else writes into a cell just before the next edit arrives."""
    imported: list[bytes] = field(default_factory=list)

    def grow(self, domain: str, rows: int) -> None:
        """Give the county's draft more rows of one domain."""
        held = self.drawings[COUNTY].rows
        for place in range(1, rows + 1):
            row = _row(domain, place, level2=f"事项{place}")
            _put(held, f"g-{domain}-{place:04d}", "adopted", row, row, row)


def invent_shelf() -> Shelf:
    """Make a county's draft of every kind of relation, and catalogues around it."""
    shelf = Shelf()
    for code, level, upper in ((CITY, "city", "guide"), (COUNTY, "county", CITY), (TOWN, "township", COUNTY)):
        told = pb.Catalogue(
            id=code, division=code, level=level, upper=upper, title=f"{_NAMES[code]}基层政务公开标准目录", published=1,
            effective_on="2026-03-01", matters=312, upper_published=2 if upper == CITY else 1, upper_taken=1,
        )  # fmt: skip
        shelf.drawings[code] = Drawing(told, phase="drafting" if code == COUNTY else "none")
    _assistance(shelf.drawings[COUNTY].rows)
    for domain in ("10", "24"):
        for place in range(1, 9):
            row = _row(domain, place, level2=f"事项{place}")
            _put(shelf.drawings[COUNTY].rows, f"m-{domain}-{place:03d}", "adopted", row, row, row)
    new = _row("24", 9, level2="校外培训机构白名单")
    _put(shelf.drawings[COUNTY].rows, "m-24-100", "undecided", new, new)
    for number, (title, state) in enumerate(
        (("最低生活保障审核审批办法（试行）", "replaced"), ("政府信息公开条例", "in_force"), ("扶贫资金管理办法", "repealed"))
    ):  # fmt: skip
        shelf.bases[f"b-{number}"] = bases_pb2.Basis(
            id=f"b-{number}", title=title, state=state, kind="normative", number="民发〔2012〕220号" if not number else "",
            since="2021-07-01" if state != "in_force" else "", source="民政部公报", checked_on="2026-11-01", mark="F", matters=3,
            version=1, replaced_by="b-1" if state == "replaced" else "", replaced_by_title="最低生活保障审核确认办法" if state == "replaced" else "",
        )  # fmt: skip
    return shelf


def _row(domain: str, place: int, **fields: str) -> pb.Row:
    return pb.Row(domain=domain, place=place, **{**_USUAL, **fields})  # type: ignore[arg-type]


def _changed(row: pb.Row, **fields: str) -> pb.Row:
    made = pb.Row()
    made.CopyFrom(row)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _put(
    rows: dict[str, pb.DraftRow],
    matter: str,
    stance: str,
    row: pb.Row | None,
    upper: pb.Row | None,
    published: pb.Row | None = None,
    reason: str = "",
) -> pb.DraftRow:
    made = pb.DraftRow(
        matter=matter, stance=stance, version=1, row=row, upper=upper, published=published, reason=reason
    )
    rows[matter] = made
    refresh(made)
    return made


def refresh(row: pb.DraftRow) -> None:
    """Derive differences, stance and questions from the row and the one above."""
    del row.differs[:]
    here, above = row.row.level2 != "", row.upper.level2 != ""
    if here and above:
        for name in FIELDS:
            was, now = getattr(row.upper, name), getattr(row.row, name)
            if was != now:
                row.differs.add(field=name, label=LABELS.get(name, name), was=was, now=now)
    if not row.questions and row.stance == "undecided" and above and row.row == row.upper:
        row.questions.add(kind="new_above", answers=["adopt", "leave_out"])
    if row.stance != "left_out" and here and above and not row.questions and row.stance != "followed":
        row.stance = "adapted" if row.differs else "adopted"
    if here and not above:
        row.stance = "added"


def _assistance(rows: dict[str, pb.DraftRow]) -> None:
    one = _row("20", 1, level2="政策法规文件", content_elements="●《社会救助暂行办法》●各地配套政策法规文件")
    _put(rows, "m-20-001", "adopted", one, one, one)
    two = _row(
        "20", 2, level2="监督检查", content_elements="●社会救助信访通讯地址●投诉举报电话", channels=_VILLAGE
    )
    own = _changed(two, content_elements=two.content_elements + "●接待时间", channels=_VILLAGE + ";■两微一端")
    _put(rows, "m-20-002", "adapted", own, two, two, "接待时间由群众意见提出")
    old = _row("20", 3, level1="最低生活保障", level2="政策法规文件", content_elements=_OLD_LAW)
    new = _changed(old, content_elements=_NEW_LAW)
    _put(rows, "m-20-003", "followed", new, new, old)
    four = _row("20", 4, level1="最低生活保障", level2="办事指南", channels=_VILLAGE)
    _put(rows, "m-20-004", "adopted", four, four, four)
    five = _row(
        "20", 5, level1="最低生活保障", level2="审核信息", content_elements="●初审对象名单及相关信息", subject="各镇政府",
        time_limit="10个工作日内，公示10个工作日", channels="■社区/企事业单位/村公示栏(电子屏)", audience="特定群体:所在村居民", levels="乡级",
    )  # fmt: skip
    own = _changed(five, time_limit="7个工作日内，公示7个工作日")
    conflict = _put(rows, "m-20-005", "undecided", own, five, own)
    conflict.stance = "undecided"
    conflict.questions.add(
        kind="changed_both", field="time_limit", label="公开时限", was="10个工作日内，公示7个工作日",
        upper=five.time_limit, own=own.time_limit, answers=["set", "hold", "restore"],
    )  # fmt: skip
    six = _row("20", 6, level1="最低生活保障", level2="审批信息", content_elements="●低保对象名单及相关信息")
    _put(rows, "m-20-006", "adapted", _changed(six, content_elements=six.content_elements + "●保障人数和金额"), six, six, "与村务公开同一事项对应一致")  # fmt: skip
    seven = _row(
        "20",
        7,
        level1="急难救助",
        level2="先行救助结果",
        content_elements="●救助对象（遮盖后）●救助事由●救助金额",
        levels="乡级",
    )
    _put(rows, "m-20-007", "added", seven, None, None, "本县 2026 年起由镇先行救助")
    eight = _row(
        "20", 8, level1="临时救助", level2="审核审批信息", content_elements="●支出型临时救助对象名单●救助金额"
    )
    _put(rows, "m-20-008", "left_out", eight, eight, eight, "由市级统一公开")
    for place in range(9, 13):
        row = _row("20", place, level1="特困人员救助供养", level2=f"办理结果{place}", channels=_VILLAGE)
        _put(rows, f"m-20-{place:03d}", "adopted", row, row, row)
    gone = _row("20", 13, level1="综合业务", level2="慈善信息", content_elements="●慈善组织名录")
    left = _put(rows, "m-20-013", "undecided", gone, None, gone)
    left.stance = "undecided"
    left.questions.add(kind="gone_above", answers=["drop", "keep"])


class Merging:
    """What `EditMatters` of the invented office does: all edits or none."""

    def __init__(self, shelf: Shelf, drawing: Drawing) -> None:
        self._shelf = shelf
        self._rows = {}
        for key, row in drawing.rows.items():
            self._rows[key] = pb.DraftRow()
            self._rows[key].CopyFrom(row)
        self._drawing = drawing
        self.reasons: list[Reason] = []
        self.touched: list[str] = []

    def run(self, edits: Any) -> list[pb.DraftRow]:
        """Carry the edits out, or raise every reason against them."""
        for (matter, name), value in self._shelf.meddling.items():
            for rows in (self._rows, self._drawing.rows):
                setattr(rows[matter] if name == "stance" else rows[matter].row, name, value)
                rows[matter].version += 1
                if name == "stance":
                    continue
                refresh(rows[matter])
        for at, edit in enumerate(edits):
            self._one(f"edits[{at}]", edit)
        self._shelf.meddling = {}
        if self.reasons:
            raise Refusal(*self.reasons)
        self._drawing.rows = self._rows
        self._drawing.version += 1
        self._shelf.edits.extend(edits)
        return [self._rows[one] for one in dict.fromkeys(self.touched) if one in self._rows]

    def _one(self, at: str, edit: Any) -> None:
        for (matter, name), value in self._shelf.meddling.items():
            if matter == edit.matter and name == "stance" and edit.seen < self._rows[matter].version:
                self.reasons.append(Reason("matter.changed-since", "您打开以后别人改了这一项的决定。", at))
            if matter == edit.matter and name in edit.fields and edit.seen < self._rows[matter].version:
                told = f"您打开以后别人改了这一格：现在是“{value}”，您写的是“{edit.fields[name]}”。"
                self.reasons.append(Reason("matter.changed-since", told, f"{at}.{name}"))
        for name in ("level2", "time_limit"):
            if name in edit.fields and not edit.fields[name] and edit.act in {"set", "add"}:
                self.reasons.append(Reason(f"{name}.missing", f"{LABELS[name]}不能空着。请写明，例如照上级目录的写法。", f"{at}.{name}"))  # fmt: skip
        if edit.act in {"leave_out", "drop"} and not edit.reason:
            self.reasons.append(Reason("reason.missing", "请写明理由，理由会对外公开。", f"{at}.reason"))
        if edit.act == "add":
            matter = f"m-new-{len(self._rows)}"
            self._rows[matter] = pb.DraftRow(matter=matter, stance="added", version=1, reason=edit.reason)
            last = max(
                (row.row.place for row in self._rows.values() if row.row.domain == edit.fields["domain"]),
                default=0,
            )
            self._rows[matter].row.CopyFrom(pb.Row(place=last + 1, **dict(edit.fields)))
        elif edit.matter in self._rows:
            matter = edit.matter
            self._apply(self._rows[matter], edit)
        else:
            self.reasons.append(Reason("matter.unknown", "目录里没有这一项，请刷新本页。", at))
            return
        self.touched.append(matter)

    def _apply(self, row: pb.DraftRow, edit: Any) -> None:
        row.version += 1
        kept = [
            one
            for one in row.questions
            if edit.act in {"set", "hold", "restore"} and one.field not in edit.fields
        ]
        del row.questions[:]
        row.questions.extend(kept)
        if edit.act == "drop":
            del self._rows[row.matter]
            return
        getattr(self, f"_{edit.act}")(row, edit)
        if row.questions:
            row.stance = "undecided"
        else:
            refresh(row)

    def _adopt(self, row: pb.DraftRow, _edit: Any) -> None:
        row.row.CopyFrom(row.upper)
        row.stance = "adopted"

    def _set(self, row: pb.DraftRow, edit: Any) -> None:
        for name, value in edit.fields.items():
            setattr(row.row, name, value)
        row.stance, row.reason = "adapted", edit.reason or row.reason

    def _hold(self, row: pb.DraftRow, _edit: Any) -> None:
        row.stance = "adapted"

    def _restore(self, row: pb.DraftRow, edit: Any) -> None:
        for name in edit.fields or FIELDS:
            setattr(row.row, name, getattr(row.upper, name))
        row.stance = "adopted"

    def _leave_out(self, row: pb.DraftRow, edit: Any) -> None:
        row.stance, row.reason = "left_out", edit.reason

    def _keep(self, row: pb.DraftRow, _edit: Any) -> None:
        row.stance = "added"


__all__ = [
    "CITY",
    "COUNTY",
    "FIELDS",
    "TOWN",
    "Drawing",
    "Merging",
    "Shelf",
    "catalogues_pb2",
    "invent_shelf",
]
