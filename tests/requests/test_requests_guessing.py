"""Guessing numbers and codes: slow for who guesses, unnoticed by everybody else, and answered alike whatever is wrong."""

from __future__ import annotations

import asyncio

import grpc

from gongkai.rpc.requests.v1 import requests_pb2 as pb
from services.requests.domain.numbers import ALPHABET
from services.requests.looking import LOOKUP, SUBMIT
from tests.requests.office import Office, form, refused


def guess(number: str, code: str, client: str) -> pb.LookUpRequest:
    return pb.LookUpRequest(number=number, query_code=code, client=client)


async def test_every_wrong_pair_is_answered_alike(office: Office) -> None:
    """Given a wrong code, an unknown number, no number and no code at all, then status and reason are the same."""
    sent = await office.submit()
    pairs = [
        (sent.number, "00000-00000"), ("341323-2026-99999", sent.query_code), ("'; DROP TABLE", sent.query_code),
        (sent.number, ""), ("", ""), (sent.number, "查询码" * 1000), (sent.number, sent.query_code[:-1]),
    ]  # fmt: skip
    answers = [await refused(office.public.LookUp(guess(*pair, "203.0.113.1"))) for pair in pairs]
    assert answers == [(grpc.StatusCode.NOT_FOUND, ["lookup.wrong"])] * len(pairs)
    fetch = pb.FetchReplyFileRequest(
        number=sent.number, query_code="00000-00000", digest="0", client="203.0.113.1"
    )
    call = anext(aiter(office.public.FetchReplyFile(fetch)))
    assert await refused(call) == (grpc.StatusCode.NOT_FOUND, ["lookup.wrong"])


async def test_code_is_read_as_people_type_it(office: Office) -> None:
    """Given lower case, spaces, a missing hyphen and look-alike letters, then the code is the same code."""
    sent = await office.submit()
    typed = sent.query_code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    shown = await office.public.LookUp(guess(f" {sent.number.replace('-', '－')} ", typed, "203.0.113.2"))
    assert shown.request.number == sent.number
    assert set(sent.query_code) <= {*ALPHABET, "-"}


async def test_who_guesses_is_stopped_and_nobody_else(office: Office) -> None:
    """Given a thousand guesses of one client at once, then ten are looked at; the holder elsewhere sees their request."""
    sent = await office.submit()
    public = office.public
    guesses = [refused(public.LookUp(guess(sent.number, f"{n:010d}", "203.0.113.3"))) for n in range(1000)]
    flood = asyncio.gather(*guesses)
    assert (await office.look_up(sent, "203.0.113.7")).number == sent.number
    answers = [code for code, _ in await flood]
    assert answers.count(grpc.StatusCode.NOT_FOUND) == LOOKUP.burst
    assert answers.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 1000 - LOOKUP.burst
    code, _ = await refused(office.public.LookUp(guess(sent.number, sent.query_code, "203.0.113.3")))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    for _ in range(LOOKUP.burst + 5):  # a right pair uses up nothing
        assert (await office.look_up(sent, "203.0.113.4")).number == sent.number
    assert "203.0.113" not in str(await office.rows("SELECT t::text FROM throttle AS t"))


async def test_flood_of_forms_is_stopped(office: Office) -> None:
    """Given one client that submits without end, then the burst is taken in; a repeat and a mistake cost nothing."""
    client = "203.0.113.5"
    asked = form(client=client)
    for _ in range(3):
        await office.public.Submit(asked)
    for _ in range(3):
        await refused(office.public.Submit(form(client=client, organ="nobody")))
    await asyncio.gather(*(office.public.Submit(form(client=client)) for _ in range(SUBMIT.burst - 1)))
    code, reasons = await refused(office.public.Submit(form(client=client)))
    assert (code, reasons) == (grpc.StatusCode.RESOURCE_EXHAUSTED, ["throttled"])
    await office.public.Submit(asked)
    await office.submit(client="203.0.113.6")
