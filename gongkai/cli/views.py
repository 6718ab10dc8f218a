"""``gongkai views``: the read models of the services, for operators."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer

from gongkai.cli.calling import door, told
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.ops.v1 import ops_pb2 as pb
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.serving.channels import LONG, streaming

app = typer.Typer(help="视图（由日志推出的表）。", no_args_is_help=True)

_WITH_VIEWS: Final = ("catalog", "publishing", "requests", "notify", "oversight")
_LINE_SECONDS: Final = 5.0


@app.callback()
def _group() -> None:
    """视图（由日志推出的表）。"""


@app.command("rebuild")
def rebuild_command(
    services: Annotated[list[str] | None, typer.Argument(help="服务名称；不写则全部")] = None,
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
) -> None:
    """从日志重建视图：在旁边建好，逐行与在用的核对，不同的改正。不发布、不发送任何东西。"""
    endpoints = load_endpoints(state)
    wanted = services or list(_WITH_VIEWS)
    if unknown := [name for name in wanted if name not in _WITH_VIEWS]:
        typer.echo(
            f"没有可重建视图的服务：{'、'.join(unknown)}。可写：{'、'.join(_WITH_VIEWS)}；检索索引用 gongkai search rebuild。",
            err=True,
        )
        raise typer.Exit(2)
    for name in wanted:
        try:
            asyncio.run(_rebuild(endpoints, name))
        except grpc.aio.AioRpcError as error:
            typer.echo(told(error, name), err=True)
            raise typer.Exit(1) from None


async def _rebuild(endpoints: Endpoints, service: str) -> None:
    began = said = time.monotonic()
    async with door(endpoints, service) as opened:
        call = OpsServiceStub(opened).RebuildViews(pb.RebuildViewsRequest(), timeout=LONG)
        async with streaming(call) as answers:
            async for answer in answers:
                if answer.finished:
                    result = "；".join(answer.differences) or "与在用的逐行一致"
                    typer.echo(f"{service}：{result}（{time.monotonic() - began:.1f} 秒）")
                elif time.monotonic() - said > _LINE_SECONDS:
                    said = time.monotonic()
                    typer.echo(f"{service}：{answer.view} 已读到 {answer.done}")
