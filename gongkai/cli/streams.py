"""``gongkai streams``: the JetStream streams that the services' relays fill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.ops.v1 import ops_pb2 as pb
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub

app = typer.Typer(help="消息流。", no_args_is_help=True)

_PREFIXES: Final = ("EVT_", "FEED_")


@app.callback()
def _group() -> None:
    """Keeps ``refill`` a subcommand although it is the only one."""


@app.command("refill")
def refill_command(
    stream: Annotated[list[str], typer.Argument(help="流的名称，例如 FEED_PUBLISHING；可以写几个")],
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
) -> None:
    """从日志的第一条起把流重新发布一遍：事件编号不变，读者按编号或位置识别重复，流里原有的不删除。"""
    endpoints = load_endpoints(state)
    owners = {one: owner_of(one) for one in stream}
    unknown = [one for one, owner in owners.items() if owner not in endpoints.grpc]
    if unknown:
        typer.echo(f"没有哪个服务填写 {'、'.join(unknown)}：只有 EVT_ 和 FEED_ 开头的流可以重填。", err=True)
        raise typer.Exit(2)
    for one, owner in owners.items():
        until = finish(_refill(endpoints, owner, one))
        typer.echo(f"{one}：已要求重填，将一直发布到日志位置 {until}。")


def owner_of(stream: str) -> str:
    """The service whose relay fills the stream; empty where none does."""
    prefix = next((one for one in _PREFIXES if stream.startswith(one)), None)
    return stream.removeprefix(prefix).lower() if prefix else ""


async def _refill(endpoints: Endpoints, owner: str, stream: str) -> int:
    async with door(endpoints, owner) as opened:
        answer = await OpsServiceStub(opened).RefillStream(pb.RefillStreamRequest(stream=stream))
        return int(answer.until_position)
