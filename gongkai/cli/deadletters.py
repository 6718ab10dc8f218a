"""``gongkai deadletters``: messages that no consumer could apply, kept with their bytes until a person settles them."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.ops.v1 import ops_pb2 as pb
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.serving.clock import LEGAL_ZONE

app = typer.Typer(help="死信：没有一个消费者能处理的消息，连同原始字节保存，等人处置。", no_args_is_help=True)

Letter = Annotated[str, typer.Argument(metavar="SERVICE/NUMBER", help="list 所列的编号，例如 publishing/3")]
State = Annotated[Path, typer.Option(help="本机状态目录")]

_PAGE: Final = 500
_STATES: Final = {"waiting": "待处理", "retried": "重试成功", "discarded": "已放弃"}


@app.command("list")
def list_command(
    *,
    everything: Annotated[bool, typer.Option("--all", help="已经处理的也列出")] = False,
    state: State = Path(".gongkai"),
) -> None:
    """列出各服务的死信。"""
    found = finish(_list(load_endpoints(state), everything=everything))
    if not found:
        typer.echo(
            "没有死信：每条消息都已处理，不需要做什么。"
            if everything
            else "没有待处理的死信。已处理的用 --all 查看。"
        )
        return
    table = Table("编号", "消费者", "主题", "原因", "次数", "最近一次", "状态", title=f"死信（{len(found)}）")
    for service, letter in found:
        last = letter.last_failed_at.ToDatetime(LEGAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
        said = _STATES.get(letter.state, letter.state)
        name = f"{service}/{letter.number}"
        table.add_row(name, letter.consumer, letter.subject, letter.reason, str(letter.attempts), last, said)
    # Where no person watches, lines are not cut to a terminal's width.
    console = Console() if sys.stdout.isatty() else Console(width=240)
    console.print(table)


@app.command("show")
def show_command(
    letter: Letter,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="只输出原始字节")] = False,
    state: State = Path(".gongkai"),
) -> None:
    """显示一封死信：主题、原因、消息头和原始字节。"""
    found = finish(_get(load_endpoints(state), *_parsed(letter)))
    if raw:
        sys.stdout.buffer.write(found.data)
        return
    typer.echo(f"消费者 {found.consumer}\n主题 {found.subject}\n原因 {found.reason}\n次数 {found.attempts}")
    typer.echo(f"状态 {_STATES.get(found.state, found.state)}")
    for name, value in sorted(found.headers.items()):
        typer.echo(f"  {name}: {value}")
    typer.echo(f"字节 {len(found.data)}")
    typer.echo(found.data.decode("utf-8", errors="backslashreplace"))


@app.command("retry")
def retry_command(letter: Letter, state: State = Path(".gongkai")) -> None:
    """把一封死信再交给它的消费者一次；仍然不行则退出状态为 1，死信继续保留。"""
    answer = finish(_retry(load_endpoints(state), *_parsed(letter)))
    if not answer.applied:
        typer.echo(f"{letter}：仍未成功：{answer.reason}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{letter}：已处理。")


@app.command("discard")
def discard_command(
    letter: Letter,
    reason: Annotated[str, typer.Option(help="为什么放弃，记入台账")],
    state: State = Path(".gongkai"),
) -> None:
    """放弃一封死信：记下经办人和理由，删除其原始字节。"""
    finish(_discard(load_endpoints(state), *_parsed(letter), reason))
    typer.echo(f"{letter}：已放弃。")


def _parsed(letter: str) -> tuple[str, int]:
    service, _, number = letter.rpartition("/")
    if not service or not number.isdecimal():
        typer.echo(
            f"“{letter}”不是死信编号：请写成 gongkai deadletters list 所列的样子，例如 publishing/3。",
            err=True,
        )
        raise typer.Exit(2)
    return service, int(number)


async def _list(endpoints: Endpoints, *, everything: bool) -> list[tuple[str, pb.DeadLetter]]:
    async def of(service: str) -> list[tuple[str, pb.DeadLetter]]:
        return [(service, letter) async for letter in _letters(endpoints, service, everything=everything)]

    # catalog consumes nothing; asked like the others, it answers with none.
    return [one for found in await asyncio.gather(*map(of, endpoints.grpc)) for one in found]


async def _letters(endpoints: Endpoints, service: str, *, everything: bool) -> AsyncIterator[pb.DeadLetter]:
    after = 0
    async with door(endpoints, service) as opened:
        while True:
            request = pb.ListDeadLettersRequest(
                after_number=after, page_size=_PAGE, include_settled=everything
            )
            page = (await OpsServiceStub(opened).ListDeadLetters(request)).letters
            for letter in page:
                yield letter
            if len(page) < _PAGE:
                return
            after = page[-1].number


async def _get(endpoints: Endpoints, service: str, number: int) -> pb.DeadLetter:
    async with door(endpoints, _known(endpoints, service)) as opened:
        return (await OpsServiceStub(opened).GetDeadLetter(pb.GetDeadLetterRequest(number=number))).letter


async def _retry(endpoints: Endpoints, service: str, number: int) -> pb.RetryDeadLetterResponse:
    async with door(endpoints, _known(endpoints, service)) as opened:
        return await OpsServiceStub(opened).RetryDeadLetter(pb.RetryDeadLetterRequest(number=number))


async def _discard(endpoints: Endpoints, service: str, number: int, reason: str) -> None:
    request = pb.DiscardDeadLetterRequest(number=number, actor=getpass.getuser(), reason=reason)
    async with door(endpoints, _known(endpoints, service)) as opened:
        await OpsServiceStub(opened).DiscardDeadLetter(request)


def _known(endpoints: Endpoints, service: str) -> str:
    if service not in endpoints.grpc:
        typer.echo(f"没有名为“{service}”的服务：有 {'、'.join(endpoints.grpc)}。", err=True)
        raise typer.Exit(2)
    return service
