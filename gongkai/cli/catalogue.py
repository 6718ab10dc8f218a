"""``gongkai catalogue``: the official table out of a catalogue as a workbook, and back into its draft."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from gongkai.cli.calling import door, finish
from gongkai.cli.endpoints import Endpoints, load_endpoints
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.rpc.catalog.v1.catalogues_pb2_grpc import CatalogueServiceStub
from gongkai.serving.clock import new_id

app = typer.Typer(help="目录：官方表格的导出、预览与导入。", no_args_is_help=True)

State = Annotated[Path, typer.Option(help="本机状态目录")]
Which = Annotated[str, typer.Argument(help="目录：12 位区划代码，或 guide（标准指引）")]
Workbook = Annotated[Path, typer.Argument(help="工作簿（.xlsx）", exists=True, dir_okay=False)]
MappingFile = Annotated[Path | None, typer.Option(help="修改过的对照表", exists=True, dir_okay=False)]
Complete = Annotated[
    bool, typer.Option("--complete", help="表是完整的：表中各领域缺少的事项一并删除（不采用）")
]

_KINDS: Final = {
    "added": "增加",
    "returned": "恢复采用",
    "changed": "修改",
    "renamed": "改名",
    "removed": "删除",
}
_SECONDS: Final = 60.0
"""A table of some thousand rows takes a while to read."""
_SHOWN: Final = 200
"""Most lines of one list on the screen."""


@app.command("export")
def export_command(
    catalogue: Which,
    target: Annotated[Path, typer.Argument(help="写入的文件（.xlsx）", dir_okay=False)],
    edition: Annotated[int, typer.Option(help="第几版；缺省为现行版")] = 0,
    domain: Annotated[str, typer.Option(help="只导出一个领域（代码，例如 20）")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """导出为官方表格：一个领域一张工作表。"""
    answer = finish(_export(load_endpoints(state), catalogue, edition, domain))
    target.write_bytes(answer.workbook)
    typer.echo(f"已写入 {target}（{answer.name}，{len(answer.workbook)} 字节）。")


@app.command("preview")
def preview_command(
    catalogue: Which,
    workbook: Workbook,
    mapping: MappingFile = None,
    complete: Complete = False,
    save_mapping: Annotated[Path | None, typer.Option(help="把所用的对照表写入此文件，以便修改")] = None,
    state: State = Path(".gongkai"),
) -> None:
    """显示导入会改动什么、哪些单元格有误；不作任何改动。"""
    answer = finish(_preview(load_endpoints(state), _asked(catalogue, workbook, mapping, complete=complete)))
    if save_mapping is not None:
        save_mapping.write_text(answer.mapping, encoding="utf-8")
    _show(answer)
    if answer.bad:
        raise typer.Exit(1)


@app.command("import")
def import_command(
    catalogue: Which,
    workbook: Workbook,
    mapping: MappingFile = None,
    complete: Complete = False,
    reason: Annotated[str, typer.Option(help="表中缺少的事项为何删除或不采用；会随目录公开")] = "",
    state: State = Path(".gongkai"),
) -> None:
    """导入到目录的草稿：全部成功或全部不动；先显示改动。"""
    endpoints = load_endpoints(state)
    asked = _asked(catalogue, workbook, mapping, complete=complete)
    seen = finish(_preview(endpoints, asked))
    _show(seen)
    if seen.bad:
        typer.echo("有误的单元格改正之前，不导入任何内容。", err=True)
        raise typer.Exit(1)
    request = pb.ImportTableRequest(
        command_id=str(new_id()),
        catalogue=catalogue,
        workbook=asked.workbook,
        mapping=seen.mapping,
        complete=complete,
        digest=seen.digest,
        reason=reason,
    )
    done = finish(_import(endpoints, request))
    typer.echo(f"已导入：增加 {done.added}，修改 {done.changed}，删除 {done.removed}。")


async def _export(endpoints: Endpoints, catalogue: str, edition: int, domain: str) -> pb.ExportTableResponse:
    async with door(endpoints, "catalog") as opened:
        request = pb.ExportTableRequest(catalogue=catalogue, edition=edition, domain=domain)
        answer: pb.ExportTableResponse = await CatalogueServiceStub(opened).ExportTable(
            request, timeout=_SECONDS
        )
        return answer


async def _preview(endpoints: Endpoints, request: pb.PreviewImportRequest) -> pb.PreviewImportResponse:
    async with door(endpoints, "catalog") as opened:
        answer: pb.PreviewImportResponse = await CatalogueServiceStub(opened).PreviewImport(
            request, timeout=_SECONDS
        )
        return answer


async def _import(endpoints: Endpoints, request: pb.ImportTableRequest) -> pb.ImportTableResponse:
    async with door(endpoints, "catalog") as opened:
        answer: pb.ImportTableResponse = await CatalogueServiceStub(opened).ImportTable(
            request, timeout=_SECONDS
        )
        return answer


def _asked(
    catalogue: str, workbook: Path, mapping: Path | None, *, complete: bool
) -> pb.PreviewImportRequest:
    return pb.PreviewImportRequest(
        catalogue=catalogue,
        workbook=workbook.read_bytes(),
        mapping=mapping.read_text(encoding="utf-8") if mapping else "",
        complete=complete,
    )


def _show(answer: pb.PreviewImportResponse) -> None:
    if answer.bad:
        table = Table("工作表", "单元格", "内容", "原因", "建议", title=f"有误的单元格（{len(answer.bad)}）")
        for bad in answer.bad[:_SHOWN]:
            table.add_row(bad.sheet, bad.cell, bad.value, bad.reason, bad.suggestion)
        Console().print(table)
    if answer.changes:
        table = Table("改动", "事项", "栏目", title=f"改动（{len(answer.changes)}）")
        for change in answer.changes[:_SHOWN]:
            row = change.right if change.right.level2 else change.left
            labels = "、".join(field.label for field in change.changes) if change.kind != "added" else ""
            table.add_row(_KINDS.get(change.kind, change.kind), f"{row.level1}／{row.level2}", labels)
        Console().print(table)
    for name in answer.new_domains:
        typer.echo(f"新领域：{name}")
    typer.echo(
        f"共 {answer.rows} 行：增加 {answer.added}，修改 {answer.changed}，删除 {answer.removed}，不变 {answer.same}。"
    )
