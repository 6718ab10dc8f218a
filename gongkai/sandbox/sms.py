"""The simulated SMS service: Alibaba Cloud Dysmsapi 2017-05-25, SendSms and QuerySendDetails.

Sources, all of help.aliyun.com: "SendSms - 发送短信", "QuerySendDetails - 查询短信发送详情" (419277), "API错误码" (101346),
"验证码模板规范" (463237). What is refused by the business comes as HTTP 200 with a ``Code``; what the door refuses
(signature, time, version) comes as HTTP 4xx with ``Code`` and ``Message``.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from gongkai.sandbox.acs3 import Denied, Nonces, Request, check
from gongkai.sandbox.faults import Rule
from gongkai.sandbox.settings import SmsAccount
from gongkai.sandbox.store import Message, Store, keep, moment
from gongkai.sandbox.templates import Template, fault_of, load_templates
from gongkai.serving.clock import LEGAL_ZONE

VERSION: Final = "2017-05-25"
ACTIONS: Final = frozenset({"SendSms", "QuerySendDetails"})
MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
PAGE_LIMIT: Final = 50
KEPT_DAYS: Final = 30
TEXTS: Final = {
    "isp.SYSTEM_ERROR": "系统错误",
    "isv.BUSINESS_LIMIT_CONTROL": "触发号码天级流控",
    "isv.SMS_SIGNATURE_ILLEGAL": "短信签名不合法",
    "isv.SMS_TEMPLATE_ILLEGAL": "短信模板不合法",
    "isv.INVALID_JSON_PARAM": "JSON参数不合法，只接受字符串值",
    "isv.TEMPLATE_MISSING_PARAMETERS": "模板缺少变量",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "模板变量里包含非法关键字",
    "isv.PARAM_LENGTH_LIMIT": "参数超出长度限制",
    "isv.PARAM_NOT_SUPPORT_URL": "不支持URL",
    "isv.MOBILE_NUMBER_ILLEGAL": "非法手机号",
    "isv.MOBILE_COUNT_OVER_LIMIT": "手机号码数量超过限制",
    "isv.INVALID_PARAMETERS": "参数异常",
}
"""Code → message, of the page "API错误码"."""
BY_PARAM_FAULT: Final = {
    "length": "isv.PARAM_LENGTH_LIMIT",
    "content": "isv.TEMPLATE_PARAMS_ILLEGAL",
    "link": "isv.PARAM_NOT_SUPPORT_URL",
}

Answer = tuple[int, dict[str, object]]
"""HTTP status and JSON body."""


def answer(code: str, **more: object) -> Answer:
    """Return the documented shape of a business answer."""
    message = "OK" if code == "OK" else TEXTS.get(code, code)
    return 200, {"RequestId": str(uuid4()).upper(), "Code": code, "Message": message, **more}


def denied(denial: Denied) -> Answer:
    """Return the documented shape of a request that is not let in."""
    body: dict[str, object] = {
        "RequestId": str(uuid4()).upper(),
        "Code": denial.code,
        "Message": denial.message,
    }
    return denial.status, body


class Sms:
    """The service with its one account."""

    def __init__(self, account: SmsAccount, store: Store) -> None:
        self._account = account
        self._store = store
        self._nonces = Nonces()
        self._templates = load_templates("sms")

    def enter(self, request: Request, now: datetime) -> str:
        """Return the action asked for.

        Raises:
            Denied: signature, time, nonce, version or action are not right.
        """
        self._nonces.use(check(request, self._account.key_id, self._account.key_secret, now), now)
        if request.headers["x-acs-version"] != VERSION:
            raise Denied(400, "InvalidVersion", "Specified parameter Version is not valid.")
        action = request.headers["x-acs-action"]
        if action not in ACTIONS:
            raise Denied(404, "InvalidAction.NotFound", "Specified api is not found.")
        return action

    async def send(self, query: Mapping[str, str], now: datetime, rule: Rule | None) -> Answer:
        """SendSms to one number: keep it, and answer; or say why not."""
        code, message = self._judge(query, now)
        if code is None and rule is not None and rule.kind in {"refuse", "throttle"}:
            code = rule.code or (
                "isv.BUSINESS_LIMIT_CONTROL" if rule.kind == "throttle" else "isp.SYSTEM_ERROR"
            )
        if code is None:
            code = await self._store.write(self._accepting(message))
        else:
            refused = replace(message, outcome="refused", error=code, provider_id="")
            await self._store.write(lambda db: keep(db, refused))
        return answer("OK", BizId=message.provider_id) if code == "OK" else answer(code)

    def _judge(self, query: Mapping[str, str], now: datetime) -> tuple[str | None, Message]:
        """Return what is wrong with the request itself, and the message it would be."""
        number = MOBILE.fullmatch(query.get("PhoneNumbers", ""))
        template = self._templates.get(query.get("TemplateCode", ""))
        message = Message(
            at=now,
            channel="sms",
            recipient=number[1] if number else query.get("PhoneNumbers", ""),
            template=query.get("TemplateCode", ""),
            params=query.get("TemplateParam", ""),
            out_id=query.get("OutId", ""),
            provider_id=f"{secrets.randbelow(10**18):018d}^0",
        )
        if "," in message.recipient:
            return "isv.MOBILE_COUNT_OVER_LIMIT", message
        if number is None:
            return "isv.MOBILE_NUMBER_ILLEGAL", message
        if query.get("SignName") != self._account.sign:
            return "isv.SMS_SIGNATURE_ILLEGAL", message
        if template is None:
            return "isv.SMS_TEMPLATE_ILLEGAL", message
        code, values = self._values(template, message.params)
        return code, replace(message, body=f"【{self._account.sign}】{template.filled(values)}")

    def _values(self, template: Template, text: str) -> tuple[str | None, dict[str, str]]:
        try:
            values = json.loads(text or "{}")
        except ValueError:
            return "isv.INVALID_JSON_PARAM", {}
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            return "isv.INVALID_JSON_PARAM", {}
        if set(template.params) - set(values):
            return "isv.TEMPLATE_MISSING_PARAMETERS", values
        if set(values) - set(template.params):
            return "isv.TEMPLATE_PARAMS_ILLEGAL", values
        for name, kind in template.params.items():
            if fault := fault_of(kind, values[name]):
                return BY_PARAM_FAULT[fault], values
        return None, values

    def _accepting(self, message: Message) -> Callable[[sqlite3.Connection], str]:
        limits = (
            (timedelta(minutes=1), self._account.per_minute),
            (timedelta(hours=1), self._account.per_hour),
            (timedelta(days=1), self._account.per_day),
        )

        def accept(db: sqlite3.Connection) -> str:
            """Keep the message unless its number has had enough: flow control counts inside the transaction."""
            for span, limit in limits:
                since = (message.at - span).timestamp()
                (had,) = db.execute(
                    "SELECT count(*) FROM message"
                    " WHERE channel = 'sms' AND recipient = ? AND at > ? AND outcome = 'accepted'",
                    (message.recipient, since),
                ).fetchone()
                if had >= limit:
                    keep(
                        db,
                        replace(
                            message, outcome="refused", error="isv.BUSINESS_LIMIT_CONTROL", provider_id=""
                        ),
                    )
                    return "isv.BUSINESS_LIMIT_CONTROL"
            keep(db, message)
            return "OK"

        return accept

    async def details(self, query: Mapping[str, str], now: datetime) -> Answer:
        """QuerySendDetails: what one number was sent on one day (Asia/Shanghai), newest first, in pages."""
        number = MOBILE.fullmatch(query.get("PhoneNumber", ""))
        if number is None:
            return answer("isv.MOBILE_NUMBER_ILLEGAL")
        try:
            day = datetime.strptime(query.get("SendDate", ""), "%Y%m%d").replace(tzinfo=LEGAL_ZONE)
            size, page = int(query["PageSize"]), int(query.get("CurrentPage") or 1)
        except (KeyError, ValueError):
            return answer("isv.INVALID_PARAMETERS")
        if not 1 <= size <= PAGE_LIMIT or page < 1 or now - day > timedelta(days=KEPT_DAYS + 1):
            return answer("isv.INVALID_PARAMETERS")
        where = "channel = 'sms' AND outcome = 'accepted' AND recipient = ? AND at >= ? AND at < ?"
        given: list[object] = [number[1], day.timestamp(), (day + timedelta(days=1)).timestamp()]
        if query.get("BizId"):
            where += " AND provider_id = ?"
            given.append(query["BizId"])

        def find(db: sqlite3.Connection) -> tuple[int, list[sqlite3.Row]]:
            total = db.execute(f"SELECT count(*) FROM message WHERE {where}", given).fetchone()[0]  # noqa: S608
            sql = f"SELECT * FROM message WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608
            return total, db.execute(sql, [*given, size, (page - 1) * size]).fetchall()

        total, rows = await self._store.read(find)
        return answer(
            "OK", TotalCount=total, SmsSendDetailDTOs={"SmsSendDetailDTO": [_detail(row) for row in rows]}
        )


def _detail(row: sqlite3.Row) -> dict[str, object]:
    """Return one record as documented; SendStatus 3 is 发送成功. The simulation delivers at once."""
    at = moment(row["at"]).astimezone(LEGAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "PhoneNum": row["recipient"],
        "SendStatus": 3,
        "ErrCode": "DELIVERED",
        "TemplateCode": row["template"],
        "Content": row["body"],
        "SendDate": at,
        "ReceiveDate": at,
        "OutId": row["out_id"],
    }
