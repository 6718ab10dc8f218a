"""``gongkai division``: divisions that are renamed, merged or abolished."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.serving.clock import new_id

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceAsyncStub

app = typer.Typer(help="区划的更名与撤并：留存历史，旧地址转到承继的区划。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]
Code = Annotated[str, typer.Argument(help="12 位区划代码；6、9 位的补零")]
On = Annotated[str, typer.Option(help="生效日期，例如 2027-01-01；可以在将来")]
Basis = Annotated[str, typer.Option(help="依据的文件名和文号")]
Along = Annotated[list[str], typer.Option(help="随同转入的机关或下级区划的代码，可写多次")]
AlongAll = Annotated[bool, typer.Option("--along-all", help="现有机关和下级区划全部随同转入，逐个列出")]
_FULL: Final = 12
_MOST: Final = 2000
_ENDS: Final = {"merged": "并入", "abolished": "撤销，承继："}


@app.command("rename")
def rename_command(
    code: Code,
    name: Annotated[str, typer.Argument(help="新的名称")],
    on: On,
    basis: Basis,
    state: State = Path(".gongkai"),
) -> None:
    """区划更名：代码和地址不变，此前的名称留存。"""
    asked = _change(code, on, basis, rename=pb.Renaming(name=name))
    told = finish(change_division(load_endpoints(state), asked))
    typer.echo(f"{told.code}：自 {on} 起称“{told.newest_name or told.name}”。")


@app.command("merge")
def merge_command(
    code: Code,
    into: Annotated[str, typer.Argument(help="并入的同级区划")],
    on: On,
    basis: Basis,
    along: Along = [],  # noqa: B006 - typer makes a new list of it each time
    along_all: AlongAll = False,
    state: State = Path(".gongkai"),
) -> None:
    """区划并入另一同级区划。"""
    _end("merged", code, into, on, basis, along, along_all=along_all, state=state)


@app.command("abolish")
def abolish_command(
    code: Code,
    successor: Annotated[str, typer.Argument(help="承继的同级或上级区划")],
    on: On,
    basis: Basis,
    along: Along = [],  # noqa: B006 - typer makes a new list of it each time
    along_all: AlongAll = False,
    state: State = Path(".gongkai"),
) -> None:
    """区划撤销，由同级或上级区划承继。"""
    _end("abolished", code, successor, on, basis, along, along_all=along_all, state=state)


@app.command("keep")
def keep_command(code: Code, basis: Basis, state: State = Path(".gongkai")) -> None:
    """撤回尚未生效的撤并：区划保留，原定随同转入的机关和下级区划不再转入。"""
    asked = pb.ChangeDivisionRequest(
        command_id=str(new_id()), code=code.ljust(_FULL, "0"), basis=basis, keep=pb.Keeping()
    )
    told = finish(change_division(load_endpoints(state), asked))
    typer.echo(f"{told.code} {told.name}：已撤回撤并，继续保留。")
    typer.echo(
        "为这次撤并另行决定的机关或下级区划的撤并，不随之撤回，请逐一办理（gongkai organ keep、gongkai division keep）。"
    )


@app.command("show")
def show_command(code: Code, state: State = Path(".gongkai")) -> None:
    """区划的现状与历史。"""
    told = finish(find_division(load_endpoints(state), code))
    one, above = told.division, " ・ ".join(each.name for each in told.ancestors)
    typer.echo(f"{one.code}　{one.name}　（{above}）")
    for former in one.former_names:
        typer.echo(f"  {former.until} 以前称 {former.name}")
    if one.newest_name:
        typer.echo(f"  将改称 {one.newest_name}")
    if one.ended_on:
        typer.echo(
            f"  {one.ended_on} {_ENDS.get(one.end_kind, one.end_kind)}{one.successor}　依据 {one.basis}"
        )
    if one.heir:
        typer.echo(f"  现由 {one.heir} 承继")
    if one.predecessors:
        typer.echo(f"  承继 {'、'.join(one.predecessors)}")


async def change_division(endpoints: Endpoints, asked: pb.ChangeDivisionRequest) -> pb.Division:
    """Have catalog change a division.

    Raises:
        grpc.aio.AioRpcError: catalog refuses (its reasons: `reasons_of`) or does not answer.
    """
    async with _catalog(endpoints) as catalog:
        return (await catalog.ChangeDivision(asked)).division


async def find_division(endpoints: Endpoints, code: str) -> pb.GetDivisionResponse:
    """Ask for a division with those above it."""
    async with _catalog(endpoints) as catalog:
        return await catalog.GetDivision(pb.GetDivisionRequest(code=code.ljust(_FULL, "0")))


async def who_is_inside(endpoints: Endpoints, code: str, on: str) -> list[tuple[str, str]]:
    """Give code and name of the organs and divisions that are still in a division on a day."""
    async with _catalog(endpoints) as catalog:
        organs = await catalog.ListOrgans(pb.ListOrgansRequest(division=code, page_size=_MOST))
        below = await catalog.ListDivisions(pb.ListDivisionsRequest(parent=code, page_size=_MOST))
    inside = [(one.code, one.name, one.ended_on) for one in organs.organs]
    inside += [(one.code, one.name, one.ended_on) for one in below.divisions]
    return [(code, name) for code, name, ended_on in inside if not ended_on or ended_on > on]


def _end(
    kind: str,
    code: str,
    successor: str,
    on: str,
    basis: str,
    along: list[str],
    *,
    along_all: bool,
    state: Path,
) -> None:
    endpoints, full = load_endpoints(state), code.ljust(_FULL, "0")
    named = list(along)
    if along_all:
        for each, name in finish(who_is_inside(endpoints, full, on)):
            typer.echo(f"  随同转入：{name}（{each}）")
            named.append(each)
    end = pb.Ending(kind=kind, successor=successor.ljust(_FULL, "0"), along=list(dict.fromkeys(named)))
    told = finish(change_division(endpoints, _change(code, on, basis, end=end)))
    typer.echo(f"{told.code} {told.name}：{on} {_ENDS[kind]}{told.successor}。")
    typer.echo("自该日起：旧地址转到承继的区划，信息仍在原地址并列入承继区划的各列表；机关凭据不变。")
    typer.echo(
        "请办理：随同转入的机关如需收听承继区划的目录变动，另签发凭据（gongkai organ add）；"
        "不再报送的机关，吊销其凭据（gongkai organ revoke）；工作人员的角色按新区划授予。"
    )


def _change(
    code: str, on: str, basis: str, *, rename: pb.Renaming | None = None, end: pb.Ending | None = None
) -> pb.ChangeDivisionRequest:
    return pb.ChangeDivisionRequest(
        command_id=str(new_id()), code=code.ljust(_FULL, "0"), effective_on=on, basis=basis, rename=rename, end=end
    )  # fmt: skip


@asynccontextmanager
async def _catalog(endpoints: Endpoints) -> AsyncIterator[CatalogServiceAsyncStub]:
    async with door(endpoints, "catalog") as opened:
        yield CatalogServiceStub(opened)
