"""``gongkai status``: which parts run, where, how well, and what they use."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from gongkai.cli.endpoints import load_endpoints
from gongkai.devstack.ports import is_listening
from gongkai.devstack.process import find_process
from gongkai.devstack.stack import SERVERS, SERVICES, answers

app = typer.Typer()

_MEGABYTE = 1_000_000
_WINDOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack, its children counted in."""

    name: str
    pid: int | None
    address: str
    health: str
    """``ready``, ``unready`` (runs, but cannot work now) or ``down``."""
    megabytes: float
    """Proportional set size: shared pages are counted once over all processes."""
    cpu_percent: float
    """Of one core, over the last second."""
    uptime_seconds: float


@app.command()
def status(
    state: Annotated[Path, typer.Option(help="状态目录")] = Path(".gongkai"),
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取")] = False,
) -> None:
    """查看各进程、端口、健康状况和资源占用；有一个不正常时退出状态为 1。"""
    load_endpoints(state)
    stored = json.loads((state / "endpoints.json").read_text(encoding="utf-8"))
    parts = examine(state, stored)
    if as_json:
        typer.echo(json.dumps([asdict(part) for part in parts], ensure_ascii=False))
    else:
        _show(parts, state)
    if any(part.health != "ready" for part in parts):
        raise typer.Exit(1)


def examine(state: Path, endpoints: dict[str, object]) -> list[Part]:
    """Look at every part; takes a second, in which processor time is measured."""
    families = {name: _family(state, name) for name in ("up", *SERVERS, *SERVICES)}
    before = {name: _cpu_seconds(family) for name, family in families.items()}
    began = time.monotonic()
    health = {name: _health(name, families[name], endpoints) for name in families}
    time.sleep(max(0.0, _WINDOW_SECONDS - (time.monotonic() - began)))
    seconds = time.monotonic() - began
    return [
        Part(
            name=name,
            pid=family[0].pid if family else None,
            address=_address(name, endpoints),
            health=health[name],
            megabytes=sum(_memory(process) for process in family) / _MEGABYTE,
            cpu_percent=max(0.0, _cpu_seconds(family) - before[name]) / seconds * 100,
            uptime_seconds=time.time() - family[0].create_time() if family else 0,
        )
        for name, family in families.items()
    ]


def _show(parts: list[Part], state: Path) -> None:
    table = Table(title=f"公开平台 {state.absolute()}")
    for heading in ("部分", "进程号", "地址", "状况"):
        table.add_column(heading, no_wrap=True)
    for heading in ("内存 MB", "CPU %", "已运行"):
        table.add_column(heading, justify="right")
    words = {"ready": "[green]正常[/]", "unready": "[yellow]未就绪[/]", "down": "[red]未运行[/]"}
    for part in parts:
        figures = (f"{part.megabytes:.0f}", f"{part.cpu_percent:.1f}", _duration(part.uptime_seconds))
        table.add_row(
            part.name, str(part.pid or "—"), part.address.rpartition("//")[2], words[part.health], *figures
        )
    total = (f"{sum(part.megabytes for part in parts):.0f}", f"{sum(part.cpu_percent for part in parts):.1f}")
    table.add_section()
    table.add_row("合计", "", "", "", *total, "")
    Console().print(table)


def _family(state: Path, name: str) -> list[psutil.Process]:
    process = find_process(state / "run" / f"{name}.pid")
    if process is None:
        return []
    # The supervisor's children are the other rows.
    return [process] if name == "up" else [process, *process.children(recursive=True)]


def _health(name: str, family: list[psutil.Process], endpoints: dict[str, object]) -> str:
    if not family:
        return "down"
    if name == "up":
        return "ready"
    return "ready" if _is_well(name, endpoints) else "unready"


def _is_well(name: str, endpoints: dict[str, object]) -> bool:
    if name == "postgres":
        postgres = endpoints["postgres"]
        assert isinstance(postgres, dict)
        return is_listening(int(postgres["port"]))
    http = endpoints["http"]
    assert isinstance(http, dict)
    probes = {
        "nats": f"{endpoints['nats_monitor']}/healthz",
        "opensearch": f"{endpoints['opensearch']}/_cluster/health",
        "sandbox": f"{endpoints['sandbox']}/readyz",
    }
    return answers(probes.get(name) or f"{http[name]}/readyz")


def _address(name: str, endpoints: dict[str, object]) -> str:
    if name == "postgres":
        postgres = endpoints["postgres"]
        assert isinstance(postgres, dict)
        return f"{postgres['host']}:{postgres['port']}"
    if name in ("nats", "opensearch", "sandbox", "portal"):
        return str(endpoints[name])
    grpc = endpoints["grpc"]
    assert isinstance(grpc, dict)
    return str(grpc.get(name, "—"))


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.Error:
        return 0


def _cpu_seconds(family: list[psutil.Process]) -> float:
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
