"""Whether a department's withdrawal can be understood; whether its record can be withdrawn the record decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gongkai.contracts.ingest import IngestWithdrawal
from gongkai.refusal import Reason
from services.publishing.domain.dates import read_date
from services.publishing.domain.findings import Findings
from services.publishing.domain.personal import personal_reasons_of_withdrawal
from services.publishing.domain.text import clean

MAX_REASON = 1000


@dataclass(frozen=True, slots=True)
class ReadWithdrawal:
    """A withdrawal as understood, with everything wrong about it."""

    record_key: str
    reason: str
    on: date
    found: tuple[Reason, ...]


def read_withdrawal(withdrawal: IngestWithdrawal, *, organ: str, today: date) -> ReadWithdrawal:
    """Read a withdrawal sent by ``organ`` (of the subject) on the legal day ``today``."""
    found = Findings(lenient=False)
    if not clean(withdrawal.organ):
        found.refuse("organ.missing")
    elif clean(withdrawal.organ) != organ:
        found.refuse("organ.mismatch")
    record_key = clean(withdrawal.record)
    if not record_key:
        found.refuse("record.missing")
    why = clean(withdrawal.reason)
    if not why:
        found.refuse("reason.missing")
    elif len(why) > MAX_REASON:
        found.refuse("field.too-long", "reason")
    on = read_date(withdrawal.on) if clean(withdrawal.on) else today
    if on is None:
        found.refuse("on.unreadable")
    elif on > today:
        found.refuse("on.future")
    found.extend(personal_reasons_of_withdrawal(withdrawal))
    return ReadWithdrawal(record_key, why, on or today, tuple(found.reasons))
