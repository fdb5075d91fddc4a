"""The stream around a decoder: times, gaps, chunks, utterances, and the voice gate."""

import math
import random
import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.core.evidence import Verdict
from screener.errors import ModelError
from screener.events import Speaker, Transcript
from screener.speech.gate import VoiceGate
from screener.speech.pinyin import syllables
from screener.speech.stream import (
    CHUNK_BYTES,
    DOZE_BYTES,
    LEAD_BYTES,
    PAUSE_BYTES,
    TAIL_BYTES,
    Hypothesis,
    StreamRecognizer,
)
from tests.core.helpers import LISTED, Line, offer


def voice(seconds: float) -> bytes:
    """A buzz at 120 Hz through two formants: a vowel, as far as a voice activity detector can tell."""
    random.seed(1)
    samples = []
    for n in range(round(seconds * 8000)):
        t = n / 8000
        value = sum(math.sin(2 * math.pi * 120 * k * t) / (1 + abs(120 * k - 700) / 200) for k in range(1, 15))
        samples.append(int(2500 * value * (0.6 + 0.4 * math.sin(2 * math.pi * 4 * t)) + random.gauss(0, 20)))
    return struct.pack(f"<{len(samples)}h", *(max(-32768, min(32767, s)) for s in samples))


class ScriptedDecoder:
    """Says what the script says, chunk by chunk, and keeps the audio."""

    def __init__(self, script: Sequence[Hypothesis] = (), last: Hypothesis | None = None) -> None:
        self.audio = b""
        self.sizes: list[int] = []
        self.script = list(script)
        self.last = last or Hypothesis("", final=True)

    def feed(self, pcm: bytes) -> Hypothesis:
        self.audio += pcm
        self.sizes.append(len(pcm))
        return self.script.pop(0) if self.script else Hypothesis("")

    def flush(self) -> Hypothesis:
        return self.last


class Ended(ScriptedDecoder):
    """Is told when an utterance is over; looks at every so many chunks."""

    def __init__(self, *utterances: Sequence[Hypothesis], every: int = 1) -> None:
        super().__init__()
        self.utterances = [list(script) for script in utterances]
        self.every = every
        self.heard = Hypothesis("")
        self.ends = 0

    def feed(self, pcm: bytes) -> Hypothesis:
        super().feed(pcm)
        if len(self.sizes) % self.every == 0:
            script = self.utterances[self.ends] if self.ends < len(self.utterances) else []
            self.heard = script.pop(0) if script else replace(self.heard)
        return self.heard

    def end(self) -> Hypothesis:
        self.ends += 1
        heard, self.heard = self.heard, Hypothesis("")
        return replace(heard, final=True)

    def flush(self) -> Hypothesis:
        return self.end()


def frames(pcm: bytes, at: float = 0.0) -> list[tuple[bytes, float]]:
    return [(pcm[i : i + 320], at + i / 16000) for i in range(0, len(pcm), 320)]


def run(decoder: ScriptedDecoder, audio: list[tuple[bytes, float]]) -> list[Transcript]:
    stream = StreamRecognizer(Speaker.CALLER, decoder, decoder.end if isinstance(decoder, Ended) else None)
    found = [t for pcm, at in audio for t in stream.accept(pcm, at)]
    return [*found, *stream.finish()]


NI = Hypothesis("你", ("ni",))
NIHAO = Hypothesis("你好", ("ni", "hao"))
NI_FINAL = Hypothesis("你", ("ni",), final=True)


def test_partials_are_told_when_they_change_and_finals_always() -> None:
    final = Hypothesis("你好", ("ni", "hao"), final=True, confidence=0.9)
    script = [Hypothesis(""), NI, NI, NIHAO, NIHAO, final, NI, NI]
    told = run(ScriptedDecoder(script, last=NI_FINAL), frames(voice(0.8), at=2.0))
    assert [(t.text, t.final, t.utterance) for t in told] == [
        ("你", False, 0),
        ("你好", False, 0),
        ("你好", True, 0),
        ("你", False, 1),
        ("你", True, 1),
    ]
    assert [round(t.end, 3) for t in told] == [2.3, 2.5, 2.6, 2.8, 2.8]
    assert all(2.0 <= t.start < 2.3 for t in told[:3])
    assert 2.6 <= told[3].start < 2.7
    assert told[2].confidence == 0.9


def test_a_partial_is_told_as_far_as_the_next_one_bears_it_out() -> None:
    growing = [NI, NIHAO, Hypothesis("你好吗", ("ni", "hao", "ma"))]
    told = run(ScriptedDecoder([Hypothesis(""), *growing, Hypothesis("", final=True)]), frames(voice(0.5)))
    assert [(t.text, round(t.end, 3)) for t in told if not t.final] == [("你", 0.3), ("你好", 0.4)]


class Slow(ScriptedDecoder):
    """Looks at every third chunk only, as sherpa-onnx's models do, and takes nothing back."""

    last_look = Hypothesis("")

    def feed(self, pcm: bytes) -> Hypothesis:
        self.audio += pcm
        if len(self.audio) % (3 * CHUNK_BYTES) == 0:
            self.last_look = super().feed(b"")
        return self.last_look


def test_a_decoder_that_looks_again_and_adds_nothing_makes_a_pause() -> None:
    growing = [Hypothesis("你", ("ni",), firm=True)]
    growing += [Hypothesis("你好", ("ni", "hao"), firm=True) for _ in range(3)]
    told = run(Slow([*growing, Hypothesis("你好", ("ni", "hao"), final=True)]), frames(voice(1.5)))
    assert [(t.text, round(t.end, 3), t.final) for t in told] == [
        ("你", 0.3, False),
        ("你好", 0.6, False),
        ("你好", 0.9, False),
        ("你好", 1.2, False),
        ("你好", 1.5, True),
    ], "at once where nothing is taken back; again with each look, not with time"


def test_half_a_syllable_is_no_pause() -> None:
    halves = [Hypothesis("你", ("ni",), firm=True, half=half) for half in ("", "h", "h")]
    told = run(Slow([*halves, Hypothesis("", final=True)]), frames(voice(1.2)))
    assert [(t.text, round(t.end, 3)) for t in told if not t.final] == [("你", 0.3), ("你", 0.9)]


def test_what_flickers_up_is_not_told() -> None:
    script = [NI, Hypothesis("好", ("hao",)), NIHAO, Hypothesis("好", ("hao",)), Hypothesis("", final=True)]
    assert run(ScriptedDecoder(script), frames(voice(0.5))) == []


@pytest.mark.parametrize(("chunks", "flags"), [(1, False), (2, True)])
def test_a_harassing_word_that_flickers_up_does_not_flag(chunks: int, flags: bool) -> None:
    """The recogniser claims it for a tenth of a second. Borne out by the next chunk it flags, before any final."""
    claims = [Hypothesis(text, syllables(text)) for text in (f"{LISTED}啊", "陪我水饺")]
    script = [Hypothesis(""), *[claims[0]] * chunks, *[claims[1]] * 5]
    line = Line(offered=offer()).begin().wait(3)
    stream = StreamRecognizer(Speaker.CALLER, ScriptedDecoder(script))
    for pcm, at in frames(voice(0.1 * len(script)), at=line.at):
        for told in stream.accept(pcm, at):
            assert not told.final
            line.give(told)
        line.wait(0.02)
    assert (Verdict.HARASSMENT in [decision.verdict for decision in line.decisions]) is flags


def test_a_final_that_takes_a_partial_back_is_told() -> None:
    told = run(
        ScriptedDecoder([NI, NI, Hypothesis("", final=True), Hypothesis("", final=True)]), frames(voice(0.5))
    )
    assert [(t.text, t.final, t.utterance) for t in told] == [("你", False, 0), ("", True, 0)]


def test_words_without_a_voice_are_not_told() -> None:
    script = [NIHAO] * 9
    assert run(ScriptedDecoder(script, NI_FINAL), frames(bytes(16000))) == []
    assert run(ScriptedDecoder(script, NI_FINAL), frames(voice(1.0)))


@pytest.mark.parametrize("pitches", [(450,), (697, 1209), (941, 1477), (50,), (425, 1400)])
def test_tones_of_the_network_have_no_voice(pitches: tuple[int, ...]) -> None:
    random.seed(3)
    samples = (
        round(sum(7000 * math.sin(2 * math.pi * f * n / 8000) for f in pitches) + random.gauss(0, 60))
        for n in range(16000)
    )
    gate = VoiceGate()
    gate.accept(struct.pack("<16000h", *samples))
    assert not gate.allows(1)


def test_noise_and_clicks_have_no_voice() -> None:
    random.seed(2)
    hiss = struct.pack("<8000h", *(round(random.gauss(0, 60)) for _ in range(8000)))
    click = bytes(8000) + struct.pack("<8h", *[30000, -30000] * 4) + bytes(8000)
    for name, sound in {"hiss": hiss, "click": click}.items():
        gate = VoiceGate()
        gate.accept(sound)
        assert not gate.allows(1), name
    gate = VoiceGate()
    gate.accept(voice(1.0))
    assert gate.allows(5)


def test_a_gap_is_silence_and_times_stay_right() -> None:
    decoder = ScriptedDecoder([Hypothesis("")] * 7 + [NI, NI])
    sound = voice(0.3)
    told = run(decoder, frames(sound, 0.0) + frames(sound, 0.7))
    assert decoder.audio == sound + bytes(6400) + sound
    assert round(told[0].end, 3) == 0.9


def test_a_long_gap_costs_no_more_than_its_end() -> None:
    decoder = ScriptedDecoder([Hypothesis("")] * 3 + [Hypothesis("")] * (DOZE_BYTES // CHUNK_BYTES) + [NI, NI])
    told = run(decoder, frames(voice(0.3), 0.0) + frames(voice(0.3), 600.0))
    assert len(decoder.audio) == len(voice(0.6)) + DOZE_BYTES + LEAD_BYTES
    assert round(told[0].end, 3) == 600.2


def test_silence_is_not_decoded_for_ever_and_the_word_after_it_is_whole() -> None:
    decoder = ScriptedDecoder([])
    run(decoder, frames(bytes(16000 * 60) + voice(0.3), 0.0))
    assert len(decoder.audio) == len(voice(0.3)) + DOZE_BYTES + LEAD_BYTES
    assert decoder.audio.endswith(voice(0.3))


def test_a_word_that_waits_for_its_end_gets_it() -> None:
    decoder = ScriptedDecoder([NI] * 100)
    run(decoder, frames(voice(0.3) + bytes(16000 * 5)))
    assert len(decoder.audio) >= 2 * 8000 * 5, "silence too, as long as only the engine can tell that it is over"


FIRM = Hypothesis("你", ("ni",), firm=True)


def test_a_word_is_over_after_a_silence_that_is_not_decoded() -> None:
    decoder = Ended([FIRM])
    stream = StreamRecognizer(Speaker.CALLER, decoder, decoder.end)
    told = [t for pcm, at in frames(voice(0.3) + bytes(16000 * 5)) for t in stream.accept(pcm, at)]
    assert decoder.audio == voice(0.3) + bytes(TAIL_BYTES)
    assert [(t.text, round(t.end, 3), t.final) for t in told] == [
        ("你", 0.1, False),
        ("你", 0.4, False),
        ("你", 0.7, False),
        ("你", 1.0, False),
        ("你", 1.1, True),
    ], "told again in the pause, though nothing is decoded there; then it is over, once"
    assert decoder.ends == 1


def test_what_is_printed_late_is_waited_for() -> None:
    decoder = Ended([FIRM, NIHAO], every=6)
    told = run(decoder, frames(voice(0.4) + bytes(16000 * 5)))
    assert len(decoder.sizes) == 12, "the look after 0.2 s of silence may be too early, and the next one is not"
    assert [t.text for t in told if t.final] == ["你好"]
    decoder = Ended([*[replace(FIRM, half="h") for _ in range(9)], NIHAO])
    told = run(decoder, frames(voice(0.4) + bytes(16000 * 5)))
    assert len(decoder.sizes) == 10, "half a syllable waits for its other half"
    assert [(t.text, round(t.end, 3)) for t in told if t.final] == [("你好", 1.2)]


def test_a_pause_within_an_utterance_is_decoded_whole() -> None:
    decoder = Ended([FIRM])
    sound = voice(0.3) + bytes(PAUSE_BYTES - CHUNK_BYTES) + voice(0.3)
    told = run(decoder, frames(sound))
    assert decoder.audio == sound
    assert [t.utterance for t in told if t.final] == [0]


def test_a_longer_one_divides_two_utterances() -> None:
    decoder = Ended([FIRM], [FIRM])
    told = run(decoder, frames(voice(0.3) + bytes(PAUSE_BYTES) + voice(0.3)))
    assert decoder.audio == voice(0.3) + bytes(TAIL_BYTES + LEAD_BYTES) + voice(0.3)
    assert [(t.text, t.utterance, round(t.start, 3)) for t in told if t.final] == [("你", 0, 0.0), ("你", 1, 1.1)]


@pytest.mark.parametrize("decoder", [ScriptedDecoder([]), Ended()])
def test_words_begin_where_they_are_said_and_not_with_a_noise_before_them(decoder: ScriptedDecoder) -> None:
    heard = frames(bytes(16000) + voice(0.1) + bytes(16000 * 30))
    stream = StreamRecognizer(Speaker.CALLER, decoder, decoder.end if isinstance(decoder, Ended) else None)
    assert [t for pcm, at in heard for t in stream.accept(pcm, at)] == []
    decoder.feed = lambda _pcm: FIRM  # type: ignore[method-assign]
    told = [t for pcm, at in frames(voice(0.3), 31.2) for t in stream.accept(pcm, at)]
    assert [(t.text, round(t.start, 3)) for t in told] == [("你", 31.2)]


class Unsure(Ended):
    """Hears a syllable in each chunk with a sound, and says nothing before it has four."""

    tokens = 0

    def feed(self, pcm: bytes) -> Hypothesis:
        super().feed(pcm)
        self.tokens += any(pcm)
        said = self.tokens if self.tokens >= 4 else 0
        self.heard = Hypothesis("你" * said, ("ni",) * said, firm=True)
        return self.heard

    def end(self) -> Hypothesis:
        self.tokens = 0
        return super().end()


def test_what_was_too_unsure_to_be_told_is_no_part_of_the_next_utterance() -> None:
    told = run(Unsure(), frames(voice(0.3) + bytes(32000) + voice(0.4) + bytes(32000)))
    assert [(t.text, t.utterance) for t in told if t.final] == [("你你你你", 0)]


def test_a_voice_that_said_nothing_stands_behind_no_later_words() -> None:
    claimed = Hypothesis("你好你好", ("ni", "hao") * 2, firm=True)
    decoder = Ended([Hypothesis("")], [Hypothesis(""), claimed])
    assert run(decoder, frames(voice(0.5) + bytes(32000) + voice(0.1) + bytes(32000))) == []
    assert decoder.utterances == [[], []], "it was claimed"


def test_a_finished_stream_takes_no_more() -> None:
    stream = StreamRecognizer(Speaker.AGENT, ScriptedDecoder())
    stream.finish()
    assert stream.finish() == ()
    with pytest.raises(ModelError, match="finished"):
        stream.accept(bytes(320), 0.0)


@given(st.lists(st.integers(1, 2000), max_size=30))
def test_every_sample_arrives_once_in_chunks(sizes: list[int]) -> None:
    decoder = ScriptedDecoder()
    stream = StreamRecognizer(Speaker.CALLER, decoder)
    sent, at = b"", 3.0
    for number, size in enumerate(sizes):
        if len(sent) + 2 * size > DOZE_BYTES:
            break  # there is no voice in it
        pcm = bytes([number % 251, number % 7]) * size
        stream.accept(pcm, at)
        sent += pcm
        at += size / 8000
    stream.finish()
    assert decoder.audio == sent
    assert all(size == CHUNK_BYTES for size in decoder.sizes[:-1])
