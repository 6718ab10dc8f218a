"""Index numbers (索引号): ``<unified social credit code>/<YYYYMM>-<serial>``, the record's address for ever.

The month is the legal month in which the record entered the platform. The serial is the version of the stream of
that code and month, so the store's own (stream, version) rule leaves neither gap nor double.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

FORM: Final = re.compile(r"^([0-9A-HJ-NPQRTUWXY]{18})/(\d{6})-(\d{5,})$")
_RECORDS: Final = uuid.UUID("5f0a2c4e-7d0b-5c53-9a43-6c1f3a0d9b17")


@dataclass(frozen=True, slots=True)
class SerialBook:
    """The serials of one organ and month."""

    uscc: str
    month: str
    """YYYYMM."""

    @property
    def stream(self) -> str:
        """Its stream in the log."""
        return f"serial:{self.uscc}:{self.month}"

    def number(self, serial: int) -> str:
        """The index number of a serial from 1 on; five digits, more when they are needed."""
        return f"{self.uscc}/{self.month}-{serial:05d}"


def book_of(uscc: str, entered_on: date) -> SerialBook:
    """The book a record entering on this legal day is numbered in."""
    return SerialBook(uscc, entered_on.strftime("%Y%m"))


def record_id_of(organ: str, record_key: str) -> str:
    """The stable id of a record: the same organ and department's id always give the same."""
    return str(uuid.uuid5(_RECORDS, f"{organ}\n{record_key}"))


def record_stream(record_id: str) -> str:
    """The stream of a record."""
    return f"record:{record_id}"
