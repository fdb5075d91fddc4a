"""Headers of every answer, whatever becomes of the request: no script but ours, no frame, nothing kept."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
HTTPS_SECONDS = 31_536_000
"""A browser that came once by TLS comes no other way for a year."""
NOBODY = "'none'"


def headers(*, frames: str = NOBODY, kept: bool = False, tls: bool = False) -> list[Header]:
    """The headers of an answer.

    Args:
        frames: origins whose pages may show it in a frame.
        kept: a browser may keep it, as our own static files.
        tls: it goes over TLS, by us or by a proxy that is believed.
    """
    made = [
        (b"content-security-policy", f"{POLICY}; frame-ancestors {frames}".encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]
    made += [(b"x-frame-options", b"DENY")] if frames == NOBODY else []
    made += [(b"strict-transport-security", f"max-age={HTTPS_SECONDS}".encode())] if tls else []
    return made if kept else [*made, (b"cache-control", b"no-store")]


class Guards:
    """Puts the headers on every answer, and answers where a page of ours fails.

    Args:
        app: what answers.
        framed: paths that may be shown in a frame.
        frames: origins that may do so.
        kept: what the paths of static files begin with.
        failed: the answer to a request in which we fail.
    """

    def __init__(
        self,
        app: ASGIApp,
        framed: frozenset[str],
        frames: tuple[str, ...],
        kept: str,
        failed: Callable[[Request], Awaitable[Response]],
    ) -> None:
        self._app, self._failed, self._kept = app, failed, kept
        self._framed, self._frames = framed, " ".join(frames)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, begun = str(scope["path"]), False
        frames = self._frames if path in self._framed and self._frames else NOBODY
        own = headers(frames=frames, kept=path.startswith(self._kept), tls=scope["scheme"] == "https")

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            if not begun:
                await (await self._failed(Request(scope, receive)))(scope, receive, sending)
            raise  # the server writes it down
