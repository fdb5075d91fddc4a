"""What a request brings: a form, or JSON in a shape that is known; never more than a form is."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from screener.errors import InputError
from screener.settings.found import complaint, one_of

LIMIT = 64 * 1024
"""Bytes of a form or an order."""
FIELDS = 12
SEE = "see the API's OpenAPI document"
T = TypeVar("T")


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(shape: type[T]) -> TypeAdapter[T]:
    """What reads and writes a shape; made once."""
    if shape not in _adapters:
        _adapters[shape] = TypeAdapter(shape)
    return _adapters[shape]


async def taken(request: Request, shape: type[T]) -> T:
    """The JSON of a request.

    Raises:
        InputError: it has another shape; says which key.
    """
    if is_form(request):  # what many clients say of any body, unless told otherwise
        raise InputError("the body is called a form", "send JSON, with the header Content-Type: application/json")
    data = await request.body()
    if not data.strip():
        raise InputError("there is no body", "send JSON, with the header Content-Type: application/json")
    checked(data.decode("utf-8", "replace").replace("\\u0000", "\0"))
    try:
        return adapter(shape).validate_json(data)
    except ValidationError as problem:
        raise _wrong(shape, problem.errors()[0]) from problem


def _wrong(shape: type[Any], first: ErrorDetails) -> InputError:
    """Which key is wrong, what was found there, what is allowed."""
    if first["type"] == "json_invalid":
        place = re.search(r"line (\d+) column (\d+)", first["msg"])
        if place is None:
            return InputError("the body is not JSON", SEE)
        return InputError(f"the body is not JSON, at line {place[1]}, column {place[2]}", SEE)
    if not first["loc"]:
        return InputError("the body is not a JSON object", SEE)
    key = str(first["loc"][0])
    hint = get_type_hints(shape).get(key)
    missing = one_of(hint) if isinstance(hint, type) and issubclass(hint, StrEnum) else "a text in quotes"
    return InputError(complaint(first, key, missing), SEE, key)


def among(act: StrEnum, allowed: Collection[StrEnum], remedy: str) -> None:
    """Refuse an act that is known, and not to be had here.

    Raises:
        InputError: it is none of those that are allowed.
    """
    if act not in allowed:
        raise InputError(f'found "{act}", allowed {one_of(allowed)}', remedy, "act")


def is_form(request: Request) -> bool:
    """Whether a request brings a form."""
    kind = request.headers.get("content-type", "")
    return kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))


async def form(request: Request) -> Mapping[str, str]:
    """The fields of a form; a file is none."""
    sent = await request.form(max_files=0, max_fields=FIELDS)
    found = {name: value for name, value in sent.items() if isinstance(value, str)}
    checked(*found.values())
    return found


def checked(*texts: str) -> None:
    """Refuses what no database keeps, before it looks as if the database were away.

    Raises:
        InputError: there is a zero character.
    """
    if any("\0" in text for text in texts):
        raise InputError("a zero character stands in what was sent", "leave it out")


class Bounded:
    """Refuses a body that is longer than any of ours, however it is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > LIMIT:
                raise HTTPException(413)
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)
