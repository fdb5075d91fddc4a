"""What a user asked for is written whole or not at all."""

import resource
import stat
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import resource, sys
from pathlib import Path
from screener.outside.files import write_private
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_private(Path(sys.argv[1]), b"x" * 5000, new=len(sys.argv) > 2)
except OSError as problem:
    print(problem.strerror)
"""


def too_large(path: Path, *more: str) -> str:
    """Written by a process that no disk gives more than 1,000 bytes; what it was told."""
    command = [sys.executable, "-c", SCRIPT, str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_no_half_of_a_new_file_is_left(tmp_path: Path) -> None:
    assert too_large(tmp_path / "report.html") == "File too large"
    assert too_large(tmp_path / "screener.toml", "new") == "File too large"
    assert not list(tmp_path.iterdir())


def test_a_file_that_was_there_stays_and_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    path.chmod(0o644)
    assert too_large(path) == "File too large"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "only that process was held"
