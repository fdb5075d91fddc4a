"""The dashboard asks for figures that the service has."""

import ast
import json
import re
from pathlib import Path

import screener
from screener.operations.metrics import PREFIX

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "screener.json"
FUNCTIONS = {"sum", "min", "max", "by", "increase"}


def figures() -> dict[str, set[str]]:
    """Names of all samples of the code."""
    found: dict[str, set[str]] = {}
    for path in Path(screener.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            sample = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sample" and node.args
            if sample and isinstance(node.args[0], ast.Constant):  # type: ignore[attr-defined]
                found.setdefault(PREFIX + str(node.args[0].value), set())  # type: ignore[attr-defined]
    return found


def test_every_panel_asks_for_figures_that_there_are() -> None:
    data = json.loads(DASHBOARD.read_text("utf-8"))
    known = figures()
    asked = [target["expr"] for panel in data["panels"] for target in panel["targets"]]
    assert len({panel["id"] for panel in data["panels"]}) == len(data["panels"])
    for expression in asked:
        names = re.findall(rf"{PREFIX}\w+", expression)
        assert names and set(names) <= set(known), expression
        assert expression.count("(") == expression.count(")")
        if "increase(" in expression:
            assert all(name.endswith("_total") for name in names), "a rate is of a counter"
