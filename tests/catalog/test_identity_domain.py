"""Staff and units: given what happened, when a command comes, then these events or these reasons."""

from __future__ import annotations

from functools import reduce

import pytest

from gongkai.refusal import Reason, Refusal
from gongkai.security.permissions import Role
from services.catalog.domain import staff, units
from services.catalog.domain.staff import (
    ChangeGrants,
    ChangePassword,
    DisableStaff,
    EraseStaff,
    GrantsChanged,
    Held,
    Member,
    PasswordChanged,
    RegisterStaff,
    Registry,
    StaffCommand,
    StaffDisabled,
    StaffErased,
    StaffEvent,
    StaffRegistered,
)
from services.catalog.domain.units import RegisterUnit, UnitRegistered

pytestmark = pytest.mark.domain

MZJ, COUNTY = "341323-mzj", "341323000000"
EDITOR = Held(role=Role.EDITOR, organ=MZJ)
INSPECTOR = Held(role=Role.INSPECTOR, division=COUNTY)
REGISTRY = Registry(organs=frozenset({MZJ}), divisions=frozenset({COUNTY}))
FACTS = {"staff_id": "s-1", "login": "bianji", "organ": MZJ, "unit": "", "grants": (EDITOR,)}
REGISTERED = StaffRegistered.model_validate(FACTS | {"name": "甲", "post": "科员"})
DISABLED = StaffDisabled.model_validate(FACTS | {"disabled": True, "reason": "调离"})
ERASED = StaffErased.model_validate(FACTS | {"disabled": True, "reason": "离职满三年"})
REGISTER = RegisterStaff("s-1", "bianji", "甲", "科员", MZJ, "", (EDITOR,))


def state_after(*given: StaffEvent) -> Member | None:
    state: Member | None = None
    return reduce(staff.evolve, given, state)


def then(
    given: tuple[StaffEvent, ...], when: StaffCommand, registry: Registry = REGISTRY
) -> list[StaffEvent]:
    return staff.decide(state_after(*given), when, registry)


def refused(
    given: tuple[StaffEvent, ...], when: StaffCommand, registry: Registry = REGISTRY
) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as error:
        then(given, when, registry)
    return [(reason.code, reason.field) for reason in error.value.reasons]


def test_somebody_is_registered() -> None:
    """Given nobody, registering leads to one event that holds everything, each role once."""
    when = RegisterStaff("s-1", "bianji", " 甲 ", "科员", MZJ, "", (EDITOR, EDITOR))
    assert then((), when) == [REGISTERED]


def test_name_and_post_are_sealed_for_the_person_and_nothing_else_is() -> None:
    """The log can forget who somebody was, and still knows what they were allowed to do."""
    assert StaffRegistered.personal_fields() == {"name": "staff_id", "post": "staff_id"}
    others = (GrantsChanged, PasswordChanged, StaffDisabled, StaffErased)
    assert not any(event.personal_fields() for event in others)
    assert "甲" not in repr(REGISTER)


def test_a_registration_is_refused_with_every_reason() -> None:
    """Login, name, organ, roles and password are all looked at before the answer."""
    grants = (
        Held(role=Role.EDITOR),
        Held(role=Role.CLERK, organ="nobody"),
        Held(role=Role.INSPECTOR, division="1"),
        Held(role=Role.EDITOR, organ=MZJ, division=COUNTY),
    )
    when = RegisterStaff("s-1", "张三", " ", "x" * 101, "nobody", "", grants)
    registry = Registry(
        organs=frozenset({MZJ}), divisions=frozenset({COUNTY}), password=(Reason("password.short", "短", "password"),)
    )  # fmt: skip
    assert refused((), when, registry) == [
        ("login.malformed", "login"),
        ("name.missing", "name"),
        ("post.long", "post"),
        ("organ.unknown", "organ"),
        ("grant.place", "grants[0]"),
        ("grant.organ.unknown", "grants[1]"),
        ("grant.division.unknown", "grants[2]"),
        ("grant.place", "grants[3]"),
        ("password.short", "password"),
    ]


@pytest.mark.parametrize("login", ["ab", "1abc", "a" * 41, "a..b", "a-", "Bianji", "a b c"])
def test_odd_logins_are_refused(login: str) -> None:
    """A login is lower-case letters and digits, begins with a letter, and may hold single signs between them."""
    when = RegisterStaff("s-1", login, "甲", "", MZJ, "", ())
    assert refused((), when) == [("login.malformed", "login")]


def test_a_login_belongs_to_one_person_and_a_unit_to_its_organ() -> None:
    """A taken login and an unknown unit are told together."""
    registry = Registry(login_taken=True, organs=frozenset({MZJ}), unit_known=False)
    when = RegisterStaff("s-2", "bianji", "乙", "", MZJ, "bgs", ())
    assert refused((), when, registry) == [("login.taken", "login"), ("unit.unknown", "unit")]


def test_roles_are_replaced() -> None:
    """Given an editor, other roles are one event; the same in another order are none."""
    both = FACTS | {"grants": (EDITOR, INSPECTOR)}
    assert then((REGISTERED,), ChangeGrants("s-1", (EDITOR, INSPECTOR))) == [
        GrantsChanged.model_validate(both)
    ]
    given = (REGISTERED, GrantsChanged.model_validate(both))
    assert then(given, ChangeGrants("s-1", (INSPECTOR, EDITOR))) == []
    assert then(given, ChangeGrants("s-1", ())) == [GrantsChanged.model_validate(FACTS | {"grants": ()})]
    assert refused((REGISTERED,), ChangeGrants("s-1", (Held(role=Role.CLERK),))) == [
        ("grant.place", "grants[0]")
    ]


def test_a_changed_password_is_a_fact_and_holds_nothing_of_it() -> None:
    """The event says that and by whom, and keeps the roles of the last change."""
    changed = GrantsChanged.model_validate(FACTS | {"grants": (INSPECTOR,)})
    [event] = then((REGISTERED, changed), ChangePassword("s-1", "reset"))
    assert event == PasswordChanged.model_validate(FACTS | {"grants": (INSPECTOR,), "by": "reset"})
    weak = Registry(password=(Reason("password.short", "短", "password"),))
    assert refused((REGISTERED,), ChangePassword("s-1", "self"), weak) == [("password.short", "password")]


def test_somebody_disabled_stays_so() -> None:
    """Given somebody disabled, nothing can be changed any more; disabling asks for a reason."""
    assert then((REGISTERED,), DisableStaff("s-1", "调离")) == [DISABLED]
    assert refused((REGISTERED,), DisableStaff("s-1", " ")) == [("reason.missing", "reason")]
    for when in (ChangeGrants("s-1", ()), ChangePassword("s-1", "self"), DisableStaff("s-1", "再次")):
        assert refused((REGISTERED, DISABLED), when) == [("staff.disabled", "staff")]


def test_only_somebody_disabled_is_erased_and_once() -> None:
    """A name is erased after its bearer has left, with a reason."""
    assert then((REGISTERED, DISABLED), EraseStaff("s-1", "离职满三年")) == [ERASED]
    assert refused((REGISTERED,), EraseStaff("s-1", "")) == [
        ("staff.active", "staff"),
        ("reason.missing", "reason"),
    ]
    assert refused((REGISTERED, DISABLED, ERASED), EraseStaff("s-1", "再次")) == [("staff.erased", "staff")]


def test_a_unit_is_registered_once() -> None:
    """The same facts change nothing; another name, an unknown organ and an odd code are refused together."""
    registered = UnitRegistered(organ=MZJ, code="bgs", name="办公室")
    command = RegisterUnit(MZJ, "bgs", "办公室")
    assert units.decide(None, command, organ_known=True) == [registered]
    assert units.decide(units.evolve(None, registered), command, organ_known=True) == []
    with pytest.raises(Refusal) as error:
        units.decide(registered, RegisterUnit("nobody", "B", " "), organ_known=False)
    assert [reason.code for reason in error.value.reasons] == [
        "unit.exists",
        "organ.unknown",
        "unit.code.malformed",
        "unit.name.missing",
    ]
