"""What went wrong, why, what to do: the same three answers on every page that cannot be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import grpc
import structlog
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.serving.errors import is_unavailable, reasons_of
from services.portal.csrf import LOGIN
from services.portal.forms import FormRefused, kept_input, redirect
from services.portal.pages import Where
from services.portal.portal import NO_DIVISION, portal_of
from services.portal.sessions import NotSignedIn, PasswordDue, signed_of
from services.portal.staffpages import frame_of

RETRY_SECONDS: Final = "10"
_DEPTH: Final = 2
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """One page that says something went wrong."""

    status: int
    what: str
    why: str
    how: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    """What exactly was refused, each as a sentence."""


_DIVISION: Final = Failure(
    404,
    "没有这个区划的页面",
    "地址里的区划代码不在本市的区划表里，可能少写或写错了一位。",
    ("区划代码是 6 位（县、区、园区）、9 位（乡镇、街道）或 12 位（村、社区）数字，请核对。", "也可以从下面的区县列表进入。"),
)  # fmt: skip
_NOT_FOUND: Final = Failure(
    404,
    "没有找到这个页面",
    "地址可能写错了，或者这个页面从来没有过。依法撤回的信息会注明撤回日期和理由，不会显示成本页。",
    ("请核对地址；索引号里的字母和数字要写全。", "也可以用页面上方的搜索框按标题、正文或文号查找。"),
)
_STAFF_NOT_FOUND: Final = Failure(
    404,
    "没有找到这个页面",
    "地址可能写错了，或者它所属的草稿已经发布、退回或者放弃，这一项不在了。",
    ("请从上面的菜单或者工作台重新进入。",),
)
_CATALOGUE: Final = Failure(
    404,
    "事项目录里没有这一项",
    "地址里的领域、事项代码或者版次可能写错了，也可能您要看的这一版目录没有列入它。",
    ("请从事项目录按领域找，或者在“找事项”里输入几个字。", "目录没有列入的信息，也可以依法申请公开。"),
)
_VILLAGES: Final = Failure(
    404,
    "没有这份清单或者公示单",
    "这个地方还没有在本平台公布村务公开清单，或者没有公布过您要的这一号。公示单按清单生成，没有清单就没有公示单。",
    ("请从村务公开栏目进入，那里列出已经公布清单的村和社区。", "没有公布清单的，村务仍在村公示栏公布。"),
)
_SECTIONS: Final[Mapping[str, tuple[Failure, str]]] = MappingProxyType(
    {"catalogue": (_CATALOGUE, "看事项目录"), "villages": (_VILLAGES, "看村务公开")}
)
"""Part of a division's pages → what is said where one of them is not there, and the name of the way back."""
_METHOD: Final = Failure(
    405,
    "这个页面不能这样打开",
    "页面只供查看和下载，不接受提交。",
    ("请回到上一页，用页面上的链接或按钮操作。",),
)
_INPUT: Final = Failure(
    400,
    "这样没法查",
    "地址或者输入里有一处不合要求。",
    ("请按上面的提示改一改再试。",),
)
_AWAY: Final = Failure(
    503,
    "暂时打不开这个页面",
    "提供这项内容的系统没有及时回应，可能正在维护或者访问的人太多。已经公开的信息没有受影响。",
    ("请过一分钟再刷新本页；您填的内容还在。",),
)
_FORBIDDEN: Final = Failure(
    403,
    "您的角色不能打开这个页面",
    "这项工作由有相应角色的人办理，您登录的账号没有这个角色。",
    ("请从工作台进入您能办理的事项。", "确实由您负责的，请本单位管理员给您加上相应角色。"),
)
_TOO_OFTEN: Final = Failure(
    429,
    "尝试次数过多",
    "为了防止有人试探，短时间内只能试有限的几次。",
    ("请过几分钟再试；期间再试会继续推迟。",),
)
_CONFLICT: Final = Failure(
    409,
    "没有办成：内容刚被别人改过",
    "您打开页面以后，同一内容有了新的变化，系统没有用您的覆盖它。",
    ("请回到上一页重新打开，核对后再办。",),
)
_FORM_RELOAD: Final = "请回到原来的页面，刷新后再提交；浏览器一般会保留您填的内容。"
FORMS: Final[Mapping[str, Failure]] = MappingProxyType(
    {
        "origin": Failure(
            403,
            "没有提交：表单不是从本站页面发出的",
            "为了防止别的网站冒用您的名义，本站只接受从自己页面提交的表单。什么都没有办理。",
            (_FORM_RELOAD, "如果您是从别的网站点过来的，请不要继续，直接从本站首页进入。"),
        ),
        "token": Failure(
            403,
            "没有提交：页面已经过期",
            "表单上的一次性标记和您现在的登录或者浏览器对不上，多半是页面开得太久、重新登录过，或者浏览器不接受 Cookie。什么都没有办理。",
            (_FORM_RELOAD, "一再出现的，请检查浏览器是否允许本站使用 Cookie。"),
        ),
        "too-large": Failure(
            413,
            "没有提交：内容或者附件太大",
            "提交的内容超过了这个表单的上限。什么都没有办理。",
            ("请把附件压缩或者分成几个，一次传一个。", "正文太长的，可以作为附件上传。"),
        ),
        "unreadable": Failure(
            400,
            "没有提交：表单没有收完整",
            "可能是网络中断，或者表单被浏览器插件改动过。什么都没有办理。",
            (_FORM_RELOAD,),
        ),
        "signed-out": Failure(
            401,
            "没有提交：登录已经结束",
            "超过 30 分钟没有操作，或者登录满 10 小时，系统会自动退出。什么都没有办理。",
            ("请先在新窗口登录，再回到本页按“重新提交”；不要关闭本页，您填的内容在下面。",),
        ),
    }
)
"""Why a form was not taken → the page that says so."""
_OURS: Final = Failure(
    500,
    "页面出错了",
    "这是我们的问题，不是您的操作造成的。出错情况已经记录，由运维人员处理。",
    ("请过几分钟再试，或者从首页重新进入。",),
)


_CALLS: Final = {
    grpc.StatusCode.NOT_FOUND: _NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED: _FORBIDDEN,
    grpc.StatusCode.RESOURCE_EXHAUSTED: _TOO_OFTEN,
    grpc.StatusCode.ABORTED: _CONFLICT,
}


async def on_http(request: Request, error: Exception) -> Response:
    """Answer an ``HTTPException``."""
    assert isinstance(error, HTTPException)
    if _staff(request):
        with suppress(aio.AioRpcError):
            await signed_of(request)  # there was no route, so nobody asked yet whose frame the page stands in
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            known, _ = _SECTIONS.get(_section(request), (_NOT_FOUND, ""))
            failure = _DIVISION if error.detail == NO_DIVISION else known
        case HTTPStatus.METHOD_NOT_ALLOWED:
            failure = _METHOD
        case _:
            failure = replace(_INPUT, status=error.status_code, reasons=(f"{error.detail}。",))
    answer = await _page(request, failure)
    answer.headers.update(error.headers or {})
    return answer


async def on_call(request: Request, error: Exception) -> Response:
    """Answer a call to another service that failed."""
    assert isinstance(error, aio.AioRpcError)
    if is_unavailable(error):
        _log.warning("peer not answering", path=request.url.path, why=error.code().name)
        answer = await _page(request, _AWAY, kept=await kept_input(request))
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer
    if error.code() is grpc.StatusCode.UNAUTHENTICATED and _staff(request):
        return await on_signed_out(request, NotSignedIn())
    reasons = tuple(reason.message_zh for reason in reasons_of(error))
    known = _CALLS.get(error.code())
    if known is _NOT_FOUND and (told := _SECTIONS.get(_section(request))):
        return await _page(request, told[0])
    if known is not None:
        return await _page(request, replace(known, reasons=() if known is _NOT_FOUND else reasons))
    if reasons and error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}:
        return await _page(request, replace(_INPUT, reasons=reasons))
    _log.error("call failed", path=request.url.path, why=error.code().name)
    return await _page(request, _OURS)


async def on_form(request: Request, error: Exception) -> Response:
    """Answer a form that was not taken; what was typed is offered to be sent again where that is safe."""
    assert isinstance(error, FormRefused)
    return await _page(request, FORMS[error.why], kept=error.kept)


async def on_signed_out(request: Request, error: Exception) -> Response:
    """Show the way to log in; who was about to send a form keeps what they typed."""
    assert isinstance(error, NotSignedIn)
    request.state.signed = None
    if request.method in {"GET", "HEAD"}:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return redirect(LOGIN, back="" if back == "/staff/" else back)
    return await _page(request, FORMS["signed-out"], kept=await kept_input(request), login=LOGIN)


async def on_password_due(_request: Request, error: Exception) -> Response:
    """Nothing before the password is changed."""
    assert isinstance(error, PasswordDue)
    return redirect("/staff/password")


def _section(request: Request) -> str:
    """Which part of a division's pages was asked for: ``catalogue`` of ``/341323/catalogue/20``."""
    parts = request.url.path.split("/")
    return parts[2] if len(parts) > _DEPTH and parts[1] == request.path_params.get("div") else ""


def _way(request: Request, failure: Failure, where: Where) -> tuple[str, str] | None:
    """Where to go on, with its name: the same page without what could not be read; the part of the site."""
    if where.place is None:
        return None
    if failure.status == HTTPStatus.BAD_REQUEST and request.method == "GET" and request.url.query:
        return request.url.path, "去掉这些条件，重新打开"
    _, label = _SECTIONS.get(_section(request), (None, ""))
    return (
        (f"/{where.place.slug}/{_section(request)}/", label)
        if failure.status == HTTPStatus.NOT_FOUND and label
        else None
    )


def _staff(request: Request) -> bool:
    return request.url.path.startswith("/staff/")


async def on_error(request: Request, _error: Exception) -> Response:
    """Answer a fault of our own; the server logs it."""
    return await _page(request, _OURS)


async def _page(
    request: Request, failure: Failure, kept: Sequence[tuple[str, str]] = (), login: str = ""
) -> Response:
    if failure == _NOT_FOUND and _staff(request):
        failure = _STAFF_NOT_FOUND
    portal = portal_of(request)
    try:
        divisions = await portal.registry.divisions()
        place = divisions.find(request.path_params.get("div", ""))
        kept_here = place is not None and await portal.registry.keeps_villages(place)
        where = Where(place, divisions, villages=kept_here)
    except aio.AioRpcError:
        where = Where()
    values = {
        **frame_of(request),
        "failure": failure,
        "kept": kept,
        "login": login,
        "way": _way(request, failure, where),
    }
    answer = portal.pages.render(request, "failure.html", values, where, status=failure.status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
