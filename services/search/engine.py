"""OpenSearch as this service uses it: aliases, bulk writes guarded by version, and one query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConflictError, NotFoundError, OpenSearchException, TransportError

from services.search.domain.documents import Document
from services.search.mapping import (
    INDEX_PATTERN,
    INDEX_PREFIX,
    PUBLIC_ALIAS,
    PUBLIC_FILTER,
    WRITE_ALIAS,
    index_body,
)

BULK_BYTES: Final = 2_000_000
"""A bulk request is cut at about this size: larger ones gain nothing and cost heap."""

_CONFLICT: Final = 409
_BUSY: Final = 429
_SERVER_FAULT: Final = 500
_NAME = re.compile(rf"^{re.escape(INDEX_PREFIX)}(\d+)$")

Json = dict[str, Any]  # what the server answers; read at once into typed values by the callers


class IndexUnavailable(Exception):
    """OpenSearch cannot take it now: away, busy, or an index went while it was written. Try again later."""


class IndexRefused(Exception):
    """OpenSearch refuses documents for what they are; trying again changes nothing. Names ids and causes, no text."""


@dataclass(frozen=True, slots=True)
class Indices:
    """Which indices there are and what they are for, as the cluster's metadata says."""

    public: tuple[str, ...]
    writers: tuple[str, ...]
    all: tuple[str, ...]

    @property
    def next_name(self) -> str:
        """A name no index of ours ever had while the present ones exist."""
        numbers = [int(match.group(1)) for name in self.all if (match := _NAME.match(name))]
        return f"{INDEX_PREFIX}{max(numbers, default=0) + 1}"


@dataclass(slots=True)
class Written:
    """What became of a bulk write."""

    written: int = 0
    older: int = 0
    """Documents the index already held in a newer version."""
    refused: dict[str, str] = field(default_factory=dict)


class Engine:
    """A client of one cluster.

    Args:
        client: an ``AsyncOpenSearch``; closed by whoever made it.
        replicas: copies of each shard of a new index.
    """

    def __init__(self, client: AsyncOpenSearch, *, replicas: int = 0) -> None:
        self.client = client
        self._replicas = replicas

    async def indices(self) -> Indices:
        """Read the present indices from the cluster's metadata."""
        try:
            found: Json = await self.client.indices.get_alias(index=INDEX_PATTERN)
        except NotFoundError:
            found = {}
        except TransportError as error:
            raise IndexUnavailable(str(error)) from error
        ours = sorted(
            (name for name in found if _NAME.match(name)), key=lambda name: int(name.rpartition("-")[2])
        )
        return Indices(
            public=tuple(name for name in ours if PUBLIC_ALIAS in found[name]["aliases"]),
            writers=tuple(name for name in ours if WRITE_ALIAS in found[name]["aliases"]),
            all=tuple(ours),
        )

    async def ensure(self) -> bool:
        """Make the first index and its aliases where there is none; tells whether it did. Safe to race.

        Also forbids that a write creates an index by itself: a consumer that still writes to an index being dropped
        must fail, not bring it back without its mapping.
        """
        rule = {"persistent": {"action.auto_create_index": f"-{INDEX_PATTERN},+*"}}
        try:
            await self.client.cluster.put_settings(body=rule)
            indices = await self.indices()
            if indices.public:
                return False
            await self.client.indices.create(index=indices.next_name, body=self.live_body())
        except TransportError as error:
            if "resource_already_exists" not in str(error):
                raise IndexUnavailable(str(error)) from error
            return False
        return True

    def live_body(self) -> Json:
        """The body of an index that is born public: both aliases in the same step as the index."""
        aliases = {PUBLIC_ALIAS: {"filter": PUBLIC_FILTER}, WRITE_ALIAS: {}}
        return {**index_body(replicas=self._replicas), "aliases": aliases}

    def new_body(self) -> Json:
        """The body of an index that is being rebuilt: written to from its birth, not yet public."""
        return {**index_body(replicas=self._replicas), "aliases": {WRITE_ALIAS: {}}}

    async def write(self, documents: Sequence[Document], targets: Sequence[str]) -> Written:
        """Write every document to every target, each guarded by its version; older ones are left out silently.

        Raises:
            IndexUnavailable: the cluster is away or busy, or a target is gone; nothing is lost by trying again.
        """
        result = Written()
        for body in _bodies(documents, targets):
            await self._bulk(body, result)
        return result

    async def _bulk(self, body: bytes, result: Written) -> None:
        try:
            answer: Json = await self.client.bulk(
                body=body,
                params={
                    "filter_path": "errors,items.*.status,items.*._id,items.*.error.type,items.*.error.reason"
                },
            )
        except OpenSearchException as error:
            raise IndexUnavailable(f"{type(error).__name__}: {str(error)[:200]}") from error
        for item in answer["items"]:
            outcome = item["index"]
            status = int(outcome["status"])
            if status < 300:  # noqa: PLR2004
                result.written += 1
            elif status == _CONFLICT:
                result.older += 1
            elif status == _BUSY or status >= _SERVER_FAULT or "index_not_found" in outcome["error"]["type"]:
                raise IndexUnavailable(outcome["error"]["type"])
            else:
                result.refused[outcome["_id"]] = outcome["error"]["type"]

    async def search(self, body: Mapping[str, object]) -> Json:
        """Ask the public alias.

        Raises:
            IndexUnavailable: there is no answer now.
        """
        try:
            answer: Json = await self.client.search(
                index=PUBLIC_ALIAS, body=body, params={"allow_partial_search_results": "false"}
            )
        except OpenSearchException as error:
            # The error may quote the query; a question can name a person, so it goes nowhere.
            raise IndexUnavailable(type(error).__name__) from None
        return answer

    async def sources(
        self, index: str, ids: Iterable[str], fields: Sequence[str] | None = None
    ) -> dict[str, Json]:
        """The present sources of documents by id, from one index, unrefreshed writes included."""
        wanted = list(ids)
        if not wanted:
            return {}
        params = {"_source_includes": ",".join(fields)} if fields else {}
        try:
            answer: Json = await self.client.mget(index=index, body={"ids": wanted}, params=params)
        except OpenSearchException as error:
            raise IndexUnavailable(type(error).__name__) from error
        return {found["_id"]: found["_source"] for found in answer["docs"] if found.get("found")}

    async def count_public(self, index: str) -> int:
        """How many public documents an index holds, after a refresh."""
        await self.client.indices.refresh(index=index)
        answer: Json = await self.client.count(index=index, body={"query": PUBLIC_FILTER})
        return int(answer["count"])


def _bodies(documents: Sequence[Document], targets: Sequence[str]) -> Iterable[bytes]:
    lines: list[bytes] = []
    size = 0
    for document in documents:
        source = orjson.dumps(document.source)
        for target in targets:
            guard = {"version": document.version, "version_type": "external_gte"}
            lines += (orjson.dumps({"index": {"_index": target, "_id": document.record_id, **guard}}), source)
            size += len(source)
        if size >= BULK_BYTES:
            yield b"\n".join(lines) + b"\n"
            lines, size = [], 0
    if lines:
        yield b"\n".join(lines) + b"\n"


__all__ = ["ConflictError", "Engine", "IndexRefused", "IndexUnavailable", "Indices", "Written"]
