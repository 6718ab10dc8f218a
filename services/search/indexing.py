"""From contracts to documents in the index: the same way for what happens now and for a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.publishing import ContentDestroyed, RecordState, RecordWithdrawn
from services.search.bodies import Bodies, readable_files
from services.search.domain.documents import Document, newest, public_document, withdrawn_document
from services.search.engine import Engine, IndexRefused, IndexUnavailable, Written
from services.search.forgetting import note_forgotten, still_forgotten, take_out

Fact = RecordState | RecordWithdrawn | ContentDestroyed
"""What publishing says that changes the index."""


@dataclass(frozen=True, slots=True)
class Indexer:
    """Turns contracts into documents and writes them.

    Args:
        engine: OpenSearch.
        bodies: where the words of files come from.
        database: this service's own database.
    """

    engine: Engine
    bodies: Bodies
    database: AsyncEngine

    async def apply(self, facts: Sequence[Fact]) -> None:
        """Apply what was just said, to every index that must know it.

        Records go to the indices that are written to; a withdrawal or a destruction goes to *every* index, the one
        kept for a way back included: nothing hidden may come back with it.

        Raises:
            IndexUnavailable, BodiesUnavailable: try again later; applying twice is harmless.
            IndexRefused: a document is refused for what it is.
        """
        destroyed = [fact for fact in facts if isinstance(fact, ContentDestroyed)]
        records = newest(fact for fact in facts if not isinstance(fact, ContentDestroyed))
        indices = await self.engine.indices()
        if not indices.writers:
            raise IndexUnavailable("there is no index to write to")
        if destroyed:
            await note_forgotten(self.database, [fact.digest for fact in destroyed])
        await self.index([fact for fact in records if isinstance(fact, RecordState)], indices.writers)
        gone = [withdrawn_document(fact) for fact in records if isinstance(fact, RecordWithdrawn)]
        _refuse(await self.engine.write(gone, indices.all))
        for fact in destroyed:
            await take_out(self.engine, fact.digest, fact.record_ids)

    async def index(self, contracts: Sequence[RecordState | RecordWithdrawn], targets: Sequence[str]) -> int:
        """Write the newest state of each record to ``targets``; returns how many documents went out.

        A content may be destroyed between our asking for it and our writing its words. So after the write the list
        of destroyed contents is read again: whoever comes last, this writer or the destruction, takes the words out.
        """
        if not contracts:
            return 0
        latest = newest(contracts)
        texts = await self.bodies.texts(readable_files(latest))
        documents = [
            public_document(contract, texts)
            if isinstance(contract, RecordState)
            else withdrawn_document(contract)
            for contract in latest
        ]
        _refuse(await self.engine.write(documents, targets))
        await self._forget_what_was_destroyed_meanwhile(documents)
        return len(documents)

    async def _forget_what_was_destroyed_meanwhile(self, documents: Sequence[Document]) -> None:
        holders: dict[str, list[str]] = {}
        for document in documents:
            for digest in document.digests:
                holders.setdefault(digest, []).append(document.record_id)
        if not holders:
            return
        for digest in await still_forgotten(self.database, list(holders)):
            await take_out(self.engine, digest, holders[digest])


def _refuse(written: Written) -> None:
    if written.refused:
        causes = ", ".join(f"{record}: {cause}" for record, cause in sorted(written.refused.items())[:5])
        raise IndexRefused(f"{len(written.refused)} documents refused ({causes})")
