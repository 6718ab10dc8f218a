"""A record for ever: its index table, its body, its files; or what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.oversight.v1 import oversight_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal import figures, words
from services.portal.portal import Portal, portal_of
from services.portal.reading import fetch
from services.portal.routes.home import or_none
from services.portal.typeblocks import Block
from services.portal.typeset import READABLE, contents, typeset

LONGEST_SHOWN: Final = 2 * 1024 * 1024
"""Bytes of a body set on the page; a longer one is offered as a file."""
_log = structlog.get_logger()


async def show(request: Request) -> Response:
    """``/r/{uscc}/{number}``."""
    portal = portal_of(request)
    index_number = f"{request.path_params['uscc']}/{request.path_params['number']}"
    found = await portal.offices.records.GetRecord(pb.GetRecordRequest(index_number=index_number))
    if found.HasField("tombstone"):
        return await gone(request, portal, found.tombstone)
    record = found.record
    where = await portal.where_of(record.division, "statutory")
    registry = portal.registry
    domains = await (registry.domains_of(where.place) if where.place else registry.domains())
    blocks = await body_of(portal, record)
    values = {
        "record": record,
        "fields": index_table(record, await organ_now(portal, record)),
        "blocks": blocks,
        "contents": contents(blocks),
        "figures": figures.of_record(record, where.divisions),
        "unlike": await unlike(portal, record) if record.facts and record.matter else [],
        "figure_place": lambda code: figures.place_name(where.divisions, code, record.division),
        "domain_name": domains.name_of(record.domain) if record.domain else "",
        "public_address": f"{portal.base(request)}{words.record_path(record.index_number)}",
    }
    return portal.pages.render(request, "record.html", values, where)


async def unlike(portal: Portal, record: pb.Record) -> Sequence[oversight_pb2.Comparison]:
    """The record's figures that others publish otherwise; none while nobody tells."""
    asked = oversight_pb2.GetRecordAlignmentRequest(index_number=record.index_number)
    told = await or_none(portal.offices.oversight.GetRecordAlignment(asked))
    return [one for one in told.comparisons if one.state == "disagree"] if told is not None else []


async def gone(request: Request, portal: Portal, tombstone: pb.Tombstone) -> Response:
    """A withdrawn record: date, organ, reason. Publishing gives neither title nor text; nor does the page."""
    where = await portal.where_of(tombstone.division)
    return portal.pages.render(request, "gone.html", {"tombstone": tombstone}, where, status=410)


async def body_of(portal: Portal, record: pb.Record) -> Sequence[Block]:
    """The body typeset; nothing where there is none to be read on a page."""
    for file in record.files:
        readable = file.media_type.split(";")[0].strip().lower() in READABLE
        if file.role == "body" and readable and not file.destroyed and file.size <= LONGEST_SHOWN:
            data = await fetch(portal.offices, file.digest)
            return typeset(data, file.media_type) if data is not None else ()
    return ()


def index_table(record: pb.Record, now: str = "") -> Sequence[tuple[str, str]]:
    """The fifteen fields in the order a reader expects; an empty one says 无. ``now``: what the organ is today."""
    fields = (
        ("索引号", record.index_number),
        ("有效性", words.validity(record.validity)),
        ("信息名称", record.title),
        ("内容概述", record.summary),
        ("发文字号", record.doc_number),
        ("发布机构", _organ(record) + now),
        ("成文日期", words.long_date(record.formed_on)),
        ("发布日期", words.long_date(record.published_on)),
        ("生效日期", words.long_date(record.effective_on)),
        ("失效日期", words.long_date(record.expires_on)),
        ("主题分类", record.topic),
        ("组配分类", record.category),
        ("体裁分类", record.genre),
        ("公开属性", _attribute(record)),
        ("关键词", "　".join(record.keywords)),
    )
    return [(name, value or words.NONE) for name, value in fields]


async def organ_now(portal: Portal, record: pb.Record) -> str:
    """What stands beside the name an organ had when it published: its name today, or who follows it."""
    changed = await or_none(portal.registry.changed_organs())
    organ = (changed or {}).get(record.organ)
    if organ is None:
        return ""
    heir = (changed or {}).get(organ.heir)
    if organ.heir:
        return f"（已于{words.long_date(organ.ended_on)}撤并，现由{heir.name if heir else organ.heir}承继）"
    return f"（现名{organ.name}）" if organ.name != record.organ_name else ""


def _attribute(record: pb.Record) -> str:
    label = words.attribute(record.attribute) if record.attribute else ""
    return f"{label}（{record.ground}）" if label and record.ground else label


def _organ(record: pb.Record) -> str:
    if record.issuer and record.issuer != record.organ_name:
        return f"{record.organ_name}（发文机关：{record.issuer}）"
    return record.organ_name
