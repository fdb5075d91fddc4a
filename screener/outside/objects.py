"""JSON that others wrote: one object, or a `ValueError`, whatever it is."""

import json
from typing import Any


def read_object(data: str | bytes) -> dict[str, Any]:
    r"""The object that a text holds.

    Raises:
        ValueError: it is no JSON, nothing but an object was expected, it is nested deeper than anybody means, or a
            text in it is none (half a character, `\ud800`), which no file, database or line takes.
    """
    try:
        found = json.loads(data)
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found
