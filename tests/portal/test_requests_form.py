"""What the four steps find wrong, without any server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.portal import asking
from services.portal.asking import Application
from services.portal.askingfaults import faults

pytestmark = pytest.mark.domain

GOOD = Application(
    description="农田建设", looked="1", organ="341323-mzj", kind="natural", name="王秀兰（演示）",
    id_kind="resident_id", id_number="341323195603021525", phone="13900000000", supply="electronic", delivery="online",
)  # fmt: skip
COMPANY = replace(
    GOOD, kind="enterprise", id_kind="uscc", id_number="11341323MB00010117", contact_name="李明"
)


def wrong(application: Application) -> list[str]:
    return [fault.field for step in (1, 2, 3) for fault in faults(application, step)]


def test_a_whole_application_has_no_faults() -> None:
    """A person's application and a company's pass, with a small x and full-width digits as they are typed."""
    assert wrong(GOOD) == []
    typed = {"id_number": "３４１３２３ 195603021525", "phone": "139 0000 0000", "name": " 王秀兰 "}
    read = Application.read(typed)
    assert (read.id_number, read.phone, read.name) == ("341323195603021525", "13900000000", "王秀兰")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": ""}, "description"),
        ({"description": "长" * 1001}, "description"),
        ({"organ": ""}, "organ"),
        ({"organ": "other"}, "other_organ"),
        ({"kind": "robot"}, "kind"),
        ({"name": ""}, "name"),
        ({"id_kind": ""}, "id_kind"),
        ({"id_kind": "uscc"}, "id_kind"),
        ({"id_number": ""}, "id_number"),
        ({"id_number": "341323195603021520"}, "id_number"),
        ({"id_number": "34132319560302152"}, "id_number"),
        ({"phone": ""}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"email": "a b"}, "email"),
        ({"supply": ""}, "supply"),
        ({"delivery": ""}, "delivery"),
        ({"delivery": "pick_up"}, "delivery"),
        ({"supply": "paper", "delivery": "post"}, "address"),
        ({"delivery": "email"}, "email"),
    ],
)
def test_each_slip_is_told_at_its_field(changes: dict[str, str], field: str) -> None:
    """A slip is told at the field it is in: what happened, why, what to do; never what was typed."""
    slipped = replace(GOOD, **changes)
    assert field in wrong(slipped)
    for step in (1, 2, 3):
        for fault in faults(slipped, step):
            assert fault.what
            assert fault.why
            assert fault.how.endswith("。")
            assert GOOD.name not in fault.text
            assert "341323195603021520" not in fault.text


def test_one_way_to_be_reached_is_enough() -> None:
    """The law asks for a way of contact, not for a telephone: an e-mail address alone will do."""
    assert wrong(replace(GOOD, phone="", email="a@example.invalid")) == []


def test_an_organisation_names_somebody_and_shows_its_credit_code() -> None:
    """An organisation is checked by its own code and names a contact; a person names none."""
    assert "contact_name" in wrong(replace(COMPANY, contact_name=""))
    assert "id_number" in wrong(replace(COMPANY, id_number="11341323MB00010110"))
    assert "id_kind" in wrong(replace(COMPANY, id_kind="passport"))
    assert replace(GOOD, contact_name="x").settled().contact_name == ""


def test_no_field_asks_for_a_purpose() -> None:
    """Art. 29's content and nothing else: there is no field a purpose could be written into."""
    known = {name for shown in asking.SHOWN.values() for name in shown}
    assert known == {
        "description", "organ", "other_organ", "looked", "kind", "name", "id_kind", "id_number", "contact_name",
        "phone", "email", "supply", "delivery", "address",
    }  # fmt: skip
