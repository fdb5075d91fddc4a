"""The API's document, OpenAPI 3.1, made from the table of addresses and the shapes that the answers have."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from screener.console.address import PageAddress, Told
from screener.console.api.wire import Problem
from screener.reports.render import XLSX

PLACE = "#/components/schemas/{model}"
REPORT = {
    "application/json": {"schema": {"description": "a list of rows, or such lists by name"}},
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string"}},
}
ERRORS = {
    "400": "It cannot be: a filter, a number, a form",
    "401": "No token, or one that is not known any more",
    "403": "The token's role may not",
    "404": "It is not there, or no more: a call, an entry, a report",
    "429": "Too often, or too many streams: see Retry-After",
    "503": "The database is away",
}


def described(addresses: Sequence[PageAddress], site: str, root: str) -> dict[str, Any]:
    """The document.

    Args:
        addresses: of the API.
        site: its name.
        root: what all of them begin with.
    """
    shapes = [
        shape for a in addresses if a.told for shape in (a.told.answer, a.told.body) if isinstance(shape, type)
    ]
    known = list(dict.fromkeys([Problem, *(shape for shape in shapes if shape is not dict)]))
    references, definitions = TypeAdapter.json_schemas(
        [(shape, "serialization", TypeAdapter(shape)) for shape in known], ref_template=PLACE
    )
    paths: dict[str, dict[str, Any]] = {}
    for address in addresses:
        schemas = {shape: references[shape, "serialization"] for shape in known}
        paths.setdefault(address.path, {})[address.method.lower()] = _operation(address, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Screener, {site}", "version": "1"},
        "servers": [{"url": root or "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": definitions["$defs"],
        },
    }


def _operation(address: PageAddress, schemas: dict[type, Any]) -> dict[str, Any]:
    told = address.told
    assert told is not None
    answer: dict[str, Any] = {"description": told.summary, "content": _content(told, schemas)}
    problems = {
        status: {"description": text, "content": {"application/json": {"schema": schemas[Problem]}}}
        for status, text in ERRORS.items()
    }
    made: dict[str, Any] = {
        "summary": told.summary,
        "description": f"Roles: {', '.join(sorted(address.roles))}.",
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _in(address)
            ),
            *({"name": name, "in": "query", "schema": {"type": "string"}} for name in told.query),
        ],
        "responses": {"200": answer, **problems},
    }
    if told.body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[told.body]}}}
    return made


def _in(address: PageAddress) -> list[str]:
    return re.findall(r"{(\w+)}", address.path)


def _content(told: Told, schemas: dict[type, Any]) -> dict[str, Any]:
    if told.answer == "report":
        return REPORT
    if isinstance(told.answer, str):
        return {told.answer: {"schema": {"type": "string", "format": "binary"}}}
    schema = schemas.get(told.answer, {"type": "object"})
    if told.stream:
        return {"text/event-stream": {"schema": schema | {"description": "the `data` of each event"}}}
    return {"application/json": {"schema": schema}}
