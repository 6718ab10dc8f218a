"""Where sealed content lies: a folder or a bucket. Everything here handles ciphertext only.

A folder is written in one thread hop a batch and synchronised to disk before the call returns, so that a key row can
never be more durable than the bytes it opens. A bucket answers when it has stored.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

SYNCHRONISE_AT_ONCE: Final = 8
AT_ONCE: Final = 16
"""Requests a batch keeps open to a bucket."""
PART_BYTES: Final = 8 * 1024 * 1024


ABSENT: Final = (NotFoundError, FileNotFoundError)
"""obstore raises the one or the other, by kind of store."""


class Writer(Protocol):
    """Takes the pieces of one object."""

    async def write(self, buffer: bytes, /) -> int:
        """Take a piece."""
        ...


def open_objects(url: str) -> ObjectStore:
    """Open the place ``url`` names: ``file:///folder`` (made if missing) or ``s3://bucket/prefix``.

    Raises:
        ValueError: neither of the two.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path:
        return LocalStore(prefix=unquote(parts.path), mkdir=True)
    if parts.scheme == "s3" and parts.netloc:
        return from_url(url)
    raise ValueError("内容库地址应为 file:///目录 或 s3://桶/前缀")


def new_shelf() -> str:
    """Draw a folder for the objects of a batch: sharing one, they need one synchronisation of it, not one each."""
    return os.urandom(1).hex()


def new_name(shelf: str) -> str:
    """Draw an object's name; nobody had it before, and it tells nothing of its content."""
    return f"{shelf}/{os.urandom(15).hex()}"


class Objects:
    """The few operations content needs, the same for a folder and a bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._folder = Path(str(store.prefix)) if isinstance(store, LocalStore) else None
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def put(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Store objects under names nobody used; return when they are durable.

        ``objects`` is consumed in a thread, so that sealing them lazily costs no second hop.
        """
        if self._folder is not None:
            await asyncio.to_thread(self._put_in_folder, self._folder, objects)
        else:
            sealed = await asyncio.to_thread(list, objects)
            await asyncio.gather(*(self._put_in_bucket(name, data) for name, data in sealed))

    def _put_in_folder(self, folder: Path, objects: Iterable[tuple[str, bytes]]) -> None:
        names = []
        for name, data in objects:
            obstore.put(self._store, name, data)
            names.append(name)
        _synchronise(folder, names)

    async def _put_in_bucket(self, name: str, data: bytes) -> None:
        async with self._slots:
            await obstore.put_async(self._store, name, data)

    @asynccontextmanager
    async def writing(self, name: str) -> AsyncIterator[Writer]:
        """Write one object piece by piece; durable when the block ends, gone if it ends with an error."""
        writer = obstore.open_writer_async(self._store, name, buffer_size=PART_BYTES)
        try:
            try:
                yield writer
            finally:
                await writer.close()
            if self._folder is not None:
                await asyncio.to_thread(_synchronise, self._folder, [name])
        except BaseException:
            await asyncio.shield(self.delete([name]))
            raise

    async def get(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the objects that are there, by name."""
        if self._folder is not None:
            return await asyncio.to_thread(self._get_from_folder, names)
        found = await asyncio.gather(*(self._get_from_bucket(name) for name in names))
        return {name: data for name, data in zip(names, found, strict=True) if data is not None}

    def _get_from_folder(self, names: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for name in names:
            with suppress(*ABSENT):
                found[name] = bytes(obstore.get(self._store, name).bytes())
        return found

    async def _get_from_bucket(self, name: str) -> bytes | None:
        async with self._slots:
            try:
                answer = await obstore.get_async(self._store, name)
                return bytes(await answer.bytes_async())
            except ABSENT:
                return None

    async def delete(self, names: Iterable[str]) -> None:
        """Delete objects; those already gone are no error."""
        for name in names:
            with suppress(*ABSENT):
                await obstore.delete_async(self._store, name)

    async def list(self) -> AsyncIterator[tuple[str, datetime]]:
        """Yield every object's name and when it was last written."""
        async for page in obstore.list(self._store):
            for entry in page:
                yield entry["path"], entry["last_modified"]


def _synchronise(folder: Path, names: Sequence[str]) -> None:
    """Bring files, and the folders that name them, to disk.

    Several at once, because a journaling file system then commits them together: 200 files take 30-50 ms instead of
    200-400 ms.
    """
    with ThreadPoolExecutor(min(SYNCHRONISE_AT_ONCE, max(len(names), 1))) as pool:
        list(pool.map(_fsync, [folder / name for name in names]))
    for inner in {(folder / name).parent for name in names} | {folder}:
        _fsync(inner)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
