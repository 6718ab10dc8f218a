"""Logging in, logging out, choosing a password."""

from __future__ import annotations

import grpc
from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.serving.channels import UNARY_DEADLINE
from gongkai.serving.errors import reasons_of
from services.portal.clients import Problem, client_of, problem_of
from services.portal.csrf import STAFF
from services.portal.forms import read_form, redirect
from services.portal.pages import Where
from services.portal.portal import portal_of
from services.portal.sessions import keep_session, log_out, signed_of, staff_of
from services.portal.staffpages import render_staff
from services.portal.themes import safe_back

_WRONG = Reason("login.wrong", "账号或者密码不对。请核对大小写后再输一次；忘记密码的，请本单位管理员重置。")
_DIFFERENT = Reason("password.different", "两次输入的新密码不一样，请再输一次。", "repeated")
_MISSING = Reason("login.missing", "请填写账号和密码。", "login")


async def log_in(request: Request) -> Response:
    """``/staff/login``: a new session at every login, whatever the browser brought along."""
    back = staff_back(request.query_params.get("back", ""))
    if request.method != "POST":
        try:
            signed = await signed_of(request)
        except aio.AioRpcError:
            signed = None  # catalog is away: the form says so when it is sent
        return redirect(back) if signed else await _login_page(request, back)
    form = await read_form(request)
    back = staff_back(form.text("back"))
    login, secret = form.text("login"), form.secret("password")
    if not login or not secret:
        return await _login_page(request, back, login, Problem(422, (_MISSING,)))
    portal = portal_of(request)
    asked = pb.LogInRequest(login=login, password=secret, client=client_of(request, portal.settings))
    try:
        told = await portal.offices.identity.LogIn(asked, timeout=UNARY_DEADLINE)
    except aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
            return await _login_page(request, back, login, problem_of(error))
        return await _login_page(request, back, login, Problem(401, reasons_of(error) or (_WRONG,)))
    await log_out(request)  # what the browser had before is no longer good, planted or not
    answer = redirect("/staff/password" if told.must_change_password else back)
    keep_session(request, answer, told.session)
    return answer


async def leave(request: Request) -> Response:
    """``/staff/logout``: the session is ended where it is kept, not only forgotten here."""
    await read_form(request)
    answer = redirect("/staff/login", done="logged-out")
    await log_out(request, answer)
    return answer


async def password(request: Request) -> Response:
    """``/staff/password``: the first thing after a password was reset."""
    signed = await staff_of(request, password_due=True)
    if request.method != "POST":
        return render_staff(request, "staff/password.html", {"problem": None})
    form = await read_form(request)
    if form.secret("new_password") != form.secret("repeated"):
        return _password_page(request, Problem(422, (_DIFFERENT,)))
    asked = pb.ChangePasswordRequest(
        command_id=form.command_id,
        old_password=form.secret("old_password"),
        new_password=form.secret("new_password"),
        session=signed.session,
    )
    try:
        await portal_of(request).offices.identity_for(signed).ChangePassword(asked)
    except aio.AioRpcError as error:
        return _password_page(request, problem_of(error))
    return redirect("/staff/", done="password")


def staff_back(text: str) -> str:
    """An address of the staff's pages to go on to; anything else becomes the desk."""
    found = safe_back(text)
    return found if found.startswith(STAFF) and not found.startswith("/staff/login") else STAFF


def _password_page(request: Request, problem: Problem) -> Response:
    return render_staff(request, "staff/password.html", {"problem": problem}, status=problem.status)


async def _login_page(
    request: Request, back: str, login: str = "", problem: Problem | None = None
) -> Response:
    portal = portal_of(request)
    try:
        divisions = await portal.registry.divisions()
        where = Where(None, divisions, "staff")
    except aio.AioRpcError:
        where = Where()
    values = {"back": back, "login": login, "problem": problem}
    status = problem.status if problem else 200
    return portal.pages.render(request, "staff/login.html", values, where, status=status, private=True)
