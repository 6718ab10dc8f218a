"""``gongkai up``: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from gongkai.cli.progress import Progress
from gongkai.demo import requests
from gongkai.demo.accounts import told
from gongkai.devstack.jars import REPOSITORY_VARIABLE, JarsMissing
from gongkai.devstack.place import DataGone
from gongkai.devstack.ports import is_free
from gongkai.devstack.process import ChildFailed
from gongkai.devstack.stack import SERVERS, Stack
from gongkai.devstack.supervisor import AlreadyRunning, Supervisor

app = typer.Typer()

_DEFAULT_PORT = 8080
_LOOK_SECONDS = 30.0


@app.command()
def up(
    state: Annotated[Path, typer.Option(help="状态目录：数据、密钥、日志都在这里")] = Path(".gongkai"),
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="门户端口；缺省沿用上次的，首次为 8080")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="首次启动时载入虚构的演示数据")] = True,
) -> None:
    """在本机启动整个平台，按 Ctrl-C 停止。"""
    state = state.absolute()
    state.mkdir(parents=True, exist_ok=True, mode=0o711)
    progress = Progress()
    supervisor = Supervisor(state / "run", state / "logs", progress.say)
    stop = _stop_on_signals(supervisor)
    try:
        with progress, supervisor.hold(SERVERS):
            _run(state, _portal_port(state, port), demo, progress, supervisor, stop)
            progress.say("up", "正在停止")
    except AlreadyRunning:
        progress.fail(f"{state} 已有一个平台在运行。用 gongkai status 查看，或用 --state 指定另一个目录。")
        raise typer.Exit(1) from None
    except ChildFailed as fault:
        if not stop.is_set():
            progress.fail(f"启动失败：{fault}\n完整日志在 {state / 'logs'}。")
            raise typer.Exit(1) from None
    except JarsMissing as fault:
        progress.fail(
            f"无法获取 OpenSearch 的程序包：{fault}\n"
            f"可用环境变量 {REPOSITORY_VARIABLE} 指定镜像，或在有网络的机器上运行 make offline 后把 offline 目录带来。"
        )
        raise typer.Exit(1) from None
    except DataGone as fault:
        progress.fail(f"数据目录不见了：{fault}。恢复它，或用 make clean-state 清空后重新开始。")
        raise typer.Exit(1) from None
    progress.say("up", "已全部停止")


def _run(
    state: Path, port: int, demo: bool, progress: Progress, supervisor: Supervisor, stop: threading.Event
) -> None:
    loaded = state / "run" / "demo-loaded"
    stack = Stack(state, port, demo=demo or loaded.exists(), progress=progress.say)
    if _until(stop, lambda: stack.start(supervisor)):
        return
    again = (state / "endpoints.json").exists()
    _write_whole(state / "endpoints.json", json.dumps(stack.endpoints(), ensure_ascii=False, indent=2))
    if again and stack.streams_were_gone and _until(stop, lambda: _restore_answers(state, progress)):
        return
    complete = loaded.exists() and bool(told(stack.keys) and requests.told(stack.keys))
    if demo and not complete and _until(stop, lambda: _load_demo(state, loaded, progress)):
        return
    endpoints = stack.endpoints()
    progress.ready({
        "portal": str(endpoints["portal"]),
        "sandbox": str(endpoints["sandbox"]),
        "nats": stack.nats_url,
        "opensearch": stack.opensearch.url,
        "postgres": f"127.0.0.1:{stack.ports['postgres']}",
        **{name: f"127.0.0.1:{number}" for name, number in stack.ports.items() if name.startswith("grpc.")},
    })  # fmt: skip
    if loaded.exists():
        progress.note([*told(stack.keys), *requests.told(stack.keys)])
    while not stop.wait(_LOOK_SECONDS):
        supervisor.trim_logs()


def _until(stop: threading.Event, work: Callable[[], None]) -> bool:
    """Do the work in a thread while this one hears signals. True when it was broken off; raises what it raises."""
    faults: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            work()
        except BaseException as fault:  # noqa: BLE001  # raised again below, in the thread that can act
            faults.append(fault)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    while not done.wait(0.1):
        if stop.is_set():
            return True
    if faults and not stop.is_set():
        raise faults[0]
    return stop.is_set()


def _load_demo(state: Path, loaded: Path, progress: Progress) -> None:
    """Load the invented data in a process of its own: its memory goes with it."""
    if find_spec("gongkai.cli.demo") is None:
        return
    progress.say("demo", "正在载入虚构的演示数据")
    what = "seed_accounts" if loaded.exists() else "seed"  # a demo of a release that had no accounts yet
    code = (
        f"import sys; from pathlib import Path; from gongkai.cli import demo; demo.{what}(Path(sys.argv[1]))"
    )
    with (state / "logs" / "demo.log").open("wb") as log:
        result = subprocess.run(  # noqa: S603  # our own module
            (sys.executable, "-P", "-c", code, str(state)), check=False, stdout=log, stderr=log
        )
    if result.returncode:
        progress.say("demo", f"演示数据没有载入完，原因见 {log.name}；下次启动会再试")
        return
    loaded.touch()
    progress.say("demo", "演示数据已载入")


def _restore_answers(state: Path, progress: Progress) -> None:
    """JetStream's store was lost, and with it the queues from which organs read their answers."""
    command = (sys.executable, "-P", "-m", "gongkai.cli.main", "organ", "restore", "--state", str(state))
    result = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own module
    progress.say("nats", (result.stdout or result.stderr).strip())


def _portal_port(state: Path, wanted: int | None) -> int:
    """The port asked for, else the one used last, else 8080; kept for the next start."""
    kept = state / "run" / "portal.port"
    port = wanted or (int(kept.read_text()) if kept.exists() else _DEFAULT_PORT)
    if not is_free(port):
        typer.echo(f"端口 {port} 已被别的程序占用。请用 --port 指定另一个端口。", err=True)
        raise typer.Exit(1)
    kept.write_text(str(port))
    return port


def _stop_on_signals(supervisor: Supervisor) -> threading.Event:
    """Set by the first Ctrl-C or SIGTERM; the second ends every child at once."""
    stop = threading.Event()

    def stop_or_hurry(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            supervisor.hurry()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, stop_or_hurry)
    return stop


def _write_whole(file: Path, text: str) -> None:
    part = file.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(file)
