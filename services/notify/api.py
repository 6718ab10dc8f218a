"""The gRPC edge: requests in, states out. An address comes in and never goes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import grpc.aio
from sqlalchemy import Row

from gongkai.refusal import Reason
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceServicer
from gongkai.security.grpc_auth import NOT_ALLOWED, current_caller
from gongkai.security.permissions import Place, Staff, may
from gongkai.serving.errors import InvalidRequest, NotFound, PermissionRefused
from services.notify.domain.addresses import masked
from services.notify.domain.messages import RECORD
from services.notify.domain.subscriptions import Subscription
from services.notify.domain.texts import Templates
from services.notify.handlers import doubting, noticing, subscribing, wechatting
from services.notify.office import Office
from services.notify.views import reading

Context = grpc.aio.ServicerContext[object, object]
STATES: Final = frozenset({"", "queued", "sending", "sent", "failed", "doubt", "dropped"})
NO_STATE: Final = Reason("state.unknown", "没有这种状态，请从列出的状态中选择。", "state")
LATE: Final = "这条信息公开三天之后平台才得知，没有自动通知订阅人；选择重新发送则现在通知，否则不再通知"


class NotifyApi(NotifyServiceServicer):
    """Answers ``NotifyService``. ``wechat_token`` is the one the official account signs with."""

    def __init__(self, office: Office, templates: Templates, *, wechat_token: str) -> None:
        self._office = office
        self._templates = templates
        self._wechat_token = wechat_token

    async def Send(self, request: pb.SendRequest, _context: Context) -> pb.SendResponse:
        """Queue a notice, once for ever under its key."""
        notice = noticing.Notice(
            key=request.key,
            sender=current_caller().name,
            channel=request.channel,
            address=request.address,
            template=request.template,
            params=dict(request.params),
            subject=request.subject,
        )
        return pb.SendResponse(state=await noticing.send(self._office, notice, self._templates))

    # -- subscriptions -----------------------------------------------------------------------------------------

    async def OpenSubscription(
        self, request: pb.OpenSubscriptionRequest, _context: Context
    ) -> pb.OpenSubscriptionResponse:
        """Open a subscription; the answer is the same whether the address was known or not."""
        asked = subscribing.Asked(
            command_id=request.command_id,
            channel=request.channel,
            address=request.address,
            topics=tuple(request.topics),
            places=tuple(request.places),
            client=request.client,
        )
        opened = await subscribing.open_subscription(self._office, asked)
        code = self._office.secrets.code(opened.id, opened.draw) if opened.channel == "wechat" else ""
        return pb.OpenSubscriptionResponse(subscription=_whole(opened), wechat_code=code)

    async def ConfirmSubscription(
        self, request: pb.ConfirmSubscriptionRequest, _context: Context
    ) -> pb.ConfirmSubscriptionResponse:
        """Confirm with the code that was sent to the address."""
        confirmed = await subscribing.confirm(
            self._office, request.command_id, request.id, request.code, request.client
        )
        return pb.ConfirmSubscriptionResponse(subscription=_whole(confirmed))

    async def GetSubscription(
        self, request: pb.GetSubscriptionRequest, _context: Context
    ) -> pb.GetSubscriptionResponse:
        """Give a subscription: to the holder of its link what it is, to others its state alone."""
        if not request.leave_token:
            found = await subscribing.get(self._office, request.id)
            return pb.GetSubscriptionResponse(subscription=pb.Subscription(id=found.id, state=found.state))
        subscription_id = self._office.secrets.subscription_of(request.leave_token)
        if subscription_id is None:
            raise NotFound(subscribing.UNKNOWN_LINK)
        return pb.GetSubscriptionResponse(
            subscription=_whole(await subscribing.get(self._office, subscription_id))
        )

    async def Leave(self, request: pb.LeaveRequest, _context: Context) -> pb.LeaveResponse:
        """End a subscription by its link."""
        left = await subscribing.leave(self._office, request.command_id, request.leave_token)
        return pb.LeaveResponse(subscription=_whole(left))

    async def ReceiveWechat(
        self, request: pb.ReceiveWechatRequest, _context: Context
    ) -> pb.ReceiveWechatResponse:
        """Answer what WeChat tells the official account's server."""
        call = wechatting.Call(
            request.signature, request.timestamp, request.nonce, request.echo, request.body
        )
        body, media_type = await wechatting.receive(self._office, self._wechat_token, call)
        return pb.ReceiveWechatResponse(body=body, media_type=media_type)

    # -- the list of messages ------------------------------------------------------------------------------------

    async def ListMessages(
        self, request: pb.ListMessagesRequest, _context: Context
    ) -> pb.ListMessagesResponse:
        """List messages with how many there are of each state; records heard of too late stand before the doubts."""
        _require("message.read")
        if request.state not in STATES:
            raise InvalidRequest(NO_STATE)
        page = reading.Page.asked(request.page, request.page_size)
        async with self._office.engine.connect() as conn:
            rows = await reading.list_messages(conn, request.state, page)
            counts = await reading.count_by_state(conn)
            late = await reading.late_records(conn)
        counts["doubt"] += len(late)
        lines = [_late(row) for row in late] if request.state == "doubt" and not page.offset else []
        total = counts[request.state] if request.state else sum(counts.values())
        return pb.ListMessagesResponse(messages=[*lines, *map(_line, rows)], total=total, by_state=counts)

    async def SettleDoubt(self, request: pb.SettleDoubtRequest, _context: Context) -> pb.SettleDoubtResponse:
        """Decide about a doubt."""
        staff = _require("message.settle")
        actor = request.actor if staff is None else f"staff:{staff.id}"
        await doubting.settle_doubt(
            self._office,
            doubting.Ruling(request.command_id, actor, request.number, request.decision, request.reason),
        )
        if request.number < 0:
            return pb.SettleDoubtResponse(message=pb.Message(number=request.number, template=RECORD))
        async with self._office.engine.connect() as conn:
            key = await reading.key_of(conn, request.number)
            row = await reading.show_message(conn, key or "")
        return pb.SettleDoubtResponse(message=_line(row) if row is not None else None)


def _require(act: str) -> Staff | None:
    """The staff member who calls and may do this somewhere; None for the operator, who may everywhere.

    Messages belong to no division, and none shows an address: whoever looks after one place looks after them.

    Raises:
        PermissionRefused: the person may not do it anywhere.
    """
    staff = current_caller().staff
    if staff is None:
        return None  # the access table lets staff and the operator call, nobody else
    if not any(may(staff, act, Place(grant.organ, grant.division)) for grant in staff.grants):
        raise PermissionRefused(NOT_ALLOWED)
    return staff


def _whole(found: Subscription) -> pb.Subscription:
    return pb.Subscription(
        id=found.id,
        channel=found.channel,
        address_masked=masked(found.channel, found.address) if found.address else "",
        topics=found.topics,
        places=found.places,
        state=found.state,
    )


def _line(row: Row[Any]) -> pb.Message:
    return pb.Message(
        number=row.number,
        key=row.key,
        channel=row.channel,
        template=row.template,
        state=row.state,
        why=row.why,
        queued_at=_iso(row.queued_at),
        settled_at=_iso(row.settled_at) if row.settled_at else "",
        attempts=row.attempts,
        about=row.about,
    )


def _late(row: Row[Any]) -> pb.Message:
    return pb.Message(
        number=-row.number,
        template=RECORD,
        state="doubt",
        why=LATE,
        queued_at=_iso(row.listed_at),
        about=row.facts["index_number"],
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
