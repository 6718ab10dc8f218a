"""What is withdrawn is gone on every path within two seconds, and stays gone; what is destroyed is in no file any more."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from gongkai.contracts.ingest import ReplyAccepted
from gongkai.messaging.client import Event, organ_client
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2_grpc as rpc
from gongkai.rpc.search.v1 import search_pb2
from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceStub
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel, streaming
from tests.endtoend.city import City
from tests.endtoend.sample import credit_code

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
DIVISION = "341323"
KIND = "emergency"
"""No other test publishes this kind: what is looked for stands on the first page of its list."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A record under test: what a reader would look for."""

    organ: str
    credentials: str
    word: str
    """Stands in its title and nowhere else."""
    secret: str
    """Stands in its body and nowhere else; random enough that compression stores it as it is."""
    index_number: str
    record_id: str

    @property
    def body(self) -> str:
        return f"灵璧县公示，内有 {self.secret} 一行。"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()


async def published(city: City, organ: str) -> Subject:
    """A live record of a new organ, searchable."""
    word, secret = (hashlib.sha256(f"{organ}{what}".encode()).hexdigest()[:24] for what in "ab")
    arguments = ("organ", "add", organ, "--name", f"测试机关{organ}", "--uscc", credit_code(organ))
    credentials = (await asyncio.to_thread(city.cli, *arguments)).stdout
    draft = Subject(organ, credentials, word, secret, "", "")
    reply = await send(city, draft, "document", {
        "title": f"关于{word}的公示", "division": f"{DIVISION}000000", "kind": KIND, "formed_on": "2026-01-05",
        "attribute": "proactive", "ground": "《政府信息公开条例》第二十条", "confirmer": {"name": "甲", "post": "乙"},
        "body": {"media_type": "text/plain", "text": draft.body},
    })  # fmt: skip
    await asyncio.to_thread(city.wait, lambda: bool(city.indexed(organ)), "searchable")
    return Subject(organ, credentials, word, secret, reply.index_number, reply.record_id)


async def send(city: City, subject: Subject, kind: str, fields: dict[str, object]) -> ReplyAccepted:
    data = json.dumps({"record": "one", "organ": subject.organ, **fields}).encode()
    async with organ_client(city.endpoints["nats"], subject.credentials) as client:
        receipt = await client.send(Event(f"{kind}-{hashlib.sha256(data).hexdigest()[:8]}", kind, data))
    assert isinstance(receipt.reply, ReplyAccepted), receipt.reply
    return receipt.reply


async def withdraw(city: City, subject: Subject) -> float:
    """Withdraw the record; when the receipt was there."""
    await send(city, subject, "withdrawal", {"reason": "内容有误"})
    return time.monotonic()


# --- every path on which a reader could meet the record


def pages(subject: Subject) -> dict[str, str]:
    quoted = urllib.parse.quote(subject.word)
    return {
        "record page": f"/r/{subject.index_number}",
        "file": f"/files/{subject.digest}",
        "search page": f"/{DIVISION}/search?q={quoted}",
        "list page": f"/{DIVISION}/statutory/{KIND}",
        "Atom": f"/{DIVISION}/statutory/{KIND}.atom",
        "REST record": f"/api/v1/records/{subject.index_number}",
        "REST list": f"/api/v1/records?organ={subject.organ}",
        "REST search": f"/api/v1/search?q={quoted}",
    }


def shown_on_pages(city: City, subject: Subject) -> set[str]:
    """The pages on which title or text of the record is to be read."""
    shown = set()
    for name, path in pages(subject).items():
        try:
            with DIRECT.open(city.endpoints["portal"] + path, timeout=10) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
        # Answers to a search repeat the question, so a record is known there by its number.
        signs = {subject.index_number} if "search" in name else {subject.word, subject.secret}
        if any(sign in text for sign in signs):
            shown.add(name)
    return shown


async def shown_over_grpc(city: City, subject: Subject) -> set[str]:
    """The calls that give the record, or its text, out."""
    tokens = operator_tokens(city.state / "keys")
    targets = city.endpoints["grpc"]
    shown = set()
    async with (
        channel(targets["publishing"], audience="publishing", tokens=tokens) as publishing,
        channel(targets["search"], audience="search", tokens=tokens) as search,
    ):
        records = rpc.RecordServiceStub(publishing)
        one = await records.GetRecord(pb.GetRecordRequest(index_number=subject.index_number))
        if subject.word in str(one):
            shown.add("GetRecord")
        if (await records.ListRecords(pb.ListRecordsRequest(organ=subject.organ))).total:
            shown.add("ListRecords")
        contents = rpc.ContentServiceStub(publishing)
        call = contents.FetchContent(pb.FetchContentRequest(digests=[subject.digest]), timeout=10)
        async with streaming(call) as answers:
            async for answer in answers:
                if answer.found:
                    shown.add("FetchContent")
        found = await SearchServiceStub(search).Search(search_pb2.SearchRequest(query=subject.secret))
        if found.total:
            shown.add("Search")
    return shown


async def shown(city: City, subject: Subject) -> set[str]:
    return await shown_over_grpc(city, subject) | await asyncio.to_thread(shown_on_pages, city, subject)


EVERYWHERE = {"GetRecord", "ListRecords", "FetchContent", "Search"}


async def test_a_withdrawn_record_is_gone_from_every_path_and_feed_says_so(city: City) -> None:
    """Before, every path gives it out; after, none does; FEED carries the withdrawal without a word of it."""
    subject = await published(city, "341323-withdraws")
    assert await shown(city, subject) == EVERYWHERE | set(pages(subject))

    began = await withdraw(city, subject)
    while left := await shown(city, subject):
        assert time.monotonic() - began < 30, left
    sys.stdout.write(f"gone from every path {time.monotonic() - began:.2f} s after the receipt\n")

    facts = [one for one in await city.feed_messages(subject.organ) if one["subject"].endswith("withdrawn")]
    assert [fact["record_id"] for fact in facts] == [subject.record_id]
    assert subject.word not in json.dumps(facts)
    assert city.indexed(subject.organ) == {}


async def test_every_old_event_told_again_brings_nothing_back(city: City) -> None:
    """The whole log told once more, long after: search, board and pages stay as they are."""
    subject = await published(city, "341323-replays")
    await withdraw(city, subject)
    await asyncio.to_thread(city.wait, lambda: not city.indexed(subject.organ), "gone from the index")

    await asyncio.to_thread(city.cli, "streams", "refill", "EVT_PUBLISHING", "FEED_PUBLISHING")

    def told_again() -> bool:
        facts = asyncio.run(city.feed_messages(subject.organ))
        return len(facts) == 2 * len({one["id"] for one in facts})

    await asyncio.to_thread(city.wait, told_again, "FEED has everything twice")
    await asyncio.to_thread(city.wait, city.idle, "everybody has read it", 120)
    assert await shown(city, subject) == set()


async def test_a_destroyed_content_is_in_no_file_and_the_log_still_verifies(city: City) -> None:
    """``gongkai content destroy``: not one byte string of it below the state folder; ``gongkai log verify`` holds."""
    subject = await published(city, "341323-destroys")
    neighbour = await published(city, "341323-remains")
    assert await asyncio.to_thread(files_with, city.state, subject.secret), "else its absence proves nothing"
    await withdraw(city, subject)

    arguments = ("content", "destroy", subject.digest, "--reason", "含个人隐私")
    done = await asyncio.to_thread(city.cli, *arguments)

    assert subject.record_id in done.stdout
    await asyncio.to_thread(
        city.wait, lambda: not files_with(city.state, subject.secret), "no file holds it", 120
    )
    verified = await asyncio.to_thread(city.cli, "log", "verify")
    assert "0 处不符" in verified.stdout
    assert await shown(city, neighbour) == EVERYWHERE | set(pages(neighbour))
    with pytest.raises(AssertionError, match="destroyed"):
        await send(city, subject, "document", {
            "title": "再来一次", "provenance": "migration", "body": {"media_type": "text/plain", "text": subject.body},
        })  # fmt: skip


def files_with(folder: Path, word: str) -> list[str]:
    """The files below a folder, through its links, that hold these bytes."""
    roots = [folder, *(one.resolve() for one in folder.iterdir() if one.is_symlink())]
    found = []
    for root in roots:
        for path in root.rglob("*"):
            try:
                if path.is_file() and word.encode() in path.read_bytes():
                    found.append(str(path))
            except OSError:  # gone meanwhile
                continue
    return sorted(found)
