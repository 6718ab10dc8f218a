"""An invented county with a catalogue, its organs and what they published: contracts, as catalog and publishing tell them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.catalog import (
    CalendarAnnounced,
    CalendarDay,
    DomainState,
    EditionPublished,
    MatterRetired,
    MatterRevised,
    MatterState,
    OrganChanged,
    RuleChanged,
    SubjectAssigned,
)
from gongkai.contracts.contract import Contract
from gongkai.contracts.facts import Fact
from gongkai.contracts.matters import MatterReading, TimeLimit
from gongkai.contracts.publishing import RecordPublished, RecordWithdrawn
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import Envelope
from services.oversight.domain import columns
from services.oversight.views.writing import apply_records, apply_registry

CITY, COUNTY, TOWN = "341300000000", "341323000000", "341323110000"
MZJ, CZJ, TOWN_HALL = "341323-mzj", "341323-czj", "341323110-zf"
CIVIL, FINANCE, TOWNSHIP = "县级人民政府民政部门", "财政部门", "乡镇人民政府"
AT = datetime(2026, 11, 1, tzinfo=UTC)
SITE = "《政府网站与政务新媒体检查指标》（国办秘函〔2019〕19号）"


def rule(code: str, value: int, unit: str, citation: str) -> RuleChanged:
    since = date(2019, 4, 1)
    return RuleChanged(
        code=code, version=1, value=value, unit=unit, effective_from=since, citation=citation, mark="L"
    )


LAW: tuple[Contract, ...] = (
    rule("proactive-disclosure", 20, "working_days", "《政府信息公开条例》第二十六条"),
    rule(columns.HOME_RULE, 2, "weeks", SITE),
    rule(columns.COLUMN_RULE, 6, "months", SITE),
    rule(columns.EMPTY_RULE, 5, "columns", SITE),
    rule(columns.STALE_RULE, 5, "columns", SITE),
    rule(columns.OTHERS_RULE, 10, "columns", SITE),
    CalendarAnnounced(
        year=2026,
        version=1,
        days=(CalendarDay(day=date(2026, 10, 1), working=False, name="国庆节"),),
        source="通知",
        complete=True,
    ),
)


def organ(code: str, division: str = COUNTY) -> OrganChanged:
    name = {MZJ: "县民政局", CZJ: "县财政局", TOWN_HALL: "镇政府"}.get(code, code)
    return OrganChanged(
        code=code, version=1, name=name, short_name=name, division=division, uscc="11341323MD23A00253"
    )


ORGANS = (organ(MZJ), organ(CZJ), organ(TOWN_HALL, TOWN))


def edition(
    number: int = 1, catalogue: str = COUNTY, *, on: date = date(2026, 7, 1), domains: str = "0102"
) -> EditionPublished:
    codes = [domains[at : at + 2] for at in range(0, len(domains), 2)]
    return EditionPublished(
        edition=f"{catalogue}-{number}", version=number, division=catalogue, title="灵璧县基层政务公开标准目录",
        effective_on=on, catalogue=catalogue, number=number,
        domains=tuple(DomainState(code=code, seq=int(code), name=f"领域{code}", lead_units="") for code in codes),
    )  # fmt: skip


def every(unit: str, n: int = 1) -> TimeLimit:
    words = {"months": "每月", "quarters": "每季度", "years": "每年", "working_days": f"每{n}个工作日"}[unit]
    return TimeLimit.model_validate({"kind": "cycle", "n": n, "unit": unit, "text": f"{words}公开"})


def matter(
    name: str,
    subject: str = CIVIL,
    *limits: TimeLimit,
    catalogue: str = COUNTY,
    number: int = 1,
    levels: Sequence[str] = (),
    modes: Sequence[str] = ("proactive",),
    version: int = 1,
) -> MatterRevised:
    domain = name[2:4]
    words = "；".join(limit.text for limit in limits) or "自信息形成之日起20个工作日内"
    state = MatterState(
        id=name, domain=domain, level1="一级", level2=f"事项{name}", content_elements="", legal_basis="",
        time_limit=words, subject=subject, channels="", audience="", mode="", levels="", provenance="",
    )  # fmt: skip
    return MatterRevised(
        edition=f"{catalogue}-{number}", version=version, matter=state, catalogue=catalogue, division=catalogue,
        reading=MatterReading(time_limits=limits, levels=tuple(levels), modes=tuple(modes)),
    )  # fmt: skip


def retired(name: str, version: int = 2, catalogue: str = COUNTY) -> MatterRetired:
    return MatterRetired(
        edition=f"{catalogue}-2", version=version, matter_id=name, catalogue=catalogue, division=catalogue
    )


def meant(subject: str, *organs: str, division: str = COUNTY, version: int = 1) -> SubjectAssigned:
    return SubjectAssigned(division=division, version=version, subject=subject, organs=organs)


def published(
    number: int,
    name: str | None,
    on: date,
    organ: str = MZJ,
    *,
    formed: date | None = None,
    division: str = COUNTY,
    kind: str = "notice",
    facts: Sequence[Fact] = (),
) -> RecordPublished:
    return RecordPublished(
        record_id=f"r{number}", index_number=f"11341323MD23A00253/202611-{number:05d}", version=1, organ=organ,
        organ_name=organ, division=division, kind=kind, title=f"通知{number}", formed_on=formed or on,
        published_on=on, provenance="live", matter=name, domain=name[2:4] if name else None,
        facts=tuple(facts),
    )  # fmt: skip


def withdrawn(number: int, organ: str = MZJ) -> RecordWithdrawn:
    return RecordWithdrawn(
        record_id=f"r{number}", index_number=f"11341323MD23A00253/202611-{number:05d}", version=2, organ=organ,
        organ_name=organ, division=COUNTY, kind="notice", withdrawn_on=date(2026, 11, 2), reason="有误",
    )  # fmt: skip


def received(contract: Contract, position: int = 1) -> Received:
    envelope = Envelope(
        str(uuid4()), contract.TYPE, f"/divisions/{COUNTY}/x", "thing:1", b"", AT, 1, "e1", position
    )
    return Received(envelope, contract, "evt.x", 1)


async def tell(engine: AsyncEngine, contracts: Iterable[Contract]) -> None:
    """Apply what catalog and publishing said, each owner's in one transaction."""
    told = [received(contract) for contract in contracts]
    records = [one for one in told if isinstance(one.contract, RecordPublished | RecordWithdrawn)]
    async with engine.begin() as conn:
        await apply_registry(conn, [one for one in told if one not in records])
    async with engine.begin() as conn:
        await apply_records(conn, records)
