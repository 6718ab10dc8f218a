"""What catalog tells the services and the public of each of its events."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from gongkai.contracts import catalog as contracts
from gongkai.contracts.told import BY_CATALOG
from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.event import StoredEvent
from services.catalog.codec import CODEC
from services.catalog.domain.bases import BasisDescribed, BasisFacts, BasisRegistered, BasisStateChanged
from services.catalog.domain.calendars import CalendarAnnounced, MovedDay
from services.catalog.domain.division_changes import DivisionEnded, DivisionKept, DivisionRenamed
from services.catalog.domain.divisions import DivisionRegistered
from services.catalog.domain.domains import DomainRegistered
from services.catalog.domain.drafting import (
    CatalogueFounded,
    EditionDiscarded,
    EditionOpened,
    EditionProposed,
    EditionReturned,
    UpperTaken,
)
from services.catalog.domain.editions import (
    Difference,
    Domain,
    EditionPublished,
    Matter,
    MatterRetired,
    MatterRevised,
)
from services.catalog.domain.organ_changes import OrganEnded, OrganKept, OrganRenamed
from services.catalog.domain.organs import OrganCredentialAdded, OrganCredentialsRevoked, OrganRegistered
from services.catalog.domain.rules import RuleChanged
from services.catalog.domain.staff import (
    GrantsChanged,
    PasswordChanged,
    StaffDisabled,
    StaffErased,
    StaffRegistered,
)
from services.catalog.domain.stances import (
    Kind,
    MatterAdapted,
    MatterAdded,
    MatterAdopted,
    MatterDropped,
    MatterEdited,
    MatterKept,
    MatterLeftOut,
    MatterRejoined,
    MatterReleased,
    MatterRestored,
    MatterReverted,
)
from services.catalog.domain.subjects import SubjectAssigned
from services.catalog.domain.units import UnitRegistered
from services.catalog.domain.villagelists import (
    VillageListProposed,
    VillageListPublished,
    VillageListReturned,
    VillageListSaved,
)
from services.catalog.saying import contract_of, tell_public, tell_services

pytestmark = pytest.mark.domain

COUNTY = "341323000000"
VILLAGE = "341323110203"
ORGAN = {
    "code": "341323-mzj", "name": "民政局", "short_name": "民政局", "division": COUNTY, "uscc": "11341323MD23A00253",
}  # fmt: skip
DAY = date(2026, 12, 1)
DIVISION = {"code": COUNTY, "name": "灵璧县", "level": "county", "parent": "341300000000"}
MATTER = Matter(
    id="m-01-001", domain="01", level1="一", level2="二", content_elements="三", legal_basis="四", time_limit="五",
    subject="六", channels="七", audience="八", mode="主动", levels="县级", provenance="drafted",
)  # fmt: skip


def basis(kind: type[BasisFacts]) -> BasisFacts:
    return kind(
        basis="b-1", title="甲办法", number="甲发〔2012〕1号", kind="normative", region="", aliases=("乙",), state="replaced",
        since=date(2021, 7, 1), replaced_by="b-2", source="公报", checked_on=date(2026, 1, 1), mark="F", by="edit",
    )  # fmt: skip


EXAMPLES: list[tuple[DomainEvent, str, str]] = [
    *(
        (basis(kind), "evt.catalog.341300000000.basis.changed", "feed.341300000000.catalog.changed")
        for kind in (BasisRegistered, BasisDescribed, BasisStateChanged)
    ),
    (
        DivisionRegistered(code=COUNTY, name="灵璧县", level="county", parent="341300000000"),
        f"evt.catalog.{COUNTY}.division.changed",
        f"feed.{COUNTY}.catalog.changed",
    ),
    *(
        (event, f"evt.catalog.{COUNTY}.division.changed", f"feed.{COUNTY}.catalog.changed")
        for event in (
            DivisionRenamed.model_validate(DIVISION | {"effective_on": DAY}),
            DivisionEnded.model_validate(
                DIVISION | {"ended_on": DAY, "successor": "341324000000", "kind": "merged"}
            ),
            DivisionKept.model_validate(DIVISION),
        )
    ),
    *(
        (event, f"evt.catalog.{COUNTY}.organ.changed", f"feed.{COUNTY}.catalog.changed")
        for event in (
            OrganRenamed.model_validate(ORGAN | {"effective_on": DAY}),
            OrganEnded.model_validate(ORGAN | {"ended_on": DAY, "successor": "341323-shj"}),
            OrganKept.model_validate(ORGAN),
        )
    ),
    (
        OrganRegistered.model_validate(ORGAN),
        f"evt.catalog.{COUNTY}.organ.changed",
        f"feed.{COUNTY}.catalog.changed",
    ),
    (
        OrganCredentialAdded.model_validate(ORGAN | {"credential_keys": ["UA"], "public_key": "UA"}),
        f"evt.catalog.{COUNTY}.organ.changed",
        "",
    ),
    (
        OrganCredentialsRevoked.model_validate(ORGAN | {"revoked_keys": ["UA"], "reason": "停用"}),
        f"evt.catalog.{COUNTY}.organ.changed",
        "",
    ),
    (
        CalendarAnnounced(
            year=2026,
            days=(MovedDay(day=date(2026, 1, 1), working=False, name="元旦"),),
            source="通知",
            complete=True,
        ),
        "evt.catalog.341300000000.calendar.announced",
        "feed.341300000000.catalog.announced",
    ),
    (
        RuleChanged(
            code="request-reply",
            name="答复期限",
            value=20,
            unit="working_days",
            effective_from=date(2019, 5, 15),
            effective_to=None,
            citation="《政府信息公开条例》第三十三条",
            mark="L",
        ),
        "evt.catalog.341300000000.rule.changed",
        "feed.341300000000.catalog.changed",
    ),
    (
        EditionPublished(
            edition="suzhou-1",
            division="341300000000",
            title="目录",
            effective_on=date(2020, 12, 31),
            domains=(Domain(code="01", seq=1, name="国土空间规划", lead_units="局"),),
            matter_ids=("m-01-001",),
        ),
        "evt.catalog.341300000000.edition.published",
        "feed.341300000000.catalog.adopted",
    ),
    (
        MatterRevised(edition="suzhou-1", division="341300000000", matter=MATTER),
        "evt.catalog.341300000000.matter.revised",
        "feed.341300000000.catalog.changed",
    ),
    (
        MatterRevised(
            edition=f"{COUNTY}-2",
            division=COUNTY,
            matter=MATTER,
            catalogue=COUNTY,
            number=2,
            differs=(Difference(field="phone", was="", now="1"),),
        ),
        f"evt.catalog.{COUNTY}.matter.revised",
        f"feed.{COUNTY}.catalog.changed",
    ),
    (
        MatterRetired(
            edition=f"{COUNTY}-2",
            division=COUNTY,
            catalogue=COUNTY,
            number=2,
            matter_id="m-01-001",
            why="left_out",
            reason="本县没有这项业务",
            row=MATTER.row,
        ),
        f"evt.catalog.{COUNTY}.matter.retired",
        f"feed.{COUNTY}.catalog.changed",
    ),
    (
        SubjectAssigned(
            division=COUNTY, subject="县级人民政府民政部门", organs=("341323-mzj",), by_hand=True
        ),
        f"evt.catalog.{COUNTY}.subject.assigned",
        f"feed.{COUNTY}.catalog.changed",
    ),
    (
        VillageListPublished(village=VILLAGE, number=1, effective_on=date(2026, 11, 23), items=()),
        f"evt.catalog.{VILLAGE}.villagelist.published",
        f"feed.{VILLAGE}.catalog.adopted",
    ),
]

PERSON = {"staff_id": "s-1", "login": "bianji", "organ": "341323-mzj"}
UNTOLD: list[DomainEvent] = [
    StaffRegistered.model_validate(PERSON | {"name": "甲", "post": "科员"}),
    GrantsChanged.model_validate(PERSON),
    PasswordChanged.model_validate(PERSON | {"by": "self"}),
    StaffDisabled.model_validate(PERSON | {"reason": "调离"}),
    StaffErased.model_validate(PERSON | {"reason": "离职"}),
    UnitRegistered(organ="341323-mzj", code="bgs", name="办公室"),
    DomainRegistered(code="27", seq=27, name="殡葬服务", lead_units=""),
    CatalogueFounded(catalogue=COUNTY, division=COUNTY, level="county", upper="341300000000", title="目录"),
    EditionOpened(catalogue=COUNTY, number=1, upper_edition=1, title="目录"),
    UpperTaken(catalogue=COUNTY, upper_edition=2),
    EditionProposed(catalogue=COUNTY, by="staff:s-1", note=""),
    EditionReturned(catalogue=COUNTY, reason="补充"),
    EditionDiscarded(catalogue=COUNTY, number=2, reason="不改了"),
    MatterAdded(row=MATTER.row),
    MatterEdited(changes={}),
    MatterAdopted(),
    MatterAdapted(changes={}),
    MatterRestored(fields=()),
    MatterLeftOut(reason="无"),
    MatterDropped(reason="无"),
    MatterKept(row=MATTER.row),
    MatterRejoined(changes={}),
    MatterReleased(),
    MatterReverted(kind=Kind.ADOPTED, adapted={}),
    VillageListSaved(village=VILLAGE, items=()),
    VillageListProposed(village=VILLAGE, by="staff:s-1", note=""),
    VillageListReturned(village=VILLAGE, reason="补充"),
]


def stored(event: DomainEvent) -> StoredEvent:
    return StoredEvent(
        position=7, stream="thing:1", version=3, event_id=UUID(int=1), type=event.NAME, data=event, actor="operator",
        command_id="c-1", recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_every_event_of_the_log_has_an_example_here() -> None:
    """An event nobody says how to tell would stop the relays; none may be forgotten."""
    told = {type(event) for event, _, _ in EXAMPLES}
    assert told | {type(event) for event in UNTOLD} == set(CODEC.types.values())


@pytest.mark.parametrize(("event", "evt", "feed"), EXAMPLES, ids=[event.NAME for event, _, _ in EXAMPLES])
def test_an_event_is_told_on_its_subjects(event: DomainEvent, evt: str, feed: str) -> None:
    """The services hear of every event, the province of public facts only."""
    assert [outgoing.subject for outgoing in tell_services(stored(event))] == [evt]
    assert [outgoing.subject for outgoing in tell_public(stored(event))] == ([feed] if feed else [])


def test_consumers_know_every_contract_that_catalog_tells() -> None:
    """What is told on EVT_CATALOG and what consumers can read is one list: nothing of it is set aside unread."""
    assert {type(contract_of(stored(event))) for event, _, _ in EXAMPLES} == set(BY_CATALOG)


@pytest.mark.parametrize("event", UNTOLD, ids=[event.NAME for event in UNTOLD])
def test_staff_and_drafts_are_told_to_nobody(event: DomainEvent) -> None:
    """Who works here, and what an edition is made of before it is published, is catalog's own affair."""
    assert tell_services(stored(event)) == []
    assert tell_public(stored(event)) == []


@pytest.mark.parametrize(("event", "_evt", "_feed"), EXAMPLES, ids=[event.NAME for event, _, _ in EXAMPLES])
def test_a_contract_carries_its_version_and_reads_back(event: DomainEvent, _evt: str, _feed: str) -> None:
    """What goes out as JSON comes in again as the same contract, at the stream's version."""
    contract = contract_of(stored(event))

    assert type(contract).model_validate_json(contract.model_dump_json()) == contract
    assert json.loads(contract.model_dump_json())["version"] == 3


def test_the_services_learn_the_keys_in_force_and_the_public_none() -> None:
    """Credential keys go to EVT, and never to FEED, whatever the organ's event."""
    event = OrganCredentialAdded.model_validate(ORGAN | {"credential_keys": ["UA"], "public_key": "UA"})

    [evt] = tell_services(stored(event))

    assert isinstance(evt.contract, contracts.OrganChanged)
    assert evt.contract.credential_keys == ("UA",)
    assert tell_public(stored(event)) == []
    [feed] = tell_public(stored(OrganRegistered.model_validate(ORGAN)))
    assert isinstance(feed.contract, contracts.OrganChanged)
    assert feed.contract.credential_keys == ()

    ended = OrganEnded.model_validate(
        ORGAN | {"credential_keys": ["UA"], "ended_on": DAY, "successor": "341323-shj"}
    )
    [told] = tell_public(stored(ended))
    assert isinstance(told.contract, contracts.OrganChanged)
    assert (told.contract.credential_keys, told.contract.successor) == ((), "341323-shj")
