"""What ``gongkai up`` says while it starts: a spinner where a person watches, plain lines where a program does."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

_NAMES = {
    "up": "平台",
    "postgres": "PostgreSQL",
    "nats": "NATS",
    "opensearch": "OpenSearch",
    "sandbox": "模拟网关",
    "catalog": "目录服务",
    "publishing": "发布服务",
    "requests": "申请服务",
    "search": "检索服务",
    "notify": "通知服务",
    "oversight": "监督服务",
    "portal": "门户",
    "demo": "演示数据",
}
_SAME_SECONDS = 5.0
"""A counting message of one part is printed as a line at most this often."""


class Progress:
    """Thread-safe; a context manager for the time of the start."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._counted: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.say("up", "正在启动")
        if self._console.is_terminal:
            self._status = self._console.status("正在启动……")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_status()

    def say(self, part: str, what: str) -> None:
        """One line: when, which part, what happened. A line that counts (``12/93``) replaces the one before."""
        name = _NAMES.get(part, part)
        with self._lock:
            if what[-1:].isdigit() and "/" in what:
                if self._status is not None:
                    self._status.update(f"{name}：{what}")
                    return
                now = time.monotonic()
                if now - self._counted.get(part, -_SAME_SECONDS) < _SAME_SECONDS:
                    return
                self._counted[part] = now
            self._print(f"[{time.monotonic() - self._began:5.1f} 秒] {name}：{what}")

    def ready(self, addresses: Mapping[str, str]) -> None:
        """The line that programs wait for: ``ready`` and every address."""
        self._end_status()
        with self._lock:
            self._print("ready " + " ".join(f"{name}={address}" for name, address in addresses.items()))
            self._print(f"打开 {addresses['portal']} 查看门户；按 Ctrl-C 停止。")

    def note(self, lines: Iterable[str]) -> None:
        """Lines for whoever started the platform."""
        with self._lock:
            for line in lines:
                self._print(line)

    def fail(self, text: str) -> None:
        """What went wrong and what to do, on standard error."""
        self._end_status()
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)

    def _end_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _print(self, line: str) -> None:
        with contextlib.suppress(OSError):  # whoever read our output may have left; the platform runs on
            self._console.print(line, markup=False)
            self._console.file.flush()
