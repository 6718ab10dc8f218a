"""Writing a draft: every button saves, so that nothing is lost; a refused save shows everything again as typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.contracts.kinds import KINDS, VALIDITIES
from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalogues_pb2
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.security.permissions import Role
from services.portal import figures
from services.portal.attaching import attach
from services.portal.clients import Problem, Signed, problem_of
from services.portal.forms import MIB, Form, read_form, redirect
from services.portal.organs import Choice, organs_of
from services.portal.portal import Portal, portal_of
from services.portal.routes.home import or_none
from services.portal.routes.staff.acts import version_of
from services.portal.routes.staff.drafts import draft_of, own_division, preview
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

TEXTS: Final = (
    "kind", "title", "doc_number", "summary", "formed_on", "effective_on", "expires_on", "validity", "domain", "matter",
    "body_text", "published_on", "issuer", "topic", "genre", "category",
)  # fmt: skip
LABELS: Final = {
    "kind": "信息种类", "title": "标题", "doc_number": "发文字号", "summary": "内容概述", "formed_on": "成文日期",
    "effective_on": "生效日期", "expires_on": "失效日期", "validity": "有效性", "domain": "领域", "matter": "公开事项",
    "body_text": "正文", "published_on": "原发布日期", "issuer": "发文机关", "topic": "主题分类", "genre": "体裁分类",
    "category": "组配分类", "keywords": "关键词",
}  # fmt: skip
FIELDS: Final = {**LABELS, "organ": "公开机关"}
"""Fields of the form that have a place of their own: what a reason about them links to."""
_STALE: Final = "draft.stale"
_OVERHEAD: Final = 4 * MIB
_MATTERS: Final = 200
_ROWS: Final = "rows"
"""Button and parameter of a form that is to have more lines for figures."""
_FIRST_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """What the form is about: a draft there is, or one that is going to be."""

    choice: Choice
    draft: pb.Draft | None = None


async def new(request: Request) -> Response:
    """``/staff/drafts/new``."""
    signed = await staff_of(request)
    choice = await organs_of(request, signed, Role.EDITOR)
    return await _edit(request, signed, Desk(choice))


async def edit(request: Request) -> Response:
    """``/staff/drafts/{id}/edit``."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    organ = draft.content.organ
    return await _edit(request, signed, Desk(Choice(((organ, draft.organ_name),), organ), draft))


async def _edit(request: Request, signed: Signed, desk: Desk) -> Response:
    content = desk.draft.content if desk.draft else pb.DraftContent(organ=desk.choice.chosen)
    if request.method != "POST":
        return await _page(request, desk, content, version=desk.draft.version if desk.draft else 0)
    limit = portal_of(request).settings.content_limit
    form = await read_form(
        request, most_files=1, most_bytes=limit + _OVERHEAD, most_fields=figures.MOST_FIELDS
    )
    written = written_content(
        form, content, await _places(request, form.text("organ") or content.organ, content)
    )
    version = version_of(form.text("version", "0"))
    try:
        for upload in form.files("file"):
            written.attachments.append(await attach(portal_of(request).offices.contents_for(signed), upload))
        saved = await portal_of(request).offices.drafts_for(signed).SaveDraft(
            pb.SaveDraftRequest(
                command_id=form.command_id,
                draft_id=desk.draft.id if desk.draft else "",
                expected_version=version,
                content=written,
            )
        )  # fmt: skip
    except aio.AioRpcError as error:
        return await _refused(request, signed, desk, written, version, problem_of(error))
    path = f"/staff/drafts/{saved.draft.id}"
    if form.text("act") == _ROWS:
        answer = redirect(f"{path}/edit", done="saved", rows=str(figures.MORE))
        answer.headers["Location"] += "#figures"
        return answer
    return redirect(path if form.text("act") == "show" else f"{path}/edit", done="saved")


async def _refused(
    request: Request, signed: Signed, desk: Desk, written: pb.DraftContent, version: int, problem: Problem
) -> Response:
    """The form again, as it was typed; where somebody else wrote meanwhile, with what they changed."""
    differing: Sequence[tuple[str, str, str]] = ()
    if desk.draft is not None and any(reason.code == _STALE for reason in problem.reasons):
        now = await draft_of(request, signed)
        names = dict(await _places(request, written.organ, written))
        differing = differences(now.content, written, names)
        version = now.version
        text = "没有保存：您打开以后别人改过这份稿件。下面列出不同的地方；核对后再保存，以您现在填的为准。"
        rest = tuple(one for one in problem.reasons if one.code != _STALE)
        problem = Problem(409, (Reason(_STALE, text), *rest))
    return await _page(request, desk, written, version=version, problem=problem, differing=differing)


def written_content(
    form: Form, before: pb.DraftContent, places: Sequence[tuple[str, str]]
) -> pb.DraftContent:
    """What the form says, with the files there were and that are not to be removed."""
    removed = set(form.all("remove"))
    facts = figures.facts_in(form, places)
    written = pb.DraftContent(
        organ=form.text("organ") or before.organ,
        division=before.division,
        keywords=[word for word in form.text("keywords").replace("，", "、").replace(",", "、").split("、") if word.strip()],
        attachments=[one for one in before.attachments if one.digest not in removed],
        facts=before.facts if facts is None else facts,
    )  # fmt: skip
    for name in TEXTS:
        setattr(written, name, form.text(name, getattr(before, name)))
    return written


def differences(
    there: pb.DraftContent, typed: pb.DraftContent, names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Fields in which two contents differ: label, what is there, what was typed. ``names``: of places, by code."""
    found = [
        (LABELS[name], getattr(there, name), getattr(typed, name))
        for name in TEXTS
        if getattr(there, name) != getattr(typed, name)
    ]
    there_facts, typed_facts = figures.as_text(there.facts, names), figures.as_text(typed.facts, names)
    if there_facts != typed_facts:
        found.append(("数字", there_facts, typed_facts))
    return [*found, *([(LABELS["keywords"], "、".join(there.keywords), "、".join(typed.keywords))]
            if list(there.keywords) != list(typed.keywords) else [])]  # fmt: skip


async def _page(
    request: Request,
    desk: Desk,
    content: pb.DraftContent,
    *,
    version: int,
    problem: Problem | None = None,
    differing: Sequence[tuple[str, str, str]] = (),
) -> Response:
    places = await _places(request, content.organ, content)
    found = (
        desk.draft.findings if desk.draft else ()
    )  # of what is saved: the form shows it unless it was refused
    told = problem.reasons if problem else map(_reason, found)
    values = {
        "draft": desk.draft,
        "choice": desk.choice,
        "content": content,
        "version": version,
        "problem": problem,
        "differing": differing,
        "fields": {**FIELDS, **figures.labels(len(content.facts))},
        "figure_labels": figures.FIELDS,
        "figure_faults": figures.faults(told),
        "places": places,
        "many_places": figures.proposals(places) if len(places) > figures.MOST_CHOICES else {},
        "own": places[0][0] if places else "",
        "blanks": _blanks(request, content),
        "blocks": preview(content),
        **await _choices(request, content),
    }
    status = problem.status if problem else 200
    return render_staff(request, "staff/editor.html", values, "drafts", status=status)


def _blanks(request: Request, content: pb.DraftContent) -> int:
    """How many empty lines follow the figures there are."""
    if _ROWS in request.query_params:
        return figures.MORE
    return 1 if content.facts else _FIRST_ROWS


async def _places(request: Request, organ: str, content: pb.DraftContent) -> list[tuple[str, str]]:
    """Where the draft's figures may be about: its division, and what lies below."""
    portal = portal_of(request)
    own = await own_division(portal, pb.DraftContent(organ=organ, division=content.division))
    return figures.choices(await or_none(portal.registry.divisions()), own)


def _reason(told: pb.Reason) -> Reason:
    return Reason(told.code, told.message_zh, told.field, told.article)


async def _choices(request: Request, content: pb.DraftContent) -> Mapping[str, Any]:
    portal = portal_of(request)
    domains = await portal.registry.domains()
    matters = await _matters(portal, content) if content.domain else []
    if content.matter and content.matter not in dict(matters):
        matters.append((content.matter, f"{content.matter}（不在所选领域，请重新选）"))
    return {
        "kinds": list(KINDS.items()),
        "validities": [one for one in VALIDITIES.items() if one[0] != "unknown"],
        "domains": [(one.code, f"{one.seq}　{one.name}") for one in domains.listed],
        "matters": matters,
    }


async def _matters(portal: Portal, content: pb.DraftContent) -> list[tuple[str, str]]:
    """The matters of the draft's domain in the catalogue in force where it is to be published, with their names."""
    divisions = await or_none(portal.registry.divisions())
    place = divisions.find(await own_division(portal, content)) if divisions else None
    told = await or_none(portal.registry.catalogue(place)) if place else None
    if told is None or not told.catalogue.id:
        return []
    asked = catalogues_pb2.ListRowsRequest(
        catalogue=told.catalogue.id, domain=content.domain, page_size=_MATTERS
    )
    found = await or_none(portal.offices.catalogues.ListRows(asked))
    return [(one.matter, _name(one.row)) for one in found.rows] if found else []


def _name(row: catalogues_pb2.Row) -> str:
    return "／".join(filter(None, (row.level1, row.level2, row.level3)))
