"""The gateway's checks against the values the providers themselves publish; nothing of ours signs anything here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gongkai.sandbox.acs3 import Denied, Nonces, Request, canonical_request, check
from gongkai.sandbox.phone import signature as wechat_signature

pytestmark = pytest.mark.domain

# "V3版本请求体&签名机制" (help.aliyun.com 2593177), 固定参数示例: every value below stands on that page.
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PUBLISHED_AUTHORIZATION = (
    "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
    "x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
)
PUBLISHED = Request(
    method="POST",
    path="/",
    query=(
        ("RegionId", "cn-shanghai"),
        ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
    ),
    headers={
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY_HASH,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
        "authorization": PUBLISHED_AUTHORIZATION,
        "user-agent": "AlibabaCloud (Mac OS X; x86_64) Java/1.8.0_352-b08 tea-util/0.2.6 TeaDSL/1",
        "accept": "application/json",
    },
    body=b"",
)
PUBLISHED_CANONICAL = """POST
/
ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai
host:ecs.cn-shanghai.aliyuncs.com
x-acs-action:RunInstances
x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date:2023-10-26T10:22:32Z
x-acs-signature-nonce:3156853299f313e23d1673dc12e1703d
x-acs-version:2014-05-26

host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"""
THEN = datetime(2023, 10, 26, 10, 22, 40, tzinfo=UTC)


def checked(
    request: Request,
    key_id: str = "YourAccessKeyId",
    secret: str = "YourAccessKeySecret",  # noqa: S107 - the published one
    at: datetime = THEN,
) -> str:
    """The nonce, or the code of the refusal."""
    try:
        return check(request, key_id, secret, at)
    except Denied as denied:
        return denied.code


def with_headers(**changes: str | None) -> Request:
    headers = {**PUBLISHED.headers, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return replace(PUBLISHED, headers={name: value for name, value in headers.items() if value is not None})


def test_the_canonical_request_is_the_published_one() -> None:
    """Our canonical request is, byte for byte, the one the provider prints."""
    signed = [name for name in PUBLISHED.headers if name == "host" or name.startswith("x-acs-")]
    assert canonical_request(PUBLISHED, signed) == PUBLISHED_CANONICAL


def test_the_published_request_is_let_in() -> None:
    """The request with the signature the provider prints is let in."""
    assert checked(PUBLISHED) == "3156853299f313e23d1673dc12e1703d"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (replace(PUBLISHED, query=(("RegionId", "cn-beijing"),)), "SignatureDoesNotMatch"),
        (replace(PUBLISHED, method="GET"), "SignatureDoesNotMatch"),
        (replace(PUBLISHED, body=b"x"), "SignatureDoesNotMatch"),
        (with_headers(x_acs_action="SendSms"), "SignatureDoesNotMatch"),
        (with_headers(host="dysmsapi.aliyuncs.com"), "SignatureDoesNotMatch"),
        (with_headers(authorization=PUBLISHED_AUTHORIZATION[:-1] + "1"), "SignatureDoesNotMatch"),
        (with_headers(x_acs_extra="1"), "IncompleteSignature"),
        (with_headers(authorization=PUBLISHED_AUTHORIZATION.replace("host;", "")), "IncompleteSignature"),
        (with_headers(authorization=None), "MissingParameter"),
    ],
)
def test_a_changed_request_is_refused(request_: Request, code: str) -> None:
    """A request changed in any signed part is refused with the documented code."""
    assert checked(request_) == code


def test_a_wrong_key_and_a_stale_date_are_refused() -> None:
    """An unknown key id, a wrong secret, and a date more than fifteen minutes off are each refused by their code."""
    assert checked(PUBLISHED, key_id="SomebodyElse") == "InvalidAccessKeyId.NotFound"
    assert checked(PUBLISHED, secret="wrong") == "SignatureDoesNotMatch"
    assert checked(PUBLISHED, at=THEN + timedelta(minutes=16)) == "InvalidTimeStamp.Expired"
    assert checked(PUBLISHED, at=THEN - timedelta(minutes=16)) == "InvalidTimeStamp.Expired"


def test_a_nonce_is_used_once() -> None:
    """A nonce is let in once while a replay could still pass the date, and forgotten afterwards."""
    nonces = Nonces()
    nonces.use("one", THEN)
    with pytest.raises(Denied, match="SignatureNonceUsed"):
        nonces.use("one", THEN + timedelta(minutes=29))
    nonces.use("two", THEN + timedelta(minutes=31))
    nonces.use("one", THEN + timedelta(minutes=31))


@pytest.mark.parametrize(
    ("timestamp", "nonce", "published"),
    [  # "消息推送" (developers.weixin.qq.com), Token "AAAAA": the address check, and the plain-mode push
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ],
)
def test_the_push_signature_is_the_published_one(timestamp: str, nonce: str, published: str) -> None:
    """What the simulated WeChat signs is what WeChat's own page says it signs."""
    assert wechat_signature("AAAAA", timestamp, nonce) == published
