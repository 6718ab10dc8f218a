"""The gRPC edge: the public's three calls, and a clerk's."""

from __future__ import annotations

from gongkai.rpc.requests.v1.requests_pb2_grpc import RequestServiceServicer
from services.requests.handlers import Desk


class RequestApi(RequestServiceServicer):
    """Answers ``RequestService``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
