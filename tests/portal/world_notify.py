"""Invented subscriptions, and the service that keeps them. No address here is anybody's."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1 import notify_pb2_grpc
from gongkai.serving.errors import InvalidRequest, NotFound
from tests.portal.world_requests import Throttled

CONFIRMATION: Final = "482913"
WECHAT_CODE: Final = "DY7K3M"
LEAVE: Final = "b3duLXRva2Vu.c2lnbmF0dXJl"
EVIL_ADDRESS: Final = "<script>alert(1)</script>@x"


@dataclass
class Post:
    """The subscriptions; a test may change them."""

    subscriptions: dict[str, pb.Subscription] = field(default_factory=dict)
    opened: list[pb.OpenSubscriptionRequest] = field(default_factory=list)
    confirmed: list[pb.ConfirmSubscriptionRequest] = field(default_factory=list)
    left: list[pb.LeaveRequest] = field(default_factory=list)
    received: list[pb.ReceiveWechatRequest] = field(default_factory=list)
    refusals: list[Reason] = field(default_factory=list)
    throttled: bool = False


def invent_post() -> Post:
    """One subscription that can be left, and an evil one."""
    post = Post()
    post.subscriptions["sub-left"] = pb.Subscription(
        id="sub-left", channel="email", address_masked="w***@example.invalid", topics=["20", "02"],
        places=["341323000000"], state="active",
    )  # fmt: skip
    return post


class NotifyOffice(notify_pb2_grpc.NotifyServiceServicer):
    """Answers from the post."""

    def __init__(self, post: Callable[[], Post], check: Callable[[str], None]) -> None:
        self._post = post
        self._check = check

    @property
    def post(self) -> Post:
        self._check("notify")
        return self._post()

    async def OpenSubscription(
        self, request: pb.OpenSubscriptionRequest, _context: Any
    ) -> pb.OpenSubscriptionResponse:
        post = self.post
        if post.throttled:
            raise Throttled(Reason("throttled", "验证码发得太勤，请 10 分钟后再试。"))
        if post.refusals:
            raise Refusal(*post.refusals)
        post.opened.append(request)
        one = pb.Subscription(
            id=f"sub-{len(post.opened)}", channel=request.channel, address_masked=masked(request.address),
            topics=request.topics, places=request.places, state="waiting",
        )  # fmt: skip
        post.subscriptions[one.id] = one
        code = WECHAT_CODE if request.channel == "wechat" else ""
        return pb.OpenSubscriptionResponse(subscription=one, wechat_code=code)

    async def ConfirmSubscription(
        self, request: pb.ConfirmSubscriptionRequest, _context: Any
    ) -> pb.ConfirmSubscriptionResponse:
        post = self.post
        one = self._find(request.id)
        if post.throttled:
            raise Throttled(Reason("throttled", "尝试次数过多，请 10 分钟后再试。"))
        if request.code != CONFIRMATION:
            raise Refusal(
                Reason("code.wrong", "验证码不对，或者已经过期。请核对后再输一次，或者重新订阅。", "code")
            )
        post.confirmed.append(request)
        one.state = "active"
        return pb.ConfirmSubscriptionResponse(subscription=one)

    async def GetSubscription(
        self, request: pb.GetSubscriptionRequest, _context: Any
    ) -> pb.GetSubscriptionResponse:
        if request.leave_token:
            return pb.GetSubscriptionResponse(subscription=self._by_token(request.leave_token))
        one = self._find(request.id)
        return pb.GetSubscriptionResponse(
            subscription=pb.Subscription(id=one.id, channel=one.channel, state=one.state)
        )

    async def Leave(self, request: pb.LeaveRequest, _context: Any) -> pb.LeaveResponse:
        one = self._by_token(request.leave_token)
        self.post.left.append(request)
        one.state = "left"
        return pb.LeaveResponse(subscription=one)

    async def ReceiveWechat(
        self, request: pb.ReceiveWechatRequest, _context: Any
    ) -> pb.ReceiveWechatResponse:
        post = self.post
        if request.signature != "good":
            raise InvalidRequest(Reason("wechat.signature", "签名不对"))
        post.received.append(request)
        if not request.body:
            return pb.ReceiveWechatResponse(body=request.echo.encode(), media_type="text/plain")
        return pb.ReceiveWechatResponse(
            body=b"<xml><Content>ok</Content></xml>", media_type="application/xml"
        )

    def _find(self, identity: str) -> pb.Subscription:
        one = self.post.subscriptions.get(identity)
        if one is None:
            raise NotFound(Reason("subscription.none", "没有这个订阅。"))
        return one

    def _by_token(self, token: str) -> pb.Subscription:
        if token != LEAVE:
            raise NotFound(Reason("subscription.none", "没有这个订阅。"))
        return self._find("sub-left")


def masked(address: str) -> str:
    """As notify shows an address."""
    name, at, rest = address.partition("@")
    return f"{name[:1]}***{at}{rest}" if at else f"{address[:3]}****{address[-4:]}" if address else ""
