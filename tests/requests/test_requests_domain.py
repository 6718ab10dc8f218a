"""The rules of a request, pure: Art. 29's form, what may happen when, what is said to others, what the log keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.golden import golden_faults
from gongkai.eventstore.personal import ERASED
from gongkai.refusal import Refusal
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from services.requests.codec import CODEC
from services.requests.domain.acts import ARTICLES, hindrances
from services.requests.domain.application import clean_applicant, clean_content, reasons_against
from services.requests.domain.commands import (
    ConfirmReceipt,
    CorrectReceipt,
    Decide,
    EraseApplicant,
    RecordSearch,
    Submission,
)
from services.requests.domain.deciding import channel_of, decide, submit
from services.requests.domain.events import EVENT_TYPES, NumberTaken
from services.requests.domain.facts import Applicant, Content, ReplyFile
from services.requests.domain.numbers import ALPHABET, code_of, number_of, read_code, read_number, shown_code
from services.requests.domain.request import NEW, Request, evolve
from services.requests.saying import tell_services

pytestmark = pytest.mark.domain

TODAY = date(2026, 11, 23)
WHO = Applicant(
    kind="natural",
    name="种树人甲",
    id_kind="resident_id",
    id_number="11010519491231002X",
    phone="13912345678",
)
WHAT = Content(description="确权材料", supply="electronic", delivery="online")
FILE = ReplyFile(name="明细表.pdf", digest="d" * 64, size=3, media_type="application/pdf")


def submitted(applicant: Applicant = WHO, content: Content = WHAT) -> Request:
    new = Submission(
        "r1", "341323-2026-00001", "a1", "341323-mzj", "341323000000", applicant, content, date(2026, 11, 20)
    )
    state = evolve(NEW, submit(new))
    assert state is not None
    return state


def after(state: Request, *commands: object) -> Request:
    for command in commands:
        changed = evolve(state, decide(state, command, TODAY))  # type: ignore[arg-type]
        assert changed is not None
        state = changed
    return state


def codes(state: Request, command: object, today: date = TODAY) -> list[str]:
    with pytest.raises(Refusal) as caught:
        decide(state, command, today)  # type: ignore[arg-type]
    return [reason.code for reason in caught.value.reasons]


CONFIRM = ConfirmReceipt(TODAY, "电话确认")
SEARCH = RecordSearch(TODAY, "档案室", "确权", "没有", "clerk-1")
DISCLOSE = Decide("disclosed", TODAY, "附后。", (FILE,))
NOT_HELD = Decide("not_held", TODAY, "经检索没有。")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "人"}, "applicant.kind"),
        ({"name": " \u200b "}, "applicant.name"),
        ({"id_kind": "uscc"}, "applicant.id-kind"),
        ({"id_number": ""}, "applicant.id-number"),
        ({"id_number": "1101051949123100"}, "applicant.resident-id"),
        ({"id_number": "110105194912310021"}, "applicant.resident-id-check"),
        ({"id_number": "11010519491331002X"}, "applicant.resident-id-check"),
        ({"id_kind": "passport", "id_number": "E1"}, "applicant.id-malformed"),
        ({"phone": ""}, "applicant.contact"),
        ({"phone": "1391234567"}, "applicant.phone"),
        ({"email": "someone@nowhere"}, "applicant.email"),
        ({"name": "甲" * 101}, "applicant.name-too-long"),
        ({"address": "路" * 201}, "applicant.address-too-long"),
    ],
)
def test_applicant_of_article_29(changes: dict[str, str], code: str) -> None:
    """Given one thing wrong with the applicant, then that one reason stands, with item (一) where law asks for it."""
    found = reasons_against(clean_applicant(WHO.model_copy(update=changes)), WHAT)
    assert [reason.code for reason in found] in ([code], ["applicant.id-kind", "applicant.uscc-check"])
    assert all(
        value not in reason.message_zh for reason in found for value in changes.values() if len(value) > 3
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"description": "  \n "}, "content.description"),
        ({"description": "字" * 1001}, "content.description-too-long"),
        ({"supply": ""}, "content.supply"),
        ({"delivery": "fax"}, "content.delivery"),
        ({"delivery": "post"}, "content.delivery-address"),
        ({"delivery": "email"}, "content.delivery-email"),
    ],
)
def test_content_of_article_29(changes: dict[str, str], code: str) -> None:
    """Given one thing wrong with what is asked for, then that one reason stands."""
    found = reasons_against(WHO, clean_content(WHAT.model_copy(update=changes)))
    assert [reason.code for reason in found] == [code]


def test_what_people_type_is_written_in_the_usual_way() -> None:
    """Given full-width digits, a small x, spaces and invisible signs, then the form is in order and its fields are clean."""
    typed = Applicant(
        kind="natural", name="  种树人\u200b 甲 ", id_kind="resident_id", id_number="１１０１０５１９４９１２３１００２ｘ",
        phone="139 1234 5678", email="a@example。org".replace("。", "."),
    )  # fmt: skip
    clean = clean_applicant(typed)
    assert (clean.name, clean.id_number, clean.phone) == ("种树人 甲", "11010519491231002X", "13912345678")
    assert reasons_against(clean, WHAT) == []


def test_no_purpose_is_asked_anywhere() -> None:
    """Given the interface, the domain and the log, then none has a field for why somebody asks."""
    names = {
        field.name for message in pb.DESCRIPTOR.message_types_by_name.values() for field in message.fields
    }
    names |= {name for event in EVENT_TYPES for name in event.model_fields} | set(Applicant.model_fields)
    assert not names & {"purpose", "use", "usage", "why"}


def test_receipt_search_decision_in_their_order() -> None:
    """Given a request, when receipt, search and decision come, then each axis moves by itself."""
    state = after(submitted(), CONFIRM)
    assert (state.phase, state.outcome, state.delivery) == ("handling", "none", "none")
    state = after(state, SEARCH, NOT_HELD)
    assert (state.phase, state.outcome, state.delivery) == ("decided", "not_held", "sending")
    assert [one.what for one in state.clock] == ["submitted", "received", "decided"]


def test_refusals_name_everything() -> None:
    """Given commands at the wrong time with wrong input, then every reason stands at once."""
    new, done = submitted(), after(submitted(), CONFIRM, DISCLOSE)
    assert codes(new, NOT_HELD) == ["receipt.none", "search.none"]
    assert codes(new, Decide("", None, "")) == [
        "receipt.none",
        "outcome.unknown",
        "on.unreadable",
        "text.missing",
    ]
    assert codes(after(new, CONFIRM), replace(DISCLOSE, files=())) == ["files.none"]
    assert codes(after(new, CONFIRM), replace(DISCLOSE, on=date(2026, 11, 20))) == ["on.early"]
    assert codes(done, CONFIRM) == ["receipt.confirmed"]
    assert codes(done, SEARCH) == ["decided.already"]
    assert codes(done, NOT_HELD) == ["decided.already", "search.none"]
    assert codes(new, CorrectReceipt(TODAY, "")) == ["receipt.none", "reason.missing"]
    assert codes(done, CorrectReceipt(TODAY, "理由")) == ["on.same"]
    late = after(submitted(), CONFIRM, replace(SEARCH, on=TODAY))
    assert codes(late, replace(NOT_HELD, on=TODAY), date(2026, 11, 22)) == ["on.future"]
    assert codes(new, EraseApplicant("")) == ["decided.not", "reason.missing"]


def test_on_site_supply_needs_no_file() -> None:
    """Given somebody who asked to look on site, when it is disclosed by telling when and where, then no file is missing."""
    content = WHAT.model_copy(update={"supply": "on_site"})
    state = after(submitted(content=content), CONFIRM, replace(DISCLOSE, files=()))
    assert state.outcome == "disclosed"


def test_every_act_is_hindered_after_erasure() -> None:
    """Given an erased applicant, then nothing can be done any more, and each act says so."""
    gone = after(submitted(), CONFIRM, DISCLOSE, EraseApplicant("期满"))
    assert (gone.applicant, gone.content, gone.phase) == (ERASED, ERASED, "decided")
    assert {act: [one.code for one in hindrances(gone, act)] for act in ARTICLES} == {
        act: ["applicant.erased"] for act in ARTICLES
    }


def test_notice_goes_by_mail_before_sms() -> None:
    """Given mail, mobile or neither, then the notice goes by mail, by SMS, or not at all."""
    assert channel_of(WHO.model_copy(update={"email": "a@example.org"})) == "email"
    assert channel_of(WHO) == "sms"
    assert channel_of(WHO.model_copy(update={"phone": "0557-0000000"})) == "none"
    assert channel_of(ERASED) == "none"


def test_unknown_event_stops_the_fold() -> None:
    """Given an event that is none of a request's, then nobody goes on to decide."""
    with pytest.raises(UnknownEventType):
        evolve(submitted(), NumberTaken(number="n", request_id="r1"))


def test_numbers_and_codes() -> None:
    """Given serials and digests, then numbers have five digits or more, and codes fifty bits people can read."""
    assert number_of("341323104000", 2026, 47) == "341323-2026-00047"
    assert (read_number(" 341323－2026－00047 "), read_number("341323-2026-47"), read_number("١-٢")) == (
        "341323-2026-00047", "", "",
    )  # fmt: skip
    assert code_of(b"\xff" * 32) == "Z" * 10
    assert code_of(bytes(32)) == "0" * 10
    code = code_of(bytes(range(7)))
    assert set(code) <= set(ALPHABET)
    assert read_code(shown_code(code).lower()) == code
    assert read_code("Kl0Oi-abcde") == "K1001ABCDE"


def stored(event: DomainEvent, version: int = 3) -> StoredEvent:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    return StoredEvent(7, "request:r1", version, UUID(int=9), event.NAME, event, "staff:x", "c1", at)


def test_contracts_say_that_a_request_exists_and_no_more() -> None:
    """Given each event of a life, then what is told holds number, place, phase and days, and nothing of the person."""
    state = after(submitted(), CONFIRM)
    told = tell_services(stored(decide(state, DISCLOSE, TODAY)))[0]
    assert told.subject == "evt.requests.341323000000.request.decided"
    assert told.contract.model_dump(mode="json") == {
        "request_id": "r1", "number": "341323-2026-00001", "version": 3, "organ": "341323-mzj",
        "division": "341323000000", "phase": "decided", "outcome": "disclosed",
        "clock": [
            {"what": "submitted", "on": "2026-11-20"}, {"what": "received", "on": "2026-11-23"},
            {"what": "decided", "on": "2026-11-23"},
        ],
    }  # fmt: skip
    decided = after(state, DISCLOSE)
    (erased,) = tell_services(stored(decide(decided, EraseApplicant("期满"), TODAY)))
    assert erased.subject == "evt.requests.341323000000.applicant.erased"
    assert tell_services(stored(decide(state, SEARCH, TODAY))) == []
    with pytest.raises(TypeError):
        tell_services(stored(Strange()))


class Strange(DomainEvent):
    """An event nobody told saying about."""

    NAME = "request.strange"


def test_every_shape_an_event_ever_had_still_reads() -> None:
    """One payload of every event type and schema is kept; an altered shape needs a new schema and an upcaster."""
    assert golden_faults(CODEC, Path(__file__).parent / "golden") == []
