"""Which basis of the registry a citation means: by title, alias or document number, and never by a guess."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gongkai.citing import number_key, title_keys

NUMBER_SIGN = "#"
"""Before the key of a document number, so that it is never taken for a title's."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was found for a citation."""

    basis: str = ""
    """Empty: unresolved."""
    candidates: tuple[str, ...] = ()
    """Where several answer, all of them; then none is chosen."""


def names_of(title: str, number: str, aliases: Iterable[str]) -> frozenset[str]:
    """Give the keys by which a basis, or a citation, is known."""
    keys = {key for name in (title, *aliases) for key in title_keys(name)}
    if number and (key := number_key(number)):
        keys.add(NUMBER_SIGN + key)
    return frozenset(keys)


class Registry:
    """Keys to the bases that answer to them."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """Take pairs of key and basis id."""
        known: dict[str, set[str]] = defaultdict(set)
        for key, basis in names:
            known[key].add(basis)
        self._known: Mapping[str, set[str]] = MappingProxyType(known)

    def resolve(self, title: str, number: str = "") -> Resolution:
        """Find the basis a citation means.

        The whole title comes before the document it carries. A number decides between bases of one title, and
        stands alone where the title is not known; a title and a number that mean different bases mean none.
        """
        by_number = self._of(NUMBER_SIGN + number_key(number)) if number else set[str]()
        by_title = next((found for key in title_keys(title) if (found := self._of(key))), set[str]())
        if by_title and by_number:
            both = by_title & by_number
            found = both or by_title | by_number
        else:
            found = by_title or by_number
        return Resolution(next(iter(found))) if len(found) == 1 else Resolution("", tuple(sorted(found)))

    def _of(self, key: str) -> set[str]:
        return self._known.get(key, set())
