"""The comparison of audio finds the announcement in a recording of a call and nothing in any other."""

import numpy as np
import pytest

from screener.core.actions import Prompt
from screener.demo.announcement import MATCH, in_order, locate
from screener.media.g711 import Law
from screener.media.prompts import load_clips

CLIPS = load_clips()
PARTS = [CLIPS[p].pcm for p in (Prompt.ANALYSIS_ENTER, Prompt.SIGNAL_TONE, Prompt.ANALYSIS_DONE)]


def line(*pieces: bytes, law: Law = Law.PCMU) -> bytes:
    """What comes out of a telephone line."""
    return law.decode(law.encode(b"".join(pieces)))


@pytest.mark.parametrize("law", list(Law))
def test_the_three_parts_are_found_in_their_order(law: Law) -> None:
    silence = bytes(8000)
    heard = line(CLIPS[Prompt.GREETING].pcm, silence, PARTS[0], PARTS[1], PARTS[1], PARTS[2], silence, law=law)
    places = in_order(PARTS, heard)
    assert [p.correlation > 0.98 for p in places] == [True] * 3
    greeting = CLIPS[Prompt.GREETING].seconds + 0.5
    assert places[0].at == pytest.approx(greeting, abs=0.001)


@pytest.mark.parametrize("worse", [0, 1])
def test_a_recording_that_is_played_twice_is_found_twice(worse: int) -> None:
    again = CLIPS[Prompt.STILL_THERE].pcm
    copies = [again, again]
    copies[worse] = bytes(3200) + again[3200:]
    places = in_order([again, again], line(bytes(16000), copies[0], bytes(48000), copies[1]))
    assert len(places) == 2
    assert places[0].at == pytest.approx(1.0, abs=0.001)


def test_other_recordings_are_not_taken_for_it() -> None:
    others = [p for p in Prompt if not p.startswith("analysis")]
    heard = line(*(CLIPS[p].pcm for p in others if p is not Prompt.SIGNAL_TONE))
    assert in_order(PARTS, heard) == ()
    for part in PARTS:
        assert locate(part, heard).correlation < MATCH - 0.2


def test_a_part_that_is_missing_or_out_of_order_is_noticed() -> None:
    enter, tone, done = PARTS
    assert len(in_order(PARTS, line(enter, done))) == 1
    assert len(in_order(PARTS, line(done, tone, enter))) < 3
    assert len(in_order(PARTS, line(enter, tone, done[: len(done) // 3]))) == 2


def test_a_few_lost_packets_do_not_hide_it() -> None:
    heard = bytearray(line(bytes(1600), *PARTS))
    for packet in range(7, len(heard) // 320, 50):
        heard[packet * 320 : (packet + 1) * 320] = bytes(320)
    assert len(in_order(PARTS, bytes(heard))) == 3


def test_silence_and_hiss_match_nothing() -> None:
    hiss = np.random.default_rng(1).integers(-2, 3, 80_000).astype("<i2").tobytes()
    for heard in (b"", bytes(10), bytes(160_000), hiss):
        assert in_order(PARTS, heard) == ()
