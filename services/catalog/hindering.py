"""Why an act cannot be done now: what the buttons of a draft leave out, and every reason for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb


@dataclass(frozen=True, slots=True)
class Hindrances:
    """Of a draft's acts, for one of the staff, now."""

    acts: Sequence[str]
    """Those that nothing hinders."""
    reasons: Sequence[tuple[str, Reason]]
    """Act and reason of the others; an act may have several."""

    @classmethod
    def of(cls, acts: Iterable[str], reasons_of: Callable[[str], Iterable[Reason]]) -> Hindrances:
        """Ask each act for the reasons why it cannot be done."""
        found = {act: tuple(reasons_of(act)) for act in acts}
        free = [act for act, reasons in found.items() if not reasons]
        return cls(free, [(act, reason) for act, reasons in found.items() for reason in reasons])

    def told(self) -> Iterator[pb.Hindrance]:
        """Give them as the answer has them."""
        return (
            pb.Hindrance(act=act, message_zh=reason.message_zh, article=reason.article)
            for act, reason in self.reasons
        )
