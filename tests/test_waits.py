"""The list of tests that wait: what it names is there, and a test that waits and is not named fails."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waits import NAMED, Watch, waits

HERE = Path(__file__).parent


@pytest.mark.parametrize("named", sorted(NAMED))
def test_what_is_named_is_there(named: str) -> None:
    file, *names = named.split("::")
    held = {getattr(node, "name", "") for node in ast.parse((HERE / file).read_text("utf-8")).body}
    assert set(names[:1]) <= held


def test_a_name_means_all_tests_of_a_file_or_one_with_all_its_cases() -> None:
    whole = next(name for name in NAMED if "::" not in name)
    single = next(name for name in NAMED if "::" in name)
    assert waits(f"{whole}::test_it") and waits(f"{whole}::test_it[1-[x]]")
    assert waits(single) and waits(f"{single}[1]")
    assert not waits(f"{single}_too") and not waits(f"{single.partition('::')[0]}::test_another")


@pytest.mark.waits
def test_another_process_is_noticed() -> None:
    watch = Watch()
    subprocess.run([sys.executable, "-c", ""], check=True)
    assert watch._seen == {"subprocess.Popen"}
