"""The figures of a document: read as they were written, checked, and every reason told at once.

A figure is public data about a place, never about a person, so nothing here is looked through for personal numbers: what
does not read as a number, a day, a period or a place enters no log. A live document is refused for each thing that is
wrong, named by its field (``facts[2].amount``, counted from 0). A migrated one is let through: a line in which anything is
wrong is left out and listed as a defect, as with all else it brings; but nothing that a person types is left out, also
where they mend a migrated record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gongkai.contracts.facts import Fact
from gongkai.contracts.ingest import IngestFact
from gongkai.refusal import Reason
from services.publishing.domain.dates import read_date
from services.publishing.domain.divisions import is_within
from services.publishing.domain.findings import Findings
from services.publishing.domain.lengths import MAX_FACTS
from services.publishing.domain.reasons import reason
from services.publishing.domain.registry import Registry
from services.publishing.domain.text import clean

TOLD: Final = 100
"""Reasons told of the lines of one document; an answer has to go into a message. How many more there are is said."""
MOST_COUNTED: Final = 999_999_999
_YUAN_DIGITS: Final = 15
_MINUS: Final = str.maketrans("−—–", "---")
_AMOUNT: Final = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_NO_AMOUNT: Final = (
    (re.compile(r"-.*"), "facts.amount-negative"),
    (re.compile(r"[0-9]{1,3}(?:[,' ][0-9]{3})+(?:\.[0-9]+)?"), "facts.amount-parted"),
    (re.compile(r"[0-9]+\.[0-9]{3,}"), "facts.amount-decimals"),
)
_COUNT: Final = re.compile(r"[0-9]+")
_YEAR: Final = re.compile(r"((?:19|20)[0-9]{2})年?(?:全年)?")
_QUARTER: Final = re.compile(r"((?:19|20)[0-9]{2})(?:-?[Qq]([1-4])|年第?([1-4一二三四])季度)")
_MONTH: Final = re.compile(r"((?:19|20)[0-9]{2})(?:-(0?[1-9]|1[0-2])|年(0?[1-9]|1[0-2])月)")
_QUARTERS: Final = {"一": "1", "二": "2", "三": "3", "四": "4"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where figures may be about."""

    own: str
    """Division of the record: a line that names no place is about it."""
    registry: Registry

    def fault(self, code: str) -> str:
        """Say what is wrong with a place; empty where nothing is. One that has ended counts as where it went."""
        if code not in self.registry.divisions:
            return "facts.place-unknown"
        now = self.registry.heirs.get(code, code)
        return "" if is_within(code, self.own) or is_within(now, self.own) else "facts.place-outside"


def read_facts(
    facts: Sequence[IngestFact],
    place: Place,
    found: Findings,
    *,
    today: date,
    matter: str | None,
    named: bool,
) -> tuple[Fact, ...]:
    """Give the figures of a document, sorted by place and period, so that their order on the way does not count.

    Args:
        facts: as written.
        place: what they may be about.
        found: takes what is wrong with them.
        today: days after it are in the future.
        matter: the one the document claims, once it was found; None otherwise.
        named: it names one, known or not.
    """
    if not facts or len(facts) > MAX_FACTS:
        return ()
    tell = found.refuse if found.by_hand else found.want
    if not named or (matter is None and found.lenient):
        tell("facts.without-matter")
    read: list[Fact] = []
    seen: set[tuple[str, str]] = set()
    wrong: list[tuple[str, str]] = []
    for at, line in enumerate(facts):
        fact, faults = _read(line, place, today)
        key = (clean(line.division) or place.own, read_period(line.period) or "")
        if key[1] and key in seen:
            faults["period"] = "facts.twice"
        elif fact is not None:
            read.append(fact)
        seen.add(key)
        wrong += [(code, f"facts[{at}].{name}" if name else f"facts[{at}]") for name, code in faults.items()]
    for code, field in wrong[:TOLD]:
        tell(code, field)
    if len(wrong) > TOLD:
        tell("facts.more")
    read.sort(key=lambda fact: (fact.division, fact.period))
    return tuple(read) if matter is not None else ()


def _read(line: IngestFact, place: Place, today: date) -> tuple[Fact | None, dict[str, str]]:
    """One line, or what is wrong with it: field → code."""
    division, period = clean(line.division) or place.own, read_period(line.period)
    amount, wrong_amount = _amount(line.amount or "")
    people, wrong_people = _count(_text(line.people))
    households, wrong_households = _count(_text(line.households))
    on = read_date(line.on)
    found = {
        "division": place.fault(division),
        "period": _fault_of_period(line.period, period),
        "amount": wrong_amount,
        "people": wrong_people,
        "households": wrong_households,
        "on": _fault_of_day(line.on, on, today),
        "": "" if any(map(_text, (line.amount, line.people, line.households, line.on))) else "facts.nothing",
    }
    faults = {name: code for name, code in found.items() if code}
    if faults or period is None:
        return None, faults
    fact = Fact(division=division, period=period, amount=amount, people=people, households=households, on=on)
    return fact, faults


def _text(given: object) -> str:
    return "" if given is None else clean(str(given))


def without_malformed_figures(value: dict[str, Any]) -> tuple[dict[str, Any], list[Reason]]:
    """Give an event's JSON without what in its figures is of no type they can have, and what is to be said of that.

    Each value that cannot be read is left out by itself, so that the rest of its line is still examined.
    """
    lines = value.get("facts")
    if not isinstance(lines, list):
        return value, []
    kept: list[dict[str, Any]] = []
    wrong: list[Reason] = []
    for at, line in enumerate(lines[: MAX_FACTS + 1]):
        fit = {} if not isinstance(line, dict) else {key: one for key, one in line.items() if _fits(key, one)}
        kept.append(fit)
        if not isinstance(line, dict):
            wrong.append(reason("field.malformed", f"facts[{at}]"))
        elif len(fit) < len(line):
            codes = {"amount": "facts.amount-unreadable"}
            wrong += [
                reason(codes.get(key, "field.malformed"), f"facts[{at}].{key}")
                for key in line
                if key not in fit
            ]
    return value | {"facts": kept}, wrong[:TOLD]


def spoken_of(field: str) -> Iterator[str]:
    """Fields of a line of which nothing more need be said once ``field`` was found malformed."""
    line, _, name = field.partition(".")
    yield line
    yield from (field,) if name else (f"{line}.{one}" for one in IngestFact.model_fields)


def _fits(key: str, value: object) -> bool:
    if value is None or isinstance(value, str):
        return True
    if key in {"people", "households"}:
        return isinstance(value, int) and not isinstance(value, bool)
    return key not in IngestFact.model_fields


def read_period(given: str | None) -> str | None:
    """The year, quarter or month somebody wrote, in the form of the contract; None where it is none.

    2026 and 2026年 are a year, 2026-Q3 and 2026年第三季度 a quarter, 2026-09 and 2026年9月 a month.
    """
    text = _narrow(given).replace(" ", "")
    if match := _YEAR.fullmatch(text):
        return match[1]
    if match := _QUARTER.fullmatch(text):
        quarter = match[2] or match[3]
        return f"{match[1]}-Q{_QUARTERS.get(quarter, quarter)}"
    if match := _MONTH.fullmatch(text):
        return f"{match[1]}-{int(match[2] or match[3]):02}"
    return None


def is_amount(given: str) -> bool:
    """Whether it reads as yuan."""
    return _amount(given)[0] is not None


def _amount(given: str) -> tuple[str | None, str]:
    """Yuan in the form of the contract: 5400.5 → 5400.50, 5400.00 → 5400; or None and what is wrong."""
    text = _narrow(given)
    code = next((code for form, code in _NO_AMOUNT if form.fullmatch(text)), "")
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None, code or ("facts.amount-unreadable" if text else "")
    whole, cents = match[1].lstrip("0") or "0", match[2] or ""
    if code or len(whole) > _YUAN_DIGITS:
        return None, code or "facts.amount-large"
    return (f"{whole}.{cents:0<2}" if cents.strip("0") else whole), ""


def _count(given: str) -> tuple[int | None, str]:
    text = _narrow(given)
    if not text:
        return None, ""
    if text.startswith("-"):
        return None, "facts.count-negative"
    if not _COUNT.fullmatch(text):
        return None, "facts.count-unreadable"
    if len(text.lstrip("0")) > len(str(MOST_COUNTED)):
        return None, "facts.count-large"
    return int(text), ""


def _fault_of_period(given: str | None, period: str | None) -> str:
    if not clean(given):
        return "facts.period-missing"
    return "" if period else "facts.period-unreadable"


def _fault_of_day(given: str | None, day: date | None, today: date) -> str:
    if not clean(given):
        return ""
    if day is None:
        return "facts.on-unreadable"
    return "facts.on-future" if day > today else ""


def _narrow(given: str | None) -> str:
    return unicodedata.normalize("NFKC", clean(given)).translate(_MINUS)
