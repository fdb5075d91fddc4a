"""False alarms: key phrases of harassment that a model hears where nobody says one.

Everything that the stream tells counts, partial transcripts too, because the product decides on them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from screener.events import FRAME_BYTES, SAMPLE_RATE, Speaker
from screener.intervals import poisson
from screener.speech.pinyin import syllables
from screener.speech.vosk import VoskModel
from screener.training.speech.augment import g711, level, to_pcm
from screener.training.speech.evaluate import contains, key_phrases, pcm_of
from screener.training.speech.sounds import MOUTHS, SOUNDS, sound
from screener.training.speech.synthesis import Waveform, speak
from screener.training.speech.unheard import UNHEARD, unheard

PIECE_SECONDS = 10.0
"""Length of one made sound."""
MINUTES = 10.0
"""Of each kind of made sound."""
MOUTH_MINUTES = 30.0
"""Of each kind that comes from a mouth."""
LANGUAGES = {
    "en": "Hello, I would like to ask about my bill. The parcel was due on Tuesday, but nobody came.",
    "de": "Guten Tag, ich habe eine Frage zu meiner Rechnung. Das Paket sollte am Dienstag kommen.",
    "fr": "Bonjour, je voudrais parler de ma facture. Le colis devait arriver mardi, personne n'est venu.",
    "es": "Buenos días, quisiera preguntar por mi factura. El paquete debía llegar el martes.",
    "ru": "Здравствуйте, я хочу спросить про мой счёт. Посылка должна была прийти во вторник.",
    "ko": "안녕하세요 청구서에 대해 문의하고 싶습니다. 소포가 화요일에 오기로 했는데 아무도 오지 않았습니다.",
    "vi": "Xin chào, tôi muốn hỏi về hóa đơn của tôi. Bưu kiện lẽ ra đến vào thứ ba nhưng không có ai đến.",
    "yue": "你好,我想問下我張單。個包裹話星期二到,但係冇人嚟過。",
}
"""An ordinary enquiry in voices of espeak-ng that are not Mandarin."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """So many key phrases in so many seconds of a kind of sound, and so many syllables of anything at all."""

    what: str
    phrases: int
    syllables: int
    seconds: float

    def __str__(self) -> str:
        hours = self.seconds / 3600
        low, high = (limit / hours for limit in poisson(self.phrases))
        return (
            f"{self.what:<28} {self.phrases:3d} key phrases, {self.syllables:4d} syllables in {hours:.2f} h:"
            f" {self.phrases / hours:.1f} key phrases an hour ({low:.1f}–{high:.1f})"
        )


def together(what: str, rows: Iterable[Alarms]) -> Iterator[Alarms]:
    """The rows, and then their sum."""
    seen = []
    for row in rows:
        seen.append(row)
        yield row
    yield Alarms(what, sum(r.phrases for r in seen), sum(r.syllables for r in seen), sum(r.seconds for r in seen))


class AlarmCounter:
    """Counts what a model hears in recordings.

    Args:
        model: loaded, with the product's own gate on words.
    """

    def __init__(self, model: VoskModel) -> None:
        self._model = model
        self._keys = [syllables(phrase) for phrase in key_phrases(("decisive", "heavy", "strong"))]

    def count(self, pcm: bytes) -> tuple[int, int]:
        """Key phrases, each once an utterance, and syllables of the final transcripts."""
        stream = self._model.open(Speaker.CALLER)
        found: set[tuple[int, tuple[str, ...]]] = set()
        heard = 0
        at = range(0, len(pcm), FRAME_BYTES)
        told = [
            t for begin in at for t in stream.accept(pcm[begin : begin + FRAME_BYTES], begin / 2 / SAMPLE_RATE)
        ]
        for transcript in [*told, *stream.finish()]:
            heard += len(transcript.syllables) if transcript.final else 0
            found |= {(transcript.utterance, k) for k in self._keys if contains(transcript.syllables, k)}
        return len(found), heard

    def among(self, what: str, recordings: Iterator[bytes]) -> Alarms:
        """Count over recordings of one kind."""
        phrases = heard = size = 0
        for pcm in recordings:
            counted = self.count(pcm)
            phrases, heard, size = phrases + counted[0], heard + counted[1], size + len(pcm)
        return Alarms(what, phrases, heard, size / 2 / SAMPLE_RATE)


def without_speech(model: VoskModel, seed: int = 11) -> Iterator[Alarms]:
    """The made sounds through G.711; the model has been trained on their like."""
    return _made(model, {name: partial(sound, name) for name in SOUNDS}, MOUTHS, "", seed)


def of_other_mouths(model: VoskModel, seed: int = 11) -> Iterator[Alarms]:
    """Sounds of mouths that are made another way than those in training, through G.711."""
    return _made(model, {name: partial(unheard, name) for name in UNHEARD}, tuple(UNHEARD), "other: ", seed)


def _made(
    model: VoskModel,
    makers: Mapping[str, Callable[[float, np.random.Generator], Waveform]],
    mouths: Sequence[str],
    prefix: str,
    seed: int,
) -> Iterator[Alarms]:
    listener = AlarmCounter(model)
    for name, make in makers.items():
        rng = np.random.default_rng((seed, len(name), *name.encode()))  # each kind has its own chance
        count = round((MOUTH_MINUTES if name in mouths else MINUTES) * 60 / PIECE_SECONDS)
        made = (to_pcm(g711(make(PIECE_SECONDS, rng), alaw=True)) for _ in range(count))
        yield listener.among(prefix + name, made)


def other_languages(model: VoskModel, seed: int = 11) -> Iterator[Alarms]:
    """The same enquiry in other languages, at several speeds and pitches, through G.711."""
    listener = AlarmCounter(model)
    rng = np.random.default_rng(seed)
    for language, text in LANGUAGES.items():
        ways = [(speed, pitch) for speed in (140, 165, 190, 215) for pitch in (25, 50, 75)]
        rng.shuffle(ways)
        said = (speak(text, language, speed, pitch) for speed, pitch in ways)
        yield listener.among(f"speech: {language}", (to_pcm(g711(level(s, -22), alaw=True)) for s in said))


def recorded(model: VoskModel, folder: Path) -> Iterator[Alarms]:
    """A folder of recordings without speech, by the kind that their names begin with: `laugh_1.flac`."""
    listener = AlarmCounter(model)
    files = sorted(p for p in folder.iterdir() if p.suffix in (".wav", ".flac"))
    for kind in sorted({p.name.partition("_")[0] for p in files}):
        yield listener.among(f"recorded: {kind}", (pcm_of(p) for p in files if p.name.partition("_")[0] == kind))
