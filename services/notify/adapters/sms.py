"""SMS by Alibaba Cloud's own SDK (alibabacloud_dysmsapi20170525), one attempt a call.

The SDK repeats nothing unless ``retry_options`` are given (``DaraCore.should_retry``); none are. Its exceptions wrap
aiohttp's: what failed while connecting never left; everything else may have. A doubt is asked about with
QuerySendDetails, which returns the OutId we sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import (
    QuerySendDetailsRequest,
    SendSmsRequest,
)
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config

from gongkai.serving.clock import legal_day
from services.notify.adapters.port import Accepted, Channel, InDoubt, Outbound, Refused, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

PERMANENT: Final[Mapping[str, str]] = {
    "isv.MOBILE_NUMBER_ILLEGAL": "手机号码不合法",
    "isv.MOBILE_COUNT_OVER_LIMIT": "一次只能发一个号码",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "该模板不能发给境内号码",
    "isv.TEMPLATE_MISSING_PARAMETERS": "短信模板缺少变量",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "短信变量与模板要求不符",
    "isv.INVALID_JSON_PARAM": "短信变量不合法",
    "isv.PARAM_LENGTH_LIMIT": "短信变量超出长度限制",
    "isv.PARAM_NOT_SUPPORT_URL": "短信变量里不能有网址",
    "isv.SMS_CONTENT_ILLEGAL": "短信内容被服务商禁止",
    "isv.BLACK_KEY_CONTROL_LIMIT": "短信内容命中服务商的黑名单",
}
"""Codes that the same message would get again; every other code is about the account, the load or the moment."""
TEMPORARY: Final[Mapping[str, str]] = {
    "isv.BUSINESS_LIMIT_CONTROL": "服务商限制了发送频率",
    "isv.SMS_TEMPLATE_ILLEGAL": "短信模板还没有通过审核，请管理员核对模板代码",
    "isv.SMS_SIGNATURE_ILLEGAL": "短信签名还没有通过审核，请管理员核对签名",
    "isv.AMOUNT_NOT_ENOUGH": "短信账户余额不足，请管理员充值",
    "SignatureDoesNotMatch": "短信账户的密钥不对，请管理员核对",
    "InvalidAccessKeyId.NotFound": "短信账户的密钥编号不对，请管理员核对",
    "InvalidTimeStamp.Expired": "本机时钟与服务商相差超过 15 分钟，请管理员校时",
    "isp.SYSTEM_ERROR": "短信服务商系统出错",
}
NEVER_LEFT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
SERVER_SIDE: Final = 500
PAGE_SIZE: Final = 50
FAILED: Final = 2
"""SendStatus of a message the operator could not deliver."""
ARRIVES_WITHIN: Final = timedelta(minutes=15)
"""A signed request is accepted only this long after it was signed, so at most one midnight lies between."""


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """The account messages are sent with."""

    endpoint: str
    """``https://dysmsapi.aliyuncs.com``, or ``http://host:port`` of the sandbox."""
    key_id: str
    key_secret: str
    sign: str
    connect_timeout: float = 5
    read_timeout: float = 10
    """Seconds."""


class Sms:
    """The SMS channel."""

    channel: Channel = "sms"
    can_ask: bool = True

    def __init__(self, account: SmsAccount) -> None:
        place = urlsplit(account.endpoint)
        self._sign = account.sign
        self._client = Client(
            Config(
                access_key_id=account.key_id,
                access_key_secret=account.key_secret,
                endpoint=place.netloc,
                protocol=place.scheme.upper(),
                connect_timeout=int(account.connect_timeout * 1000),
                read_timeout=int(account.read_timeout * 1000),
            )
        )

    async def send(self, message: Outbound) -> Verdict:
        """Send one message to one number."""
        request = SendSmsRequest(
            phone_numbers=message.address,
            sign_name=self._sign,
            template_code=message.template,
            template_param=json.dumps(dict(message.params), ensure_ascii=False),
            out_id=message.key,
        )
        try:
            body = (await self._client.send_sms_async(request)).body
        except Exception as failure:  # noqa: BLE001 - the SDK lets through whatever happened below it
            return _verdict(failure)
        if body is None or not body.code:
            return InDoubt("短信服务商的回答看不懂，不知是否收下")
        return Accepted(str(body.biz_id)) if body.code == "OK" else refused(body.code)

    async def ask(self, message: Outbound, sent_at: datetime) -> Verdict | None:
        """Look for the message's OutId among what its number was sent that day."""
        days = sorted({legal_day(sent_at), legal_day(sent_at + ARRIVES_WITHIN)})
        for day in days:
            page = 1
            while True:
                request = QuerySendDetailsRequest(
                    phone_number=message.address,
                    send_date=f"{day:%Y%m%d}",
                    page_size=PAGE_SIZE,
                    current_page=page,
                )
                try:
                    body = (await self._client.query_send_details_async(request)).body
                except Exception:  # noqa: BLE001 - as in send; a question that failed taught nothing
                    return InDoubt("短信服务商的发送记录没有查到：查询没有得到回答")
                if body is None or body.code != "OK":
                    return InDoubt("短信服务商的发送记录没有查到：查询被拒绝")
                records = (body.sms_send_detail_dtos and body.sms_send_detail_dtos.sms_send_detail_dto) or []
                for record in records:
                    if record.out_id == message.key:
                        return _found(message, record.send_status, record.err_code)
                if len(records) < PAGE_SIZE:
                    break
                page += 1
        return None

    async def close(self) -> None:
        """Nothing is kept open: the SDK connects anew for every call."""


def refused(code: str) -> Refused:
    """Return what a business code means for the message."""
    if code in PERMANENT:
        return Refused(code, f"短信没有发出：{PERMANENT[code]}（{code}）。不再重发。", permanent=True)
    why = TEMPORARY.get(code, "服务商拒绝了请求")
    return Refused(code, f"短信没有发出：{why}（{code}）。稍后自动重试。", permanent=False)


def _found(message: Outbound, status: object, code: object) -> Verdict:
    if status == FAILED:
        return Refused(str(code), f"短信没有送达：运营商回执 {code}。不再重发。", permanent=True)
    return Accepted(f"OutId:{message.key}")


def _verdict(failure: BaseException) -> Verdict:
    """Tell what left from what did not."""
    for cause in _causes(failure):
        if isinstance(cause, NEVER_LEFT):
            return Refused("connect", "短信没有发出：短信服务商连接不上。稍后自动重试。", permanent=False)
        if isinstance(cause, AlibabaCloudException):
            status = int(cause.status_code or 0)
            if 0 < status < SERVER_SIDE and cause.code not in {None, "", "None"}:
                return refused(str(cause.code))
    return InDoubt("短信已交出，服务商没有给出可用的回答，不知是否收下")


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """Yield the exception and everything it wraps or came from."""
    waiting: list[BaseException | None] = [failure]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = getattr(cause, "inner_exception", None)
        waiting += [cause.__cause__, cause.__context__, inner if isinstance(inner, BaseException) else None]
