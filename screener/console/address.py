"""What an address of the console is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from screener.console.context import API, ConsoleContext
from screener.console.logins import Person, Role

Handler = Callable[[ConsoleContext, Person, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Told:
    """What an address of the API is for, in the words of its document.

    Attributes:
        answer: shape of the answer, or its media type; a stream answers with events of that shape.
        body: shape of what is sent; None for nothing.
        query: names of what may be asked.
    """

    summary: str
    answer: Any
    body: Any = None
    query: tuple[str, ...] = ()
    stream: bool = False


@dataclass(frozen=True, slots=True)
class PageAddress:
    """One address.

    Attributes:
        noted: whether its use goes into the access record, because it shows what the log holds of callers.
        framed: whether a page of `[console] embed_from` may show it in a frame.
        told: of the API, what its document says.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role]
    noted: bool = False
    framed: bool = field(default=False, kw_only=True)
    told: Told | None = None

    @property
    def api(self) -> bool:
        """Whether it is for programs, by token."""
        return self.path.startswith(API)
