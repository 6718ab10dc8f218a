"""What an examination finds: reasons that refuse, and the defects of a migrated record."""

from __future__ import annotations

from collections.abc import Iterable

from gongkai.refusal import Reason
from services.publishing.domain.reasons import reason


class Findings:
    """Collects findings of one document.

    Args:
        lenient: true for a migrated document, of which a shortcoming is listed instead of refused.
        by_hand: true for what an editor writes: the form has no place for single elements, so none are missed.
    """

    def __init__(self, *, lenient: bool, by_hand: bool = False) -> None:
        self.lenient = lenient
        self.by_hand = by_hand
        self.reasons: list[Reason] = []
        self.usable: set[str] = set()
        """Optional fields that were given and could be used."""
        self._defects: dict[str, None] = {}

    @property
    def defects(self) -> tuple[str, ...]:
        """Codes of the shortcomings that are listed, in the order they were found."""
        return tuple(self._defects)

    def refuse(self, code: str, field: str | None = None) -> None:
        """Refuse, wherever the document comes from."""
        found = reason(code, field)
        if found not in self.reasons:
            self.reasons.append(found)

    def want(self, code: str, field: str | None = None) -> None:
        """Something is missing or odd: a reason of a live document, a defect of a migrated one."""
        if self.lenient:
            self._defects[code] = None
        else:
            self.refuse(code, field)

    def note(self, code: str) -> None:
        """List a shortcoming that refuses nobody, wherever the document comes from."""
        self._defects[code] = None

    def extend(self, reasons: Iterable[Reason]) -> None:
        """Refuse for reasons found elsewhere."""
        self.reasons += [one for one in reasons if one not in self.reasons]
