"""What `make audit` says of known vulnerabilities, whatever pip-audit answers; a small program stands for it."""

import json
import sys
from pathlib import Path

import pytest

from tests.bench import audit

CLEAN = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1"}]}
UNKNOWN = {"name": "c", "skip_reason": "not found on PyPI"}


def exit_code_of(packages: list[object] | None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of the step alone, with a pip-audit that answers so, or (None) cannot reach anybody."""
    program = folder / "bin/pip-audit"
    program.parent.mkdir()
    answer = "raise SystemExit('ConnectionError: no route')"
    if packages is not None:
        answer = f"print({json.dumps({'dependencies': packages})!r})"
    program.write_text(f"#!{sys.executable}\n{answer}\n")
    program.chmod(0o755)
    monkeypatch.setattr(audit, "TOOL", folder)
    monkeypatch.setattr(sys, "argv", ["audit", "vulnerabilities"])
    with pytest.raises(SystemExit) as ended:
        audit.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([CLEAN], 0, "1 packages, none with a known vulnerability (pypi)"),
        ([CLEAN, VULNERABLE, UNKNOWN], 1, "b CVE-1: renew the lock"),
        ([CLEAN, UNKNOWN], 2, "osv knows 1 of 2 packages; run where"),
        (None, 2, "osv: ConnectionError: no route; run where"),
    ],
)
def test_a_lock_is_good_only_where_somebody_who_knows_has_said_so(
    packages: list[object] | None,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code_of(packages, tmp_path, monkeypatch) == code
    printed = capsys.readouterr().out
    assert said in printed
    assert ("NOT CHECKED" in printed) == (code == 2)


def test_what_the_other_steps_run_is_there() -> None:
    named = (*audit.MODES, *audit.MANAGER, *audit.INJECTIONS, audit.PARSERS)
    assert not [place for place in named if not (audit.ROOT / place).exists()]
