"""A recogniser process on its own."""

import os
import pickle
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from screener.settings.sections import Speech
from screener.speech.load import load_model
from screener.speech.process import Process
from tests.speech import fakes
from tests.waiting import wait_for


def test_whoever_is_not_waited_for_any_more_ends_without_a_word() -> None:
    """The service knows from another process that the model cannot be loaded, and has closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(pickle.dumps(partial(load_model, Speech(model="/nonexistent"), Path())))
    ours.close()
    with theirs:
        command = [sys.executable, "-m", "screener.speech.worker", str(theirs.fileno()), str(os.getpid())]
        ended = subprocess.run(command, pass_fds=[theirs.fileno()], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("own", [None, "glibc.malloc.check=0"])
def test_it_computes_on_huge_pages_unless_the_operator_has_tunables(
    own: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if own:
        monkeypatch.setenv("GLIBC_TUNABLES", own)
    process = Process(fakes.load)
    told = wait_for(Path(f"/proc/{process.pid}/environ").read_bytes, what="environment of a new process")
    environment = told.split(b"\0")
    process.kill()
    assert f"GLIBC_TUNABLES={own or 'glibc.malloc.hugetlb=1'}".encode() in environment
    assert b"OMP_NUM_THREADS=1" in environment
