"""The index: names, settings, analysis and fields. Strict: a field nobody declared is refused, never guessed."""

from __future__ import annotations

from typing import Final

PUBLIC_ALIAS: Final = "gongkai-records"
"""What every query reads. It filters on ``public: true``, so that a withdrawn record is hidden on every path."""

WRITE_ALIAS: Final = "gongkai-records-writers"
"""The indices that receive every contract: the live one, and during a rebuild the new one too. It lives in the
cluster's metadata, so that all processes see the same set and a crash forgets nothing."""

INDEX_PREFIX: Final = "gongkai-records-"
INDEX_PATTERN: Final = "gongkai-records-*"

PUBLIC_FILTER: Final[dict[str, object]] = {"term": {"public": True}}

REFRESH: Final = "500ms"
"""Explicit, so that an index nobody searched for a while refreshes too (no search idle)."""

_ANALYSIS: Final[dict[str, object]] = {
    "filter": {"gk_unigram": {"type": "cjk_bigram", "output_unigrams": True}},
    "analyzer": {
        # The built-in cjk analyzer without its English stop words: 'A类' and 'it系统' must be found.
        "gk_text": {
            "type": "custom",
            "tokenizer": "standard",
            "filter": ["cjk_width", "lowercase", "cjk_bigram"],
        },
        # Single characters as well, on short fields only: a query of one character finds titles.
        "gk_chars": {
            "type": "custom",
            "tokenizer": "standard",
            "filter": ["cjk_width", "lowercase", "gk_unigram"],
        },
    },
}

_KEYWORD: Final[dict[str, object]] = {"type": "keyword"}
_TEXT: Final[dict[str, object]] = {"type": "text", "analyzer": "gk_text"}
_UNSEARCHED: Final[dict[str, object]] = {"type": "keyword", "index": False, "doc_values": False}

_FIELDS: Final[dict[str, object]] = {
    "public": {"type": "boolean"},
    "record_id": _KEYWORD,
    "version": {"type": "long"},
    "index_number": _UNSEARCHED,
    "number": _KEYWORD,
    "organ": _KEYWORD,
    "organ_name": {**_TEXT, "fields": {"label": _KEYWORD}},
    "division": _UNSEARCHED,
    "division_path": _KEYWORD,
    "kind": _KEYWORD,
    "title": {**_TEXT, "fields": {"chars": {"type": "text", "analyzer": "gk_chars"}}},
    "doc_number": _TEXT,
    "issuer": _TEXT,
    "summary": _TEXT,
    "keywords": _TEXT,
    "formed_on": {"type": "date", "format": "strict_date"},
    "published_on": {"type": "date", "format": "strict_date"},
    "year": _KEYWORD,
    "validity": _KEYWORD,
    "domain": _KEYWORD,
    "file_count": {"type": "integer", "index": False},
    # Words by file, so that the words of one destroyed file can be taken out. Offsets make highlighting of long
    # statutes independent of their length.
    "texts": {"properties": {"digest": _KEYWORD, "text": {**_TEXT, "index_options": "offsets"}}},
}


def index_body(*, shards: int = 1, replicas: int = 0) -> dict[str, object]:
    """Settings and mapping of a new index.

    Args:
        shards: primary shards; one holds some millions of records.
        replicas: copies of each shard; 1 in a cluster of several nodes.
    """
    return {
        "settings": {
            "index": {
                "number_of_shards": shards,
                "number_of_replicas": replicas,
                "refresh_interval": REFRESH,
                "mapping": {"total_fields": {"limit": 60}},
                # Old versions are kept for no recovery: what was overwritten may be expunged at once.
                "soft_deletes": {"retention": {"operations": 0}},
                "merge": {"policy": {"expunge_deletes_allowed": 0}},
            },
            "analysis": _ANALYSIS,
        },
        "mappings": {"dynamic": "strict", "properties": _FIELDS},
    }
