"""Catalog's decisions, as given / when / then over events."""

from __future__ import annotations

from datetime import date

import pytest

from gongkai import uscc
from gongkai.refusal import Refusal
from services.catalog.domain import calendars, divisions, organs, rules
from services.catalog.domain.organs import (
    AddOrganCredential,
    Organ,
    OrganCredentialAdded,
    OrganCredentialsRevoked,
    OrganEvent,
    OrganRegistered,
    RegisterOrgan,
    Registry,
    RevokeOrganCredentials,
)

pytestmark = pytest.mark.domain

CODE = "11341323MD23A00253"
KEY = "U" + "A" * 55
OTHER_KEY = "U" + "B" * 55
REGISTER = RegisterOrgan("341323-mzj", "灵璧县民政局（演示）", "县民政局", "341323000000", CODE)
FREE = Registry(division_known=True)
REGISTERED = OrganRegistered(
    code="341323-mzj", name="灵璧县民政局（演示）", short_name="县民政局", division="341323000000", uscc=CODE
)


def organ(*events: OrganEvent) -> Organ | None:
    state: Organ | None = None
    for event in events:
        state = organs.evolve(state, event)
    return state


def codes(refusal: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def added(key: str, *, before: tuple[str, ...] = ()) -> OrganCredentialAdded:
    facts = REGISTERED.model_dump() | {"credential_keys": (*before, key), "public_key": key}
    return OrganCredentialAdded.model_validate(facts)


def test_an_organ_is_registered() -> None:
    """A registration whose facts hold becomes one event with the whole organ."""
    assert organs.decide(None, REGISTER, FREE) == [REGISTERED]


def test_a_bad_registration_is_refused_with_every_reason_at_once() -> None:
    """Nothing is registered, and the clerk reads all that is wrong in one answer."""
    bad = RegisterOrgan("Mzj_", " ", "", "341399000000", "11341323MD23A00250")

    with pytest.raises(Refusal) as refusal:
        organs.decide(None, bad, Registry(division_known=False))

    assert codes(refusal) == [
        "organ.code.malformed",
        "organ.name.missing",
        "organ.short_name.missing",
        "division.unknown",
        "uscc.check",
    ]
    assert "341399000000" in refusal.value.reasons[3].message_zh


def test_an_organ_is_registered_once() -> None:
    """The code of a registered organ cannot be registered again."""
    with pytest.raises(Refusal) as refusal:
        organs.decide(organ(REGISTERED), REGISTER, Registry(division_known=True, uscc_holder="341323-mzj"))

    assert codes(refusal) == ["organ.exists"]


def test_a_credit_code_belongs_to_one_organ() -> None:
    """A second organ cannot take a credit code that is in use; the refusal names its holder."""
    with pytest.raises(Refusal) as refusal:
        organs.decide(None, REGISTER, Registry(division_known=True, uscc_holder="341323-zfb"))

    assert codes(refusal) == ["uscc.taken"]
    assert "341323-zfb" in refusal.value.reasons[0].message_zh


@pytest.mark.parametrize("code", ["11341702486344515H", "11500382774856013D", "91350100M000100Y43"])
def test_published_credit_codes_pass_their_check(code: str) -> None:
    """Codes printed on real pages carry the check character of GB 32100-2015."""
    assert uscc.is_valid(code)


@pytest.mark.parametrize(
    "wrong", ["11341702486344515A", "11341702486344551H", "1134170248634451", "I1341702486344515H"]
)
def test_a_mistyped_credit_code_is_found(wrong: str) -> None:
    """A changed, swapped, missing or forbidden character makes the code invalid."""
    assert not uscc.is_valid(wrong)


def test_a_credential_comes_into_force_beside_the_others() -> None:
    """Each event carries all keys in force after it."""
    assert organs.decide(organ(REGISTERED), AddOrganCredential("341323-mzj", KEY), FREE) == [added(KEY)]
    assert organs.decide(
        organ(REGISTERED, added(KEY)), AddOrganCredential("341323-mzj", OTHER_KEY), FREE
    ) == [added(OTHER_KEY, before=(KEY,))]


@pytest.mark.parametrize(
    ("given", "key", "reasons"),
    [
        ((), KEY, ["organ.unknown"]),
        ((), "SUAK", ["organ.unknown", "credential.malformed"]),
        ((REGISTERED, added(KEY)), KEY, ["credential.exists"]),
    ],
)
def test_a_credential_that_cannot_be_added_is_refused(
    given: tuple[OrganEvent, ...], key: str, reasons: list[str]
) -> None:
    """An unknown organ, a text that is no public key and a key in force are refused."""
    with pytest.raises(Refusal) as refusal:
        organs.decide(organ(*given), AddOrganCredential("341323-mzj", key), FREE)

    assert codes(refusal) == reasons


def test_revoking_takes_every_key_and_none_comes_back() -> None:
    """After a revocation no key is in force, and a revoked key is never accepted again."""
    given = (REGISTERED, added(KEY), added(OTHER_KEY, before=(KEY,)))

    [event] = organs.decide(organ(*given), RevokeOrganCredentials("341323-mzj", "设备遗失"), FREE)

    assert isinstance(event, OrganCredentialsRevoked)
    assert (event.credential_keys, event.revoked_keys) == ((), (KEY, OTHER_KEY))
    with pytest.raises(Refusal) as refusal:
        organs.decide(organ(*given, event), AddOrganCredential("341323-mzj", KEY), FREE)
    assert codes(refusal) == ["credential.revoked"]


def test_revoking_nothing_is_refused_with_every_reason() -> None:
    """An organ without keys in force has nothing to revoke, and a reason must be given."""
    with pytest.raises(Refusal) as refusal:
        organs.decide(organ(REGISTERED), RevokeOrganCredentials("341323-mzj", " "), FREE)

    assert codes(refusal) == ["credential.none", "revocation.reason.missing"]


CITY = divisions.Division("341300000000", "宿州市", "city", None)


def test_a_division_is_registered_below_its_parent() -> None:
    """A county below the registered city becomes one event; the same again none."""
    command = divisions.RegisterDivision("341323000000", "灵璧县", "county", "341300000000")

    [event] = divisions.decide(None, command, CITY)

    assert (event.code, event.parent) == ("341323000000", "341300000000")
    assert divisions.decide(divisions.evolve(None, event), command, CITY) == []


def test_a_division_that_does_not_fit_is_refused_with_every_reason() -> None:
    """Code, name and parent are all checked before the answer."""
    command = divisions.RegisterDivision("3413", " ", "village", "341300000000")

    with pytest.raises(Refusal) as refusal:
        divisions.decide(None, command, CITY)

    assert codes(refusal) == ["division.code.malformed", "division.name.missing", "division.parent.level"]


def moved(day: str, *, working: bool = False) -> calendars.MovedDay:
    return calendars.MovedDay(day=date.fromisoformat(day), working=working, name="元旦")


def test_a_notice_may_move_days_of_the_december_before() -> None:
    """Late-December days belong to the notice of the year that follows."""
    command = calendars.AnnounceCalendar(
        2007, (moved("2007-01-01"), moved("2006-12-30", working=True)), "国办通知", complete=True
    )

    [event] = calendars.decide(None, command)

    assert [each.day.isoformat() for each in event.days] == ["2006-12-30", "2007-01-01"]
    assert calendars.decide(calendars.evolve(None, event), command) == []


def test_a_faulty_notice_is_refused_with_every_reason() -> None:
    """Days of another year, repeated days and a missing source are all told."""
    days = (moved("2026-01-01"), moved("2026-01-01"), moved("2025-11-30"))

    with pytest.raises(Refusal) as refusal:
        calendars.decide(None, calendars.AnnounceCalendar(2026, days, "", complete=True))

    assert codes(refusal) == ["calendar.source.missing", "calendar.day.repeated", "calendar.day.outside"]


RULE = rules.ChangeRule(
    "request-reply",
    "答复期限",
    20,
    "working_days",
    date(2019, 5, 15),
    None,
    "《政府信息公开条例》第三十三条",
    "L",
)


def test_a_rule_keeps_one_row_for_each_effective_date() -> None:
    """A change of law adds a row; the earlier one stays for what happened before."""
    earlier = rules.ChangeRule(
        "request-reply", "答复期限", 15, "working_days", date(2008, 5, 1), date(2019, 5, 14), "旧条例", "M"
    )
    state: rules.Rule = ()
    for command in (RULE, earlier, RULE):
        for event in rules.decide(state, command):
            state = rules.evolve(state, event)

    assert [row.value for row in state] == [15, 20]


def test_a_rule_without_source_is_refused_with_every_reason() -> None:
    """No number enters as law without its citation, unit and mark."""
    bad = rules.ChangeRule("Reply", "", 0, "fortnights", date(2019, 5, 15), date(2019, 5, 1), "", "X")

    with pytest.raises(Refusal) as refusal:
        rules.decide((), bad)

    assert codes(refusal) == [
        "rule.code.malformed",
        "rule.name.missing",
        "rule.value",
        "rule.unit.unknown",
        "rule.effective",
        "rule.citation.missing",
        "rule.mark.unknown",
    ]
