"""False alarms: what is counted, and how sure a count is."""

import pytest

pytest.importorskip("soundfile", reason="needs the extra `train`")

from screener.speech.vosk import VoskModel
from screener.training.speech.alarms import AlarmCounter, Alarms, together


def test_a_sum_follows_its_rows() -> None:
    rows = [Alarms("a", 1, 3, 1800.0), Alarms("b", 2, 4, 1800.0)]
    assert list(together("all", iter(rows))) == [*rows, Alarms("all", 3, 7, 3600.0)]
    assert "3.0 key phrases an hour (0.6–8.8)" in str(Alarms("all", 3, 7, 3600.0))


def test_nothing_is_counted_in_silence() -> None:
    assert AlarmCounter(VoskModel()).count(bytes(32000)) == (0, 0)
