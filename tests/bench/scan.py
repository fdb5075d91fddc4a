"""sipvicious against a running service: `python tests/bench/scan.py [--tools FOLDER]`.

sipvicious is not among the dependencies: `pip install sipvicious` into any environment and name its `bin` folder.
A stranger scans first, then a peer whose calls must prove a password. Only loopback is scanned.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.site import Site, site

LIMIT_SECONDS = 60


def scans(port: int) -> dict[str, list[str]]:
    target, to = "127.0.0.1", ["-p", str(port)]
    return {
        "svmap (who is there?)": ["svmap", target, *to],
        "svmap with INVITE": ["svmap", "-m", "INVITE", target, *to],
        "svwar with REGISTER (which extensions?)": ["svwar", "-e", "90-110,890-910", target, *to, "--force"],
        "svwar with INVITE": ["svwar", "-m", "INVITE", "-e", "90-110,890-910", target, *to, "--force"],
        "svwar with OPTIONS": ["svwar", "-m", "OPTIONS", "-e", "90-110,890-910", target, *to, "--force"],
        "svcrack (which password?)": ["svcrack", "-u", "100", "-r", "100-300", target, *to],
    }


def run(tools: str, command: list[str]) -> str:
    """What the tool has found, in one line."""
    found = shutil.which(f"sipvicious_{command[0]}", path=tools) or shutil.which(command[0], path=tools)
    if found is None:
        raise SystemExit("sipvicious is not here: pip install sipvicious, and name its folder with --tools")
    try:
        done = subprocess.run(
            [found, *command[1:]], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
        text = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        text = f"{(late.stdout or b'').decode()} stopped after {LIMIT_SECONDS} s"
    rows = [line for line in text.splitlines() if re.match(r"\|\s*[\d'b]", line)]
    said = [line.partition(":")[2] for line in text.splitlines() if re.match(r"(WARNING|ERROR|CRITICAL)", line)]
    return f"{len(rows)} found" + "".join(f"\n      {row}" for row in rows[:4]) + f"  {' / '.join(said[:2])[:160]}"


def scanned(title: str, service: Site, tools: str) -> None:
    print(f"\n{title}")
    for name, command in scans(service.port).items():
        print(f"  {name:42s} {run(tools, command)}", flush=True)
    print("  the log of the service:")
    for line in service.log.read_text().splitlines():
        if "WARNING" in line and "127.0.0.1" in line:
            print(f"    {line}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tools", default=None, help="folder that holds sipvicious' commands")
    chosen = options.parse_args()
    with site('peers = ["192.0.2.1"]') as service:
        scanned("A stranger (not among sip.peers)", service, chosen.tools)
    with site('inbound_username = "pbx"\ninbound_password = "a long word"') as service:
        scanned("A peer, with sip.inbound_password set", service, chosen.tools)


if __name__ == "__main__":
    main()
