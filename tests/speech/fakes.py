"""A model for recogniser processes that does what the audio says: every frame begins with a letter."""

import ctypes
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from screener.errors import ModelError
from screener.events import Speaker, Transcript
from screener.speech.recognizer import ModelInfo

QUIET, SAY, RAISE, HANG, KILL, CRASH, SLOW, NAP = b"q", b"s", b"r", b"h", b"k", b"c", b"z", b"n"


def frame(letter: bytes = QUIET) -> bytes:
    return letter + bytes(319)


class FakeRecognizer:
    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._seconds = 0.0
        self._utterance = 0

    def _told(self, text: str, at: float, *, final: bool) -> Transcript:
        told = Transcript(self._speaker, self._utterance, text, (text,), 0.0, at, final)
        self._utterance += final
        return told

    def accept(self, pcm: bytes, at: float) -> Sequence[Transcript]:
        found = []
        for begin in range(0, len(pcm), 320):
            letter, self._seconds = pcm[begin : begin + 1], self._seconds + 0.02
            if letter == SAY:
                found.append(self._told("said", at + begin / 16000, final=True))
            elif letter == RAISE:
                raise ModelError("broken")
            elif letter == HANG:
                time.sleep(3600)
            elif letter == KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            elif letter == CRASH:
                ctypes.string_at(0)
            elif letter == NAP:
                time.sleep(0.02)
            elif letter == SLOW:
                until = time.process_time() + 0.02
                while time.process_time() < until:
                    pass
        return found

    def finish(self) -> Sequence[Transcript]:
        return [self._told(f"end after {self._seconds:.2f}", self._seconds, final=True)]


class FakeModel:
    @property
    def info(self) -> ModelInfo:
        return ModelInfo("none", "fake")

    def open(self, speaker: Speaker) -> FakeRecognizer:
        return FakeRecognizer(speaker)


def load() -> FakeModel:
    return FakeModel()


class CallersOnly(FakeModel):
    """Cannot open a recogniser for an agent's voice."""

    def open(self, speaker: Speaker) -> FakeRecognizer:
        if speaker is Speaker.AGENT:
            raise ModelError("no memory")
        return super().open(speaker)


def load_callers_only() -> FakeModel:
    return CallersOnly()


def load_noting(folder: Path) -> FakeModel:
    """Leaves a file with the process's id; cannot be done twice."""
    (folder / str(os.getpid())).touch(exist_ok=False)
    return FakeModel()


def load_at_most(count: int, folder: Path) -> FakeModel:
    """So many processes load; those after them wait until the file `open` lies there."""
    before = len(list(folder.iterdir()))
    (folder / str(os.getpid())).touch()
    while before >= count and not (folder / "open").exists():
        time.sleep(0.01)
    return FakeModel()


def load_nothing() -> FakeModel:
    raise ModelError("no such model", "install one")


def die_loading() -> FakeModel:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError
