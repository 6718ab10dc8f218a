"""Calls between services: tokens, deadlines, reasons, streams, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from gongkai.eventstore.errors import AppendBusy, SubjectErased, VersionConflict
from gongkai.refusal import Reason, Refusal
from gongkai.rpc.search.v1 import search_pb2, search_pb2_grpc
from gongkai.security.grpc_auth import current_caller
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel, streaming
from gongkai.serving.errors import InvalidRequest, NotFound, reasons_of
from tests.serving.conftest import Search, search_service


@asynccontextmanager
async def portal_stub(keys: Path, search: Search) -> AsyncIterator[search_pb2_grpc.SearchServiceAsyncStub]:
    async with search_service(keys, search) as service:
        await service.start()
        async with channel(
            f"127.0.0.1:{service.grpc_port}", audience="search", tokens=service_tokens(keys, "portal")
        ) as opened:
            yield search_pb2_grpc.SearchServiceStub(opened)


async def failure(keys: Path, error: Exception) -> grpc.aio.AioRpcError:
    async def search(_request: search_pb2.SearchRequest) -> search_pb2.SearchResponse:
        raise error

    async with portal_stub(keys, search) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Search(search_pb2.SearchRequest())
    return caught.value


async def test_caller_is_known_and_request_answered(keys: Path) -> None:
    """A service's call arrives with its name and is answered."""

    async def search(request: search_pb2.SearchRequest) -> search_pb2.SearchResponse:
        assert str(current_caller()) == "service:portal"
        return search_pb2.SearchResponse(total=len(request.query))

    async with portal_stub(keys, search) as stub:
        answer = await stub.Search(search_pb2.SearchRequest(query="低保"))

    assert answer.total == 2


async def test_refusal_arrives_with_every_reason(keys: Path) -> None:
    """A refusal is FAILED_PRECONDITION and brings each reason with text, field and article."""
    reasons = tuple(
        Reason(
            f"title.missing-{n}", "缺少标题，请补充后重新报送" * 4, "title", "《政府信息公开条例》第二十条"
        )
        for n in range(40)
    )

    error = await failure(keys, Refusal(*reasons))

    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reasons_of(error) == reasons


async def test_field_violations_are_readable_by_standard_tools(keys: Path) -> None:
    """Reasons about a field stand in google.rpc.BadRequest as well."""
    error = await failure(keys, InvalidRequest(Reason("page.too-large", "每页最多 50 条", "page_size")))

    status = rpc_status.from_call(error)
    violations = error_details_pb2.BadRequest()
    assert status is not None
    assert any(detail.Unpack(violations) for detail in status.details)
    assert violations.field_violations[0].field == "page_size"
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound(Reason("record.unknown", "没有这条信息")), grpc.StatusCode.NOT_FOUND),
        (VersionConflict("record:1", 3), grpc.StatusCode.ABORTED),
        (SubjectErased("a1"), grpc.StatusCode.FAILED_PRECONDITION),
        (AppendBusy(), grpc.StatusCode.UNAVAILABLE),
        (TimeoutError(), grpc.StatusCode.DEADLINE_EXCEEDED),
        (NotImplementedError(), grpc.StatusCode.UNIMPLEMENTED),
    ],
)
async def test_known_errors_have_their_status(keys: Path, error: Exception, code: grpc.StatusCode) -> None:
    """Errors the platform knows arrive with the status that tells a client what to do."""
    assert (await failure(keys, error)).code() is code


async def test_unknown_errors_tell_nothing(keys: Path) -> None:
    """An unforeseen error is INTERNAL, without its text."""
    error = await failure(keys, RuntimeError("password=hunter2"))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in f"{error.details()} {error.trailing_metadata()}"
    assert [reason.code for reason in reasons_of(error)] == ["internal"]


async def test_call_without_token_is_refused(keys: Path) -> None:
    """A call that shows no token is UNAUTHENTICATED and never reaches the servicer."""
    async with search_service(keys) as service:
        await service.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.grpc_port}") as bare:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await search_pb2_grpc.SearchServiceStub(bare).Search(search_pb2.SearchRequest(), timeout=5)

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert [reason.code for reason in reasons_of(caught.value)] == ["auth.no-token"]


async def test_token_for_another_audience_is_refused(keys: Path) -> None:
    """A token made for another service is UNAUTHENTICATED."""
    async with search_service(keys) as service:
        await service.start()
        async with channel(
            f"127.0.0.1:{service.grpc_port}", audience="publishing", tokens=service_tokens(keys, "portal")
        ) as opened:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await search_pb2_grpc.SearchServiceStub(opened).Search(search_pb2.SearchRequest())

    assert [reason.code for reason in reasons_of(caught.value)] == ["auth.bad-token"]


async def test_method_not_granted_is_refused(keys: Path) -> None:
    """A service may not call what the table gives to the operator alone; the operator may."""
    codes = []
    async with search_service(keys) as service:
        await service.start()
        for tokens in (service_tokens(keys, "portal"), operator_tokens(keys)):
            async with channel(f"127.0.0.1:{service.grpc_port}", audience="search", tokens=tokens) as opened:
                call = search_pb2_grpc.SearchServiceStub(opened).Rebuild(search_pb2.RebuildRequest())
                async with streaming(call) as steps:
                    try:
                        codes.append([step.phase async for step in steps])
                    except grpc.aio.AioRpcError as error:
                        codes.append(error.code())

    assert codes == [grpc.StatusCode.PERMISSION_DENIED, ["done"]]


async def test_client_gives_every_call_a_deadline(keys: Path) -> None:
    """A call that names no timeout has the channel's."""
    released = asyncio.Event()

    async def search(_request: search_pb2.SearchRequest) -> search_pb2.SearchResponse:
        await released.wait()
        return search_pb2.SearchResponse()

    async with search_service(keys, search) as service:
        await service.start()
        async with channel(
            f"127.0.0.1:{service.grpc_port}",
            audience="search",
            tokens=service_tokens(keys, "portal"),
            deadline=0.2,
        ) as opened:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await search_pb2_grpc.SearchServiceStub(opened).Search(search_pb2.SearchRequest())
        released.set()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_leaving_a_stream_ends_it_on_the_server(keys: Path) -> None:
    """A client that leaves a stream early cancels it; the servicer's generator is closed."""
    closed = asyncio.Event()

    async def rebuild() -> AsyncIterator[search_pb2.RebuildResponse]:
        try:
            while True:
                yield search_pb2.RebuildResponse(phase="building")
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    async with search_service(keys, rebuild=rebuild) as service:
        await service.start()
        async with channel(
            f"127.0.0.1:{service.grpc_port}", audience="search", tokens=operator_tokens(keys)
        ) as opened:
            call = search_pb2_grpc.SearchServiceStub(opened).Rebuild(search_pb2.RebuildRequest())
            async with streaming(call) as steps:
                async for step in steps:
                    assert step.phase == "building"
                    break
            await asyncio.wait_for(closed.wait(), 30)


async def test_error_in_a_stream_brings_reasons(keys: Path) -> None:
    """A stream that fails midway delivers what it had, then the reasons."""

    async def rebuild() -> AsyncIterator[search_pb2.RebuildResponse]:
        yield search_pb2.RebuildResponse(phase="building")
        raise Refusal(Reason("index.incomplete", "新索引与日志不一致，未切换"))

    phases = []
    async with search_service(keys, rebuild=rebuild) as service:
        await service.start()
        async with channel(
            f"127.0.0.1:{service.grpc_port}", audience="search", tokens=operator_tokens(keys)
        ) as opened:
            call = search_pb2_grpc.SearchServiceStub(opened).Rebuild(search_pb2.RebuildRequest())
            with pytest.raises(grpc.aio.AioRpcError) as caught:  # noqa: PT012 - the stream fails midway
                async with streaming(call) as steps:
                    async for step in steps:
                        phases.append(step.phase)  # noqa: PERF401 - what came before the error counts

    assert phases == ["building"]
    assert [reason.code for reason in reasons_of(caught.value)] == ["index.incomplete"]


async def test_health_and_reflection_ask_for_no_token(keys: Path) -> None:
    """Probes and tools see health and the interface without a token."""
    async with search_service(keys) as service:
        await service.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.grpc_port}") as bare:
            health = await health_pb2_grpc.HealthStub(bare).Check(
                health_pb2.HealthCheckRequest(service="gongkai.rpc.search.v1.SearchService"), timeout=5
            )
            call = reflection_pb2_grpc.ServerReflectionStub(bare).ServerReflectionInfo(
                iter(
                    [
                        reflection_pb2.ServerReflectionRequest(
                            file_containing_symbol="gongkai.rpc.search.v1.SearchService"
                        )
                    ]
                ),
                timeout=5,
            )
            described = await call.read()
            call.cancel()

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    file = descriptor_pb2.FileDescriptorProto.FromString(
        described.file_descriptor_response.file_descriptor_proto[0]
    )
    assert file.service[0].name == "SearchService"
