"""The dashboard's queries are queries, of figures and labels that the service has."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import screener
from screener.core.evidence import Kind, Treatment, Verdict
from screener.operations.metrics import PREFIX
from screener.store.records import Review
from tests.deploy.promql import QueryError, read

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "screener.json"
VALUES = {
    "verdict": frozenset(map(str, Verdict)),
    "kind": frozenset(["none", *map(str, Kind)]),
    "treatment": frozenset(map(str, Treatment)),
    "review": frozenset(map(str, Review)),
}
"""Of labels that queries may name a value of."""


@cache
def figures() -> dict[str, dict[str, frozenset[str] | None]]:
    """All samples of the code with their labels."""
    found: dict[str, dict[str, frozenset[str] | None]] = {}
    for path in Path(screener.__file__).parent.rglob("*.py"):
        if "training" in path.parts:
            continue
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for name, labels in samples(function):
                    found.setdefault(PREFIX + name, {}).update({label: VALUES.get(label) for label in labels})
    return found


def samples(function: ast.FunctionDef) -> Iterator[tuple[str, list[str]]]:
    """Names and labels of what a function yields; a name for its labels is taken from the line before."""
    named: dict[str, ast.expr] = {}
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.Call)]
    for node in sorted(nodes, key=lambda node: (node.lineno, isinstance(node, ast.Call))):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id] = node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sample" and len(node.args) > 2:
            name, labels = node.args[0], node.args[3] if len(node.args) > 3 else ast.Dict([], [])
            labels = named[labels.id] if isinstance(labels, ast.Name) else labels
            assert isinstance(name, ast.Constant), ast.unparse(node)
            assert isinstance(labels, ast.Dict), ast.unparse(node)
            yield str(name.value), [ast.literal_eval(key) for key in labels.keys if key]


def test_every_panel_asks_for_figures_and_labels_that_there_are() -> None:
    data = json.loads(DASHBOARD.read_text("utf-8"))
    known = figures()
    assert known[f"{PREFIX}calls_judged_total"].keys() >= {"verdict", "kind", "entrance"}
    assert len({panel["id"] for panel in data["panels"]}) == len(data["panels"])
    for panel in data["panels"]:
        for target in panel["targets"]:
            found = read(target["expr"], known)
            shown = set(re.findall(r"{{\s*(\w+)\s*}}", target.get("legendFormat", "")))
            assert shown <= found.labels, target


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("sum(screener_calls", r"\) is missing"),
        ("sum(screener_calls))", "too much"),
        ("sum(screener_callz)", "no metric"),
        ("sum by (vredict) (increase(screener_calls_judged_total[1h]))", "no label vredict"),
        ("sum by (reason) (increase(screener_treatments_total[1h]))", "no label reason"),
        ('increase(screener_calls_judged_total{verdict="harasment"}[1h])', "never"),
        ('increase(screener_calls_judged_total{review="none"}[1h])', "no label review"),
        ("increase(screener_calls_judged_total)", "over a time"),
        ("increase(screener_calls[1h])", "of a counter"),
        ("screener_calls_judged_total[1h]", "cannot be drawn"),
        ("sum(screener_calls_judged_total[1h])", "of a range"),
        ("avg(screener_calls)", "no metric avg"),
        ("sum(screener_calls) ; drop", "cannot be read"),
    ],
)
def test_what_prometheus_would_refuse_is_found(query: str, wrong: str) -> None:
    with pytest.raises(QueryError, match=wrong):
        read(query, figures())
