"""The document a record's contract becomes in the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gongkai.contracts.publishing import RecordState, RecordWithdrawn
from services.search.domain.divisions import path_of
from services.search.domain.numbers import document_key, index_key
from services.search.domain.texts import clean, is_readable

Source = dict[str, object]
"""What OpenSearch stores: the fields of ``mapping.py``, JSON values only."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document, addressed by its record and guarded by its contract's version."""

    record_id: str
    version: int
    public: bool
    source: Source
    digests: frozenset[str]
    """Digests whose words are inside ``source``."""


def readable_digests(state: RecordState) -> tuple[str, ...]:
    """Digests of the files whose words belong into the document, body first."""
    files = sorted(state.files, key=lambda file: file.role != "body")
    return tuple(dict.fromkeys(file.digest for file in files if is_readable(file.media_type)))


def public_document(state: RecordState, texts: Mapping[str, str]) -> Document:
    """A public record; ``texts`` by digest, those missing are left out (withdrawn or destroyed meanwhile)."""
    held = [(digest, texts[digest]) for digest in readable_digests(state) if texts.get(digest)]
    numbers = [index_key(state.index_number)]
    if state.doc_number:
        numbers.append(document_key(state.doc_number))
    source: Source = {
        "public": True,
        "record_id": state.record_id,
        "version": state.version,
        "index_number": state.index_number,
        "organ": state.organ,
        "organ_name": clean(state.organ_name),
        "division": state.division,
        "division_path": list(path_of(state.division)),
        "kind": state.kind,
        "title": clean(state.title),
        "doc_number": clean(state.doc_number or "") or None,
        "number": [number for number in numbers if number],
        "issuer": clean(state.issuer or "") or None,
        "summary": clean(state.summary or "") or None,
        "keywords": [clean(word) for word in state.keywords],
        "formed_on": _iso(state.formed_on),
        "published_on": state.published_on.isoformat(),
        "year": str(state.published_on.year),
        "validity": state.validity,
        "domain": state.domain,
        "file_count": len(state.files),
        "texts": [{"digest": digest, "text": text} for digest, text in held],
    }
    kept = {name: value for name, value in source.items() if value not in (None, [])}
    return Document(
        state.record_id, state.version, public=True, source=kept, digests=frozenset(d for d, _ in held)
    )


def withdrawn_document(contract: RecordWithdrawn) -> Document:
    """A withdrawal: a document that is not public, holds no word of the record, and keeps its version for ever."""
    source: Source = {"public": False, "record_id": contract.record_id, "version": contract.version}
    return Document(contract.record_id, contract.version, public=False, source=source, digests=frozenset())


def newest(contracts: Iterable[RecordState | RecordWithdrawn]) -> list[RecordState | RecordWithdrawn]:
    """The newest contract of each record, in order of first appearance."""
    best: dict[str, RecordState | RecordWithdrawn] = {}
    for contract in contracts:
        held = best.get(contract.record_id)
        if held is None or contract.version >= held.version:
            best[contract.record_id] = contract
    return list(best.values())


def _iso(day: object) -> str | None:
    return None if day is None else str(day)
