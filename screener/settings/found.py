"""What a validator complains of, in words: what was found, and what is allowed; of settings and requests."""

import json
from collections.abc import Iterable, Mapping

from pydantic_core import ErrorDetails

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
_BOUNDS = {"gt": "above", "ge": "not below", "lt": "below", "le": "not above"}


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
    if "expected" in context:
        allowed = str(context["expected"]).replace("'", "")
    elif bounds := [f"{_BOUNDS[k]} {context[k]:g}" for k in _BOUNDS if k in context]:
        allowed = f"a number {bounds[0]}"
    else:
        allowed = _ALLOWED.get(kind.split("_")[0], detail["msg"])
    return f"found {_shown(key, detail['input'])}, allowed {allowed}"


def one_of(codes: Iterable[str]) -> str:
    """Codes as a validator lists them: `a, b or c`."""
    *others, last = codes
    return f"{', '.join(others)} or {last}" if others else last


def _shown(key: str, value: object) -> str:
    if key in SECRET_KEYS:
        return "a value that is not shown"
    if isinstance(value, Mapping | list):
        return "a table" if isinstance(value, Mapping) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
