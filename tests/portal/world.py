"""Invented data: a city, its organs, its records, their bodies. Nothing here is about a real person or sum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta

from gongkai.contracts.kinds import KINDS
from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.oversight.v1 import oversight_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2
from tests.portal.world_catalogue import Shelf, invent_shelf
from tests.portal.world_drafts import Drawer, invent_drawer
from tests.portal.world_editions import Library, invent_library
from tests.portal.world_notify import Post, invent_post
from tests.portal.world_requests import Desk, invent_desk
from tests.portal.world_staff import Offices, invent_staff
from tests.portal.world_villages import Hall, invent_hall

COUNTY = "341323000000"
USCC = "11341323MB00010117"
ACT = f"{USCC}/202611-00007"
WITHDRAWN = f"{USCC}/202610-00003"
HOSTILE = f"{USCC}/202611-00666"
MIGRATED = f"{USCC}/202105-00012"
BARE = f"{USCC}/202611-00100"
HOSTILE_TITLE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{7*7}}'

_COUNTIES = {
    "341302": "埇桥区",
    "341321": "砀山县",
    "341322": "萧县",
    "341323": "灵璧县",
    "341324": "泗县",
    "341371": "宿州马鞍山现代产业园区",
    "341372": "宿州经济技术开发区",
}
_TOWNS = (
    "灵城镇",
    "韦集镇",
    "黄湾镇",
    "娄庄镇",
    "杨疃镇",
    "尹集镇",
    "浍沟镇",
    "游集镇",
    "下楼镇",
    "朝阳镇",
    "渔沟镇",
    "高楼镇",
    "冯庙镇",
    "向阳镇",
    "朱集乡",
    "大路乡",
    "大庙镇",
    "禅堂镇",
    "虞姬镇",
)
DOMAIN_NAMES = (
    "国土空间规划",
    "重大建设项目",
    "公共资源交易",
    "财政预决算",
    "安全生产",
    "税收管理",
    "征地补偿",
    "国有土地上房屋征收",
    "保障性住房",
    "农村危房改造",
    "环境保护",
    "公共文化服务",
    "公共法律服务",
    "扶贫",
    "救灾",
    "食品药品监管",
    "城市综合执法",
    "就业创业",
    "社会保险",
    "社会救助",
    "养老服务",
    "户籍管理",
    "涉农补贴",
    "义务教育",
    "医疗卫生",
    "市政服务",
)
_ORGANS = (
    ("341323-xzf", "灵璧县人民政府办公室", "县政府办公室"),
    ("341323-mzj", "灵璧县民政局", "县民政局"),
    ("341323-czj", "灵璧县财政局", "县财政局"),
    ("341323-zjj", "灵璧县住房和城乡建设局", "县住房城乡建设局"),
    ("341323-scjg", "灵璧县市场监督管理局", "县市场监管局"),
    ("341323-hgz", "灵璧县浍沟镇人民政府", "浍沟镇政府"),
)
_TITLES = (
    ("关于印发灵璧县农村低收入人口常态化帮扶实施办法的通知", "normative", 0, "20", "灵政办〔2026〕12号"),
    ("2026年第三季度城乡最低生活保障资金发放情况", "subsidy", 1, "20", ""),
    ("浍沟镇2026年高标准农田建设项目竣工验收公告", "project", 5, "23", ""),
    ("关于对灵璧县某食品经营部的行政处罚决定书", "penalty", 4, "16", "灵市监处罚〔2026〕86号"),
    ("2026年秋季义务教育学生资助资金发放情况", "subsidy", 2, "24", ""),
    ("灵璧县2026年度第4批次城镇建设用地征地补偿安置公告", "notice", 0, "07", "灵征告〔2026〕9号"),
    ("2026年1—10月一般公共预算执行情况", "budget", 2, "04", ""),
    ("灵璧县农村危房改造实施细则（2026年修订）", "normative", 3, "10", "灵建〔2026〕31号"),
    ("2026年农村危房改造补助资金发放情况（第三季度）", "subsidy", 2, "10", ""),
)
_STATES = (
    "in_force",
    "amended",
    "repealed",
    "partly_in_force",
    "not_yet_in_force",
    "expired",
    "declared_void",
)

BODY = """各镇人民政府，县经济开发区管委会，县政府各部门、各直属单位：
《灵璧县农村低收入人口常态化帮扶实施办法》已经县政府第61次常务会议研究同意，现印发给你们，请认真贯彻执行。
灵璧县人民政府办公室
2026年11月16日
灵璧县农村低收入人口常态化帮扶实施办法
第一章　总则
第一条　为健全农村低收入人口常态化帮扶机制，巩固拓展脱贫攻坚成果，根据国家和省、市有关规定，结合本县实际，制定本办法。
第二条　本办法所称农村低收入人口，是指本县户籍的农村最低生活保障对象、特困人员、防止返贫监测对象和低保边缘家庭成员。
第三条　帮扶工作坚持应扶尽扶、分类施策、过程公开。帮扶对象的认定条件、程序、标准和结果，由县民政局、县农业农村局和各镇人民政府按照职责主动公开；公开名单时应当遮盖身份证件号码、银行账号和住址门牌。
第二章　对象认定与动态监测
第四条　申请人向户籍所在地镇人民政府提出书面申请。镇人民政府应当自受理之日起15个工作日内完成入户核查，提出初审意见，并在申请人所在村公示栏公示7个工作日。
第五条　公示期满无异议的，报县民政局审核确认。县民政局应当自收到材料之日起10个工作日内作出决定，并书面告知申请人。
第三章　附则
第六条　本办法自印发之日起施行，有效期五年。
"""
MARKDOWN = """# 预算执行情况

**收入**：全县一般公共预算收入 12.3 亿元。[点这里](javascript:alert(1))

| 项目 | 万元 |
|---|---|
| 税收 | 8,000 |
| 非税 | <b>4,300</b> |

- 民生支出占 83%
- “三公”经费下降
"""
HTML = "<html><head><title>x</title><script>alert('x')</script></head><body onload=alert(3)><h1>通报</h1><p>第一段<a href='javascript:alert(4)'>链接</a></p><p>第二段 &lt;script&gt;</p></body></html>"


@dataclass
class World:
    """What the invented servers answer from; a test may change it."""

    divisions: list[catalog_pb2.Division] = field(default_factory=list)
    organs: list[catalog_pb2.Organ] = field(default_factory=list)
    domains: list[catalog_pb2.Domain] = field(default_factory=list)
    matters: list[catalog_pb2.Matter] = field(default_factory=list)
    records: dict[str, publishing_pb2.Record] = field(default_factory=dict)
    tombstones: dict[str, publishing_pb2.Tombstone] = field(default_factory=dict)
    contents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    uploaders: list[str] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    organ_keys: dict[str, list[str]] = field(default_factory=dict)
    desk: Desk = field(default_factory=invent_desk)
    post: Post = field(default_factory=invent_post)
    offices: Offices = field(default_factory=invent_staff)
    drawer: Drawer = field(default_factory=invent_drawer)
    invented_library: Library | None = None
    """Made when it is first asked: few tests need it."""
    shelf: Shelf = field(default_factory=invent_shelf)
    hall: Hall = field(default_factory=invent_hall)
    duties: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Matter → how its duty of a cycle stands, and when it is due next."""
    aligned: dict[str, list[oversight_pb2.Comparison]] = field(default_factory=dict)
    """Index number → its figures beside what others say."""
    away: set[str] = field(default_factory=set)
    """Names of services that answer UNAVAILABLE."""
    broken: set[str] = field(default_factory=set)
    """Names of services that answer INTERNAL."""

    @property
    def library(self) -> Library:
        """The published editions of catalogues."""
        if self.invented_library is None:
            self.invented_library = invent_library(DOMAIN_NAMES)
        return self.invented_library

    def public(self) -> list[publishing_pb2.Record]:
        """The public records, newest first."""
        return sorted(
            self.records.values(), key=lambda one: (one.published_on, one.index_number), reverse=True
        )

    def withdraw(self, index_number: str, reason: str, on: str) -> None:
        """Take a record back."""
        record = self.records.pop(index_number)
        self.tombstones[index_number] = publishing_pb2.Tombstone(
            record_id=record.record_id,
            index_number=index_number,
            organ=record.organ,
            organ_name=record.organ_name,
            division=record.division,
            withdrawn_on=on,
            reason=reason,
        )

    def keep(self, data: bytes, media_type: str, name: str, role: str = "body") -> publishing_pb2.File:
        """Store a content; return the file that refers to it."""
        digest = hashlib.sha256(data).hexdigest()
        self.contents[digest] = (media_type, data)
        return publishing_pb2.File(role=role, name=name, digest=digest, size=len(data), media_type=media_type)


def invent() -> World:
    """Make the city."""
    world = World()
    _registry(world)
    _records(world)
    _special(world)
    return world


def _registry(world: World) -> None:
    world.divisions.append(catalog_pb2.Division(code="341300000000", name="宿州市", level="city"))
    for code, name in _COUNTIES.items():
        world.divisions.append(
            catalog_pb2.Division(code=f"{code}000000", name=name, level="county", parent="341300000000")
        )
    for number, name in enumerate(_TOWNS, 100):
        world.divisions.append(
            catalog_pb2.Division(code=f"341323{number}000", name=name, level="township", parent=COUNTY)
        )
    world.divisions.append(
        catalog_pb2.Division(code="341323106201", name="徐圩村", level="village", parent="341323106000")
    )
    for code, name, short in _ORGANS:
        world.organs.append(
            catalog_pb2.Organ(code=code, name=name, short_name=short, division=COUNTY, uscc=USCC)
        )
    for seq, name in enumerate(DOMAIN_NAMES, 1):
        world.domains.append(catalog_pb2.Domain(code=f"{seq:02d}", seq=seq, name=name, matter_count=12))
        for serial in range(1, 13):
            world.matters.append(
                catalog_pb2.Matter(
                    id=f"m-{seq:02d}-{serial:03d}",
                    domain=f"{seq:02d}",
                    level1=f"{name}政策文件" if serial < 5 else "办事结果",
                    level2=f"事项{serial}",
                    content_elements="●机构名称●机构职能●办公地址●办公电话",
                    legal_basis="《政府信息公开条例》",
                    time_limit="信息形成或者变更之日起20个工作日内",
                    subject="主管部门",
                    channels="■政府网站;■政务服务中心",
                    audience="全社会",
                    mode="主动",
                    levels="县级;乡级",
                    provenance="published",
                )
            )


def _records(world: World) -> None:
    day = date(2026, 11, 20)
    for number in range(63):
        title, kind, organ, domain, doc_number = _TITLES[number % len(_TITLES)]
        code, name, _short = _ORGANS[organ]
        published = day - timedelta(days=number * 3 // 2)
        index_number = f"{USCC}/{published:%Y%m}-{10000 + number:05d}"
        file = world.keep(f"{title}\n正文第{number}号。".encode(), "text/plain", "正文.txt")
        world.records[index_number] = publishing_pb2.Record(
            record_id=f"record-{number}",
            index_number=index_number,
            version=1,
            organ=code,
            organ_name=name,
            division=COUNTY if organ != 5 else "341323106000",
            kind=kind,
            title=title if number < len(_TITLES) else f"{title}（{number}）",
            doc_number=doc_number,
            formed_on=(published - timedelta(days=4)).isoformat(),
            published_on=published.isoformat(),
            validity=_STATES[number // 9 % 7] if kind == "normative" else "not_applicable",
            attribute="proactive",
            ground="条例第二十条",
            domain=domain,
            provenance="live",
            files=[file],
        )


def _special(world: World) -> None:
    model = publishing_pb2.Record(
        record_id="act", version=2, organ="341323-xzf", organ_name="灵璧县人民政府办公室", division=COUNTY,
        kind="normative", attribute="proactive", ground="条例第二十条第一项", domain="20", provenance="live",
        published_on="2026-11-20", formed_on="2026-11-16",
    )  # fmt: skip

    def add(index_number: str, **changes: object) -> publishing_pb2.Record:
        record = publishing_pb2.Record()
        record.CopyFrom(model)
        record.MergeFrom(publishing_pb2.Record(index_number=index_number, **changes))  # type: ignore[arg-type]
        world.records[index_number] = record
        return record

    add(
        ACT, title="关于印发灵璧县农村低收入人口常态化帮扶实施办法的通知", doc_number="灵政办〔2026〕12号",
        summary="明确帮扶对象认定、动态监测、分类帮扶和资金公开的程序与期限。", validity="in_force",
        keywords=["低收入人口", "常态化帮扶", "防止返贫"], effective_on="2026-11-16", expires_on="2031-11-15",
        topic="农业、林业、水利＼乡村振兴", genre="通知", category="行政规范性文件", matter="m-20-001",
        facts=[
            publishing_pb2.Fact(division=COUNTY, period="2026-Q3", amount="1234567.50", people=0, households=812),
            publishing_pb2.Fact(division="341323106201", period="2026-09", amount="5400", people=58, on="2026-09-30"),
        ],
        files=[
            world.keep(BODY.encode(), "text/plain", "正文.txt"),
            world.keep(b"%PDF-1.4 invented", "application/pdf", "附件1 帮扶对象认定申请表.pdf", "attachment"),
            world.keep(b"PK invented", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "附件2 项目与资金安排.xlsx", "attachment"),
        ],
    )  # fmt: skip
    body = f"{HOSTILE_TITLE}\n<iframe src=//evil.example></iframe>\n第一条　<b onclick=alert(9)>粗</b>"
    hostile = add(
        HOSTILE, title=HOSTILE_TITLE, validity="unknown", summary="<svg onload=alert(1)>",
        keywords=["<i>", "'\"&"], doc_number="<u>1</u>",
        files=[world.keep(body.encode(), "text/plain", '../../"><script>.txt')],
    )  # fmt: skip
    hostile.published_on = "2026-10-01"
    migrated = add(
        MIGRATED, title="灵璧县2021年财政预算执行情况", validity="not_applicable",
        defects=[
            publishing_pb2.Defect(code="formed-on.missing", field="formed_on", message_zh="缺少生成（成文）日期。"),
            publishing_pb2.Defect(code="ground.missing", field="ground", message_zh="缺少确定公开属性的理由。"),
        ],
        files=[world.keep(MARKDOWN.encode(), "text/markdown", "正文.md")],
    )  # fmt: skip
    migrated.provenance, migrated.formed_on, migrated.ground, migrated.published_on = (
        "migration",
        "",
        "",
        "2021-05-08",
    )
    bare = add(BARE, title="没有正文的信息")
    bare.published_on, bare.kind, bare.validity, bare.domain = "2026-09-01", "other", "", ""
    add(WITHDRAWN, title="被撤回的标题绝不出现")
    world.withdraw(WITHDRAWN, "其中含有应当遮盖的个人信息", "2026-11-02")


def board(world: World) -> oversight_pb2.GetBoardResponse:
    """The oversight board of the invented county."""
    rows = [
        oversight_pb2.OrganRow(
            organ=code, organ_name=name, division=COUNTY, published=420 - 60 * number, withdrawn=number,
            timed=400 - 60 * number, late=number * 7, defects=number * 3, median_lag=3.0 + number,
        )
        for number, (code, name, _short) in enumerate(_ORGANS)
    ]  # fmt: skip
    for number, row in enumerate(rows[:3]):
        row.requests, row.requests_open, row.requests_on_time = 40 - 10 * number, 4, 33 - 10 * number
        row.requests_late, row.requests_overdue = 2 - number, 1 - min(number, 1)
    rows[-1].timed, rows[-1].late, rows[-1].median_lag = 0, 0, -1
    labels = (
        ("0–5个工作日", 4318, False),
        ("6–10个工作日", 1902, False),
        ("11–20个工作日", 1188, False),
        ("21–40个工作日", 187, True),
        ("超过 40 个工作日", 91, True),
    )
    return oversight_pb2.GetBoardResponse(
        organs=rows if world.records else [],
        lags=[oversight_pb2.LagBucket(label=label, count=count, late=late) for label, count, late in labels],
        as_of="2026-11-23T01:05:00+00:00",
        limit_days=20,
        limit_citation="《政府信息公开条例》第二十六条",
        reply_limit_days=20,
        reply_limit_citation="《政府信息公开条例》第三十三条第二款",
    )


assert {kind for _title, kind, *_rest in _TITLES} <= set(KINDS)
