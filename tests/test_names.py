"""A name means one thing: no public type and no module of the package is called as another, but for a reason."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import screener

PACKAGE = Path(screener.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FACES = {"cli", "console", "words", "settings", "training", "demo"}
"""Rooms whose modules are called as what they show, name, set, make or play of another room: `cli.replay`."""
TYPES: Mapping[str, str] = {}
"""Public classes and aliases of types that may share a name, each with the reason."""
SHARED = {
    "agents": "the site's agents among its numbers, and the report on them",
    "files": "files of programs outside, and files to replay",
    "ladder": "its rules, and its place in the log",
    "message": "of SIP (RFC 3261), and of the webhook",
    "messages": "of each phone system",
    "stream": "of a call's audio, and of a recogniser",
    "warnings": "what is said to a caller, and the report on it",
    "watch": "follows the calls of each phone system",
    "wire": "the bytes of each protocol",
}
"""Modules that may share a name outside those rooms, each with the reason."""


def twice(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that stand in more than one place, with the places."""
    places = defaultdict(list)
    for name, place in names:
        places[name].append(place)
    return {name: where for name, where in places.items() if len(where) > 1}


def name_of_type(node: ast.stmt) -> str:
    """Of a class, or of what is written like one: `Cell = str | int`; else empty."""
    match node:
        case (
            ast.ClassDef(name=name)
            | ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
        ):
            return name if name[0].isupper() and not name.isupper() else ""
    return ""


def types() -> Iterable[tuple[str, str]]:
    for path in MODULES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if name := name_of_type(node):
                yield name, path.relative_to(PACKAGE).as_posix()


def modules() -> Iterable[tuple[str, str]]:
    """Each module and package by its last name, with its room."""
    for path in MODULES:
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if parts and parts[-1] != "__main__":
            yield parts[-1], parts[0]


def test_no_public_type_has_the_name_of_another() -> None:
    found = twice(types())
    assert {name: where for name, where in found.items() if name not in TYPES} == {}
    assert set(TYPES) <= set(found), "a reason without its case"


def test_no_module_is_called_as_one_of_another_room_without_a_reason() -> None:
    found = twice((name, room) for name, room in modules() if room not in FACES)
    assert {name: where for name, where in found.items() if name not in SHARED} == {}
    assert set(SHARED) <= set(found), "a reason without its case"


def test_no_room_has_a_module_and_its_plural() -> None:
    every = {(room, name) for name, room in modules() if room != name}
    assert [(room, name) for room, name in every if (room, f"{name}s") in every] == []


def test_a_name_that_stands_twice_is_found() -> None:
    assert twice([("Pause", "a"), ("Call", "a"), ("Pause", "b")]) == {"Pause": ["a", "b"]}
