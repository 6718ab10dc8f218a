"""What runs beside the servers: consumers, relays, timers. None may end before it is asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import structlog

Background = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then ends soon. Ending earlier, or raising, is the end of the process."""
Stage = Literal["consumer", "task"]

_log = structlog.get_logger()


class BackgroundDied(Exception):
    """A part of the process that must run has ended; the process cannot go on without it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@dataclass(slots=True)
class _Running:
    name: str
    stage: Stage
    run: Background
    stop: asyncio.Event
    task: asyncio.Task[None] | None = None


class Crew:
    """All background parts of a process."""

    def __init__(self) -> None:
        self._all: list[_Running] = []

    def add(self, name: str, stage: Stage, run: Background) -> None:
        """Add a part; it runs from ``start`` on."""
        self._all.append(_Running(name, stage, run, asyncio.Event()))

    def start(self) -> None:
        """Start every part."""
        for running in self._all:
            running.task = asyncio.create_task(_run(running), name=running.name)

    async def watch(self, asked: asyncio.Event, also: Iterable[asyncio.Task[None]] = ()) -> None:
        """Return when ``asked`` is set.

        Args:
            asked: set when the process is to stop.
            also: tasks of others (HTTP servers) that may not end before that either.

        Raises:
            BackgroundDied: a part ended before that; the log has said which and why.
        """
        waiter = asyncio.create_task(_wait(asked), name="asked to stop")
        tasks = [*self._tasks("consumer", "task"), *also]
        try:
            done, _ = await asyncio.wait([waiter, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        for task in done - {waiter}:
            error = None if task.cancelled() else task.exception()
            _log.error("background task died", task=task.get_name(), exc_info=error)
            raise BackgroundDied(task.get_name()) from error

    async def end(self, stage: Stage, grace: float) -> None:
        """Ask the parts of one stage to stop; cancel those that have not after ``grace`` seconds."""
        for running in self._all:
            if running.stage == stage:
                running.stop.set()
        tasks = self._tasks(stage)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            _log.warning("did not stop in time, cancelled", task=task.get_name(), seconds=grace)
            task.cancel()
        await _settle(tasks)

    def _tasks(self, *stages: Stage) -> list[asyncio.Task[None]]:
        return [running.task for running in self._all if running.stage in stages and running.task is not None]


async def _run(running: _Running) -> None:
    await running.run(running.stop)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _settle(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for tasks that are ending; what they raise while ending is logged, not raised."""
    for task in tasks:
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):
            _log.error("failed while stopping", task=task.get_name(), exc_info=outcome)
