"""``gongkai content``: bodies and files by digest."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.rpc.publishing.v1.publishing_pb2_grpc import ContentServiceStub
from gongkai.serving.clock import new_id

app = typer.Typer(help="正文与附件。", no_args_is_help=True)

_DESTROY_SECONDS = 60.0


@app.callback()
def _group() -> None:
    """Keeps ``destroy`` a subcommand although it is the only one."""


@app.command("destroy")
def destroy_command(
    digest: Annotated[str, typer.Argument(help="内容的 SHA-256 摘要（64 位十六进制）")],
    reason: Annotated[str, typer.Option(help="销毁原因；会公开")],
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
) -> None:
    """永久销毁一份内容：字节与密钥处处删除，日志只留摘要；此后谁也不能再送来同一内容。"""
    records = finish(_destroy(load_endpoints(state), digest, reason))
    typer.echo(f"已销毁 {digest}；引用它的记录 {len(records)} 条。")
    for record_id in records:
        typer.echo(record_id)


async def _destroy(endpoints: Endpoints, digest: str, reason: str) -> Sequence[str]:
    request = pb.DestroyContentRequest(
        command_id=str(new_id()), actor=getpass.getuser(), digest=digest, reason=reason
    )
    async with door(endpoints, "publishing") as opened:
        answer = await ContentServiceStub(opened).DestroyContent(request, timeout=_DESTROY_SECONDS)
        return tuple(answer.record_ids)
