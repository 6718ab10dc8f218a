"""Files of a department become events by mapping."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from gongkai.contracts.ingest import INLINE_LIMIT
from gongkai.loading.mapping import MappingError, known_mappings, load_mapping, mapping_for_file
from gongkai.loading.rows import read_rows, row_event

pytestmark = pytest.mark.domain

HEADERS = "source,title,doc_number,issued,published\n"


def test_a_csv_row_becomes_an_event_with_only_the_fields_it_has(tmp_path: Path) -> None:
    """Empty columns are left out, the source's words are translated, prefixes are stripped, the title gives the kind."""
    file = tmp_path / "gov_documents.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write(
            HEADERS + "State Council,国务院关于设立某海关的批复,发文字号：国函〔1987〕163号,,2011-03-24\n"
        )
    mapping = load_mapping(mapping_for_file(file))

    event = row_event(next(read_rows(file)), mapping)

    assert json.loads(event.data) == {
        "record": event.event_id,
        "organ": "341300-zfb",
        "provenance": "migration",
        "division": "341300000000",
        "attribute": "proactive",
        "ground": "原网站已主动公开",
        "kind": "reply",
        "title": "国务院关于设立某海关的批复",
        "doc_number": "国函〔1987〕163号",
        "published_on": "2011-03-24",
        "issuer": "国务院",
    }


def test_the_same_row_is_the_same_event_and_another_row_another(tmp_path: Path) -> None:
    """The event's id is a digest of the row, so that loading twice changes nothing."""
    file = tmp_path / "gov_documents.csv"
    file.write_text(HEADERS + "A,甲,,,2020-01-01\nA,甲,,,2020-01-01\nA,甲,,,2020-01-02\n", encoding="utf-8")
    mapping = load_mapping("gov_documents")

    ids = [row_event(row, mapping).event_id for row in read_rows(file)]

    assert ids[0] == ids[1] != ids[2]


def test_a_body_over_the_inline_limit_is_uploaded_and_named_by_digest() -> None:
    """What is too large for an event goes the upload path; the event carries its digest."""
    mapping = load_mapping("laws")
    small = row_event({"title": "小法", "body": "甲" * 10, "expired": None}, mapping)
    large = row_event({"title": "大法", "body": "甲" * (INLINE_LIMIT // 3 + 1), "expired": True}, mapping)

    assert small.upload is None
    assert json.loads(small.data)["body"] == {"media_type": "text/markdown", "text": "甲" * 10}
    assert json.loads(small.data)["validity"] == "unknown"
    assert large.upload is not None
    assert json.loads(large.data)["body"] == {"media_type": "text/markdown", "digest": large.upload.digest}
    assert json.loads(large.data)["validity"] == "expired"


def test_a_line_that_is_no_json_is_named_with_its_number(tmp_path: Path) -> None:
    """The person at the terminal learns which line to mend."""
    file = tmp_path / "laws.jsonl"
    file.write_text('{"title": "甲"}\n{oops\n', encoding="utf-8")

    with pytest.raises(MappingError, match="第 2 行不是 JSON"):
        list(read_rows(file))


def test_a_mapping_says_every_fault_at_once(tmp_path: Path) -> None:
    """A mapping of one's own is checked as a whole before anything is sent."""
    file = tmp_path / "mine.yaml"
    file.write_text("organ: {code: x}\nprovenance: live\n", encoding="utf-8")

    with pytest.raises(MappingError, match=r"处错误") as caught:
        load_mapping(str(file))

    assert "organ.name" in str(caught.value)
    assert "division" in str(caught.value)


def test_an_unknown_mapping_names_those_there_are() -> None:
    """The refusal says what could be meant."""
    with pytest.raises(MappingError, match="gov_documents、laws"):
        load_mapping("nothing")
    assert known_mappings() == ["gov_documents", "laws"]
