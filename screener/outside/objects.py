"""JSON that others wrote: one object, or a `ValueError`, whatever it is."""

import json
from typing import Any


def read_object(data: str | bytes) -> dict[str, Any]:
    """The object that a text holds.

    Raises:
        ValueError: it is no JSON, nothing but an object was expected, or it is nested deeper than anybody means.
    """
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found
