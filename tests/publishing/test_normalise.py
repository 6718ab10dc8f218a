"""Document numbers, dates and titles as departments write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publishing.domain.dates import read_date
from services.publishing.domain.divisions import is_within, prefix_of
from services.publishing.domain.docnumber import read_doc_number
from services.publishing.domain.number import book_of, record_id_of
from services.publishing.domain.text import clean, clean_title

pytestmark = pytest.mark.domain

STANDARD = "宿政办秘〔2026〕28号"


@pytest.mark.parametrize(
    "given_text",
    [
        "宿政办秘〔2026〕28号",
        "宿政办秘[2026]28号",
        "宿政办秘［２０２６］２８号",
        "宿政办秘【2026】28号",
        "宿政办秘(2026)28号",
        "宿政办秘（2026）28号",
        "宿政办秘﹝2026﹞28号",
        "宿政办秘{2026}28号",
        "宿政办秘〖2026〗28号",
        "宿政办秘<2026>28号",
        "宿政办秘(2026〕28号",
        "\u200b宿政办秘〔2026〕28号\u200d",
        "宿政办秘\ufeff〔2026〕\u206028号",
        " 宿政办秘 〔 2026 〕 28 号 ",
        "宿政办秘\u3000〔2026〕\u00a028号",
        "宿政办秘〔2026〕028号",
        "宿政办秘〔2026〕第28号",
        "宿政办秘〔2026〕第００28号",
        "宿政办秘〔2026年〕28号",
        "发文字号：宿政办秘〔2026〕28号",
        "文号: 宿政办秘〔2026〕28号",
        "宿政办秘〔2026〕28号〔〕",
    ],
)
def test_number_is_put_into_the_form_of_the_rule(given_text: str) -> None:
    """However brackets, widths, spaces, zeros and labels are written, the stored number is the same."""
    number = read_doc_number(given_text)
    assert number is not None
    assert number.text == STANDARD
    assert number.standard


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("发文字号：山西省人民政府令第304号", "山西省人民政府令第304号"),
        ("公告2018年第14号", "公告2018年第14号"),
        ("晋政发〔2014〕号16", "晋政发〔2014〕号16"),
        ("晋政办发〔2012〕18", "晋政办发〔2012〕18"),
        ("宿政〔26〕1号", "宿政〔26〕1号"),
        ("宿政〔2026〕0号", "宿政〔2026〕0号"),
        ("〔2026〕3号", "〔2026〕3号"),
    ],
)
def test_number_of_another_form_is_kept_as_given(given_text: str, kept: str) -> None:
    """What is no 发文字号 is kept and said to be nonstandard; only the label goes."""
    number = read_doc_number(given_text)
    assert number is not None
    assert (number.text, number.standard) == (kept, False)


@pytest.mark.parametrize("given_text", [None, "", "  ", "\u200b", "发文字号：", "无"])
def test_no_number_is_no_number(given_text: str | None) -> None:
    """A label alone, or nothing visible, is no number."""
    assert read_doc_number(given_text) is None


@given(st.text(max_size=60))
def test_reading_a_number_twice_changes_nothing(text: str) -> None:
    """A number that was read and stored reads as itself."""
    once = read_doc_number(text)
    if once is not None:
        again = read_doc_number(once.text)
        assert again is None or again == once or not once.standard


@pytest.mark.parametrize(
    "given_text",
    [
        "2026-11-23",
        "2026-11-23T08:30:00+08:00",
        "2026-11-23 08:30:00",
        "2026年11月23日",
        "2026 年 11 月 23 日",
        "2026/11/23",
        "2026.11.23",
        "20261123",
        "２０２６年１１月２３日",
        "２０２６－１１－２３",
        "二〇二六年十一月二十三日",
        " 2026-11-23\u200b",
    ],
)
def test_date_is_read_however_it_is_written(given_text: str) -> None:
    """Every usual way of writing a day gives that day."""
    assert read_date(given_text) == date(2026, 11, 23)


@pytest.mark.parametrize(
    "given_text",
    [None, "", "2026-02-30", "2026-13-01", "昨天", "0026-01-01", "2026-11", "1", "三十年十月一日"],
)
def test_what_is_no_day_is_no_day(given_text: str | None) -> None:
    """A day that does not exist, half a day and words give nothing."""
    assert read_date(given_text) is None


@given(st.dates(min_value=date(1900, 1, 1)))
def test_every_day_survives_being_written(day: date) -> None:
    """A day written in either usual form reads as itself."""
    assert read_date(day.isoformat()) == day
    assert read_date(f"{day.year}年{day.month}月{day.day}日") == day


@given(st.text(max_size=100))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Cleaned text is clean, has no line breaks, and can be stored as UTF-8."""
    once = clean_title(text)
    assert clean_title(once) == once
    assert "\n" not in once
    once.encode()


def test_title_keeps_chinese_punctuation_and_narrows_digits() -> None:
    """Invisible characters and line breaks go, digits become narrow, brackets stay wide."""
    assert (
        clean_title(" 关于印发\n《规划（２０２０—２０３５年）》\u200b的通知　")
        == "关于印发 《规划（2020—2035年）》的通知"
    )
    assert clean("a\u202eb") == "ab"


def test_division_prefix_covers_everything_below() -> None:
    """City, county, township and village codes each cover what lies below them and nothing else."""
    assert [prefix_of(code) for code in ("341300000000", "341323000000", "341323104000", "341323104201")] == [
        "3413",
        "341323",
        "341323104",
        "341323104201",
    ]
    assert prefix_of("341323") == "341323"
    assert is_within("341323104201", "341323000000")
    assert is_within("341323000000", "341323000000")
    assert not is_within("341322104201", "341323000000")
    assert not is_within("341323000000", "341323104000")


def test_index_number_has_code_month_and_a_serial_that_grows() -> None:
    """Five digits, six when five do not suffice; the month is the one the record entered in."""
    book = book_of("11341702486344515H", date(2021, 10, 3))
    assert book.number(13) == "11341702486344515H/202110-00013"
    assert book.number(100_000) == "11341702486344515H/202110-100000"
    assert book.stream == "serial:11341702486344515H:202110"


def test_record_id_is_the_same_for_the_same_organ_and_key() -> None:
    """Organ and department's id together name a record; another organ's same id is another record."""
    assert record_id_of("341323-mzj", "A-1") == record_id_of("341323-mzj", "A-1")
    assert record_id_of("341323-mzj", "A-1") != record_id_of("341323-cjj", "A-1")
