"""Looking for a secret in everything the running platform has written down, in whatever form it was written."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RawStreamMsg, RetentionPolicy, StreamState
from nats.js.errors import NotFoundError
from psycopg import sql

from gongkai.devstack.stack import STORING
from gongkai.messaging.connection import connect
from tests.endtoend.city import City


def forms(secret: str) -> Iterator[bytes]:
    """A text as programs write it down: plain, in JSON, in addresses, in base64 at any place, as hex, as escapes."""
    raw = secret.encode()
    yield raw
    escaped = json.dumps(secret)[1:-1].encode()
    yield escaped
    yield escaped.replace(b"\\u9f", b"\\u9F").replace(b"7e", b"7E")
    yield quote(secret, safe="").encode()
    yield quote(secret, safe="").lower().encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield secret.encode("utf-16-le")
    yield secret.encode("utf-16-be")
    yield "".join(f"\\x{byte:02x}" if byte > 126 else chr(byte) for byte in raw).encode()
    yield "".join(f"\\{byte:03o}" if byte > 126 else chr(byte) for byte in raw).encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            text = encode(b"\0" * shift + raw)
            yield text[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]


def find(where: Iterable[Path], secrets: dict[str, str], *, but: str = "") -> list[str]:
    """Where which secrets stand, in any form, below some folders; links are followed.

    Args:
        where: the folders.
        secrets: what is looked for, by what it is.
        but: name of folders that are left out.
    """
    known = {form: name for name, secret in secrets.items() for form in forms(secret)}
    left_out = [f"--exclude-dir={but}"] if but else []
    done = subprocess.run(
        ["grep", "-RaoFs", "--devices=skip", *left_out, "-f", "-", *map(str, where)],
        input=b"\n".join(known),
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    lines = {tuple(line.partition(b":")[::2]) for line in done.stdout.split(b"\n") if line}
    return sorted(f"{known.get(form, form)} in {path.decode()}: {form!r}" for path, form in lines)


def administration(city: City, service: str) -> psycopg.Connection:
    """A service's database as its administrator sees it."""
    place = city.endpoints["postgres"]
    password = Path(place["password_file"]).read_text().strip()
    return psycopg.connect(
        host=place["host"], port=place["port"], user=place["user"], password=password, dbname=service, autocommit=True
    )  # fmt: skip


def dump_databases(city: City, folder: Path) -> None:
    """Every row of every table of every service, and the statistics PostgreSQL keeps of their values."""
    tables = (
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') OR tablename = 'pg_statistic'"
    )
    for service in STORING:
        with administration(city, service) as conn:
            conn.execute("CHECKPOINT")  # what is in memory only comes to the files
            for schema, table in conn.execute(tables).fetchall():
                copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))
                with (folder / f"{service}.{schema}.{table}").open("wb") as out, conn.cursor().copy(copy) as rows:  # fmt: skip
                    out.writelines(bytes(piece) for piece in rows)


async def dump_streams(city: City, folder: Path) -> None:
    """Subject, headers and data of every message of every stream."""
    credentials = Path(city.endpoints["credentials"]["nats_admin"])
    async with connect(city.endpoints["nats"], credentials, name="privacy") as client:
        js = client.jetstream()
        for info in await js.streams_info():
            name = str(info.config.name)
            queue = info.config.retention == RetentionPolicy.WORK_QUEUE
            found = await _waiting(js, name, info.state) if queue else await _messages(js, name)
            (folder / name).write_text("\n".join(found))


async def _messages(js: JetStreamContext, stream: str) -> list[str]:
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True)
    reader = await js.add_consumer(stream, config)
    source = await js.pull_subscribe_bind(consumer=reader.name, stream=stream)
    found: list[str] = []
    while len(found) < (reader.num_pending or 0):
        found += [_shown(message) for message in await source.fetch(500, timeout=5)]
    await js.delete_consumer(stream, reader.name)
    return found


async def _waiting(js: JetStreamContext, stream: str, state: StreamState) -> list[str]:
    """Those of a queue, which lets nobody read beside its own reader."""
    found: list[str] = []
    for number in range(state.first_seq, state.last_seq + 1) if state.messages else ():
        with suppress(NotFoundError):
            found.append(_shown(await js.get_msg(stream, number)))
    return found


def _shown(message: Msg | RawStreamMsg) -> str:
    return f"{message.subject} {message.headers} {(message.data or b'').decode(errors='replace')}"


def dump_index(city: City, folder: Path) -> None:
    """Every document of every index."""
    with httpx.Client(base_url=city.endpoints["opensearch"], trust_env=False, timeout=60) as engine:
        page = engine.post("/_all/_search?scroll=1m&expand_wildcards=all", json={"size": 2000}).json()
        while page["hits"]["hits"]:
            (folder / f"index-{page['hits']['hits'][0]['_id']}").write_text(
                json.dumps(page["hits"]["hits"], ensure_ascii=False)
            )
            page = engine.post(
                "/_search/scroll", json={"scroll": "1m", "scroll_id": page["_scroll_id"]}
            ).json()
        (folder / "index-state").write_text(
            engine.get("/_cluster/state").text + engine.get("/_nodes/stats").text
        )


def dump_metrics(city: City, folder: Path) -> None:
    """What every service and NATS tell whoever watches them."""
    places = {name: f"{url}/metrics" for name, url in city.endpoints["http"].items()}
    monitor = city.endpoints["nats_monitor"]
    places |= {
        f"nats-{one}": f"{monitor}/{one}?subs=1&consumers=1" for one in ("varz", "connz", "subsz", "jsz")
    }
    with httpx.Client(trust_env=False, timeout=30) as client:
        for name, url in places.items():
            answer = client.get(url)
            assert answer.status_code == httpx.codes.OK, url
            (folder / name).write_text(answer.text)
