"""The demo's citizens: they file their requests through the portal's door, as anybody would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc

from gongkai.cli.endpoints import Endpoints
from gongkai.demo.requests import demo_requests, keep_codes
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceStub
from gongkai.security.tokens import service_tokens
from gongkai.serving.channels import channel

if TYPE_CHECKING:  # the generated modules have this name for the type checker alone
    from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceAsyncStub

_TRIES: Final = 60
_PAUSE_SECONDS: Final = 0.5


async def file_demo_requests(endpoints: Endpoints) -> None:
    """File what the data file lists; doing it again changes nothing."""
    codes = {}
    tokens = service_tokens(endpoints.keys, "portal")
    async with channel(endpoints.grpc["requests"], audience="requests", tokens=tokens) as opened:
        stub = RequestServiceStub(opened)
        for number, row in enumerate(demo_requests()):
            answer = await _file(stub, f"demo:request:{number}", row)
            codes[answer.number] = answer.query_code
    keep_codes(endpoints.keys, codes)


async def _file(stub: RequestServiceAsyncStub, command_id: str, row: dict[str, str]) -> pb.SubmitResponse:
    """One request; requests may not have heard of the organ yet, which passes."""
    asked = pb.SubmitRequest(
        command_id=command_id,
        organ=row["organ"],
        applicant=pb.Applicant(
            kind="natural",
            name=row["name"],
            id_kind="other",
            id_number="DEMO-0001",
            phone=row["phone"],
            email=row["email"],
        ),
        content=pb.Content(description=row["description"], supply="electronic", delivery="online"),
        client="127.0.0.1",
    )
    for left in reversed(range(_TRIES)):
        try:
            return await stub.Submit(asked)
        except grpc.aio.AioRpcError:
            if not left:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")
