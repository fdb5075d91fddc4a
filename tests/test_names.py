"""A name means one thing: no public type and no module of the package is called as another, but for a reason.

And what a docstring or a comment names in backticks is there: a module, or what stands in it; a member of a class.
"""

import ast
import re
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


DOTTED = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)`")
FOREIGN = re.compile(r"screener\.(toml|db|service|example\.com)")
"""What begins as the package does and is none of its names: files, a host."""


def inside(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """What a module or a class defines, by name; what its methods set on themselves, too."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found[name] = node
            case ast.Assign(targets=targets):
                found |= {t.id: node for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node
        if isinstance(node, ast.FunctionDef):
            attributes = (n for n in ast.walk(node) if isinstance(n, ast.Attribute))
            found |= {n.attr: node for n in attributes if isinstance(n.ctx, ast.Store)}
    return found


def defined(names: Iterable[str], body: Iterable[ast.stmt]) -> bool:
    """Whether each name stands in what the name before it defines; of a class with bases anything may."""
    for name in names:
        node = inside(body).get(name)
        if node is None:
            return False
        if isinstance(node, ast.ClassDef) and node.bases:
            return True
        body = node.body if isinstance(node, ast.ClassDef) else []
    return True


def is_there(name: str) -> bool:
    """Whether a dotted name of the package leads somewhere: `screener.core.cards.CallerTypes`."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        path = PACKAGE.parent.joinpath(*parts[:split])
        for module in (path / "__init__.py", path.with_suffix(".py")):
            if module.is_file():
                return defined(parts[split:], ast.parse(module.read_text("utf-8")).body)
    return False


def named() -> Iterable[tuple[str, str]]:
    """Each dotted name between backticks, with its module."""
    for path in MODULES:
        for name in DOTTED.findall(path.read_text("utf-8")):
            yield name, path.relative_to(PACKAGE).as_posix()


def test_modules_that_are_named_are_there() -> None:
    names = [(n, where) for n, where in named() if n.startswith("screener.") and not FOREIGN.fullmatch(n)]
    assert len(names) >= 10
    assert [(name, where) for name, where in names if not is_there(name)] == []


def test_members_of_classes_that_are_named_are_there() -> None:
    classes = {
        node.name: node
        for path in MODULES
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    members = [(name.split("."), where) for name, where in named() if name.split(".")[0] in classes]
    assert len(members) >= 10
    assert [(".".join(n), where) for n, where in members if not defined(n, [classes[n[0]]])] == []


def test_a_name_that_leads_nowhere_is_found() -> None:
    assert is_there("screener.core.scoring.assess") and is_there("screener.acts.net.ActsModel.hear")
    assert not is_there("screener.evaluation.corpus") and not is_there("screener.core.scoring.asess")
    assert not is_there("screener.acts.net.ActsModel.heard")
