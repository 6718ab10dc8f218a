"""Places in catalog's log, as a department's system keeps them between two questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gongkai.refusal import Reason
from gongkai.serving.errors import InvalidRequest

_SEPARATOR: Final = "~"
_PAGED: Final = 2
_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has read: everything up to ``position``; in a page of changes, up to a matter of them."""

    epoch: str
    position: int
    until: int = 0
    """The end of the changes that are being paged through; 0: none are."""
    after: str = ""
    """The last matter told of them."""

    def __str__(self) -> str:
        """Give it as an answer tells it."""
        start = f"{self.epoch}{_SEPARATOR}{self.position}"
        return f"{start}{_SEPARATOR}{self.until}{_SEPARATOR}{self.after}" if self.until else start


def read_place(text: str, epoch: str, head: int) -> Place:
    """Read a place that was told before; empty means the beginning, where nothing was known.

    Args:
        text: as it was told.
        epoch: of the log now.
        head: position of its last event.

    Raises:
        InvalidRequest: it was never told, or by a log that has since been restored from a backup.
    """
    if not text:
        return Place(epoch, 0)
    parts = text.split(_SEPARATOR, _PARTS - 1)
    if len(parts) not in {_PAGED, _PARTS} or not all(part.isdecimal() for part in parts[1:3]):
        raise InvalidRequest(
            Reason("place.malformed", "起点（place）写得不对。请原样使用上次答复中的 place。", "place")
        )
    numbers = [int(part) for part in parts[1:3]]
    if parts[0] != epoch or max(numbers) > head:
        text_zh = (
            "平台的台账已从备份恢复，原来的起点（place）不再有效。请重新取得全部事项，再从新的起点继续。"
        )
        raise InvalidRequest(Reason("place.lost", text_zh, "place"))
    if len(parts) == _PAGED:
        return Place(epoch, numbers[0])
    return Place(epoch, numbers[0], numbers[1], parts[-1])
