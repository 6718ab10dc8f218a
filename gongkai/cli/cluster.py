"""``gongkai cluster``: what an installation on Kubernetes needs around the services (docs/kubernetes.md)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from gongkai.cli.cluster_manifests import STORING, manifests
from gongkai.messaging.connection import AccessRefused, connect
from gongkai.messaging.provision import StreamMismatch, UnsafeServer, assert_durable, provision
from gongkai.messaging.topology import load_topology
from gongkai.serving.clock import utc_now
from gongkai.serving.database import migrate

app = typer.Typer(help="Kubernetes 集群上的密钥、数据库结构与消息流。", no_args_is_help=True)

URL_PREFIX: Final = "DATABASE_URL_"
_GRPC_PORT: Final = 50051
_FIRST_PORT: Final = 15051
_NATS_PORT: Final = 14222
_NATS_SECONDS: Final = 120
_REVISION_UNKNOWN: Final = "Can't locate revision"
"""What alembic says of a database whose revision is not among its scripts: a newer release has been here."""


@app.command("secrets")
def secrets_command(
    folder: Annotated[Path, typer.Argument(help="密钥目录：缺少的会生成，已有的不变。不要放到集群里")],
    prefix: Annotated[str, typer.Option(help="对象名称的前缀")] = "gongkai",
    public: Annotated[
        bool, typer.Option("--public", help="只打印公钥等不保密的对象：换密钥时先发它")
    ] = False,
) -> None:
    """生成各服务的密钥与 NATS 凭据，打印成 Kubernetes 对象：gongkai cluster secrets 目录 | kubectl apply -f -。"""
    objects = [one.as_object() for one in manifests(folder, prefix, utc_now()) if not (public and one.secret)]
    typer.echo(yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True), nl=False)


@app.command("endpoints")
def endpoints_command(
    state: Annotated[Path, typer.Argument(help="状态目录：其中的 keys 就是 secrets 命令的密钥目录")],
    release: Annotated[str, typer.Option(help="helm 的部署名")] = "gongkai",
    namespace: Annotated[str, typer.Option(help="命名空间")] = "default",
    nats: Annotated[str, typer.Option(help="NATS 的 kubectl 对象")] = "svc/nats",
) -> None:
    """写出端点文件，使 gongkai 的其他命令经 kubectl port-forward 管理集群；打印要运行的转发命令。"""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = {name: _FIRST_PORT + number for number, name in enumerate(STORING)}
    text = json.dumps(forwarded_endpoints(ports), ensure_ascii=False, indent=2)
    (state / "endpoints.json").write_text(f"{text}\n", encoding="utf-8")
    forward = f"kubectl -n {namespace} port-forward"
    for name, port in ports.items():
        typer.echo(f"{forward} deploy/{release}-{name} {port}:{_GRPC_PORT} &")
    typer.echo(f"{forward} {nats} {_NATS_PORT}:4222 &")
    typer.echo(f"# 然后例如：gongkai organ list --state {state}")


@app.command("migrate")
def migrate_command() -> None:
    """把各服务的数据库升级到本版本的结构。地址取自环境变量 DATABASE_URL_〈服务〉。"""
    urls = database_urls(os.environ)
    if not urls:
        typer.echo(f"没有可升级的数据库：请设置 {URL_PREFIX}CATALOG 等环境变量。", err=True)
        raise typer.Exit(2)
    failed = [name for name, url in urls.items() if not _migrated(name, url)]
    if failed:
        raise typer.Exit(1)


@app.command("streams")
def streams_command(
    url: Annotated[str, typer.Option(envvar="NATS_URL", help="NATS 服务器，用逗号分隔")],
    admin: Annotated[Path, typer.Option(envvar="NATS_CREDENTIALS", help="admin 的凭据文件")],
    system: Annotated[Path, typer.Option(envvar="NATS_SYSTEM_CREDENTIALS", help="system 的凭据文件")],
    replicas: Annotated[
        int, typer.Option(envvar="GONGKAI_NATS_REPLICAS", min=1, max=5, help="每个流的副本数")
    ],
) -> None:
    """核对每台 NATS 服务器先落盘再应答，然后建立或更新全部消息流与消费者。"""
    try:
        asyncio.run(_provision(url, admin, system, replicas))
    except (UnsafeServer, StreamMismatch, AccessRefused) as fault:
        typer.echo(f"消息流没有建立：{fault}", err=True)
        raise typer.Exit(1) from None
    except TimeoutError:
        typer.echo(f"消息流没有建立：{_NATS_SECONDS} 秒内连不上 NATS，请核对地址和网络策略。", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"消息流与消费者已就绪（每个流 {replicas} 份副本）。")


def forwarded_endpoints(ports: Mapping[str, int]) -> dict[str, object]:
    """What ``endpoints.json`` says of a cluster seen through forwarded ports; the portal and the index are not forwarded."""
    return {
        "portal": "",
        "nats": f"nats://127.0.0.1:{_NATS_PORT}",
        "opensearch": "",
        "grpc": {name: f"127.0.0.1:{port}" for name, port in ports.items()},
    }


def database_urls(environ: Mapping[str, str]) -> dict[str, str]:
    """The databases named in the environment, by service, in the order of ``STORING``."""
    found = {name: environ.get(f"{URL_PREFIX}{name.upper()}", "") for name in STORING}
    return {name: url for name, url in found.items() if url}


def _migrated(name: str, url: str) -> bool:
    try:
        asyncio.run(migrate(f"services.{name}", url))
    except CommandError as fault:
        if _REVISION_UNKNOWN not in str(fault):
            raise
        # Schemas only ever gain what the release before can live with, so going back needs no change.
        typer.echo(f"{name}：数据库结构比本版本新，保持原样。")
        return True
    except (SQLAlchemyError, ValueError) as fault:  # neither shows the password
        typer.echo(f"{name}：没有升级，{_cause(fault)}", err=True)
        return False
    typer.echo(f"{name}：数据库结构已是本版本。")
    return True


def _cause(fault: Exception) -> str:
    said = str(getattr(fault, "orig", None) or fault).strip().splitlines()
    return said[0] if said else type(fault).__name__


async def _provision(url: str, admin: Path, system: Path, replicas: int) -> None:
    async with asyncio.timeout(_NATS_SECONDS):
        async with connect(url, credentials=system, name="provisioning") as client:
            await assert_durable(client)
        async with connect(url, credentials=admin, name="provisioning") as client:
            await provision(client, load_topology(), replicas=replicas)
