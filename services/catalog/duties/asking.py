"""The NATS edge of duties: a request on ``ask.<organ>.<question>`` in JSON, its answer in JSON.

NATS lets only the organ's own credentials publish there, so the subject says who asks. An answer goes nowhere but to that
organ's own inbox: whoever asks names the reply subject, and could name somebody else's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Final

import nats.errors
import structlog
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from grpc import StatusCode
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gongkai.messaging.topology import inbox_prefix, organ_user
from gongkai.refusal import Reason
from gongkai.serving.errors import InvalidRequest, status_of
from services.catalog.duties.answers import DEFAULT_PAGE, LARGEST_PAGE, Answers

SUBJECT: Final = "ask.*.*"
QUEUE: Final = "catalog"
"""Replicas share the questions."""
LARGEST: Final = 512 * 1024
"""Bytes of an answer that may be cut into smaller pages; NATS takes 1 MB."""
_AT_ONCE: Final = 8
_WAITING: Final = 1000
"""Questions that wait here; more are dropped, and asked again by whoever got no answer."""

_log = structlog.get_logger()


class _Asked(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)


class AskDuties(_Asked):
    """``duties``: what must we disclose?"""

    domain: str = ""
    page_size: int = Field(default=DEFAULT_PAGE, ge=1, le=LARGEST_PAGE)
    page_token: str = ""


class AskSchema(_Asked):
    """``schema``: which elements does a matter demand?"""

    matter: str


class AskValidate(_Asked):
    """``validate``: would a document do?"""

    matter: str
    elements: dict[str, str] = {}


class AskChanges(_Asked):
    """``changes``: what is not as it was?"""

    place: str = ""
    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=LARGEST_PAGE)


_QUESTIONS: Final[Mapping[str, type[_Asked]]] = {
    "duties": AskDuties,
    "schema": AskSchema,
    "validate": AskValidate,
    "changes": AskChanges,
}


class AskDesk:
    """Answers departments' questions until asked to stop."""

    def __init__(self, client: Client, answers: Answers) -> None:
        self._client = client
        self._answers = answers
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take questions; what was taken before the end is answered."""
        subscription = await self._client.subscribe(
            SUBJECT, queue=QUEUE, cb=self._take, pending_msgs_limit=_WAITING
        )
        await stop.wait()
        try:
            await subscription.unsubscribe()
        except nats.errors.Error as error:  # the connection may be gone already
            _log.info("could not end a subscription", error=repr(error))
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _take(self, message: Msg) -> None:
        await self._slots.acquire()
        task = asyncio.create_task(self._one(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._slots.release())

    async def _one(self, message: Msg) -> None:
        _, organ, question = message.subject.split(".", 2)
        if not message.reply.startswith(f"{inbox_prefix(organ_user(organ).name)}."):
            _log.warning("a question wants its answer elsewhere", organ=organ, question=question)
            return
        try:
            data = await self.answer(organ, question, message.data)
            await message.respond(data)
        except nats.errors.Error as error:
            _log.warning("an answer could not be sent", organ=organ, question=question, error=repr(error))

    async def answer(self, organ: str, question: str, data: bytes) -> bytes:
        """Give the JSON answer to a question; also to one that cannot be answered."""
        try:
            return await self._answered(organ, _read(question, data))
        except Exception as error:  # noqa: BLE001 - every question gets an answer
            status, reasons = status_of(error)
            if status is StatusCode.INTERNAL:
                _log.exception("a question failed", organ=organ, question=question)
            return _refused(status, reasons)

    async def _answered(self, organ: str, asked: _Asked) -> bytes:
        match asked:
            case AskDuties():
                return await _fitting(
                    asked.page_size,
                    lambda size: self._answers.duties(
                        organ, domain=asked.domain, page_size=size, page_token=asked.page_token
                    ),
                )
            case AskChanges():
                return await _fitting(
                    asked.limit, lambda size: self._answers.changes(organ, asked.place, size)
                )
            case AskSchema():
                return _json(await self._answers.schema_for(organ, asked.matter))
            case AskValidate():
                return _json(await self._answers.validate(organ, asked.matter, asked.elements))
            case _:
                raise AssertionError(type(asked))


async def _fitting(size: int, ask: Callable[[int], Awaitable[Message]]) -> bytes:
    """Give the largest page of at most ``size`` that a message carries; one row always fits."""
    while True:
        data = _json(await ask(size))
        if len(data) <= LARGEST or size == 1:
            return data
        size = max(1, size // 2)


def _read(question: str, data: bytes) -> _Asked:
    """Read a question.

    Raises:
        InvalidRequest: with every reason.
    """
    model = _QUESTIONS.get(question)
    if model is None:
        names = "、".join(_QUESTIONS)
        raise InvalidRequest(Reason("ask.unknown", f"没有这种提问。可以问：{names}。", "subject"))
    try:
        value = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        text = "提问不是 JSON 对象，无法读取。请检查编码（UTF-8）和写法。"
        raise InvalidRequest(Reason("ask.unreadable", text))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise InvalidRequest(*(_fault(fault["type"], fault["loc"]) for fault in faults)) from None


def _fault(kind: str, place: tuple[int | str, ...]) -> Reason:
    name = str(place[0])[:40] if place else ""  # what stands below it may be the asker's own words
    if kind == "missing":
        return Reason("field.missing", f"缺少 {name}，请补填。", name)
    if kind == "extra_forbidden":
        return Reason("field.unknown", "有一个不认识的字段，请对照接入指南核对字段名。", "")
    return Reason("field.malformed", f"{name} 的类型或取值不对，请对照接入指南填写。", name)


def _json(answer: Message) -> bytes:
    told: dict[str, Any] = MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for held in (told, *told.get("duties", ())):
        if "schema" in held:
            held["schema"] = json.loads(held["schema"])
    return json.dumps(told, ensure_ascii=False).encode()


def _refused(status: StatusCode, reasons: tuple[Reason, ...]) -> bytes:
    told = [
        {"code": one.code, "message": one.message_zh, "field": one.field, "article": one.article}
        for one in reasons
    ]
    return json.dumps({"error": status.value[1], "reasons": told}, ensure_ascii=False).encode()
