"""Is what we trust still worth it? `make audit`: the locked packages, file modes, parsers' times, injected events.

Each step prints one line and ends in `ok`, `FAILED`, or `NOT CHECKED` with what to do; the exit code is 1 after a
failure and 2 when something could not be checked. The known vulnerabilities of the lock come from pip-audit
(PyPA), in an environment of its own, which asks PyPI and then OSV; both must be reachable for an answer.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.pbx.rig import missing

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.txt"
TOOL = ROOT / ".venv-audit"
OK, FAILED, NOT_CHECKED = "ok", "FAILED", "NOT CHECKED"
Result = tuple[str, str]
MODES = (
    "tests/cli/test_trust.py", "tests/store/test_privacy.py", "tests/outside", "tests/deploy",
    "tests/service/test_doctor.py",
)  # fmt: skip
MANAGER = (
    "tests/pbx/test_wire.py", "tests/pbx/test_messages.py", "tests/pbx/test_switchboard.py",
    "tests/pbx/test_ami.py", "tests/conversations",
)  # fmt: skip
PARSERS = ROOT / "tests/bench/adversarial.py"
INJECTIONS = ("tests/pbx/test_trust.py",)


def vulnerabilities() -> Result:
    """Known vulnerabilities of every package of the lock."""
    found: dict[str, list[str]] = {}
    unknown: dict[str, str] = {}
    problems = []
    if not (TOOL / "bin/pip-audit").exists():
        subprocess.run([sys.executable, "-m", "venv", TOOL], check=True)
        made = _run([TOOL / "bin/pip", "install", "-q", "--disable-pip-version-check", "pip-audit"], 600)
        if made.returncode:
            return NOT_CHECKED, f"pip-audit cannot be installed: {_last(made)}; run where PyPI can be reached"
    for service in ("pypi", "osv"):
        command = [
            TOOL / "bin/pip-audit", "-r", LOCK, "--require-hashes", "--disable-pip", "-s", service, "-f", "json",
            "--progress-spinner", "off",
        ]  # fmt: skip
        asked = _run(command, 900)
        try:
            packages = json.loads(asked.stdout)["dependencies"]
        except (ValueError, KeyError):
            problems.append(f"{service}: {_last(asked)}")
            continue
        found = {p["name"]: [v["id"] for v in p["vulns"]] for p in packages if p.get("vulns")}
        unknown = {p["name"]: p["skip_reason"] for p in packages if p.get("skip_reason")}
        if found:
            told = "; ".join(f"{name} {', '.join(ids)}" for name, ids in found.items())
            return FAILED, f"{told}: renew the lock with `make lock`"
        if not unknown:
            return OK, f"{len(packages)} packages, none with a known vulnerability ({service})"
        problems.append(f"{service} knows {len(packages) - len(unknown)} of {len(packages)} packages")
    return NOT_CHECKED, f"{'; '.join(problems)}; run where PyPI or api.osv.dev can be reached"


def modes() -> Result:
    """Files for their owner alone, names, formulas, controls, packages of evidence, erasure."""
    return _pytest(*MODES)


def parsers() -> Result:
    """Every parser on adversarial input of the largest size; no random bytes are too strange."""
    done = _run([sys.executable, PARSERS], 1800)
    print(done.stdout, end="")
    return (OK if done.returncode == 0 else FAILED), _last(done)


def manager() -> Result:
    """The reader of the manager interface: whatever a caller writes, nothing of it counts."""
    return _pytest(*MANAGER, "-m", "not pbx")


def injections() -> Result:
    """Injected events against a real Asterisk, and what each account of the manager interface may do."""
    if reason := missing():
        return NOT_CHECKED, reason
    return _pytest("-m", "pbx", "-s", *INJECTIONS, show=True)


STEPS: dict[str, Callable[[], Result]] = {
    "vulnerabilities": vulnerabilities,
    "modes": modes,
    "manager": manager,
    "parsers": parsers,
    "injections": injections,
}


def _pytest(*arguments: str, show: bool = False) -> Result:
    done = _run([sys.executable, "-m", "pytest", "-q", *arguments], 1800)
    if show or done.returncode:
        print(done.stdout, end="")
    return (OK if done.returncode == 0 else FAILED), _last(done)


def _run(command: list[str | Path], seconds: float) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=seconds, cwd=ROOT, env=env
    )


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    errors = [line for line in done.stderr.splitlines() if "Error" in line or "ERROR" in line]
    return (errors or lines or ["no answer"])[-1][:160]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("names", nargs="*", help=f"of steps: {', '.join(STEPS)}; default all")
    results: list[str] = []
    for name in options.parse_args().names or list(STEPS):
        try:
            result, what = STEPS[name]()
        except (OSError, subprocess.SubprocessError) as problem:  # the other steps are worth having
            result, what = NOT_CHECKED, f"{type(problem).__name__}: {problem}"[:200]
        results.append(result)
        print(f"{name:16} {result:12} {what}", flush=True)
    if NOT_CHECKED in results:
        print(f"{results.count(NOT_CHECKED)} of {len(results)} steps could NOT be checked here: see above")
    raise SystemExit(1 if FAILED in results else 2 if NOT_CHECKED in results else 0)


if __name__ == "__main__":
    main()
