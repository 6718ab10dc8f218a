"""``gongkai search``: the search index, for operators."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gongkai.cli.calling import door, told
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.search.v1 import search_pb2 as pb
from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceStub
from gongkai.serving.channels import LONG, streaming

app = typer.Typer(help="检索索引。", no_args_is_help=True)

_PHASES: Final = {"prepare": "准备", "read": "建立索引", "check": "核对", "switch": "切换", "done": "完成"}
_LINE_SECONDS: Final = 5.0
"""Where no person watches, a line at most this often while a phase goes on."""


@app.callback()
def _group() -> None:
    """检索索引。"""


@app.command("rebuild")
def rebuild_command(
    *,
    back: Annotated[bool, typer.Option("--back", help="退回上次重建前保留的索引（先补齐再切换）")] = False,
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
) -> None:
    """从发布服务的日志重建检索索引：新旧同时接收数据，逐条核对后一步切换，旧索引保留备用。

    中途按 Ctrl-C 则放弃，原有索引不受影响。
    """
    began = time.monotonic()
    try:
        asyncio.run(_rebuild(load_endpoints(state), back=back))
    except grpc.aio.AioRpcError as error:
        typer.echo(told(error, "search"), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("已放弃重建，原有索引继续使用。", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"用时 {time.monotonic() - began:.1f} 秒")


async def _rebuild(endpoints: Endpoints, *, back: bool) -> None:
    show = _Bar() if Console().is_terminal else _Lines()
    with show:
        async with door(endpoints, "search") as opened:
            call = SearchServiceStub(opened).Rebuild(pb.RebuildRequest(back=back), timeout=LONG)
            async with streaming(call) as answers:
                async for answer in answers:
                    show.tell(answer)


class _Lines:
    """One line a phase, and one every few seconds within it."""

    def __init__(self) -> None:
        self._phase = ""
        self._told = 0.0

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def tell(self, answer: pb.RebuildResponse) -> None:
        now = time.monotonic()
        if answer.phase == self._phase and now - self._told < _LINE_SECONDS:
            return
        self._phase, self._told = answer.phase, now
        phase = _PHASES.get(answer.phase, answer.phase)
        typer.echo(f"{phase}：{answer.message_zh}（{answer.done}/{answer.total}）")


class _Bar(_Lines):
    """A bar that a person watches."""

    def __init__(self) -> None:
        super().__init__()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns)
        self._task = self._bar.add_task("准备", total=None)

    def __enter__(self) -> None:
        self._bar.start()

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, answer: pb.RebuildResponse) -> None:
        phase = _PHASES.get(answer.phase, answer.phase)
        total = answer.total or None
        self._bar.update(self._task, description=phase, completed=answer.done, total=total)
        if answer.phase not in (self._phase, "read"):
            self._bar.console.print(f"{phase}：{answer.message_zh}")
        self._phase = answer.phase
