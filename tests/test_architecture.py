"""The direction of imports and the purity of the core are rules, not habits."""

import ast
import sys
from pathlib import Path

import pytest

import screener

PACKAGE = Path(screener.__file__).parent
CORE_ALLOWED = {"screener.events", "screener.errors"}

# A module may import from its own layer's folder and from any layer named here.
BASE = {"errors", "events", "resources", "masking", "metrics", "intervals"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "events": set(),
    "resources": set(),
    "masking": set(),
    "intervals": set(),
    "logs": set(),
    "metrics": {"errors"},
    "notify": {"errors"},
    "core": {"events", "errors"},
    "settings": BASE | {"core"},
    "media": BASE | {"core", "settings"},
    "speech": BASE | {"core", "settings"},
    "sip": BASE | {"core", "settings", "media"},
    "pbx": BASE | {"core", "settings"},
    "wallboard": BASE | {"core", "pbx"},
    "taking_back": BASE | {"store"},
    "lines": BASE | {"core", "settings"},
    "judgement": BASE | {"core", "settings"},
    "store": BASE | {"core", "settings"},
    "explaining": BASE | {"core", "store"},
    "tuning": BASE | {"core", "store", "explaining"},
    "reports": BASE | {"core", "settings", "store"},
}
# These compose the rest and see everything below them.
COMPOSE = {
    "service",
    "screening",
    "beside",
    "notes",
    "replay",
    "replay_files",
    "doctor",
    "demo",
    "evaluation",
    "learning",
    "cli",
    "__main__",
    "__init__",
}
# Only the module on the right may import the library on the left.
OWNERS = {
    "pyVoIP": {"sip/pyvoip.py"},
    "vosk": {"speech/vosk.py"},
    "sherpa_onnx": {"speech/sherpa.py"},
    "torch": {"speech/training/net.py", "speech/training/fit.py"},
    "pydub": {"media/recordings.py"},
    "panoramisk": {"pbx/ami.py"},
    "phonenumbers": {"lines.py"},
    "pypinyin": {"speech/pinyin.py", "speech/training/corpus.py"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            if node.module == "screener":
                found |= {f"screener.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{path}: relative import; write the whole name")
    return found


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", modules(), ids=name)
def test_imports_point_down_only(path: Path) -> None:
    own = layer(path)
    if own in COMPOSE:
        lower = {"cli"} if own != "cli" and own != "__main__" else set()
        bad = {m for m in imports(path) if m.startswith("screener.") and m.split(".")[1] in lower}
        assert not bad, f"{name(path)} must not know the command line: {sorted(bad)}"
        return
    assert own in MAY_IMPORT, f"{name(path)}: a new layer; say in this test what it may import"
    allowed = MAY_IMPORT[own] | {own}
    bad = {m for m in imports(path) if m.startswith("screener.") and m.split(".")[1] not in allowed}
    assert not bad, f"{name(path)} imports upwards or sideways: {sorted(bad)}"


@pytest.mark.parametrize("path", [p for p in modules() if layer(p) == "core"], ids=name)
def test_the_core_is_pure(path: Path) -> None:
    impure = {"time", "socket", "threading", "asyncio", "sqlite3", "subprocess", "os", "random", "queue", "select"}
    for module in imports(path):
        root = module.split(".")[0]
        if root == "screener":
            assert module.startswith("screener.core") or module in CORE_ALLOWED, module
        else:
            assert root in sys.stdlib_module_names, f"the core is stdlib only: {module}"
            assert root not in impure, f"the core knows no clock, socket, thread or file: {module}"


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_each_library_has_one_home(library: str) -> None:
    homes = {name(p) for p in modules() if any(m.split(".")[0] == library for m in imports(p))}
    assert homes <= OWNERS[library]


def test_modules_stay_readable() -> None:
    long = {name(p): n for p in modules() if (n := len(p.read_text("utf-8").splitlines())) > 450}
    assert not long
