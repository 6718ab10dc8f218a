"""A document that claims a matter says what the matter demands, or is told what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gongkai.contracts.elements import MOST, element_reasons, missing_elements, nearest, unknown_elements
from gongkai.contracts.ingest import IngestDocument, ReplyAccepted, ReplyRejected
from gongkai.contracts.matters import Citation, Element, MatterReading
from services.publishing.domain.contents import read_contents
from services.publishing.domain.deciding import Answered, Decision, Known
from services.publishing.domain.examine import examine
from services.publishing.domain.registry import Edition, Matter, Registry
from tests.publishing.desk import CONTENT, Desk

pytestmark = pytest.mark.domain

COUNTY, CITY = "341323000000", "341300000000"
MATTER = "m-07-001"
READING = MatterReading(
    elements=(
        Element(key="救助对象", name="救助对象：姓名、户数", required=True),
        Element(key="救助标准", name="救助标准", required=True),
        Element(key="咨询电话", name="咨询电话", required=False),
    ),
    citations=(Citation(title="社会救助暂行办法", articles="第五条"),),
)
FULL = {"救助对象": "农村低保 812 户", "救助标准": "每月七百六十元"}
Decide = Callable[[Any], Decision]


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """The small city with its standard and the county's own edition, which left a matter out."""
    return replace(
        registry,
        editions={
            CITY: Edition(CITY, 3, frozenset({"d07", "d08"})),
            COUNTY: Edition(COUNTY, 2, frozenset({"d07"})),
        },
        claimed={
            (CITY, "m-08-001"): Matter("d08"),
            (COUNTY, MATTER): Matter("d07", READING),
            (COUNTY, "m-07-009"): Matter("", retired=True),
        },
        matters={},
        domains=frozenset(),
    )


def answer(decision: Decision) -> ReplyAccepted | ReplyRejected:
    assert isinstance(decision.verdict, Answered)
    return decision.verdict.reply


def told(reply: ReplyAccepted | ReplyRejected) -> list[tuple[str, str]]:
    assert isinstance(reply, ReplyRejected)
    return [(one.code, one.field) for one in reply.reasons]


def test_what_is_missing_and_what_is_strange_are_found_by_key() -> None:
    """A key without text says nothing; blanks around a key do not count; an optional one may be missing."""
    given = {" 救助对象 ": "812 户", "救助标准": "  ", "救助范围": "全县"}
    assert [one.key for one in missing_elements(READING, given)] == ["救助标准"]
    assert unknown_elements(READING, given) == ("救助范围",)
    assert element_reasons(READING, FULL) == ()
    assert missing_elements(MatterReading(), {}) == ()


def test_every_reason_is_told_at_once_with_what_the_matter_rests_on() -> None:
    """Missing ones by name and article; strange ones with the one that was probably meant."""
    reasons = element_reasons(READING, {"救助标准额": "七百六十元", "甲": "x" * 5000})
    assert [(one.code, one.field) for one in reasons] == [
        ("elements.missing", "elements.救助对象"),
        ("elements.missing", "elements.救助标准"),
        ("elements.unknown", "elements.救助标准额"),
        ("elements.unknown", "elements.甲"),
        ("elements.too-long", "elements.甲"),
    ]
    assert reasons[0].article == "《社会救助暂行办法》第五条"
    assert "救助对象：姓名、户数" in reasons[0].message_zh
    assert "是否应为“救助标准”" in reasons[2].message_zh
    assert "“救助对象”、“救助标准”、“咨询电话”" in reasons[3].message_zh
    assert nearest("救助对象：姓名、户", READING.elements) == "救助对象"


def test_a_reason_repeats_no_personal_number_and_no_flood() -> None:
    """A key that is somebody's number is told without it; thousands of keys are one reason."""
    reasons = element_reasons(READING, FULL | {"13905571234": "张某"})
    assert "13905571234" not in repr(reasons)
    assert [one.code for one in element_reasons(READING, {str(n): "x" for n in range(MOST + 1)})] == [
        "elements.too-many"
    ]


def test_a_document_with_all_its_elements_is_accepted_and_the_edition_named(
    decide: Decide, make_document: Any, make_incoming: Any
) -> None:
    """The county's own edition decides, and the answer says which it was."""
    reply = answer(decide(make_incoming(make_document(matter=MATTER, elements=FULL))))
    assert isinstance(reply, ReplyAccepted)
    assert (reply.edition, reply.defects) == (f"{COUNTY}-2", ())


def test_a_document_that_lacks_elements_is_refused_with_each_of_them(
    decide: Decide, make_document: Any, make_incoming: Any
) -> None:
    """Given some elements, the required ones must be there; nothing is published; the edition is named."""
    decision = decide(make_incoming(make_document(matter=MATTER, elements={"咨询电话": "0557-6022345"})))
    reply = answer(decision)
    assert told(reply) == [
        ("elements.missing", "elements.救助对象"),
        ("elements.missing", "elements.救助标准"),
    ]
    assert (reply.edition, decision.writes) == (f"{COUNTY}-2", ())


def test_a_document_that_states_no_elements_is_accepted_with_a_defect(
    decide: Decide, make_document: Any, make_incoming: Any
) -> None:
    """The systems of today know of no elements: the shortcoming is listed. Stating none at all is refused."""
    reply = answer(decide(make_incoming(make_document(matter=MATTER))))
    assert isinstance(reply, ReplyAccepted)
    assert reply.defects == ("elements.unstated",)
    assert (
        len(told(answer(decide(make_incoming(make_document(record="2", matter=MATTER, elements={})))))) == 2
    )


def test_the_nearest_catalogue_decides_and_one_left_out_is_no_matter(
    decide: Decide, make_document: Any, make_incoming: Any
) -> None:
    """What the county left out, or has not, is refused, though the city has it."""
    codes = {
        matter: told(answer(decide(make_incoming(make_document(record=matter, matter=matter)))))
        for matter in ("m-07-009", "m-08-001", "m-99-001")
    }
    assert codes == {
        "m-07-009": [("matter.retired", "matter")],
        "m-08-001": [("matter.unknown", "matter")],
        "m-99-001": [("matter.unknown", "matter")],
    }


def test_elements_of_no_matter_or_of_a_wrong_form_are_refused(
    decide: Decide, make_document: Any, make_incoming: Any
) -> None:
    """Elements need a matter, and texts; the sender's words are not repeated where they are malformed."""
    assert told(answer(decide(make_incoming(make_document(elements=FULL))))) == [
        ("elements.without-matter", "elements")
    ]
    reply = answer(decide(make_incoming(make_document(matter=MATTER, elements={"13905571234": 5}))))
    assert told(reply) == [("field.malformed", "elements")]


def test_personal_numbers_in_elements_are_refused_without_being_repeated(
    decide: Decide, make_document: Any, make_incoming: Any
) -> None:
    """As in every other field the public could read."""
    given = FULL | {"救助标准": "联系 13905571234"}
    reply = answer(decide(make_incoming(make_document(matter=MATTER, elements=given))))
    assert told(reply) == [("personal.mobile-number", "elements.救助标准")]
    assert "13905571234" not in reply.model_dump_json()


def test_a_migrated_record_lists_what_it_lacks(known: Known) -> None:
    """History is never refused for its elements, and owes none it did not state."""
    organ = known.registry.organs["341323-mzj"]

    def defects(**fields: Any) -> tuple[str, ...]:
        document = IngestDocument(organ=organ.code, title="旧信息", provenance="migration", **fields)
        draft = examine(
            document, read_contents(document), organ=organ, registry=known.registry, held={}, event_id="e",
            today=date(2026, 11, 23),
        )  # fmt: skip
        return tuple(code for code in draft.header.defects if code.startswith(("elements", "matter")))

    assert defects(matter=MATTER) == ()
    assert defects(matter=MATTER, elements={"救助": "x"}) == ("elements.missing", "elements.unknown")
    assert defects(matter="m-07-009") == ("matter.retired",)


def test_a_domain_of_the_catalogue_above_is_still_one(known: Known) -> None:
    """A county's edition may lack a domain of the city; a record may still be in it."""
    assert known.registry.domains_for("341323110000") == {"d07", "d08"}
    assert known.registry.edition_for("341323110000") == Edition(COUNTY, 2, frozenset({"d07"}))
    assert known.registry.edition_for("341324000000") == Edition(CITY, 3, frozenset({"d07", "d08"}))


def test_of_a_draft_no_single_elements_are_asked(registry: Registry) -> None:
    """By hand nobody can state single elements: the draft is published, and nothing is listed that nobody could mend."""
    desk = Desk(registry)
    desk.save(CONTENT.model_copy(update={"matter": MATTER}))
    desk.propose()
    desk.confirm()
    (published,) = desk.publish().record_events
    assert published.header.defects == ()  # type: ignore[attr-defined]
