"""Who asked is nowhere but under their key: a planted applicant is looked for in everything, before and after erasure."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
import structlog
from prometheus_client import generate_latest
from sqlalchemy import text

from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.request import _erase
from gongkai.eventstore.errors import SubjectErased
from gongkai.eventstore.vault import Vault
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.security.keys import derive, master_key
from gongkai.serving.clock import utc_now
from gongkai.serving.telemetry import configure_logging
from tests.requests.office import ADMINISTRATOR, COUNTY, DESCRIPTION, PLANTED, Office, refused

SECRETS = (
    *PLANTED.values(),
    DESCRIPTION,
    "种树人",
    "电话确认",
    "您申请的信息附后",
    "the answer to",
    "明细表",
)
"""What was typed about the applicant, what the clerk wrote, and what the answer says."""


async def dump(office: Office) -> str:
    """Every table of every schema as text, bytes shown as PostgreSQL shows them and, where they are base64, opened."""
    tables = await office.rows(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = []
    for schema, name in tables:
        rows += [str(row[0]) for row in await office.rows(f'SELECT t::text FROM "{schema}"."{name}" AS t')]
    return "\n".join(rows)


async def jetstream(office: Office) -> str:
    """Subjects, headers and data of every message of every stream."""
    found = []
    for info in await office.client.jetstream().streams_info():
        found += [
            f"{message.subject} {message.headers} {(message.data or b'').decode(errors='replace')}"
            for message in await office.messages(str(info.config.name))
        ]
    return "\n".join(found)


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def found_in(where: str | bytes) -> list[str]:
    """The planted texts that stand somewhere, in clear or as JSON and base64 would write them."""
    data = where.encode() if isinstance(where, str) else where
    hits = []
    for secret in SECRETS:
        raw = secret.encode()
        forms = {raw, json.dumps(secret)[1:-1].encode(), raw.hex().encode()}
        forms |= {
            base64.b64encode(b"\0" * shift + raw)[shift + 1 : -4] for shift in range(3) if len(raw) > 11
        }
        hits += [secret for form in forms if form in data]
    return hits


@contextmanager
def log_lines() -> Iterator[io.StringIO]:
    """What a process of ours would write to its log meanwhile, at its most talkative."""
    written = io.StringIO()
    configure_logging("requests", "debug", written)
    try:
        yield written
    finally:
        structlog.reset_defaults()


async def test_planted_applicant_is_ciphertext_everywhere(office: Office) -> None:
    """Given a full run, refusals and a failing notify included, then nothing of the applicant stands anywhere in clear."""
    with log_lines() as written:
        office.notify.fault = RuntimeError("notify is broken")
        sent, _ = await office.disclosed()
        await refused(office.submit(applicant={"id_number": "110105194912310021", "phone": "139"}))
        await refused(office.submit(organ="nobody"))
        read = pb.ReadApplicantRequest(command_id=str(uuid4()), number=sent.number)
        await office.staff().ReadApplicant(read)
        await office.look_up(sent)

        async def was_asked() -> bool:
            return office.notify.refused > 0

        await office.until(was_asked)
        office.notify.fault = None

        async def told() -> bool:
            return len(await office.messages("EVT_REQUESTS")) >= 3

        await office.until(told)
    everything = await dump(office)
    assert sent.number in everything
    assert "$sealed" in everything
    assert found_in(everything) == []
    assert sent.query_code.replace("-", "") not in everything
    spoken = await jetstream(office)
    assert f"evt.requests.{COUNTY}.request.decided" in spoken
    assert found_in(spoken) == []
    assert found_in(stored(office.content)) == []
    assert found_in(stored(office.streams)) == []
    assert found_in(generate_latest()) == []
    assert "call failed" in written.getvalue() or "notify did not take a notice" in written.getvalue()
    assert found_in(written.getvalue()) == []


async def test_erasure_leaves_nothing_to_read(office: Office) -> None:
    """Given a decided request, when it is erased, then phase and days stay, and neither data nor key nor file can be had."""
    sent, decided = await office.disclosed()
    file = decided.decision.files[0]
    payloads = await office.rows("SELECT payload FROM event WHERE type = 'request.decided'")
    facts = {one["number"]: one for one in (json.loads(row[0]) for row in payloads)}
    applicant_id = facts[sent.number]["applicant_id"]
    erase = pb.EraseApplicantRequest(command_id=str(uuid4()), number=sent.number, reason="保存期满")
    gone = (await office.staff(ADMINISTRATOR).EraseApplicant(erase)).request
    assert (gone.erased, gone.phase, gone.content.description) == (True, "decided", "")
    assert (await office.staff(ADMINISTRATOR).EraseApplicant(erase)).request == gone

    seen = await office.look_up(sent)
    assert (seen.phase, seen.outcome, seen.erased) == ("decided", "disclosed", True)
    assert (seen.submitted_on, seen.clock.state) == (decided.submitted_on, "met")
    assert (seen.applicant_masked, seen.decision.text, len(seen.decision.files)) == ("", "", 0)
    assert seen.steps[0].text_zh == "申请人信息和答复文件已经永久删除。"
    fetch = pb.FetchReplyFileRequest(number=sent.number, query_code=sent.query_code, digest=file.digest)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(office.public.FetchReplyFile(fetch)))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND

    vault = Vault(derive(master_key(office.keys), b"vault"), clock=utc_now)
    async with office.engine.begin() as conn:
        assert await vault.keys(conn, [applicant_id]) == {}
        with pytest.raises(SubjectErased):
            await vault.provide(conn, [applicant_id])
        object_name = await conn.execute(
            text("SELECT wrapped_key, object FROM content_key WHERE digest = :digest"),
            {"digest": file.digest},
        )
        assert tuple(object_name.one()) == (None, None)
    read = pb.ReadApplicantRequest(command_id=str(uuid4()), number=sent.number)
    assert (await refused(office.staff().ReadApplicant(read)))[1] == ["applicant.erased"]
    shown = (await office.staff().GetRequest(pb.GetRequestRequest(number=sent.number))).request
    assert not any(act.allowed for act in shown.acts)

    async def told() -> bool:
        return any(one.subject.endswith("applicant.erased") for one in await office.messages("EVT_REQUESTS"))

    await office.until(told)


async def test_erasure_waits_for_the_decision_and_its_reason(office: Office) -> None:
    """Given an open request, when it is to be erased without reason or with somebody's number in it, then all is refused."""
    sent = await office.submit()
    erase = pb.EraseApplicantRequest(command_id=str(uuid4()), number=sent.number, reason="")
    code, reasons = await refused(office.operator.EraseApplicant(erase))
    assert (code, reasons) == (grpc.StatusCode.FAILED_PRECONDITION, ["decided.not", "reason.missing"])
    erase.reason = f"{PLANTED['phone']} 来电要求"
    assert (await refused(office.operator.EraseApplicant(erase)))[1] == ["decided.not", "reason.personal"]


async def test_operator_erases_by_one_command(office: Office) -> None:
    """Given a decided request, when the operator's command erases it, then number, organ and day are what is left."""
    sent, _ = await office.disclosed()
    state = office.keys.parent
    places = {"portal": "", "nats": "", "opensearch": "", "grpc": {"requests": office.target}}
    (state / "endpoints.json").write_text(json.dumps(places))
    left = await _erase(load_endpoints(state), sent.number, "期满")
    assert (left.number, left.erased, left.organ_name) == (sent.number, True, "灵璧县民政局")
    assert (await office.look_up(sent)).erased


async def test_same_document_outlives_another_applicants_erasure(office: Office) -> None:
    """Given one document given to two applicants, when one is erased, then the other still has it and a third can get it."""
    document = b"%PDF the same for everybody"
    one, two, three = [await office.received() for _ in range(3)]
    for sent in (one, two):
        file = await office.upload(sent.number, document)
        await office.staff().Decide(office.disclose(sent.number, file))
    erase = pb.EraseApplicantRequest(command_id=str(uuid4()), number=one.number, reason="申请人要求")
    await office.operator.EraseApplicant(erase)
    kept = (await office.look_up(two)).decision.files[0]
    fetch = pb.FetchReplyFileRequest(number=two.number, query_code=two.query_code, digest=kept.digest)
    parts = [part.data async for part in office.public.FetchReplyFile(fetch)]
    assert b"".join(parts) == document
    assert (await office.upload(three.number, document)).size == len(document)
