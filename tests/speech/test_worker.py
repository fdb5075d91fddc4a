"""A recogniser process on its own."""

import os
import pickle
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

from screener.settings.sections import Speech
from screener.speech.load import load_model


def test_whoever_is_not_waited_for_any_more_ends_without_a_word() -> None:
    """The service knows from another process that the model cannot be loaded, and has closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(pickle.dumps(partial(load_model, Speech(model="/nonexistent"), Path())))
    ours.close()
    with theirs:
        command = [sys.executable, "-m", "screener.speech.worker", str(theirs.fileno()), str(os.getpid())]
        ended = subprocess.run(command, pass_fds=[theirs.fileno()], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
