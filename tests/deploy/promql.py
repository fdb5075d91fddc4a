"""As much of PromQL as the dashboard uses, read as Prometheus does: what an expression asks, and of which labels.

expression = aggregate | "increase(" selector ")" | selector
aggregate  = ("sum" | "min" | "max") [ "by (" label, … ")" ] "(" expression ")"
selector   = name [ "{" label "=" '"value"', … "}" ] [ "[" duration "]" ]
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r'\s*(?:([a-zA-Z_:][\w:]*)|("(?:[^"\\]|\\.)*")|(\d+[smhdwy])|(=~|!=|!~|[(){}\[\],=]))')
AGGREGATES = ("sum", "min", "max")


class QueryError(ValueError):
    """Prometheus would refuse it, or find nothing."""


@dataclass(frozen=True)
class Vector:
    """What comes of an expression: labels that its series are told apart by; over a time or at a moment."""

    labels: frozenset[str]
    counter: bool
    ranged: bool = False


def read(query: str, metrics: Mapping[str, Mapping[str, frozenset[str] | None]]) -> Vector:
    """What a query gives.

    Args:
        query: a whole expression.
        metrics: labels of each metric, and the values that a label may have, None for any.

    Raises:
        QueryError: with what is wrong.
    """
    reader = _Reader(query, metrics)
    found = reader.expression()
    if reader.tokens:
        raise QueryError(f"{reader.tokens[0]} is too much")
    if found.ranged:
        raise QueryError("a range cannot be drawn")
    return found


class _Reader:
    def __init__(self, query: str, metrics: Mapping[str, Mapping[str, frozenset[str] | None]]) -> None:
        self.metrics = metrics
        self.tokens: list[str] = []
        at = 0
        while at < len(query.rstrip()):
            if (token := _TOKEN.match(query, at)) is None:
                raise QueryError(f"{query[at:]} cannot be read")
            self.tokens.append(token.group().strip())
            at = token.end()

    def expression(self) -> Vector:
        name = self._take()
        if name in AGGREGATES:
            by = frozenset(self._labels()) if self._if("by") else frozenset()
            self._take("(")
            inner = self.expression()
            self._take(")")
            if inner.ranged:
                raise QueryError(f"{name} of a range")
            if strange := by - inner.labels:
                raise QueryError(f"no label {', '.join(strange)}")
            return Vector(by, counter=False)
        if name == "increase":
            self._take("(")
            inner = self._selector(self._take())
            self._take(")")
            if not (inner.ranged and inner.counter):
                raise QueryError("an increase is of a counter over a time")
            return Vector(inner.labels, counter=False)
        return self._selector(name)

    def _selector(self, name: str) -> Vector:
        if name not in self.metrics:
            raise QueryError(f"no metric {name}")
        labels = self.metrics[name]
        if self._if("{"):
            while not self._if("}"):
                label, _, value = self._take(), self._take("="), self._take()
                if label not in labels or not value.startswith('"'):
                    raise QueryError(f"{name} has no label {label}")
                values = labels[label]
                if values is not None and value.strip('"') not in values:
                    raise QueryError(f"{label} is never {value}")
                if not self._if(",") and self.tokens[:1] != ["}"]:
                    raise QueryError("a comma is missing")
        ranged = self._if("[")
        if ranged:
            if not self._take()[:-1].isdigit():
                raise QueryError("no duration")
            self._take("]")
        return Vector(frozenset(labels), name.endswith("_total"), ranged)

    def _labels(self) -> list[str]:
        self._take("(")
        found = [self._take()]
        while self._if(","):
            found.append(self._take())
        self._take(")")
        return found

    def _take(self, wanted: str = "") -> str:
        if not self.tokens or (wanted and self.tokens[0] != wanted):
            raise QueryError(f"{wanted or 'more'} is missing")
        return self.tokens.pop(0)

    def _if(self, wanted: str) -> bool:
        if self.tokens[:1] != [wanted]:
            return False
        self.tokens.pop(0)
        return True
