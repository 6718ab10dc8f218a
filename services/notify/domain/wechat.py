"""What an official account's server is told, and answers: plain mode of "接收普通消息" and "被动回复用户消息".

The signature is SHA-1 over the sorted token, timestamp and nonce ("接入概述": 加密/校验流程). The XML is read without
document types and entities: what declares one is refused before it is read.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Final
from xml.parsers import expat

FRESH: Final = timedelta(minutes=5)
LARGEST: Final = 16 * 1024
_DEEPEST: Final = 4


class Unreadable(Exception):
    """The body is no message of WeChat's."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of somebody who follows the account."""

    openid: str
    account: str
    kind: str
    """``text``, ``event`` or another."""
    text: str
    event: str
    id: str
    """WeChat sends a message again when it is not answered in time, under the same id."""


def is_signed(token: str, timestamp: str, nonce: str, signature: str, now: datetime) -> bool:
    """Tell whether WeChat said it, just now."""
    digest = sha1("".join(sorted((token, timestamp, nonce))).encode(), usedforsecurity=False).hexdigest()
    if not token or not hmac.compare_digest(digest.encode(), signature.encode()):
        return False
    return timestamp.isdecimal() and abs(now.timestamp() - int(timestamp[:15])) <= FRESH.total_seconds()


def read(body: bytes) -> Heard:
    """Read a message.

    Raises:
        Unreadable: it is too large, no XML, declares a document type, or names no sender.
    """
    if len(body) > LARGEST:
        raise Unreadable("too large")
    fields = _fields(body)
    if not fields.get("FromUserName") or not fields.get("ToUserName"):
        raise Unreadable("no sender")
    identity = fields.get("MsgId") or f"{fields['FromUserName']}-{fields.get('CreateTime', '')}"
    return Heard(
        openid=fields["FromUserName"],
        account=fields["ToUserName"],
        kind=fields.get("MsgType", ""),
        text=fields.get("Content", "").strip(),
        event=fields.get("Event", "").lower(),
        id=identity,
    )


def answer(heard: Heard, text: str, now: datetime) -> bytes:
    """A text for whoever wrote, as the account's server answers it."""
    return (
        f"<xml><ToUserName><![CDATA[{_data(heard.openid)}]]></ToUserName>"
        f"<FromUserName><![CDATA[{_data(heard.account)}]]></FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{_data(text)}]]></Content></xml>"
    ).encode()


def _data(text: str) -> str:
    return text.replace("]]>", "]] >")


def _fields(body: bytes) -> dict[str, str]:
    """The texts of the root's children."""
    found: dict[str, str] = {}
    path: list[str] = []

    def refuse(*_: object) -> None:
        raise Unreadable("declares a document type or an entity")

    def begin(name: str, _attributes: object) -> None:
        path.append(name)
        if len(path) > _DEEPEST:
            raise Unreadable("too deep")

    def end(_name: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        if len(path) == 2:  # noqa: PLR2004 - a child of the root
            found[path[1]] = found.get(path[1], "") + data

    parser = expat.ParserCreate(
        encoding="UTF-8"
    )  # whatever the body declares, so that nothing hides in another
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        raise Unreadable("no XML") from error
    return found
