"""The simulated SMS service over HTTP: documented answers, flow control, and its record of what was sent."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gongkai.sandbox import acs3
from gongkai.serving.clock import legal_day
from tests.sandbox.gateway import KEY_ID, KEY_SECRET, SIGN, Gateway

PHONE = "13800138000"
RECORD = {"title": "关于义务教育招生的通知", "organ": "某市教育局"}


def call(
    gateway: Gateway,
    action: str,
    query: dict[str, str],
    *,
    secret: str = KEY_SECRET,
    late: int = 0,
    **headers: str,
) -> httpx.Response:
    """One signed request; ``late`` seconds after its date."""
    given = {
        "host": f"127.0.0.1:{gateway.http_port}",
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": f"{datetime.now(UTC) - timedelta(seconds=late):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-version": "2017-05-25",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    signed = sorted(given)
    request = acs3.Request("POST", "/", tuple(query.items()), given, b"")
    value = acs3.signature(secret, acs3.canonical_request(request, signed))
    given["authorization"] = (
        f"{acs3.ALGORITHM} Credential={KEY_ID},SignedHeaders={';'.join(signed)},Signature={value}"
    )
    return gateway.client.post("/", params=query, headers=given)


def sms(phone: str = PHONE, params: Any = RECORD, **changes: str) -> dict[str, str]:
    text = params if isinstance(params, str) else json.dumps(params, ensure_ascii=False)
    given = {
        "PhoneNumbers": phone,
        "SignName": SIGN,
        "TemplateCode": "SMS_RECORD",
        "TemplateParam": text,
        "OutId": "o1",
    }
    return {**given, **changes}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (sms(phone="12345"), "isv.MOBILE_NUMBER_ILLEGAL"),
        (sms(phone="13800138000,13900139000"), "isv.MOBILE_COUNT_OVER_LIMIT"),
        (sms(SignName="别人的签名"), "isv.SMS_SIGNATURE_ILLEGAL"),
        (sms(TemplateCode="SMS_UNKNOWN"), "isv.SMS_TEMPLATE_ILLEGAL"),
        (sms(params="not json"), "isv.INVALID_JSON_PARAM"),
        (sms(params={"title": 1, "organ": "某局"}), "isv.INVALID_JSON_PARAM"),
        (sms(params={"title": "只有标题"}), "isv.TEMPLATE_MISSING_PARAMETERS"),
        (sms(params={**RECORD, "more": "多余"}), "isv.TEMPLATE_PARAMS_ILLEGAL"),
        (sms(params={**RECORD, "title": "长" * 36}), "isv.PARAM_LENGTH_LIMIT"),
        (sms(params={**RECORD, "title": "见 https://example.cn"}), "isv.PARAM_NOT_SUPPORT_URL"),
        (sms(params={"code": "12345"}, TemplateCode="SMS_CODE", phone="13800000001"), "OK"),
        (sms(params={"code": "1234567"}, TemplateCode="SMS_CODE"), "isv.PARAM_LENGTH_LIMIT"),
        (sms(params={"code": "12ab"}, TemplateCode="SMS_CODE"), "isv.TEMPLATE_PARAMS_ILLEGAL"),
    ],
)
def test_business_refusals_come_as_documented(gateway: Gateway, query: dict[str, str], code: str) -> None:
    """What the business refuses is HTTP 200 with the documented Code, a Message and a RequestId, and no BizId."""
    answer = call(gateway, "SendSms", query)
    assert (answer.status_code, answer.json()["Code"]) == (200, code)
    assert {"Code", "Message", "RequestId"} <= set(answer.json())
    assert ("BizId" in answer.json()) is (code == "OK")


def test_the_door_refuses_with_an_http_status(gateway: Gateway) -> None:
    """Signature, date, nonce, version and action are refused before the business, each by its status and code."""
    nonce = secrets.token_hex(16)
    call(gateway, "SendSms", sms(phone="1"), x_acs_signature_nonce=nonce)
    refusals = [
        call(gateway, "SendSms", sms(), secret="wrong"),
        call(gateway, "SendSms", sms(), late=1000),
        call(gateway, "SendSms", sms(), x_acs_signature_nonce=nonce),
        call(gateway, "SendSms", sms(), x_acs_version="2016-09-27"),
        call(gateway, "SendBatchSms", sms()),
    ]
    assert [(answer.status_code, answer.json()["Code"]) for answer in refusals] == [
        (400, "SignatureDoesNotMatch"),
        (400, "InvalidTimeStamp.Expired"),
        (400, "SignatureNonceUsed"),
        (400, "InvalidVersion"),
        (404, "InvalidAction.NotFound"),
    ]


def test_flow_control_and_the_record_of_one_number(gateway: Gateway) -> None:
    """Beyond its limit a number gets no more; what it got is found by day, page and BizId, newest first, with OutId."""
    phone = "13900139000"
    sent = [call(gateway, "SendSms", sms(phone=phone, OutId=f"out-{n}")).json() for n in range(4)]
    assert [answer["Code"] for answer in sent] == ["OK", "OK", "OK", "isv.BUSINESS_LIMIT_CONTROL"]

    asked = {"PhoneNumber": phone, "SendDate": f"{legal_day(datetime.now(UTC)):%Y%m%d}", "PageSize": "2"}
    first = call(gateway, "QuerySendDetails", {**asked, "CurrentPage": "1"}).json()
    second = call(gateway, "QuerySendDetails", {**asked, "CurrentPage": "2"}).json()
    records = first["SmsSendDetailDTOs"]["SmsSendDetailDTO"] + second["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert first["TotalCount"] == 3
    assert [record["OutId"] for record in records] == ["out-2", "out-1", "out-0"]
    assert (
        records[0]["Content"]
        == "【政府信息公开】某市教育局新公开了您订阅的信息：关于义务教育招生的通知。请登录公开网站查看。"
    )

    one = call(gateway, "QuerySendDetails", {**asked, "CurrentPage": "1", "BizId": sent[1]["BizId"]}).json()
    assert [record["OutId"] for record in one["SmsSendDetailDTOs"]["SmsSendDetailDTO"]] == ["out-1"]
    other_day = call(
        gateway, "QuerySendDetails", {**asked, "SendDate": "20200101", "CurrentPage": "1"}
    ).json()
    assert other_day["Code"] == "isv.INVALID_PARAMETERS"
