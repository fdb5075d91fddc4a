"""What the service and its recogniser processes say to each other.

A packet holds any number of records one after the other: length, kind, number of the stream, content. Each record
has a `serialize` and is found again by `parse`; a packet that holds anything else is refused as a whole.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from screener.errors import ModelError
from screener.events import Cue, CueKind, Speaker, Transcript
from screener.speech.recognizer import ModelInfo, ServerState

PACKET_BYTES = 60_000
"""No packet is larger: well below what a local socket takes by default."""
_HEAD = struct.Struct("<HBI")
_AUDIO = struct.Struct("<d")
_STATUS = struct.Struct("<ddd")
_DONE = struct.Struct("<I")
_SPEAKERS = tuple(Speaker)


class RecordKind(IntEnum):
    """Of a record; to a process, then from it."""

    OPEN = 1
    AUDIO = 2
    CLOSE = 3
    """The last words are wanted."""
    DROP = 4
    """Nothing more is wanted."""
    SKIP = 5
    """Of what waits nothing is wanted; what comes after it is."""
    READY = 16
    UNUSABLE = 17
    WORDS = 18
    SOUND = 19
    DONE = 20
    CLOSED = 21
    FAILED = 22
    STATUS = 23
    SERVERS = 24


@dataclass(frozen=True, slots=True)
class Record:
    """One thing said about one stream.

    Attributes:
        stream: its number; 0 where it is about the process.
    """

    kind: RecordKind
    stream: int = 0
    content: bytes = b""

    def serialize(self) -> bytes:
        """As it stands in a packet."""
        return _HEAD.pack(len(self.content), self.kind, self.stream) + self.content


def parse(packet: bytes) -> Iterator[Record]:
    """The records of a packet.

    Raises:
        ModelError: it is no such packet.
    """
    position = 0
    while position < len(packet):
        try:
            length, kind, stream = _HEAD.unpack_from(packet, position)
            position += _HEAD.size + length
            if position > len(packet):
                raise ValueError("cut short")
            yield Record(RecordKind(kind), stream, packet[position - length : position])
        except (struct.error, ValueError) as error:
            raise _senseless(error) from error


# To a process.


def opened(stream: int, speaker: Speaker) -> Record:
    """A stream begins."""
    return Record(RecordKind.OPEN, stream, bytes((_SPEAKERS.index(speaker),)))


def speaker_of(content: bytes) -> Speaker:
    """Whose stream begins."""
    return _SPEAKERS[content[0]]


def audio(stream: int, at: float, pcm: bytes) -> Record:
    """Audio from `at` on, seconds of audio time, without a gap."""
    return Record(RecordKind.AUDIO, stream, _AUDIO.pack(at) + pcm)


def audio_of(content: bytes) -> tuple[float, bytes]:
    """Audio time and samples."""
    return float(_AUDIO.unpack_from(content)[0]), content[_AUDIO.size :]


# From a process. What a process says of words is checked, for it may have lost its mind before it dies.


def ready(info: ModelInfo) -> Record:
    """The model is loaded."""
    return Record(RecordKind.READY, 0, _json([info.engine, info.name, info.synthetic_only, info.gives_pinyin]))


def info_of(content: bytes) -> ModelInfo:
    """What is loaded."""
    engine, name, synthetic_only, gives_pinyin = _fields(content, 4)
    return ModelInfo(str(engine), str(name), bool(synthetic_only), bool(gives_pinyin))


def unusable(error: ModelError) -> Record:
    """The model cannot be loaded."""
    return Record(RecordKind.UNUSABLE, 0, _json([error.message, error.remedy]))


def error_of(content: bytes) -> ModelError:
    """Why it cannot."""
    message, remedy = _fields(content, 2)
    return ModelError(str(message), str(remedy))


def heard(stream: int, result: Transcript | Cue) -> Record:
    """Words or a sound."""
    if isinstance(result, Cue):
        return Record(
            RecordKind.SOUND,
            stream,
            _json([result.kind, result.at, result.duration, result.confidence, result.speaker]),
        )
    return Record(
        RecordKind.WORDS,
        stream,
        _json(
            [
                result.speaker,
                result.utterance,
                result.text,
                result.syllables,
                result.start,
                result.end,
                result.final,
                result.confidence,
            ]
        ),
    )


def words_of(content: bytes) -> Transcript:
    """The words."""
    speaker, utterance, text, syllables, start, end, final, confidence = _fields(content, 8)
    try:
        return Transcript(
            Speaker(speaker), int(utterance), str(text), tuple(map(str, syllables)), float(start), float(end),
            bool(final), None if confidence is None else float(confidence),
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise _senseless(error) from error


def sound_of(content: bytes) -> Cue:
    """The sound."""
    kind, at, duration, confidence, speaker = _fields(content, 5)
    try:
        return Cue(CueKind(kind), float(at), float(duration), float(confidence), Speaker(speaker))
    except (TypeError, ValueError) as error:
        raise _senseless(error) from error


def done(stream: int, frames: int) -> Record:
    """So many frames of the stream have been heard, since it began."""
    return Record(RecordKind.DONE, stream, _DONE.pack(frames))


def done_of(content: bytes) -> int:
    """How many."""
    return int(_number(_DONE, content)[0])


def failed(stream: int, reason: str) -> Record:
    """The engine failed on this stream alone."""
    return Record(RecordKind.FAILED, stream, reason.encode("utf-8", "replace")[:1000])


def status(now: float, worked: float, for_callers: float) -> Record:
    """Of a process: seconds of its clock, and how many it has had a processor, of these for callers."""
    return Record(RecordKind.STATUS, 0, _STATUS.pack(now, worked, for_callers))


def status_of(content: bytes) -> tuple[float, float, float]:
    """The same."""
    now, worked, for_callers = _number(_STATUS, content)
    return now, worked, for_callers


def servers(states: Sequence[ServerState]) -> Record:
    """How the servers are that a process has its work done by."""
    return Record(RecordKind.SERVERS, 0, _json([[s.place, s.up, s.streams] for s in states]))


def servers_of(content: bytes) -> tuple[ServerState, ...]:
    """The same."""
    try:
        return tuple(ServerState(str(place), bool(up), int(n)) for place, up, n in json.loads(content))
    except (TypeError, ValueError) as error:
        raise _senseless(error) from error


def _senseless(why: object) -> ModelError:
    return ModelError(f"a recogniser process said what makes no sense: {why}")


def _json(fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def _fields(content: bytes, count: int) -> list[Any]:
    try:
        fields = json.loads(content)
    except ValueError as error:
        raise _senseless(error) from error
    if not isinstance(fields, list) or len(fields) != count:
        raise _senseless("incomplete")
    return fields


def _number(shape: struct.Struct, content: bytes) -> tuple[float, ...]:
    try:
        return shape.unpack(content)
    except struct.error as error:
        raise _senseless(error) from error
