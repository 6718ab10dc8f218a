"""The bases a new registry begins with: those that the rows of the 26 domains cite, as far as their state is known."""

from __future__ import annotations

from collections.abc import Iterable

from services.catalog.domain.bases import BasisFacts, SetBasis, learn


def first_bases(seed: Iterable[SetBasis]) -> list[BasisFacts]:
    """Give an event for each basis of the seed; each is new.

    Raises:
        Refusal: a row contradicts the domain's rules.
    """
    return [event for said in seed for event in learn(None, said)[1]]
