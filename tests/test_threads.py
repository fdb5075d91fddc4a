"""A thread that lives as long as the service outlives a fault of one of its rounds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import screener

PACKAGE = Path(screener.__file__).parent
OF_LIBRARIES = {"serve_forever", "run_forever"}
"""Of the standard library, which goes on after a request or a task that failed."""
ENDS = {"_serve", "_make", "carry_out", "stop", "_send"}
"""uvicorn; and what ends by itself or with its connection."""


def rounds() -> Iterator[tuple[str, ast.While]]:
    """Where the loops of threads stand."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] in ("demo", "training"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for name in sorted(_targets(tree) - OF_LIBRARIES - ENDS):
            outermost = next((node for node in functions[name].body if isinstance(node, ast.While)), None)
            if outermost is not None:
                yield f"{place}:{name}", outermost


def _targets(tree: ast.AST) -> set[str]:
    """Names of methods that some thread runs: said as `target`, or in a list of works."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "Thread":
            target = next(k.value for k in node.keywords if k.arg == "target")
            found.add(getattr(target, "attr", None) or getattr(target, "id", ""))
    if "work" in found:  # feed/local.py names its works in a tuple
        found |= {"_accept", "_tell", "_listen"}
    return found - {"work"}


def _goes_on(loop: ast.While) -> bool:
    return any(
        isinstance(node, ast.Try)
        and any(isinstance(h.type, ast.Name) and h.type.id == "Exception" for h in node.handlers)
        for node in ast.walk(loop)
    )


ROUNDS = list(rounds())


def test_the_loops_of_threads_are_found() -> None:
    assert len(ROUNDS) >= 16


@pytest.mark.parametrize(("place", "loop"), ROUNDS, ids=[place for place, _ in ROUNDS])
def test_a_fault_of_one_round_does_not_end_the_thread(place: str, loop: ast.While) -> None:
    assert _goes_on(loop), place
