"""What a validator complains of, in words: what was found, and what is allowed; of settings and requests."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

Validated = TypeVar("Validated")

SECRET_KEYS = frozenset({"secret", "password", "inbound_password", "event_secret", "url"})
"""Keys whose values never appear in a message; a database URL may hold a password."""
SHOWN = 200
"""Characters of a value that are shown."""
_ALLOWED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "a text in quotes",
    "tuple": "a list in [ ]",
    "dict": "a table",
    "dataclass": "a table",
    "path": "a path in quotes",
    "date": "a day in quotes, as 2026-12-31",
}
_FORMS = {
    "unexpected_keyword_argument": "found an unknown key, allowed those of the shipped file",
    "extra_forbidden": "found an unknown key, allowed those of the shipped file",
    "string_too_long": "found {found}, allowed at most {max_length} characters",
    "string_too_short": "found {found}, allowed at least {min_length} characters",
    "string_pattern_mismatch": "found {found}, allowed a text of the form {pattern}",
    "too_long": "found {found}, allowed at most {max_length} values",
    "too_short": "found {found}, allowed at least {min_length} values",
    "finite_number": "found {found}, allowed a number",
}
"""By a validator's own name of the mistake."""
_BOUNDS = {"gt": "above", "ge": "not below", "lt": "below", "le": "not above"}


def validated(adapter: TypeAdapter[Validated], data: object) -> Validated:
    """A file of data as what it must be, to the letter: neither true nor a number in quotes is a number.

    Raises:
        ValidationError: it is not; `complaints` has it in words.
    """
    return adapter.validate_json(json.dumps(data, default=str), strict=True)


def complaint(detail: ErrorDetails, key: str, missing: str = "a value; it has no default") -> str:
    """“found …, allowed …”.

    Args:
        detail: of one mistake.
        key: what it is about.
        missing: what is allowed there where nothing stands.
    """
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return f"found nothing, allowed {missing}"
    if kind in _FORMS:
        return _FORMS[kind].format(found=_shown(key, detail["input"]), **context)
    if "expected" in context:
        allowed = str(context["expected"]).replace("'", "")
    elif bounds := [f"{_BOUNDS[k]} {_number(context[k])}" for k in _BOUNDS if k in context]:
        allowed = f"a number {bounds[0]}"
    else:
        allowed = _ALLOWED.get(kind.split("_")[0], "another value")
    return f"found {_shown(key, detail['input'])}, allowed {allowed}"


def complaints(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Of a file of data: for each mistake the key that it is under, and `key: found …, allowed …`.

    Lists count from 1.
    """
    for detail in error.errors(include_url=False):
        at = [part + 1 if isinstance(part, int) else part for part in detail["loc"] if part != "[key]"]
        names = [str(part) for part in at if isinstance(part, str)] or ["value"]
        place = ".".join(map(str, at)) or names[0]
        yield names[0], f"{place}: {complaint(detail, names[-1])}"


def one_of(codes: Iterable[str]) -> str:
    """Codes as a validator lists them: `a, b or c`."""
    *others, last = codes
    return f"{', '.join(others)} or {last}" if others else last


def _number(value: float) -> str:
    """As it is written in the file: a million is 1000000."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _shown(key: str, value: object) -> str:
    if key in SECRET_KEYS:
        return "a value that is not shown"
    if isinstance(value, Mapping | list | tuple):
        return "a table" if isinstance(value, Mapping) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
