"""Publishing's copies of the catalogues: which edition holds, from what catalog tells, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from gongkai.contracts import catalog
from gongkai.contracts.contract import Contract
from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from gongkai.contracts.matters import Element, MatterReading
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.security.permissions import Role
from services.publishing.domain.deciding import Answered
from services.publishing.handlers import decide_events
from services.publishing.views.registry import apply_catalog
from tests.publishing.office import Bureau, Office

CITY, COUNTY, TOWN = "340100000000", "340121000000", "340121104000"
DAY = date(2026, 1, 5)


def edition(catalogue: str, number: int, matters: int, version: int = 0, domain: str = "07") -> Contract:
    return catalog.EditionPublished(
        edition=f"{catalogue}-{number}", version=version or 10 * number, division=catalogue, title="目录",
        effective_on=DAY, catalogue=catalogue, number=number, matters=matters,
        domains=(catalog.DomainState(code=domain, seq=1, name="社会救助", lead_units="民政"),),
    )  # fmt: skip


def matter(catalogue: str, number: int, name: str, *required: str) -> Contract:
    row = dict.fromkeys(catalog.MatterState.model_fields, "") | {"id": name, "domain": "07", "place": 0}
    return catalog.MatterRevised(
        edition=f"{catalogue}-{number}", version=number, catalogue=catalogue, division=catalogue,
        matter=catalog.MatterState.model_validate(row),
        reading=MatterReading(elements=tuple(Element(key=key, name=key, required=True) for key in required)),
    )  # fmt: skip


def gone(catalogue: str, number: int, name: str) -> Contract:
    return catalog.MatterRetired(
        edition=f"{catalogue}-{number}",
        version=number,
        matter_id=name,
        catalogue=catalogue,
        division=catalogue,
    )


async def test_the_edition_in_force_is_the_nearest_whole_one(
    office: Office, make_document: Callable[..., Any], make_incoming: Callable[..., Any]
) -> None:
    """Given editions told in pieces and out of order, documents are held to the newest one that is all there."""
    county, town = await office.organ(COUNTY), await office.organ(TOWN)

    async def tell(*contracts: Contract) -> None:
        async with office.engine.begin() as conn:
            await apply_catalog(conn, contracts)

    async def send(organ: str, name: str, elements: dict[str, str] | None) -> ReplyAccepted | ReplyRejected:
        document = make_document(
            organ=organ, division=COUNTY if organ == county else TOWN, matter=name, elements=elements,
            record=f"{name}-{organ}-{next(numbers)}", doc_number=None, kind="notice",
        )  # fmt: skip
        (verdict,) = await decide_events(office.world, [make_incoming(document, organ=organ)])
        assert isinstance(verdict, Answered)
        return verdict.reply

    numbers = iter(range(100))
    divisions = [
        catalog.DivisionChanged(code=code, version=1, name=code, level=level)
        for code, level in ((CITY, "city"), (COUNTY, "county"), (TOWN, "township"))
    ]
    await tell(
        *divisions, edition(CITY, 1, 2), matter(CITY, 1, "m-07-001", "标准"), matter(CITY, 1, "m-07-002")
    )
    by_city = await send(town, "m-07-001", {"标准": "七百六十元"})
    assert (by_city.edition, isinstance(by_city, ReplyAccepted)) == (f"{CITY}-1", True)

    await tell(matter(COUNTY, 1, "m-07-001", "标准", "户数"), edition(COUNTY, 1, 2))
    assert (
        await send(county, "m-07-001", {"标准": "七百六十元"})
    ).edition == f"{CITY}-1"  # half of it is here
    await tell(matter(COUNTY, 1, "m-07-002"), gone(COUNTY, 1, "m-07-003"))
    refused = await send(county, "m-07-001", {"标准": "七百六十元"})
    assert isinstance(refused, ReplyRejected)
    assert [(one.code, one.field) for one in refused.reasons] == [("elements.missing", "elements.户数")]
    assert refused.edition == f"{COUNTY}-1"
    assert (await send(town, "m-07-003", None)).edition == f"{COUNTY}-1"

    # The next edition: one matter changes, one leaves; told twice, the edition before its matters.
    second = [edition(COUNTY, 2, 1), matter(COUNTY, 2, "m-07-001", "标准"), gone(COUNTY, 2, "m-07-002")]
    await tell(*second[:2])
    assert (await send(county, "m-07-002", None)).edition == f"{COUNTY}-1"
    await tell(*second, *second)
    left = await send(county, "m-07-002", None)
    assert isinstance(left, ReplyRejected)
    assert [one.code for one in left.reasons] == ["matter.retired"]
    accepted = await send(county, "m-07-001", {"标准": "八百元"})
    assert isinstance(accepted, ReplyAccepted)
    assert accepted.edition == f"{COUNTY}-2"


async def test_a_draft_is_held_to_the_edition_too(office: Office) -> None:
    """An editor who claims a matter of another county's catalogue is told; single elements are not asked of them."""
    division = "340122000000"
    organ = await office.organ(division)
    async with office.engine.begin() as conn:
        told = [
            catalog.DivisionChanged(code=division, version=1, name="肥东县", level="county"),
            edition(division, 1, 1),
            matter(division, 1, "m-07-001", "标准"),
        ]
        await apply_catalog(conn, told)
    editor = office.person(Role.EDITOR, organ=organ)
    fine = await editor.save(organ, matter="m-07-001")
    strange = await editor.save(organ, matter="m-07-777")
    assert [one.code for one in fine.defects] == []
    assert "matter.unknown" in {one.code for one in strange.findings}

    # Its figures come back as typed; once published they stand in the record, and a revision opens with them.
    bureau = Bureau(organ, editor, office.person(Role.REVIEWER, organ=organ))
    typed = pb.DraftFact(period="2026年三季度", amount="5,400", people="58")
    kept = await editor.save(organ, matter="m-07-001", facts=[pb.DraftFact(division=division), typed])
    assert list(kept.content.facts) == [typed]
    assert [(one.code, one.field) for one in kept.findings] == [("facts.amount-parted", "facts[0].amount")]
    typed.amount = "5400"
    done = await bureau.published(matter="m-07-001", facts=[typed])
    (said,) = (await office.record(done.index_number)).record.facts
    assert (said.division, said.period, said.amount, said.HasField("households")) == (
        division, "2026-Q3", "5400", False,
    )  # fmt: skip
    opened = await editor.revise(done.index_number)
    assert list(opened.content.facts) == [
        pb.DraftFact(division=division, period="2026-Q3", amount="5400", people="58")
    ]
