"""What the service and its recogniser processes say to each other."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import ModelError
from screener.events import Cue, CueKind, Speaker, Transcript
from screener.speech import wire
from screener.speech.recognizer import ModelInfo, ServerState
from screener.speech.wire import Record, RecordKind

numbers = st.integers(0, 2**32 - 1)
times = st.floats(0, 1e6, allow_nan=False)
speakers = st.sampled_from(Speaker)
transcripts = st.builds(
    Transcript,
    speakers,
    st.integers(0, 10_000),
    st.text(max_size=50),
    st.lists(st.text(max_size=6), max_size=20).map(tuple),
    times,
    times,
    st.booleans(),
    st.none() | st.floats(0, 1),
)
cues = st.builds(Cue, st.sampled_from(CueKind), times, times, st.floats(0, 1), speakers)
records = st.builds(Record, st.sampled_from(RecordKind), numbers, st.binary(max_size=2000))


@given(st.lists(records, max_size=8))
def test_a_packet_holds_its_records(said: list[Record]) -> None:
    assert list(wire.parse(b"".join(record.serialize() for record in said))) == said


@given(numbers, transcripts)
def test_words_arrive_as_they_were_said(stream: int, said: Transcript) -> None:
    (record,) = wire.parse(wire.heard(stream, said).serialize())
    assert (record.kind, record.stream) == (RecordKind.WORDS, stream)
    assert wire.words_of(record.content) == said


@given(numbers, cues)
def test_sounds_arrive_as_they_were_noticed(stream: int, said: Cue) -> None:
    (record,) = wire.parse(wire.heard(stream, said).serialize())
    assert (record.kind, record.stream) == (RecordKind.SOUND, stream)
    assert wire.sound_of(record.content) == said


@given(times, st.binary(max_size=2000), speakers, numbers)
def test_the_rest_arrives_too(at: float, pcm: bytes, speaker: Speaker, number: int) -> None:
    assert wire.audio_of(wire.audio(1, at, pcm).content) == (at, pcm)
    assert wire.speaker_of(wire.opened(1, speaker).content) is speaker
    assert wire.done_of(wire.done(1, number).content) == number
    assert wire.status_of(wire.status(at, 0.5, 0.25).content) == (at, 0.5, 0.25)


def test_what_is_loaded_and_why_it_is_not() -> None:
    info = ModelInfo("sherpa", "人", synthetic_only=False, gives_pinyin=True)
    assert wire.info_of(wire.ready(info).content) == info
    error = wire.error_of(wire.unusable(ModelError("a", "b")).content)
    assert (error.message, error.remedy) == ("a", "b")


@given(st.binary(min_size=1, max_size=200))
def test_a_process_out_of_its_mind_is_an_error_and_nothing_worse(noise: bytes) -> None:
    readers = wire.info_of, wire.error_of, wire.words_of, wire.sound_of, wire.done_of, wire.status_of
    for read in (lambda data: list(wire.parse(data)), *readers):
        with contextlib.suppress(ModelError):
            read(noise)


@pytest.mark.parametrize(
    "content", [b"[1]", b"{}", b'["caller",0,"",[],0,0,true,"much"]', b'["nobody",0,"",[],0,0,1,1]']
)
def test_words_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError):
        wire.words_of(content)


def test_how_servers_are() -> None:
    states = (ServerState("10.0.0.9:2700", up=False, streams=0), ServerState("[::1]:2700", up=True, streams=3))
    (record,) = wire.parse(wire.servers(states).serialize())
    assert (record.kind, wire.servers_of(record.content)) == (RecordKind.SERVERS, states)
    for nonsense in (b"{}x", b"[1]", b'[["a", true]]'):
        with pytest.raises(ModelError):
            wire.servers_of(nonsense)
