"""``gongkai log``: the services' event logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.ops.v1 import ops_pb2 as pb
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.serving.channels import LONG

app = typer.Typer(help="事件日志。", no_args_is_help=True)

_OWNERS: Final = ("catalog", "publishing", "requests", "notify", "oversight")


@app.callback()
def _group() -> None:
    """Keeps ``verify`` a subcommand although it is the only one."""


@app.command("verify")
def verify_command(state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai")) -> None:
    """逐条重算日志中每个事件的摘要，核对每个流有无缺号；有一处不符时退出状态为 1。"""
    endpoints = load_endpoints(state)
    sound = True
    for owner in _OWNERS:
        found = finish(_verify(endpoints, owner))
        typer.echo(f"{owner}：{found.events} 个事件，{found.streams} 个流，{len(found.faults)} 处不符")
        for fault in found.faults:
            typer.echo(f"  {fault}")
        sound = sound and not found.faults
    raise typer.Exit(0 if sound else 1)


async def _verify(endpoints: Endpoints, owner: str) -> pb.VerifyLogResponse:
    async with door(endpoints, owner) as opened:
        return await OpsServiceStub(opened).VerifyLog(pb.VerifyLogRequest(), timeout=LONG)
