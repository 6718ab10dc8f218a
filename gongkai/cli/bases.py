"""``gongkai bases``: the registry of bases, for the operator: import a list of laws, see what has fallen, correct it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.loading.laws import Fact, read_laws
from gongkai.rpc.catalog.v1 import bases_pb2 as pb
from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceStub
from gongkai.serving.clock import legal_day, new_id, utc_now

if TYPE_CHECKING:  # the asynchronous stub exists in the type information only
    from gongkai.rpc.catalog.v1.bases_pb2_grpc import BasisServiceAsyncStub

app = typer.Typer(help="公开依据的登记：现行有效、已修订、已废止、已被替代。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]
BATCH: Final = 1000
"""Bases of one call."""
STATES: Final = {
    "in_force": "现行有效",
    "amended": "现行有效（已修订）",
    "repealed": "已废止或失效",
    "replaced": "已被替代",
    "unknown": "效力待核实",
}
MARKS: Final = {"L": "法条原文", "F": "公开发布", "S": "实施方案", "M": "未核实"}
_BY_NAME: Final = {name: state for state, zh in STATES.items() for name in (state, zh)}


@app.command("import")
def import_command(
    file: Annotated[
        Path, typer.Argument(help="法律法规清单，JSON 行文件，可以是 .gz", exists=True, dir_okay=False)
    ],
    on: Annotated[str, typer.Option(help="查证日期，例如 2026-11-23；缺省为今天")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """导入法律法规清单：登记新的依据，更新其效力；重复导入不会改变任何东西。"""
    try:
        day = date.fromisoformat(on) if on else legal_day(utc_now())
        facts = read_laws(file, day)
    except ValueError as error:
        typer.echo(f"没有导入：{error}", err=True)
        raise typer.Exit(1) from None
    counts, kept = finish(send(load_endpoints(state), file.name, facts, day))
    typer.echo(
        f"{file.name}：读出 {len(facts)} 件；新登记 {counts['registered']}，更新 {counts['changed']}，"
        f"不变 {counts['same']}，与已知不符而保留原登记 {len(kept)}。"
    )
    for title in kept:
        typer.echo(f"  保留：{title}（清单所载较旧或较不确实，请核实后用 gongkai bases set 修改）")


@app.command("list")
def list_command(
    q: Annotated[str, typer.Argument(help="名称、别名或文号中的字")] = "",
    only: Annotated[str, typer.Option(help="只列某种效力，例如 已被替代 或 replaced")] = "",
    most: Annotated[int, typer.Option(help="最多列出多少件")] = 50,
    state: State = Path(".gongkai"),
) -> None:
    """列出登记的依据。"""
    request = pb.ListBasesRequest(q=q, state=_state(only) if only else "", page_size=most)

    async def ask(endpoints: Endpoints) -> pb.ListBasesResponse:
        async with _bases(endpoints) as bases:
            return await bases.ListBases(request)

    found = finish(ask(load_endpoints(state)))
    table = Table("编号", "名称", "文号", "效力", "自", "替代", "引用事项", "出处", "标记")
    for one in found.bases:
        table.add_row(
            one.id, one.title, one.number, STATES.get(one.state, one.state), one.since, one.replaced_by_title,
            str(one.matters), f"{one.source}（{one.checked_on} 查）", MARKS.get(one.mark, one.mark),
        )  # fmt: skip
    Console().print(table)
    typer.echo(f"共 {found.total} 件，列出 {len(found.bases)} 件。")


@app.command("flagged")
def flagged_command(
    catalogue: Annotated[str, typer.Option(help="只看一个目录：区划代码，或 guide")] = "",
    most: Annotated[int, typer.Option(help="最多列出多少条")] = 2000,
    state: State = Path(".gongkai"),
) -> None:
    """列出现行目录中依据已废止、失效或被替代的事项，附建议的替代依据。"""
    request = pb.ListFlaggedRequest(catalogue=catalogue, page_size=most)

    async def ask(endpoints: Endpoints) -> pb.ListFlaggedResponse:
        async with _bases(endpoints) as bases:
            return await bases.ListFlagged(request)

    found = finish(ask(load_endpoints(state)))
    table = Table("目录", "事项", "名称", "所引", "效力", "自", "建议改为", "出处", "标记")
    for one in found.matters:
        basis = one.basis
        table.add_row(
            one.catalogue, one.matter, f"{one.level1}／{one.level2}", one.cited, STATES[basis.state], basis.since,
            basis.replaced_by_title or "（待定）", basis.source, MARKS.get(basis.mark, basis.mark),
        )  # fmt: skip
    Console().print(table)
    typer.echo(
        f"共 {found.total} 个事项依据 {found.bases} 件已不再有效的文件，列出 {len(found.matters)} 条。"
    )


@app.command("unresolved")
def unresolved_command(
    catalogue: Annotated[str, typer.Option(help="只看一个目录：区划代码，或 guide")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """列出现行目录中没有对上登记的依据，或者对上好几件的。"""

    async def ask(endpoints: Endpoints) -> pb.ListUnresolvedResponse:
        async with _bases(endpoints) as bases:
            return await bases.ListUnresolved(pb.ListUnresolvedRequest(catalogue=catalogue))

    found = finish(ask(load_endpoints(state)))
    for one in found.citations:
        several = f"；可能是：{'、'.join(one.candidates)}" if one.candidates else ""
        typer.echo(f"{one.text}　{one.count} 个事项：{'、'.join(one.matters[:5])}{several}")
    typer.echo(f"引用 {found.total} 处，对上登记 {found.resolved} 处，未对上 {len(found.citations)} 种。")


@app.command("set")
def set_command(  # noqa: PLR0913, PLR0917 - an option a field
    title: Annotated[str, typer.Argument(help="名称，不必加书名号；或已登记依据的编号")],
    as_: Annotated[str, typer.Option("--state", help=f"效力：{'、'.join(STATES.values())}")],
    source: Annotated[str, typer.Option(help="在何处查得：网站、公报或文件")],
    mark: Annotated[str, typer.Option(help="L 法条原文、F 公开发布、S 实施方案、M 未核实")],
    since: Annotated[str, typer.Option(help="自何日起，例如 2021-07-01")] = "",
    replaced_by: Annotated[str, typer.Option(help="由哪一件替代：名称或编号")] = "",
    number: Annotated[str, typer.Option(help="文号")] = "",
    kind: Annotated[str, typer.Option(help="law、regulation、rule、local、normative、other")] = "",
    alias: Annotated[list[str], typer.Option(help="别名，可写多次")] = [],  # noqa: B006 - typer makes a new list of it each time
    state_dir: Annotated[Path, typer.Option("--state-dir", help="本机状态目录")] = Path(".gongkai"),
) -> None:
    """登记一件依据，或改其效力；引用它的事项随即标出。"""

    async def change(endpoints: Endpoints) -> pb.Basis:
        async with _bases(endpoints) as bases:
            known = await _find(bases, title)
            replacer = await _find(bases, replaced_by) if replaced_by else pb.Basis()
            if replaced_by and not replacer.id:
                typer.echo(f"没有登记《{replaced_by}》，请先登记它。", err=True)
                raise typer.Exit(1)
            basis = pb.Basis(
                id=known.id,
                title=known.title or title,
                number=number or known.number,
                kind=kind or known.kind or "other",
                state=_state(as_),
                since=since,
                replaced_by=replacer.id,
                source=source,
                checked_on=legal_day(utc_now()).isoformat(),
                mark=mark,
                aliases=[*known.aliases, *alias],
                region=known.region,
            )
            request = pb.ChangeBasisRequest(command_id=str(new_id()), basis=basis, seen=known.version)
            return (await bases.ChangeBasis(request)).basis

    changed = finish(change(load_endpoints(state_dir)))
    typer.echo(
        f"《{changed.title}》（{changed.id}）现为{STATES[changed.state]}，涉及 {changed.matters} 个事项。"
    )


async def send(
    endpoints: Endpoints, name: str, facts: Sequence[Fact], checked_on: date
) -> tuple[Counter[str], list[str]]:
    """Send facts in batches; returns how many did what, and the titles of those that were left alone.

    Raises:
        grpc.aio.AioRpcError: catalog refuses or does not answer; batches before it are taken over.
    """
    counts: Counter[str] = Counter()
    kept: list[str] = []
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with _bases(endpoints) as bases:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(name, total=len(facts))
            for batch in _batches(facts):
                request = pb.ImportBasesRequest(
                    command_id=str(new_id()), bases=[_message(fact, checked_on) for fact in batch]
                )
                answer = await bases.ImportBases(request)
                counts.update(registered=answer.registered, changed=answer.changed, same=answer.same)
                kept += answer.kept
                bar.advance(task, len(batch))
    return counts, kept


def _batches(facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    for start in range(0, len(facts), BATCH):
        yield facts[start : start + BATCH]


def _message(fact: Fact, checked_on: date) -> pb.Basis:
    return pb.Basis(
        title=fact.title,
        number=fact.number,
        kind=fact.kind,
        region=fact.region,
        state=fact.state,
        since=fact.since.isoformat() if fact.since else "",
        replaced_by_title=fact.replaced_by,
        source=fact.source,
        checked_on=checked_on.isoformat(),
        mark=fact.mark,
    )


async def _find(bases: BasisServiceAsyncStub, name: str) -> pb.Basis:
    """Find a basis by id, or by its title to the word; an empty one where there is none."""
    bare = name.strip().strip("《》")
    found = (await bases.ListBases(pb.ListBasesRequest(q=bare, page_size=500))).bases
    wanted = {bare, f"中华人民共和国{bare}"}
    for one in found:
        if one.title in wanted or not wanted.isdisjoint(one.aliases):
            return one
    if name.startswith("b-"):
        return (await bases.GetBasis(pb.GetBasisRequest(id=name))).basis
    return pb.Basis()


def _state(name: str) -> str:
    if name not in _BY_NAME:
        raise typer.BadParameter(f"“{name}”不是效力状态，应为：{'、'.join(STATES.values())}。")
    return _BY_NAME[name]


@asynccontextmanager
async def _bases(endpoints: Endpoints) -> AsyncIterator[BasisServiceAsyncStub]:
    async with door(endpoints, "catalog") as opened:
        yield BasisServiceStub(opened)
