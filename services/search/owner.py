"""Publishing's own log over gRPC: what an index is rebuilt from, and what it is compared with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

import grpc

from gongkai.contracts.publishing import RecordPublished, RecordRevised, RecordState, RecordWithdrawn
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.publishing.v1 import publishing_pb2, publishing_pb2_grpc
from gongkai.serving.channels import LONG, streaming

_RECORDS: Final[dict[str, type[RecordState | RecordWithdrawn]]] = {
    contract.TYPE: contract for contract in (RecordPublished, RecordRevised, RecordWithdrawn)
}
_COUNT_SECONDS: Final = 15.0


class OwnerUnavailable(Exception):
    """The owner of the records cannot be asked now."""


class Owner(Protocol):
    """Whose log is the truth about records."""

    def records(self) -> AsyncIterator[RecordState | RecordWithdrawn]:
        """Every contract about a record up to the end of the log as it is now, in the log's order.

        Raises:
            OwnerUnavailable: the log cannot be read to its end.
        """
        ...

    async def count_public(self) -> int:
        """How many records are public."""
        ...


class Publishing:
    """Publishing over gRPC. A broken stream is taken up again where it broke."""

    def __init__(self, channel: grpc.aio.Channel, *, tries: int = 8) -> None:
        self._log = log_pb2_grpc.ContractLogServiceStub(channel)
        self._records = publishing_pb2_grpc.RecordServiceStub(channel)
        self._tries = tries

    async def records(self) -> AsyncIterator[RecordState | RecordWithdrawn]:
        """See ``Owner.records``. A contract may come twice where a stream broke."""
        request = log_pb2.ReadContractsRequest(audience=log_pb2.AUDIENCE_SERVICES)
        failures = 0
        while True:
            try:
                call = self._log.ReadContracts(request, timeout=LONG, wait_for_ready=True)
                async with streaming(call) as answers:
                    async for answer in answers:
                        failures = 0
                        # Several contracts may stand at one position: take up again before it, not after it.
                        request.after_position, request.epoch = max(0, answer.position - 1), answer.epoch
                        contract = _RECORDS.get(answer.attributes["ce-type"])
                        if contract is not None:
                            yield contract.model_validate_json(answer.data)
            except grpc.aio.AioRpcError as error:
                failures += 1
                if failures > self._tries:
                    raise OwnerUnavailable(error.code().name) from error
            else:
                return

    async def count_public(self) -> int:
        """See ``Owner.count_public``."""
        try:
            answer = await self._records.CountRecords(
                publishing_pb2.CountRecordsRequest(), timeout=_COUNT_SECONDS, wait_for_ready=True
            )
        except grpc.aio.AioRpcError as error:
            raise OwnerUnavailable(error.code().name) from error
        return int(answer.total)
