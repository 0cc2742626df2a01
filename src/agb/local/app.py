"""The HTTP face: routes, keys, bodies, envelopes. What an endpoint does is in `handlers`."""

import hmac
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from attrs import frozen
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from agb._wire import link
from agb._wire.answers import good_answer, refusal
from agb._wire.codec import Json, Misread, dump
from agb._wire.endpoints import (
    CALL_TOOL,
    ENDPOINTS,
    GET_LINK,
    GET_SESSION_INFO,
    RELEASE_SESSION,
    RELEASE_SESSION_ASYNC,
    Endpoint,
    read_request,
)
from agb.local import forwarded_socket, page, stream
from agb.local.bodies import json_object
from agb.local.calls import Call, Handler
from agb.local.contexts import Contexts, urls
from agb.local.forwarding import METHODS, Forwarded
from agb.local.handlers import HANDLERS
from agb.local.links import (
    LINK_PATH,
    PAGE_PATH,
    PORT_PATH,
    STREAM_PATH,
    check_link_token,
    check_port_token,
    session_of_page,
)
from agb.local.load import Admission, Load
from agb.local.refusals import Refusal, bug, invalid_parameter, wrong_key
from agb.local.seals import Seals
from agb.local.session import Session
from agb.local.sessions import Sessions
from agb.local.tools import OK, CallerGone, call_tool

_log = logging.getLogger(__name__)

HEALTH_PATH = "/health"

_ALWAYS_OPEN = {
    HEALTH_PATH,
    *(each.path for each in (GET_SESSION_INFO, RELEASE_SESSION, RELEASE_SESSION_ASYNC)),
}
"""What is answered however much there is to do: it tells of the load, or makes it less."""

_ALIASES = {GET_LINK: "/mcp/getLink"}
"""Second paths of endpoints, which some clients use."""

_NO_HEADERS: Mapping[str, str] = {}

_Serve = Callable[[Request], Awaitable[Response]]


@frozen(kw_only=True)
class _Answering:
    """What every route needs."""

    sessions: Sessions
    contexts: Contexts
    seals: Seals
    api_key: bytes
    load: Load
    max_upload: int

    @property
    def patience(self) -> float:
        """See `Bounds`."""
        return self.load.bounds.patience


def make_app(
    *, sessions: Sessions, contexts: Contexts, api_key: str, load: Load, max_upload: int
) -> Starlette:
    """Build the web application of an AGB.

    Args:
        sessions: Its sessions.
        contexts: Its contexts.
        api_key: The key that callers of the API must show.
        load: What there is to do.
        max_upload: Bytes of a file that is sent to a context.
    """
    answering = _Answering(
        sessions=sessions,
        contexts=contexts,
        seals=Seals(),
        api_key=api_key.encode(),
        load=load,
        max_upload=max_upload,
    )
    app = Starlette(
        routes=[
            *_api_routes(answering),
            Route(
                f"{LINK_PATH}/{{session_id}}{link.CALL_TOOL_PATH}",
                _guarded(_link(answering)),
                methods=["POST"],
            ),
            WebSocketRoute(f"{STREAM_PATH}/{{session_id}}", _stream(answering)),
            Route(HEALTH_PATH, _guarded(_health(answering)), methods=["GET"]),
            Route(PAGE_PATH, _guarded(_page(answering)), methods=["GET"]),
            Route(f"{urls.PATH}/{{token}}", _guarded(_object(answering)), methods=["GET", "PUT"]),
            *_port_routes(answering),
        ],
        middleware=[Middleware(Admission, load, _ALWAYS_OPEN, _refused)],
        exception_handlers={HTTPException: _unknown_route},
    )
    app.router.redirect_slashes = False  # what isn't there isn't there
    return app


def _api_routes(answering: _Answering) -> list[Route]:
    routes: list[Route] = []
    # Routes are tried one after the other, and most calls are of tools.
    for endpoint in sorted(ENDPOINTS, key=lambda endpoint: endpoint is not CALL_TOOL):
        serve = _guarded(_api(answering, endpoint, HANDLERS[endpoint]))
        paths = [endpoint.path, *([_ALIASES[endpoint]] if endpoint in _ALIASES else [])]
        routes += [Route(path, serve, methods=[endpoint.method]) for path in paths]
    return routes


def _port_routes(answering: _Answering) -> list[BaseRoute]:
    path = f"{PORT_PATH}/{{session_id}}/{{port}}/{{token}}"
    below = path + "/{rest:path}"
    serve = _guarded(_port(answering))
    return [
        *(Route(each, serve, methods=METHODS) for each in (path, below)),
        WebSocketRoute(below, _port_socket(answering)),
    ]


def _api(answering: _Answering, endpoint: Endpoint[Any, Any], handler: Handler) -> _Serve:
    async def serve(request: Request) -> Response:
        _check_key(answering.api_key, request)
        body = await json_object(request, answering.patience)
        message = read_request(endpoint, request.query_params, body)
        call = Call(
            sessions=answering.sessions,
            contexts=answering.contexts,
            seals=answering.seals,
            base_url=partial(_base_url, request),
            hung_up=partial(_hung_up, request),
        )
        reply = await handler(call, message)
        envelope = good_answer(endpoint, _request_id(request), reply.data)
        return _json(request, 200, {**envelope, "code": reply.code})

    return serve


def _link(answering: _Answering) -> _Serve:
    async def serve(request: Request) -> Response:
        session_id = request.path_params["session_id"]
        session = answering.sessions.find(session_id)
        in_header = request.headers.get(link.TOKEN_HEADER)
        if in_header is not None:  # spares reading what a stranger sends
            check_link_token(session, in_header)
        message = link.read_call(await json_object(request, answering.patience))
        check_link_token(session, in_header or message.token)
        with answering.sessions.in_use(session_id):
            hung_up = partial(_hung_up, request)
            result = await call_tool(session, message.tool, message.args, hung_up)
        answer = link.write_answer(result.on_wire(), "" if result.code == OK else result.code)
        return _json(request, 200, {"requestId": _request_id(request), **answer})

    return serve


def _stream(answering: _Answering) -> Callable[[WebSocket], Awaitable[None]]:
    async def serve(socket: WebSocket) -> None:
        await stream.serve(answering.sessions, socket, partial(_refused, socket))

    return serve


def _object(answering: _Answering) -> _Serve:
    async def serve(request: Request) -> Response:
        bounds = urls.Bounds(size=answering.max_upload, patience=answering.patience)
        response = await urls.serve(answering.contexts, answering.seals, request, bounds)
        response.headers["x-request-id"] = _request_id(request)
        return response

    return serve


def _health(answering: _Answering) -> _Serve:
    async def serve(request: Request) -> Response:
        """Say that this AGB is there; to who has the key also what it has to do."""
        data: Json = {"status": "ok"}
        if "authorization" in request.headers:
            _check_key(answering.api_key, request)
            data |= {
                "sessions": len(answering.sessions.active()),
                "starting": answering.sessions.opening,
                "ending": answering.sessions.ending,
                "ready": answering.sessions.ready,
                "requests": answering.load.requests,
                "connections": answering.load.connections(),
                "bytesHeld": answering.load.bytes_held,
            }
        return _json(
            request, 200, {"requestId": _request_id(request), "success": True, "data": data}
        )

    return serve


def _page(answering: _Answering) -> _Serve:
    async def serve(request: Request) -> Response:
        session = session_of_page(
            answering.sessions,
            request.query_params.get("resourceId", ""),
            request.query_params.get("token", ""),
            answering.seals,
        )
        known = await page.facts(session)
        if "text/html" not in request.headers.get("accept", ""):
            about = {"requestId": _request_id(request), "success": True, "data": dump(known)}
            return _json(request, 200, about)
        return HTMLResponse(page.as_html(known), headers=_page_headers(request))

    return serve


def _port(answering: _Answering) -> _Serve:
    async def serve(request: Request) -> Response:
        session, port, prefix = _opened_port(answering, request)
        if request.scope["path"] + "/" == prefix:
            return RedirectResponse(prefix)
        refused = partial(_refused, request)
        return Forwarded(answering.sessions, session.id, port, prefix, refused=refused)

    return serve


def _port_socket(answering: _Answering) -> Callable[[WebSocket], Awaitable[None]]:
    async def serve(socket: WebSocket) -> None:
        refused = partial(_refused, socket)
        try:
            session, port, prefix = _opened_port(answering, socket)
        except Refusal as no:
            await socket.send_denial_response(refused(no))
            return
        await forwarded_socket.forward(
            answering.sessions, socket, session, port, prefix, refused=refused
        )

    return serve


def _opened_port(answering: _Answering, request: HTTPConnection) -> tuple[Session, int, str]:
    """Give the port that a path leads to, and the part of the path that does so."""
    session_id, number, token = (
        request.path_params[name] for name in ("session_id", "port", "token")
    )
    port = check_port_token(session_id, number, token, answering.seals)
    session = answering.sessions.touch(session_id)
    return session, port, f"{PORT_PATH}/{session_id}/{number}/{token}/"


def _page_headers(request: Request) -> dict[str, str]:
    return {
        "x-request-id": _request_id(request),
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "referrer-policy": "no-referrer",
    }


def _guarded(serve: _Serve) -> _Serve:
    """Answer every failure with an envelope; a bug is logged and its text kept from the caller."""

    async def guarded(request: Request) -> Response:
        try:
            return await serve(request)
        except Refusal as no:
            return _refused(request, no)
        except Misread as misread:
            return _refused(request, invalid_parameter(str(misread)))
        except (ClientDisconnect, CallerGone):
            return Response(status_code=400)  # nobody is there to read it
        except Exception:  # noqa: BLE001 - the edge: the caller gets an answer, the log the bug
            _log.exception("request %s to %s broke", _request_id(request), _shown_path(request))
            return _refused(request, bug())

    return guarded


async def _unknown_route(request: Request, error: Exception) -> Response:
    status = cast("HTTPException", error).status_code
    code = "NotFound" if status == HTTPStatus.NOT_FOUND else "MethodNotAllowed"
    message = f"there is no {request.method} {request.scope['path'][:200]}"
    return _refused(request, Refusal(status, code, message))


def _check_key(api_key: bytes, request: Request) -> None:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(shown.strip().encode(), api_key)
    if not right or scheme.lower() != "bearer":
        raise wrong_key()


async def _hung_up(request: Request) -> None:
    """Return once nobody waits for the answer any more; the body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _shown_path(request: Request) -> str:
    """Give the path for the log, without the token that may be in it."""
    path: str = request.scope["path"]
    token = request.path_params.get("token")
    return path.replace(token, "(token)") if token else path


def _request_id(request: HTTPConnection) -> str:
    """Give a request its id, once."""
    if not hasattr(request.state, "id"):
        request.state.id = secrets.token_hex(16)
    return cast("str", request.state.id)


def _refused(request: HTTPConnection, no: Refusal) -> Response:
    envelope = refusal(
        http_status=no.http_status,
        code=no.code,
        message=no.message,
        request_id=_request_id(request),
    )
    return _json(request, no.http_status, envelope, no.headers)


def _json(
    request: HTTPConnection, status: int, content: Json, headers: Mapping[str, str] = _NO_HEADERS
) -> Response:
    """Answer in JSON, in ASCII: names of files may hold what UTF-8 can't say."""
    return Response(
        json.dumps(content, separators=(",", ":")),
        status_code=status,
        media_type="application/json",
        headers={"x-request-id": _request_id(request), "cache-control": "no-store", **headers},
    )
