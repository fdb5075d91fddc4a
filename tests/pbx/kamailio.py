"""A Kamailio in the namespace."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pbx.network import Network
from tests.pbx.rig import end
from tests.waiting import wait_for


@contextlib.contextmanager
def kamailio(network: Network, home: Path, config: Path, address: str, *options: str) -> Iterator[Path]:
    """Kamailio with a configuration, listening at `address` until the block is left.

    Args:
        options: further ones of its command line.

    Returns:
        the file that it logs to.
    """
    if not shutil.which("kamailio"):
        pytest.skip("needs Kamailio (apt-get install kamailio)")
    log = home / "log.txt"
    with log.open("wb") as out:
        command = ["kamailio", "-DD", "-E", "-f", config, "-Y", home, "-P", home / "pid", *options]
        process = network.popen(command, home, out)
    try:
        wait_for(lambda: _bound(network, address) or process.poll() is not None, 20, f"Kamailio; see {log}")
        assert process.poll() is None, log.read_text()
        yield log
    finally:
        end(process)


def _bound(network: Network, address: str) -> bool:
    return f"{address}:5060" in network.run(["ss", "-lunH"], Path.cwd(), 10).stdout
