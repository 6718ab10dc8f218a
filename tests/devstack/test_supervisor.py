"""The supervisor starts children again, gives up on hopeless ones, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gongkai.devstack.process import Child, ChildFailed, ChildSpec, find_process, write_pidfile
from gongkai.devstack.supervisor import AlreadyRunning, Supervisor

SLEEP = "import time; time.sleep(600)"


def program(name: str, code: str, **more: object) -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-c", code), **more)  # type: ignore[arg-type]


class Heard:
    """Remembers what was reported and lets a test wait for it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self._changed = threading.Condition()

    def __call__(self, name: str, what: str) -> None:
        with self._changed:
            self.said.append((name, what))
            self._changed.notify_all()

    def until(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.said) >= count, timeout=30)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def supervisor(tmp_path: Path, heard: Heard) -> Iterator[Supervisor]:
    one = Supervisor(tmp_path / "run", tmp_path / "logs", heard)
    with one.hold():
        yield one


def pid_of(tmp_path: Path, name: str) -> int:
    process = find_process(tmp_path / "run" / f"{name}.pid")
    assert process is not None
    return process.pid


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError("never came true")


def test_a_killed_child_is_started_again(supervisor: Supervisor, heard: Heard, tmp_path: Path) -> None:
    """A child that dies is replaced, and the person at the terminal is told how it ended."""
    supervisor.start(program("one", SLEEP))
    supervisor.wait_ready("one")
    first = pid_of(tmp_path, "one")

    os.kill(first, signal.SIGKILL)
    heard.until(1)
    wait_until(lambda: find_process(tmp_path / "run" / "one.pid") is not None)

    assert heard.said[0][0] == "one"
    assert "SIGKILL" in heard.said[0][1]
    assert pid_of(tmp_path, "one") != first


def test_a_child_that_never_starts_is_given_up_with_its_last_words(supervisor: Supervisor) -> None:
    """What cannot start is reported with the end of its log instead of being tried for ever."""
    spec = program("broken", "import sys; sys.exit('no database')", ready=lambda: False)
    supervisor.start(spec)
    with pytest.raises(ChildFailed, match="no database"):
        supervisor.wait_ready("broken")


def test_the_last_are_stopped_after_the_others(tmp_path: Path, heard: Heard) -> None:
    """A server outlives the services that use it."""
    order = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2] + ' '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); open(sys.argv[3], 'w').close()\ntime.sleep(600)"
    )
    supervisor = Supervisor(tmp_path / "run", tmp_path / "logs", heard)
    with supervisor.hold(servers=["database"]):
        for name in ("database", "service"):
            up = tmp_path / f"{name}-up"
            command = (sys.executable, "-c", code, str(order), name, str(up))
            supervisor.start(ChildSpec(name, command, ready=up.exists))
            supervisor.wait_ready(name)
    assert order.read_text() == "service database "


def test_one_that_ignores_the_signal_is_killed(tmp_path: Path, heard: Heard) -> None:
    """Stopping ends, whatever a child thinks of it."""
    up = tmp_path / "up"
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(up)!r}, 'w'); time.sleep(600)"
    supervisor = Supervisor(tmp_path / "run", tmp_path / "logs", heard)
    with supervisor.hold():
        supervisor.start(program("deaf", code, stop_seconds=0.2, ready=up.exists))
        supervisor.wait_ready("deaf")
        pid = pid_of(tmp_path, "deaf")
    assert not psutil.pid_exists(pid)
    assert not list((tmp_path / "run").glob("*.pid"))


@pytest.mark.usefixtures("supervisor")
def test_two_cannot_hold_one_state(tmp_path: Path, heard: Heard) -> None:
    """A second start on the same state is refused, not started beside the first."""
    with pytest.raises(AlreadyRunning), Supervisor(tmp_path / "run", tmp_path / "logs", heard).hold():
        pass


def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    """On Linux a SIGKILL of the supervisor reaches its children as their own stop signal."""
    if sys.platform != "linux":
        pytest.skip("the parent-death signal is Linux's")
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from gongkai.devstack.process import Child, ChildSpec\n"
        f"child = Child(ChildSpec('one', (sys.executable, '-c', {SLEEP!r})), run=Path('run'), logs=Path('logs'))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        (sys.executable, "-c", code), cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        wait_until(lambda: "-c" in child.cmdline()[:2])  # it has become the program
        parent.kill()
        child.wait(30)


def test_the_next_start_ends_orphans(tmp_path: Path, heard: Heard) -> None:
    """What a killed supervisor left running is ended before anything is started beside it."""
    orphan = Child(program("left", SLEEP), run=tmp_path / "run", logs=tmp_path / "logs")
    orphan.start()
    with Supervisor(tmp_path / "run", tmp_path / "logs", heard).hold():
        assert orphan.pid is None
    assert [name for name, _ in heard.said] == ["left"]


def test_a_stranger_with_a_noted_id_is_left_alone(tmp_path: Path, heard: Heard) -> None:
    """A process id that came to another program since is recognised by its start time."""
    with subprocess.Popen((sys.executable, "-c", SLEEP)) as stranger:
        file = tmp_path / "run" / "old.pid"
        file.parent.mkdir()
        write_pidfile(file, stranger.pid)
        noted = file.read_text()
        created = psutil.Process(stranger.pid).create_time()
        file.write_text(noted.replace(str(created), str(created - 60)))

        with Supervisor(tmp_path / "run", tmp_path / "logs", heard).hold():
            assert stranger.poll() is None
        stranger.kill()
    assert heard.said == []


def test_a_log_stays_small(supervisor: Supervisor, tmp_path: Path) -> None:
    """A log that grew is moved aside once; its writer goes on at the new beginning."""
    up = tmp_path / "up"
    code = (
        "import os, sys, time\nprint('x' * 5000, flush=True)\n"
        f"open({str(up)!r}, 'w')\n"
        f"while os.path.getsize({str(tmp_path / 'logs' / 'one.log')!r}) > 5000: time.sleep(0.01)\n"
        f"print('after', flush=True); open({str(up)!r} + '2', 'w'); time.sleep(600)"
    )
    supervisor.start(program("one", code, ready=up.exists))
    supervisor.wait_ready("one")
    supervisor.trim_logs(most=1000)
    wait_until((tmp_path / "up2").exists)
    assert (tmp_path / "logs" / "one.log.1").stat().st_size > 5000
    assert (tmp_path / "logs" / "one.log").read_bytes().strip(b"\0") == b"after\n"
