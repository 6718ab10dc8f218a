"""One child process: started, found ready, stopped, and found again after its supervisor was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_LAUNCH = Path(__file__).with_name("launch.py")
_POLL_SECONDS = 0.05
_SAME_START_SECONDS = 0.02
"""Start times come in clock ticks (10 ms); a process with our id that started at another time is not ours."""


class ChildFailed(Exception):
    """A child ended, or did not become ready in its time; the message ends with the last lines of its log."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run and how to tell that it runs."""

    name: str
    """Names the log, the process id file and the row in ``gongkai status``."""
    command: tuple[str, ...]
    """Absolute program path and arguments. Holds no secret: every user of the machine can read it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the few variables a program needs anywhere; nothing else of ours is inherited."""
    directory: Path = Path("/")
    user: int | None = None
    """User and group id to run as, when we are root; None stays who we are."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    """Grace between the stop signal and SIGKILL."""
    ready: Callable[[], bool] = _always
    """Asked again and again after the start until it is true; must return within a second or so."""
    ready_seconds: float = 60


_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")


class Child:
    """A process of one spec. Not thread-safe: one thread owns it.

    The thread that starts it must outlive it: Linux sends the parent-death signal when that *thread* ends.
    """

    def __init__(self, spec: ChildSpec, *, run: Path, logs: Path) -> None:
        self.spec = spec
        self.log = logs / f"{spec.name}.log"
        self.pidfile = run / f"{spec.name}.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def returncode(self) -> int | None:
        """How the last run ended; None while it runs or before the first."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the program; returns before it is ready."""
        spec = self.spec
        for folder in (self.log.parent, self.pidfile.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        user = "-" if spec.user is None else str(spec.user)
        environment = {key: os.environ[key] for key in _INHERITED if key in os.environ} | dict(
            spec.environment
        )
        shim = (sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(int(spec.stop_signal)), user)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own commands
                (*shim, *spec.command),
                cwd=spec.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops all in order
            )
        write_pidfile(self.pidfile, self._process.pid)

    def wait_ready(self, *, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Return when it answers. Raises ChildFailed when it ends, is late, or the wait is cancelled."""
        deadline = time.monotonic() + self.spec.ready_seconds
        while not self.spec.ready():
            if self.pid is None:
                raise ChildFailed(f"{self.spec.name} ended with {self.returncode}\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise ChildFailed(
                    f"{self.spec.name} was not ready in {self.spec.ready_seconds:.0f} s\n{self.last_lines()}"
                )
            if cancelled():
                raise ChildFailed(f"{self.spec.name}: stopped while starting")
            time.sleep(_POLL_SECONDS)

    def wait(self) -> int:
        """Block until it ends; its exit status, negative for a signal."""
        return self._process.wait() if self._process else 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self) -> None:
        """Ask it to end, insist after the grace; returns when it is gone."""
        if self._process is None:
            return
        self.signal(self.spec.stop_signal)
        try:
            self._process.wait(self.spec.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self.pidfile.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it and its group with SIGKILL, as a crash would; returns when it is gone."""
        if self._process is not None:
            _kill_group(self._process.pid)
            self._process.wait()

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, for a person who must find out why."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except OSError:
            return ""


def write_pidfile(path: Path, pid: int) -> None:
    """Note a process by id *and* start time, so that a later reader cannot take another's process for it."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"pid": pid, "created": created}))
    part.replace(path)


def find_process(pidfile: Path) -> psutil.Process | None:
    """The running process that a process id file names; None when it has ended."""
    try:
        noted = json.loads(pidfile.read_text())
        process = psutil.Process(int(noted["pid"]))
        if abs(process.create_time() - float(noted["created"])) > _SAME_START_SECONDS:
            return None
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None


def stop_orphan(pidfile: Path, stop_signal: signal.Signals, seconds: float) -> bool:
    """End what a killed supervisor left running. True when there was something to end."""
    process = find_process(pidfile)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop_signal)
            try:
                process.wait(seconds)
            except psutil.TimeoutExpired:
                _kill_group(process.pid)
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(seconds)
    pidfile.unlink(missing_ok=True)
    return process is not None


def _kill_group(pid: int) -> None:
    # Each child leads a session of its own, so its group is exactly its family.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
