"""From events to the registry of bases, and to what the matters in force cite.

A citation is resolved once however many matters have it: when it first occurs, and when a basis that answers to one of
its keys comes, goes or is renamed. Who writes bases waits for those who write citations and the other way round, so
that none is missed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Text, any_, bindparam, cast, delete, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.matters import Citation
from gongkai.eventstore.store import StreamWrite
from services.catalog.domain.bases import BasisFacts
from services.catalog.domain.editions import MatterRetired, MatterRevised
from services.catalog.domain.resolving import Registry, names_of
from services.catalog.views.basis_tables import basis, basis_name, citation, matter_citation

_SOME: Final = 1000
"""Matters whose old citations are deleted by one statement."""

_FLAG: Final = re.compile("公开依据中“(?P<words>.+)”没有写明")
"""How `domain/reading/citations.py` tells of words it could not read."""

Place = tuple[str, str]
"""Catalogue and matter."""


async def apply(conn: AsyncConnection, writes: Sequence[StreamWrite]) -> None:
    """Bring these views to where the log will be when ``writes`` are appended."""
    bases: dict[str, dict[str, Any]] = {}
    cited: dict[Place, tuple[Citation, ...]] = {}
    for write in writes:
        for version, event in enumerate(write.events, start=write.expected_version + 1):
            match event:
                case BasisFacts():
                    bases[event.basis] = _row(event, version)
                case MatterRevised() if event.catalogue:
                    read = event.reading
                    cited[event.catalogue, event.matter.id] = (*read.citations, *_unread(read.flags))
                case MatterRetired():
                    cited[event.catalogue, event.matter_id] = ()
    if not bases and not cited:
        return
    mode = "SHARE ROW EXCLUSIVE" if bases else "ROW EXCLUSIVE"
    await conn.execute(text(f"LOCK TABLE citation IN {mode} MODE"))
    keys = await _write_bases(conn, bases) if bases else set[str]()
    fresh = await _write_cited(conn, cited) if cited else set[str]()
    await _resolve(conn, keys, fresh)


def citation_id(title: str, number: str) -> str:
    """Give the words of a citation an id; articles do not count."""
    return hashlib.sha256(f"{title}\x1f{number}".encode()).hexdigest()[:20]


def _row(event: BasisFacts, version: int) -> dict[str, Any]:
    facts = event.model_dump(include={column.name for column in basis.c})
    return facts | {"id": event.basis, "aliases": list(event.aliases), "version": version}


async def _write_bases(conn: AsyncConnection, rows: Mapping[str, dict[str, Any]]) -> set[str]:
    """Write bases and their names; returns every key that answers otherwise now, or may."""
    statement = insert(basis)
    rest = {column.name: statement.excluded[column.name] for column in basis.c if not column.primary_key}
    await conn.execute(
        statement.on_conflict_do_update(index_elements=[basis.c.id], set_=rest), list(rows.values())
    )
    names = {
        (key, identity)
        for identity, row in rows.items()
        for key in names_of(row["title"], row["number"], row["aliases"])
    }
    gone = delete(basis_name).where(basis_name.c.basis == any_(_texts(rows))).returning(basis_name.c.key)
    keys = set((await conn.execute(gone)).scalars())
    await conn.execute(
        insert(basis_name), [{"key": key, "basis": identity} for key, identity in sorted(names)]
    )
    return keys | {key for key, _ in names}


async def _write_cited(conn: AsyncConnection, cited: Mapping[Place, tuple[Citation, ...]]) -> set[str]:
    """Replace what matters cite; returns the citations that occur for the first time."""
    places = sorted(cited)
    here = tuple_(matter_citation.c.catalogue, matter_citation.c.matter)
    for start in range(0, len(places), _SOME):
        await conn.execute(delete(matter_citation).where(here.in_(places[start : start + _SOME])))
    links, words = set[tuple[str, str, str]](), dict[str, dict[str, Any]]()
    for (catalogue, matter), citations in cited.items():
        for one in citations:
            identity = citation_id(one.title, one.number)
            links.add((catalogue, matter, identity))
            if identity not in words:
                words[identity] = _citation(identity, one)
    if not links:
        return set()
    known = select(citation.c.id).where(citation.c.id == any_(_texts(words)))
    fresh = words.keys() - set((await conn.execute(known)).scalars())
    if fresh:
        new = insert(citation).on_conflict_do_nothing(index_elements=[citation.c.id])
        await conn.execute(new, [words[identity] for identity in sorted(fresh)])
    rows = [{"catalogue": a, "matter": b, "citation": c} for a, b, c in sorted(links)]
    await conn.execute(insert(matter_citation), rows)
    return set(fresh)


def _unread(flags: Iterable[str]) -> Iterator[Citation]:
    """Give the words of 公开依据 that name nothing, as citations without a title: they stay unresolved, and listed."""
    for flag in flags:
        if match := _FLAG.match(flag):
            yield Citation(title="", number=match["words"])


def _citation(identity: str, one: Citation) -> dict[str, Any]:
    keys = sorted(names_of(one.title, one.number, ()))
    return {
        "id": identity, "title": one.title, "number": one.number, "names": keys, "basis": "", "candidates": [],
    }  # fmt: skip


async def _resolve(conn: AsyncConnection, keys: Collection[str], fresh: Collection[str]) -> None:
    """Resolve citations anew: those that are fresh, and those that have one of the keys."""
    touched = citation.c.names.bool_op("&&")(_texts(keys)) | (citation.c.id == any_(_texts(fresh)))
    rows = (await conn.execute(select(citation).where(touched).order_by(citation.c.id))).all()
    if not rows:
        return
    asked = {key for row in rows for key in row.names}
    names = select(basis_name.c.key, basis_name.c.basis).where(basis_name.c.key == any_(_texts(asked)))
    registry = Registry([(key, identity) for key, identity in await conn.execute(names)])
    changed = []
    for row in rows:
        found = registry.resolve(row.title, row.number)
        if (found.basis, list(found.candidates)) != (row.basis, row.candidates):
            changed.append({"at": row.id, "basis": found.basis, "candidates": list(found.candidates)})
    if changed:
        await conn.execute(update(citation).where(citation.c.id == bindparam("at")), changed)


def _texts(texts: Iterable[str]) -> Any:  # noqa: ANN401 - an SQL expression, whose type is the dialect's
    """Give texts as one parameter, however many they are."""
    return cast(list(texts), ARRAY(Text))
