"""``gongkai load``: plays a departmental system over NATS for the rows of a file."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gongkai.cli.calling import cause_of, told
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.cli.organ_acts import NewOrgan, add_organ
from gongkai.loading.mapping import MappedOrgan, Mapping, MappingError, load_mapping, mapping_for_file
from gongkai.loading.rows import read_rows, row_event
from gongkai.loading.sending import Door, Tally, UploadRefused, send_rows
from gongkai.messaging.client import OrganRefused
from gongkai.messaging.jwt import write_secret
from gongkai.serving.collecting import collect_seldom

app = typer.Typer()


@app.command("load")
def load(
    file: Annotated[
        list[Path], typer.Argument(help="CSV 或 JSON 行文件，可以是 .gz", exists=True, dir_okay=False)
    ],
    mapping: Annotated[str, typer.Option(help="映射的名称或文件；缺省按文件名找")] = "",
    credentials: Annotated[
        Path | None, typer.Option(help="机关的凭据文件；缺省用映射所列机关的", exists=True)
    ] = None,
    state: Annotated[Path, typer.Option(help="本机状态目录")] = Path(".gongkai"),
    examples: Annotated[bool, typer.Option("--examples", help="每种退回理由和缺项各举三例")] = False,
) -> None:
    """把文件逐行作为部门事件报送，直到每一条都得到回执；重复装载不会改变任何东西。"""
    endpoints = load_endpoints(state)
    collect_seldom()
    began = time.monotonic()
    tally = Tally()
    try:
        plan = [(one, load_mapping(mapping or mapping_for_file(one))) for one in file]
        for one, its_mapping in plan:
            asyncio.run(_load_file(endpoints, one, its_mapping, credentials, tally))
    except Exception as raised:
        match cause_of(raised):
            case MappingError() | OrganRefused() | UploadRefused() as refused:
                typer.echo(str(refused), err=True)
            case grpc.aio.AioRpcError() as failed:
                typer.echo(told(failed), err=True)
            case _:
                raise
        raise typer.Exit(1) from None
    _print(tally, time.monotonic() - began, examples=examples)
    raise typer.Exit(0 if tally.unanswered == 0 else 1)


async def _load_file(
    endpoints: Endpoints, file: Path, mapping: Mapping, credentials: Path | None, tally: Tally
) -> None:
    door = Door(
        endpoints.nats,
        endpoints.portal,
        mapping.organ.code,
        credentials or await organ_credentials_of(endpoints, mapping.organ),
    )
    total = sum(1 for _ in read_rows(file))
    with Progress(
        TextColumn(file.name),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task(file.name, total=total)
        await send_rows(
            door,
            (row_event(row, mapping) for row in read_rows(file)),
            tally,
            lambda done: bar.update(task, completed=done),
        )


async def organ_credentials_of(endpoints: Endpoints, organ: MappedOrgan) -> Path:
    """The organ's credentials of this stack; where it has none yet, the organ is added and they are kept.

    On one machine the operator and the department are the same person. A department elsewhere is given its
    credentials by ``gongkai organ add`` and names them with ``--credentials``.
    """
    kept = endpoints.organ_credentials(organ.code)
    if not kept.exists():
        wanted = NewOrgan(organ.code, organ.name, organ.short_name, organ.division, organ.uscc)
        added = await add_organ(endpoints, wanted)
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(kept, added.credentials)
        typer.echo(f"已为 {organ.name}（{organ.code}）登记并签发凭据，存于 {kept}。", err=True)
    return kept


def _print(tally: Tally, seconds: float, *, examples: bool) -> None:
    answered = tally.accepted + tally.rejected
    typer.echo(f"sent {tally.sent}　送出的事件")
    typer.echo(f"repeated {tally.repeated}　文件中完全重复的行，未再送")
    typer.echo(f"accepted {tally.accepted}　已受理（{_listed(tally.outcomes)}）")
    typer.echo(f"rejected {tally.rejected}　已退回，理由如下")
    _print_counter(tally.reasons, tally, examples=examples)
    typer.echo(f"defects {tally.defects.total()}　已受理但有缺项，种类如下")
    _print_counter(tally.defects, tally, examples=examples)
    if tally.unanswered:
        typer.echo(f"unanswered {tally.unanswered}　没有得到回执；再运行一次即可，已受理的不会重复")
    typer.echo(f"seconds {seconds:.1f}　每秒 {answered / seconds:.0f} 条")


def _print_counter(counter: Counter[str], tally: Tally, *, examples: bool) -> None:
    for code, count in counter.most_common():
        said = tally.messages.get(code, "")
        typer.echo(f"  {code} {count}{'　' + said if said else ''}")
        if examples:
            for example in tally.examples[code]:
                typer.echo(f"    例：{example}")


def _listed(outcomes: Counter[str]) -> str:
    return "，".join(f"{name} {count}" for name, count in outcomes.most_common()) or "无"
