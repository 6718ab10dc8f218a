"""A division that stands for others: what was merged into it is found with it."""

from __future__ import annotations

import json

import pytest

from gongkai.refusal import Refusal
from services.search.domain.query import Question, refuse_unanswerable, request_body

pytestmark = pytest.mark.domain


def test_predecessors_are_found_with_their_successor() -> None:
    """The filter takes the division's digits or those of what ended; without a division it takes everything."""
    both = request_body(Question(division="341323106000", also=("341323191000", "341321000000")))
    alone = request_body(Question(also=("341323191000",)))

    assert both["post_filter"] == {
        "bool": {"filter": [{"terms": {"division_path": ["341323106", "341323191", "341321"]}}]}
    }
    assert "division_path" not in json.dumps(alone["post_filter"])


def test_a_malformed_predecessor_is_refused() -> None:
    """As the division itself would be."""
    with pytest.raises(Refusal) as refusal:
        refuse_unanswerable(Question(division="341323106000", also=("34x",)))

    assert [reason.code for reason in refusal.value.reasons] == ["search.division.malformed"]
