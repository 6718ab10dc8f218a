"""``gongkai up``: one command starts everything, survives its own SIGKILL, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from gongkai.devstack.loopback import fetch
from gongkai.devstack.ports import free_port, is_listening
from gongkai.devstack.stack import STORING

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

GONGKAI = (sys.executable, "-P", "-m", "gongkai.cli.main")


class Up:
    """A running ``gongkai up`` and what it has printed."""

    def __init__(self, state: Path, *options: str) -> None:
        command = (*GONGKAI, "up", "--state", str(state), "--no-demo", *options)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("ready "):
                self._ready.set()
        self._ready.set()

    def wait_ready(self) -> None:
        assert self._ready.wait(200)
        assert any(line.startswith("ready ") for line in self.lines), "\n".join(self.lines)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(90)
        self._reader.join(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def up(state: Path, *options: str) -> Iterator[Up]:
    one = Up(state, *options)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


def processes_of(state: Path) -> list[psutil.Process]:
    """Every process that names the state folder, or works in it."""
    found = []
    for process in psutil.process_iter():
        try:
            places = [*process.cmdline(), process.cwd()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(state) in place for place in places):
            found.append(process)
    return found


def status(state: Path) -> dict[str, dict[str, Any]]:
    command = (*GONGKAI, "status", "--json", "--state", str(state))
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return {part["name"]: part for part in json.loads(answer.stdout)}


def test_up_starts_everything_and_ctrl_c_ends_everything(state: Path) -> None:
    """One line says ready with the addresses; they answer; after Ctrl-C nothing listens and nothing runs."""
    port = free_port()
    with up(state, "--port", str(port)) as running:
        running.wait_ready()
        endpoints = json.loads((state / "endpoints.json").read_text())
        ready = next(line for line in running.lines if line.startswith("ready "))
        assert endpoints["portal"] == f"http://127.0.0.1:{port}"
        assert all(
            address in ready for address in (endpoints["portal"], endpoints["nats"], endpoints["opensearch"])
        )
        assert fetch(endpoints["portal"], seconds=10) is not None
        for service in STORING:
            assert is_listening(int(endpoints["grpc"][service].rpartition(":")[2]))
        assert {part["health"] for part in status(state).values()} == {"ready"}
        for secret in (state / "keys").rglob("*"):
            assert secret.is_dir() or secret.suffix == ".pub" or secret.stat().st_mode & 0o077 == 0, secret

        assert running.end(signal.SIGINT) == 0

    assert processes_of(state) == []
    assert not any(
        is_listening(number) for number in json.loads((state / "run" / "ports.json").read_text()).values()
    )
    assert not is_listening(port)


def test_killed_it_starts_again_on_the_same_ports_and_mends_a_killed_part(state: Path) -> None:
    """After a SIGKILL of ``gongkai up`` the next start takes over; a killed part comes back by itself."""
    port = free_port()
    with up(state, "--no-demo", "--port", str(port)) as first:
        first.wait_ready()
        before = (state / "endpoints.json").read_text()
        assert first.end(signal.SIGKILL) == -signal.SIGKILL

    with up(state, "--no-demo") as second:
        second.wait_ready()
        assert (state / "endpoints.json").read_text() == before

        refused = subprocess.run(
            (*GONGKAI, "up", "--state", str(state)), capture_output=True, text=True, check=False
        )
        assert refused.returncode == 1
        assert "已有一个平台在运行" in refused.stderr

        pids = {name: part["pid"] for name, part in status(state).items()}
        killed = ("postgres", "sandbox", "publishing")
        for name in killed:
            os.kill(pids[name], signal.SIGKILL)
        for _ in range(120):
            parts = status(state)
            if all(part["health"] == "ready" for part in parts.values()):
                break
        assert {name: part["health"] for name, part in parts.items()} == dict.fromkeys(parts, "ready")
        assert all(parts[name]["pid"] != pids[name] for name in killed)
        assert second.end(signal.SIGTERM) == 0
    assert processes_of(state) == []
