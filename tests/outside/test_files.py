"""What a user asked for is written whole or not at all."""

import csv
import gzip
import io
import json
import re
import resource
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from screener.outside.files import reason_of
from screener.words.told import told

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


def unpacked(data: bytes) -> bytes:
    return gzip.GzipFile(fileobj=io.BytesIO(data)).read()


FAULTS = OSError, ValueError, EOFError, zlib.error, csv.Error


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (lambda: unpacked(gzip.compress(b"x" * 99)[:-9]), "被截断"),
        (lambda: unpacked(b'{"id": 1}'), "不是 gzip 压缩的文件"),
        (lambda: unpacked(gzip.compress(b"x")[:-8] + bytes(8)), "已损坏"),
        (lambda: zlib.decompress(b"xxxx"), "已损坏"),
        (lambda: next(csv.reader(['"a'], strict=True)), "不是 CSV 文件的完整一行：引号没有闭合？"),
        (lambda: json.loads("{"), "不是 JSON"),
        (lambda: b"a\xff".decode(), "从第 1 字节起不是 UTF-8 文本"),
        (lambda: Path("/nobody/there").read_text(), "没有这个文件或文件夹"),
        (lambda: _raise(URLError(ConnectionRefusedError(111, "Connection refused"))), "连接被拒绝"),
        (lambda: _raise(HTTPError("http://x", 404, "Not Found", Message(), None)), "HTTP 404"),
    ],
)
def test_what_a_library_says_is_told_in_the_readers_language(fails: Callable[[], object], said: str) -> None:
    with pytest.raises(FAULTS) as problem:
        fails()
    assert told(reason_of(problem.value), "zh") == said
    assert not re.search("Errno|Error", reason_of(problem.value))


def _raise(problem: Exception) -> None:
    raise problem
