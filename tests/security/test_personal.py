"""Personal numbers are found however they are written, and nothing else is."""

from __future__ import annotations

import itertools
import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongkai.security.personal import check_character, find_personal_numbers, is_identity_number, mask

pytestmark = pytest.mark.domain

# Numbers of GB 11643's own example and of this file's making; nobody's.
IDENTITY = "11010519491231002X"
MOBILE = "13812345678"

ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e"]
GAPS = ["", " ", "-", "－", "\u3000", "–", "\u00a0", " - ", *ZERO_WIDTH]
DIGIT_FORMS = ["0", "０", "٠", "𝟎", "𝟘", "०"]
FILLER = "关于低保金发放的通知（第二批）abc，。：；/"


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in find_personal_numbers(text)]


def digit(value: str, form: str) -> str:
    return value if value not in "0123456789" else chr(ord(form) + int(value))


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    region = draw(st.sampled_from(["341321", "341322", "110105", "650102", "820000"]))
    birth = date(1900, 1, 1) + timedelta(days=draw(st.integers(0, 45000)))
    first = f"{region}{birth:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first + check_character(first)


@st.composite
def mobile_numbers(draw: st.DrawFn) -> str:
    return "1" + draw(st.sampled_from("3456789")) + f"{draw(st.integers(0, 10**9 - 1)):09d}"


@st.composite
def disguised(draw: st.DrawFn, numbers: st.SearchStrategy[str], gaps: list[str]) -> str:
    number = draw(numbers)
    shown = [digit(character, draw(st.sampled_from(DIGIT_FORMS))) for character in number]
    if number[-1] == "X":
        shown[-1] = draw(st.sampled_from(["X", "x", "Ｘ", "ｘ"]))
    joined = shown[0]
    for character in shown[1:]:
        joined += draw(st.sampled_from(gaps)) + character
    return joined


texts = st.text(st.sampled_from(FILLER), max_size=12)


def test_published_example_is_valid() -> None:
    """The example number of GB 11643 has the check character X."""
    assert is_identity_number(IDENTITY)
    assert check_character("11010519491231002") == "X"
    assert check_character("44052418800101001") == "4"


@given(texts, disguised(identity_numbers(), GAPS), texts)
def test_identity_numbers_are_found_in_any_writing(before: str, number: str, after: str) -> None:
    """Digits of other scripts, separators and invisible characters hide no identity number; the span is exact."""
    (finding,) = find_personal_numbers(before + number + after)

    assert finding.kind == "resident_identity_number"
    assert (finding.start, finding.end) == (len(before), len(before) + len(number))


@given(texts, disguised(mobile_numbers(), [*ZERO_WIDTH, ""]), texts)
def test_mobile_numbers_are_found_in_any_script(before: str, number: str, after: str) -> None:
    """Digits of other scripts and invisible characters hide no mobile number; the span is exact."""
    (finding,) = find_personal_numbers(before + number + after)

    assert finding.kind == "mobile_number"
    assert (finding.start, finding.end) == (len(before), len(before) + len(number))


@given(
    mobile_numbers(), st.sampled_from([(3, 4), (3, 8), (4, 4), (5, 6), (7, 4), (3, 3)]), st.sampled_from(GAPS)
)
def test_grouped_mobile_numbers_are_found(number: str, groups: tuple[int, int], gap: str) -> None:
    """The usual ways of grouping with any separator hide no mobile number, save one that reads as two years."""
    first, second = groups
    parts = [number[:first], number[first : first + second], number[first + second :]]
    text = f"联系电话{gap.join(part for part in parts if part)}。"

    years = groups == (4, 4) and number.startswith("19") and parts[1].startswith(("19", "20"))
    assert kinds(text) == ["mobile_number"] or years


@pytest.mark.parametrize(
    "text",
    [
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "8613812345678",
        "008613812345678",
        "电话：138·1234·5678",
        "138.1234.5678",
        "13812345678转8001",
        "0557-3812345 13812345678",
        "二〇二六年 13812345678",
        "2026 13812345678",
        "①③⑧①②③④⑤⑥⑦⑧",
        "1 3 8 1 2 3 4 5 6 7 8",
    ],
)
def test_mobile_numbers_as_people_write_them(text: str) -> None:
    """Country codes, dots, groups and neighbouring numbers hide no mobile number."""
    assert kinds(text) == ["mobile_number"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "没有号码",
        "110105194912310021",  # wrong check character
        "990105194912310020",  # no such region
        "110105194913310026",  # no such month
        "1101054912310026",  # an old number of fifteen digits, and one more
        "1138123456789",  # inside a longer run
        "138123456789",
        "6222021381234567890",
        "12812345678",
        "0557-3012345",
        "宿政发〔2023〕138号",
        "11341323003123456X/202603-00001",
        "113413230031234567",  # a unified social credit code of digits alone
        "1999-2000 100户",
        "增长15.123456789%",
        "2026-03-02 08:00:00",
        "第138、1234、5678号",
        "13812345/678",
        "13812345     678",
    ],
)
def test_what_is_no_personal_number(text: str) -> None:
    """Wrong check characters, impossible dates, longer runs, codes, years and amounts are left alone."""
    assert kinds(text) == []


def test_several_numbers_are_each_found() -> None:
    """Neighbours do not hide each other, and findings do not overlap."""
    text = f"{IDENTITY} {MOBILE} 139 1234 5678，{IDENTITY[:6]} {IDENTITY[6:14]} {IDENTITY[14:]}"

    findings = find_personal_numbers(text)

    assert [finding.kind[:6] for finding in findings] == ["reside", "mobile", "mobile", "reside"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(findings))


@given(st.integers(0, 10**17 - 1))
def test_exactly_one_check_character_fits(number: int) -> None:
    """Of all check characters one at most makes a number valid: a single wrong digit there is noticed."""
    first = f"{number:017d}"
    assert sum(is_identity_number(first + last) for last in "0123456789X") <= 1


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text: str) -> None:
    """No text makes the search fail; spans lie within it and in order."""
    place = 0
    for finding in find_personal_numbers(text):
        assert place <= finding.start < finding.end <= len(text)
        place = finding.end
    assert len(mask(text)) == len(text)


@given(texts, disguised(identity_numbers(), GAPS), texts)
def test_masked_text_holds_no_number(before: str, number: str, after: str) -> None:
    """Masking leaves the surroundings and not one character of the number."""
    masked = mask(before + number + after)

    assert masked == before + "*" * len(number) + after
    assert not any(unicodedata.category(character) == "Nd" for character in masked)
