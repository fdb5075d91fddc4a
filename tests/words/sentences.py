"""Every English sentence in the code that a person may see: of errors, checks, the command line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import screener

PACKAGE = Path(screener.__file__).parent
ERRORS = {
    "ScreenerError", "SettingsError", "AudioError", "ModelError", "SipError", "PbxError", "StoreError",
    "InputError", "MissingError", "AnotherWordError", "BadParameter", "bad_time", "UsageError", "BadLine",
}  # fmt: skip
SAYS = {"say", "Check"}
LOGS = {"warning", "error", "exception", "critical"}
"""Of a `log`: the page 运行状态 tells the newest of a node's."""
UNWATCHED_ROOMS = {"cli", "replay", "evaluation"}
"""Whose log no node tells."""
UNHEARD = {
    *(("speech", "_lose"), ("speech", "failed")),
    *(("sip", "_fail"), ("sip", "_ask_again")),
    *((room, "deaf") for room in ("calls", "pbx", "freeswitch", "proxy", "sip", "siprec")),
}
"""Room and name of what says why a call is not heard, or a registration does not stand: supervisors read it."""
UNSEEN_ROOMS = {"training", "demo"}
"""Only who works on the product itself meets these."""
SEEN = Path("training/acts/corpus.py")
"""Of such a room: reads the files of `evaluate --hands`."""


def template(node: ast.expr) -> str | None:
    """A string with `{}` for what is filled in; None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    return None


def faults(place: Path) -> Iterator[tuple[int, str]]:
    """Line and sentence of every warning and error of the log, `{}` for what is filled in."""
    if place.parts[0] in UNWATCHED_ROOMS:
        return
    for node in ast.walk(ast.parse((PACKAGE / place).read_text("utf-8"))):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Attribute)
            or node.func.attr not in LOGS
        ):
            continue
        if getattr(node.func.value, "id", "") == "log" and (text := template(node.args[0])):
            yield node.lineno, re.sub(r"%[-.0-9]*[sdgfr]", "{}", text)


def files() -> list[Path]:
    """Every file whose sentences somebody sees, within the package."""
    places = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    return [place for place in places if place.parts[0] not in UNSEEN_ROOMS or place == SEEN]


def sentences(place: Path) -> Iterator[tuple[int, str]]:
    """Line and sentence, of one of the `files`."""
    for node in ast.walk(ast.parse((PACKAGE / place).read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            wanted: list[ast.expr] = []
            if name in ERRORS or name in SAYS or (place.parts[0], name) in UNHEARD:
                wanted = [*node.args, *(k.value for k in node.keywords if k.arg in ("message", "remedy"))]
            for value in wanted:
                for choice in [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]:
                    text = template(choice)
                    if text and any(c.isalpha() for c in text.replace("{}", "")):
                        yield choice.lineno, text
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and place.parts[0] == "settings":
            text = template(node.value.elts[-1])
            if text:
                yield node.lineno, text
