"""The direction of imports and the purity of the core are rules, not habits; the README's drawing is the rule."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

import screener
from screener.cli import COMMANDS

PACKAGE = Path(screener.__file__).parent
README = (PACKAGE.parent / "README.md").read_text("utf-8")
CORE_USES = {
    *("collections", "copy", "dataclasses", "datetime", "enum", "functools", "itertools", "typing"),
    *("screener.core", "screener.events", "screener.errors"),
}
"""All that the core imports; no clock, socket, thread or file is among it."""
IMPURE = {
    *("now", "today", "utcnow", "fromtimestamp"),
    *("open", "print", "input", "exec", "eval", "compile", "__builtins__"),
}
"""What is asked for nowhere in the core."""
NOT_DRAWN = {"__init__", "__main__"}
"""The package itself, and `python -m screener`, which is the command line."""

# Only the modules on the right may import the library on the left; of SQLAlchemy the drawing says so too.
OWNERS = {
    "pyVoIP": {"sip/pyvoip.py"},
    "vosk": {"speech/vosk.py"},
    "sherpa_onnx": {"speech/sherpa.py"},
    "faster_whisper": {"speech/offline.py"},
    "websockets": {"speech/servers.py"},
    "torch": {
        "training/processor.py",
        *(f"training/{room}/{file}.py" for room in ("acts", "speech") for file in ("net", "fit")),
    },
    "pydub": {"media/recordings.py"},
    "panoramisk": {"pbx/ami.py"},
    "phonenumbers": {"numbers/identify.py", "numbers/places.py"},
    "pypinyin": {"speech/pinyin.py", "training/speech/corpus.py"},
    "sqlalchemy": {"store/", "reports/facts.py"},
}


def drawing() -> dict[str, set[str]]:
    """What each room may import, as the README draws it."""
    block = re.search(r"```\n(errors events .*?)```", README, re.S)
    assert block, "the README draws no rooms"
    lines = block[1].splitlines()
    rooms = {line.split()[0].rstrip("/"): line for line in lines[1:]}
    base = set(lines[0].split("   ")[0].split())
    may: dict[str, set[str]] = {part: set() for part in base}
    for room, line in rooms.items():
        named = re.match(r"[a-z/]+ +(?:((?:[a-z]+ )*[a-z]+)  )?", line)
        assert named, line
        words = set((named[1] or "").split())
        may[room] = (set(rooms) if words == {"every", "room"} else words) | base
    return may


MAY_IMPORT = drawing()
BASE = {part for part, below in MAY_IMPORT.items() if not below}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


LOADERS = {"import_module", "__import__"}
COMPUTED = {"cli/__init__.py": "the table of commands, whose modules are loaded when they are asked for"}
"""Where what is loaded is computed, and which strings of that file name it; elsewhere it is written out."""
NAMED = re.compile(r"(screener(?:\.\w+)+)(?::\w+)?")


def spelled(node: ast.AST) -> str:
    """The dotted name that an expression is, as `screener.store.log`; else empty."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := spelled(node.value)):
        return f"{before}.{node.attr}"
    return ""


def loaded(tree: ast.AST) -> list[ast.expr]:
    """What is given to whatever loads a module by its name, by that function's own name or another."""
    renamed = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in LOADERS
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [c for c in calls if getattr(c.func, "id", getattr(c.func, "attr", "")) in LOADERS | renamed]
    return [call.args[0] if call.args else call.keywords[0].value for call in found]


def is_module(dotted_name: str) -> bool:
    place = PACKAGE.parent.joinpath(*dotted_name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module, and every name in a package, that a file imports, wherever in the file and however.

    A string that names a module of the product counts: it is loaded by it, or run.
    """
    found: set[str] = set()
    tree = tree_of(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: relative import; write the whole name"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if all(map(is_module, names)) else names | {node.module}
        elif named := isinstance(node, ast.Constant) and NAMED.fullmatch(str(node.value)):
            found |= {named[1]} if is_module(named[1]) else set()
        elif (attribute := spelled(node)).startswith("screener.") and is_module(attribute):
            found.add(attribute)
    found |= {name.value for name in loaded(tree) if isinstance(name, ast.Constant)}
    return frozenset(found)


def test_every_room_is_drawn_and_every_drawn_room_stands() -> None:
    assert {room(p) for p in modules()} - NOT_DRAWN == set(MAY_IMPORT)


def test_the_root_holds_no_loose_modules() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def rooms_of(found: frozenset[str]) -> set[str]:
    """The rooms that imports are of."""
    return {m.split(".")[1] for m in found if m.startswith("screener.")} - {"version"}


def astray(path: Path, own: str) -> set[str]:
    """The rooms that a file of the room `own` imports upwards or sideways."""
    return rooms_of(imports(path)) - MAY_IMPORT[own] - {own}


def test_imports_point_down_only() -> None:
    drawn = [p for p in modules() if room(p) not in NOT_DRAWN]
    assert {name(p): found for p in drawn if (found := astray(p, room(p)))} == {}


@pytest.mark.parametrize(
    ("file", "line", "where"),
    [
        ("core/policy.py", "from screener.calls.screening import Screening", "calls"),
        ("store/log.py", "import screener.reports.facts", "reports"),
        ("events.py", "from screener import core", "core"),
        ("sip/refer.py", "from screener.pbx.ami import Ami", "pbx"),
        ("feed/board.py", "from screener.console import live", "console"),
        ("core/policy.py", "import importlib; importlib.import_module('screener.calls.screening')", "calls"),
        ("store/log.py", "from importlib import import_module as load; load(name='screener.reports')", "reports"),
        ("sip/refer.py", "__import__('screener.pbx.ami')", "pbx"),
        ("store/log.py", "import screener; screener.reports.facts.Facts", "reports"),
        ("feed/board.py", "table = {'live': 'screener.console.live:Live'}", "console"),
        ("media/rtp.py", "command = ['-m', 'screener.speech.worker']", "speech"),
    ],
)
def test_an_import_up_or_sideways_is_found_wherever_it_stands(
    file: str, line: str, where: str, tmp_path: Path
) -> None:
    broken = tmp_path / "copy.py"
    broken.write_text(f"{(PACKAGE / file).read_text('utf-8')}\n\ndef late() -> None:\n    {line}\n", "utf-8")
    assert astray(broken, room(PACKAGE / file)) == {where}


def computes(path: Path) -> bool:
    """Whether it loads a module whose name is not written there, or what loads one goes by another name."""
    tree = tree_of(path)
    asked = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    handed_on = any(spelled(node).split(".")[-1] in LOADERS and id(node) not in asked for node in ast.walk(tree))
    return handed_on or not all(isinstance(name, ast.Constant) for name in loaded(tree))


def test_a_module_is_loaded_by_a_name_that_is_written_out() -> None:
    assert {name(p) for p in modules() if computes(p)} == set(COMPUTED)


def test_the_modules_of_the_table_of_commands_are_seen() -> None:
    table = {place.partition(":")[0] for place, _ in COMMANDS.values()}
    assert table <= imports(PACKAGE / "cli" / "__init__.py")


@pytest.mark.parametrize(
    "line",
    [
        "import_module(f'screener.{name}')",
        "importlib.import_module(name)",
        "__import__('screener.' + name)",
        "load = __import__; load('screener.' + name)",
        "load = importlib.import_module; load('screener.' + name)",
    ],
)
def test_a_name_that_is_computed_is_found(line: str, tmp_path: Path) -> None:
    broken = tmp_path / "copy.py"
    broken.write_text(f"def late(name: str) -> None:\n    {line}\n", "utf-8")
    assert computes(broken)


CONSOLE_OF_CLI = {"screener.console.server", "screener.console.logins"}
"""The command line starts the console and keeps its accounts; what both need lies in a room below them."""


def console_of(path: Path) -> set[str]:
    """The modules of the console that a file imports."""
    return {".".join(m.split(".")[:3]) for m in imports(path) if m.startswith("screener.console")}


def test_the_command_line_imports_no_page_of_the_console() -> None:
    assert set().union(*(console_of(p) for p in modules() if room(p) == "cli")) == CONSOLE_OF_CLI


@pytest.mark.parametrize(
    "line",
    ["from screener.console import calls", "from screener.console.calls import search", "import screener.console"],
)
def test_a_page_that_it_imports_is_found(line: str, tmp_path: Path) -> None:
    broken = tmp_path / "copy.py"
    broken.write_text(f"def late() -> None:\n    {line}\n", "utf-8")
    assert console_of(broken) - CONSOLE_OF_CLI


@pytest.mark.parametrize("own", sorted(set(MAY_IMPORT) - {"cli"}))
def test_every_drawn_arrow_is_used(own: str) -> None:
    used = set().union(*(rooms_of(imports(p)) for p in modules() if room(p) == own))
    assert MAY_IMPORT[own] - BASE - used == set()


def test_a_name_is_imported_from_where_it_is_defined() -> None:
    """mypy refuses the rest: without `__all__` nothing that a module imports can be imported from it."""
    assert {name(p) for p in modules() if re.search(r"^__all__\b", p.read_text("utf-8"), re.M)} == set()


def walk() -> list[str]:
    """The hops from an RTP packet to a row, as the README names them."""
    block = re.search(r"```\n(media    media\.leg.*?)```", README, re.S)
    assert block, "the README walks nowhere"
    return [hop for line in block[1].splitlines() for hop in re.split(r" → |, ", line.partition("  ")[2].strip())]


@pytest.mark.parametrize("hop", walk())
def test_every_hop_of_the_walk_is_there(hop: str) -> None:
    found, names = screener, hop.split(".")
    for number, part in enumerate(names):
        if not hasattr(found, part):
            importlib.import_module(".".join(["screener", *names[: number + 1]]))
        found = getattr(found, part)


def test_no_hop_is_walked_twice() -> None:
    assert len(walk()) == len(set(walk())) > 20


def circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """The groups of nodes that reach each other."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(edges[start])
        while ahead:
            node = ahead.pop()
            if node not in seen:
                seen.add(node)
                ahead += edges[node]
        return seen

    reach = {node: reached(node) for node in edges}
    groups = {frozenset(b for b in reach[a] if a in reach[b]) for a in edges if a in reach[a]}
    return [set(group) for group in groups]


def test_no_file_imports_itself_through_others() -> None:
    known = {dotted(p): p for p in modules()}
    edges = {own: (imports(path) & set(known)) - {own, "screener"} for own, path in known.items()}
    assert circles(edges) == []


def test_no_room_imports_itself_through_others() -> None:
    assert circles({own: below - {own} for own, below in MAY_IMPORT.items()}) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]


def used(path: Path) -> set[str]:
    """What a file asks for by name, called or not: attributes, strings, and plain names that it does not set."""
    nodes = list(ast.walk(tree_of(path)))
    plain = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in plain if isinstance(node.ctx, ast.Store)}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return ({node.id for node in plain} - own) | attributes | strings


def impurities(path: Path) -> set[str]:
    """What a file imports and calls that the core must not."""
    strange = {m for m in imports(path) if not any(m == own or m.startswith(f"{own}.") for own in CORE_USES)}
    return (strange - {"screener"}) | (used(path) & IMPURE)


def test_the_core_is_pure() -> None:
    core = [p for p in modules() if room(p) == "core"]
    assert core and {name(p): found for p in core if (found := impurities(p))} == {}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import time", "time"),
        ("from pathlib import Path", "pathlib"),
        ("import random", "random"),
        ("from screener.store.log import CallLog", "screener.store.log"),
        ("import numpy", "numpy"),
        ("from datetime import datetime; late = datetime.now()", "now"),
        ("import datetime; clock = getattr(datetime.datetime, 'now')", "now"),
        ("import datetime; clock = datetime.datetime.now; clock()", "now"),
        ("open('/etc/passwd')", "open"),
        ("read = open; read('/etc/passwd')", "open"),
        ("__builtins__['eval']('1')", "__builtins__"),
        ("exec('import socket')", "exec"),
        ("print(1)", "print"),
    ],
)
def test_what_is_not_pure_is_found(line: str, what: str, tmp_path: Path) -> None:
    broken = tmp_path / "copy.py"
    broken.write_text(f"{(PACKAGE / 'core' / 'policy.py').read_text('utf-8')}\n{line}\n", "utf-8")
    assert what in impurities(broken)


def run(path: Path) -> set[str]:
    """What a file calls that runs text, or loads what no import shows; a method `eval` is a net's own."""
    calls = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    plain = {f.id for f in calls if isinstance(f, ast.Name)} & {"exec", "eval", "compile"}
    return plain | used(path) & {"resolve_name", "run_module", "run_path"}


def test_nothing_is_run_from_text() -> None:
    assert {name(p): found for p in modules() if (found := run(p))} == {}


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_each_library_has_one_home(library: str) -> None:
    homes = {name(p) for p in modules() if any(m.split(".")[0] == library for m in imports(p))}
    assert {h for h in homes if not h.startswith(tuple(OWNERS[library]))} == set()


SHORT = {"core", "sip", "store", "media"}
"""Where a module has at most 400 lines; elsewhere 430."""


def test_modules_stay_readable() -> None:
    lines = {p: len(p.read_text("utf-8").splitlines()) for p in modules()}
    assert {name(p): n for p, n in lines.items() if n > (400 if room(p) in SHORT else 430)} == {}


def test_the_readme_stays_one_page() -> None:
    assert len(README.splitlines()) <= 135
