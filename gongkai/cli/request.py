"""``gongkai request``: what only an operator does to a request for disclosure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceStub
from gongkai.serving.clock import new_id

app = typer.Typer(help="依申请公开。", no_args_is_help=True)

_ERASE_SECONDS = 60.0


@app.callback()
def _group() -> None:
    """Keeps ``erase`` a subcommand although it is the only one."""


@app.command("erase")
def erase_command(
    number: Annotated[str, typer.Argument(help="登记编号，如 341323-2026-00047")],
    reason: Annotated[str, typer.Option(help="删除的理由；会长期保存，不得含有个人信息")],
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
) -> None:
    """永久删除一件申请的申请人信息：密钥销毁，内容和答复文件不可再读；编号、环节和日期保留。"""
    erased = finish(_erase(load_endpoints(state), number, reason))
    typer.echo(
        f"已删除 {erased.number} 的申请人信息；保留：{erased.organ_name}，{erased.submitted_on} 提交。"
    )


async def _erase(endpoints: Endpoints, number: str, reason: str) -> pb.Request:
    asked = pb.EraseApplicantRequest(command_id=str(new_id()), number=number, reason=reason)
    async with door(endpoints, "requests") as opened:
        return (await RequestServiceStub(opened).EraseApplicant(asked, timeout=_ERASE_SECONDS)).request
