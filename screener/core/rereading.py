"""The second reading: what the caller said last is read by a better, slower recogniser before a flag is acted on.

::

    flagged ──► asked ──┬── still flagged ──► confirmed, and acted on
                        ├── not any more ───► taken back: the call goes on with what was read
                        └── nothing in time ► the first reading stands

It takes flags back or lets them stand, and raises none: what was read is only ever weighed when a flag waits.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from screener.core.actions import Prompt
from screener.core.evidence import Evidence, Source
from screener.core.hearing import Hearing, UtteranceKey
from screener.core.judgement import Judgement
from screener.core.signals import SHOWN
from screener.events import CallOffered, Cue, Speaker, Transcript

CONFIRMED, CLEARED, UNREAD = "reading.confirmed", "reading.cleared", "reading.none"
"""Rules of what came of it; they weigh nothing."""
MOST_UTTERANCES = 3
"""Read at once: the caller's newest, for they carried the flag over the threshold."""
REACH_SECONDS = 20.0
"""How far back the edge still has the audio."""
MOST_READINGS = 6
"""Of one call; then the first reading stands."""
KEPT = 32
"""What was heard last can still be heard otherwise; more than this is settled."""

_Said = tuple[Prompt, float]
_Item = CallOffered | Cue | Transcript | _Said


class Rereading:
    """Of one call: keeps what was heard, and makes of it what would have been heard with other words.

    Args:
        judgement: as the call's.
        seconds: audio time after which the first reading stands.
    """

    def __init__(self, judgement: Judgement, seconds: float) -> None:
        self.seconds = seconds
        self._settled = Hearing(judgement)
        self._recent: deque[_Item] = deque()
        self._open: dict[UtteranceKey, Transcript] = {}
        self._read: dict[UtteranceKey, Transcript] = {}
        """Utterances that were read again, as they stand since then."""
        self._asked: tuple[Transcript, ...] = ()
        self._asked_at = 0.0
        self._readings = 0

    # What is heard.

    def keep(self, item: _Item) -> None:
        """Take what the call's own hearing takes: who calls, sounds, what was played."""
        self._recent.append(item)
        if len(self._recent) > KEPT:
            _give(self._settled, self._recent.popleft())

    def keep_words(self, transcript: Transcript) -> bool:
        """Take words; False where they are a further partial of an utterance that was read again."""
        key = (transcript.speaker, transcript.utterance)
        if transcript.final:
            self._open.pop(key, None)
            self._read.pop(key, None)
            self.keep(transcript)
        elif key in self._read:
            return False
        elif transcript.syllables:
            self._open[key] = transcript
        return True

    # A flag.

    @property
    def waits(self) -> bool:
        """Whether a flag waits for what is read."""
        return bool(self._asked)

    def is_late(self, at: float) -> bool:
        """Whether it has waited for too long."""
        return at - self._asked_at >= self.seconds

    def ask(self, at: float) -> tuple[Transcript, ...]:
        """What is to be read again before a flag is acted on; nothing where all of it was."""
        spoken = [item for item in self._recent if isinstance(item, Transcript)]
        newest = [t for t in chain(spoken, self._open.values()) if t.speaker is Speaker.CALLER][-MOST_UTTERANCES:]
        asked = tuple(
            t for t in newest if at - t.start <= REACH_SECONDS and (t.speaker, t.utterance) not in self._read
        )
        if self._readings < MOST_READINGS:
            self._asked, self._asked_at = asked, at
        return self._asked

    def withdraw(self) -> None:
        """The flag has gone by itself."""
        self._asked = ()

    def stand(self) -> None:
        """Nothing was read: what was asked for stands as it is, and is not asked for again."""
        self._settle(self._asked)

    def read(self, said: Sequence[Transcript]) -> Hearing:
        """What would have been heard with these words in the place of those that were asked for."""
        asked = {(t.speaker, t.utterance): t for t in self._asked}
        read = {key: t for t in said if (key := (t.speaker, t.utterance)) in asked}
        self._settle([replace(asked[key], text=t.text, syllables=t.syllables) for key, t in read.items()])
        hearing = self._settled.copied()
        for item in chain(self._recent, self._open.values()):
            _give(hearing, item)
        return hearing

    def _settle(self, said: Sequence[Transcript]) -> None:
        """These utterances stand so from now on."""
        new = {(t.speaker, t.utterance): t for t in said}

        def newest(item: _Item) -> _Item:
            return new.get((item.speaker, item.utterance), item) if isinstance(item, Transcript) else item

        self._recent = deque(map(newest, self._recent))
        self._open = {key: new.get(key, t) for key, t in self._open.items()}
        self._read |= new
        for key in list(self._read)[: -2 * KEPT]:
            del self._read[key]
        self._readings += 1
        self._asked = ()


def noted(rule: str, at: float, said: Sequence[Transcript] = ()) -> Evidence:
    """What came of a reading, with the words that it heard."""
    return Evidence(rule, Source.WORDS, None, 0.0, at, " ".join(t.text for t in said)[-SHOWN:])


def _give(hearing: Hearing, item: _Item) -> None:
    found: Iterator[Evidence]
    match item:
        case CallOffered():
            found = hearing.offered(item)
        case Cue():
            found = hearing.noticed(item)
        case Transcript():
            found = hearing.heard(item)
        case prompt, at:
            found = hearing.played(prompt, at)
    deque(found, maxlen=0)
