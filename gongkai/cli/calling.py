"""What the operator's commands share: a service's gRPC door, and failures told in Chinese."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

import grpc
import typer

from gongkai.cli.endpoints import Endpoints
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.errors import reasons_of

T = TypeVar("T")


@asynccontextmanager
async def door(endpoints: Endpoints, service: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a service, as the operator."""
    tokens = operator_tokens(endpoints.keys)
    async with channel(endpoints.grpc[service], audience=service, tokens=tokens) as opened:
        yield opened


def finish(work: Coroutine[None, None, T]) -> T:
    """Do the work of a command; a failed call is told with every reason and ends the command with status 1."""
    try:
        return asyncio.run(work)
    except grpc.aio.AioRpcError as error:
        typer.echo(told(error), err=True)
        raise typer.Exit(1) from None


def told(error: grpc.aio.AioRpcError, service: str = "") -> str:
    """A failed call in Chinese: every reason of ours with its article, or what to look at where there is none."""
    reasons = reasons_of(error)
    if not reasons:
        return f"{service}{' ' if service else ''}服务没有应答（{error.code().name}），请用 gongkai status 查看。"
    return "\n".join(
        f"{reason.message_zh}{f'（{reason.article}）' if reason.article else ''}" for reason in reasons
    )


def cause_of(error: Exception) -> Exception:
    """The first error itself, where tasks that ran side by side handed it on in a group."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
