"""Keeps children running: a thread each starts it, waits, starts it again; all are stopped in order."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gongkai.devstack.process import Child, ChildFailed, ChildSpec, stop_orphan, write_pidfile

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 15.0
_STEADY_SECONDS = 60.0
"""A child that ran this long is healthy again: its next end is not counted onto the earlier ones."""
_ATTEMPTS_AT_START = 3
_ORPHAN_SECONDS = 15.0

Report = Callable[[str, str], None]
"""Told (child, what happened, in Chinese)."""


class AlreadyRunning(Exception):
    """Another supervisor holds this state folder."""


@dataclass(slots=True)
class _Watched:
    child: Child
    thread: threading.Thread
    ready: threading.Event
    """Set while it is ready, and for good when it is given up."""
    fault: ChildFailed | None = None


class Supervisor:
    """Owns the children of one state folder.

    Args:
        run: process id files and the lock.
        logs: one ``<name>.log`` a child.
        report: told of ends and restarts, from the watching threads.
    """

    def __init__(self, run: Path, logs: Path, report: Report) -> None:
        self._run = run
        self._logs = logs
        self._report = report
        self._stopping = threading.Event()
        self._watched: dict[str, _Watched] = {}

    @contextlib.contextmanager
    def hold(self, servers: Sequence[str] = ()) -> Iterator[None]:
        """Hold the state folder, after ending what a killed supervisor left behind; stop all children at the end.

        Args:
            servers: children that others depend on; orphans of these names are ended last.

        Raises:
            AlreadyRunning: another supervisor lives.
        """
        self._run.mkdir(parents=True, exist_ok=True)
        with (self._run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(str(self._run)) from None
            self._end_orphans(servers)
            own = self._run / "up.pid"
            write_pidfile(own, os.getpid())
            try:
                yield
            finally:
                self.stop(servers)
                own.unlink(missing_ok=True)

    @property
    def stopping(self) -> bool:
        """Is everything being stopped?"""
        return self._stopping.is_set()

    def start(self, spec: ChildSpec) -> None:
        """Start a child and keep it running; returns at once."""
        child = Child(spec, run=self._run, logs=self._logs)
        thread = threading.Thread(target=self._watch, args=(spec.name,), name=spec.name, daemon=True)
        self._watched[spec.name] = _Watched(child, thread, threading.Event())
        thread.start()

    def wait_ready(self, name: str) -> None:
        """Block until the child is ready. Raises ChildFailed when it was given up, or all is being stopped."""
        watched = self._watched[name]
        watched.ready.wait()
        if watched.fault is not None:
            raise watched.fault

    def stop(self, last: Sequence[str] = ()) -> None:
        """Stop every child, those named in ``last`` after the others; at once within each of the two groups."""
        self._stopping.set()
        first = [one for name, one in self._watched.items() if name not in last]
        for group in (first, [one for name, one in self._watched.items() if name in last]):
            for one in group:
                one.child.signal(one.child.spec.stop_signal)
            for one in group:
                one.thread.join(one.child.spec.stop_seconds)
                if one.thread.is_alive():
                    self._report(one.child.spec.name, "没有按时停下，已强制结束")
                    one.child.kill()
                    one.thread.join()
        self._watched.clear()

    def hurry(self) -> None:
        """End every child with SIGKILL: the second Ctrl-C."""
        self._stopping.set()
        for one in list(self._watched.values()):
            if (pid := one.child.pid) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)

    def trim_logs(self, most: int = 8 * 1024 * 1024) -> None:
        """Move the content of every log above ``most`` bytes to ``<name>.log.1``, over the earlier one."""
        for log in self._logs.glob("*.log"):
            if log.stat().st_size > most:
                # The child keeps the file open for appending, so it goes on at the new beginning.
                log.with_suffix(".log.1").write_bytes(log.read_bytes())
                os.truncate(log, 0)

    def _watch(self, name: str) -> None:
        watched = self._watched[name]
        child = watched.child
        ends = 0
        was_ready = False
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                child.start()
                child.wait_ready(cancelled=self._stopping.is_set)
            except ChildFailed as fault:
                how = "没有按时就绪" if child.pid is not None else _how(child.returncode)
                child.stop()
                if self._stopping.is_set() or (not was_ready and ends + 1 >= _ATTEMPTS_AT_START):
                    watched.fault = fault
                    watched.ready.set()
                    return
            else:
                was_ready = True
                watched.ready.set()
                # Who stops sets the mark before it signals: one of the two reaches every child.
                if self._stopping.is_set():
                    child.stop()
                how = _how(child.wait())
            if self._stopping.is_set():
                break
            watched.ready.clear()
            ends = 1 if time.monotonic() - started > _STEADY_SECONDS else ends + 1
            pause = min(_FIRST_PAUSE_SECONDS * 2 ** (ends - 1), _LONGEST_PAUSE_SECONDS)
            self._report(name, f"{how}，{pause:.1f} 秒后重新启动")
            self._stopping.wait(pause)
        child.pidfile.unlink(missing_ok=True)
        watched.fault = watched.fault or ChildFailed(f"{name}: stopped")
        watched.ready.set()

    def _end_orphans(self, servers: Sequence[str]) -> None:
        left = {file.stem: file for file in self._run.glob("*.pid") if file.stem != "up"}
        for names in (
            [name for name in left if name not in servers],
            [name for name in left if name in servers],
        ):
            with ThreadPoolExecutor(max_workers=len(left) or 1) as pool:
                for name, found in zip(names, pool.map(lambda name: _end(left[name]), names), strict=True):
                    if found:
                        self._report(name, "上次没有正常结束，遗留的进程已停止")


def _end(pidfile: Path) -> bool:
    # PostgreSQL takes SIGTERM for "wait until every client has left"; SIGINT ends the sessions.
    number = signal.SIGINT if pidfile.stem == "postgres" else signal.SIGTERM
    return stop_orphan(pidfile, number, _ORPHAN_SECONDS)


def _how(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return f"已退出（信号 {signal.Signals(-returncode).name}）"
    return f"已退出（状态 {returncode}）"
