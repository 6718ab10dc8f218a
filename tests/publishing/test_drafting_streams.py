"""What the whole service says, and does not say, of what is written by hand; and how an older database comes along."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from gongkai.contracts.ingest import ReplyAccepted, ReplyReason, ReplyRejected
from gongkai.contracts.publishing import RecordState
from gongkai.security.keys import create_keys
from gongkai.security.permissions import Role
from gongkai.serving.database import create_engine, migrate
from services import publishing
from services.publishing.views import incoming
from services.publishing.views.organ_records import list_organ_records
from tests.publishing.office import Bureau, Office
from tests.publishing.test_publishing_service import ORGAN, registry, running_town

SECRET = "绝密标题八八五零"


async def test_streams_tell_of_the_record_and_never_of_the_draft(
    database_url: str, nats_child: tuple[Any, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Given a secret draft and one that is published and withdrawn, EVT and FEED tell of the second alone, logs of none."""
    server = nats_child[0]
    async with running_town(database_url, server.url, server.folder, tmp_path) as town:
        await town.tell(*registry())
        await town.until(lambda: town.rows("SELECT count(*) FROM known_organ"), [(1,)])
        keys = tmp_path / "keys"
        create_keys(keys, services=["catalog"])
        assert town.service.grpc_port is not None
        office = Office(None, town.engine, town.service.grpc_port, keys)  # type: ignore[arg-type]  # decides nothing itself
        bureau = Bureau(
            ORGAN, office.person(Role.EDITOR, organ=ORGAN), office.person(Role.REVIEWER, organ=ORGAN)
        )
        secret = await bureau.editor.save(ORGAN, title=SECRET, body_text=SECRET)
        await bureau.editor.propose(secret, "withheld")
        await bureau.reviewer.confirm(secret)
        shown = await bureau.published(title="公开的标题")
        await bureau.reviewer.withdraw(shown.index_number)

        await town.until(lambda: town.count("FEED_PUBLISHING"), 2)
        await town.until(lambda: town.count("EVT_PUBLISHING"), 2)
        subjects = [message.subject.rsplit(".", 1)[1] for message in await town.messages("FEED_PUBLISHING")]
        assert subjects == ["published", "withdrawn"]
        told = await town.messages("EVT_PUBLISHING") + await town.messages("FEED_PUBLISHING")
        assert bureau.reviewer.staff.name not in str([message.data.decode() for message in told])
        for path in server.folder.rglob("*"):
            if path.is_file():
                held = await asyncio.to_thread(path.read_bytes)
                assert SECRET.encode() not in held, path
                assert json.dumps(SECRET).encode() not in held, path
        await office.close()
    logged = capfd.readouterr()
    assert "公开的标题" not in logged.out + logged.err
    assert SECRET not in logged.out + logged.err


async def test_older_database_gets_its_arrivals_and_titles(database_url: str) -> None:
    """Given records and answers of the release before, when the database is migrated, lists of the staff have them."""
    await asyncio.to_thread(_upgrade_to_0002, database_url)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    accepted = ReplyAccepted(
        event_id="a/1", record_id="r-1", index_number="n-1", version=1, defects=("kind.missing",), outcome="published"
    )  # fmt: skip
    reasons = (ReplyReason(code="title.missing", message="缺少名称", field="title"),)
    replies = {"a/1": accepted, "b": ReplyRejected(event_id="b", reasons=reasons)}
    state = RecordState(
        record_id="r-1", index_number="n-1", version=1, organ=ORGAN, organ_name="机关", division="341323000000",
        kind="other", title="旧标题", published_on=date(2020, 1, 1), provenance="migration", defects=("kind.missing",),
    )  # fmt: skip
    engine = create_engine(database_url)
    async with engine.begin() as conn:
        for number, (event_id, reply) in enumerate(replies.items()):
            row = (
                f"{ORGAN}/{event_id}",
                f"organ:{ORGAN}",
                b"x",
                reply.model_dump_json(),
                at.replace(day=number + 1),
            )
            await conn.exec_driver_sql("INSERT INTO command VALUES (%s, %s, %s, %s, %s)", row)
        await conn.exec_driver_sql(
            "INSERT INTO record VALUES ('r-1', 'n-1', 1, true, %s, '机关', '341323000000', '3413', '341323',"
            " '341323000', 'other', '', '2020-01-01', %s, null, null)",
            (ORGAN, state.model_dump_json()),
        )
    await migrate("services.publishing", database_url)
    async with engine.connect() as conn:
        page = await incoming.list_incoming(conn, [ORGAN], outcome="", page=1, page_size=20)
        found, total = await list_organ_records(
            conn, [ORGAN], with_defects=True, q="旧", page=1, page_size=20
        )
    await engine.dispose()
    assert [(one.event_id, one.outcome, one.kind, one.title, list(one.defects)) for one in page.events] == [
        ("b", "rejected", "", "", []), ("a/1", "published", "document", "旧标题", ["kind.missing"]),
    ]  # fmt: skip
    assert page.events[0].reasons == [("title.missing", "title")]
    assert ([one.title for one in found], total) == (["旧标题"], 1)


def _upgrade_to_0002(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(publishing.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    engine.dispose()
