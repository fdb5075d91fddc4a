"""A bad recogniser, simulated: syllables heard as others, lost, made up, and written in other characters."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from screener.core.phonetics import fold
from screener.replay.run import RecordedCall
from screener.speech.pinyin import characters_of

SUBSTITUTED, DELETED = 0.5, 0.75
"""Of the errors half are another syllable, a quarter none at all, a quarter one too many."""
NEAR = 0.5
"""Of the other syllables so many are one that is easily taken for the right one, where there is one."""


@dataclass(frozen=True, slots=True)
class Garbler:
    """Gets a share of all syllables wrong, and writes as many again in characters of the same sound.

    Args:
        share: of the syllables, 0..1.
    """

    share: float
    _sounds: dict[str, tuple[str, ...]] = field(default_factory=characters_of, repr=False)
    """Characters of each syllable."""

    def hear(self, call: RecordedCall, seed: int) -> RecordedCall:
        """The call as it would be printed; the same for the same seed."""
        chance = random.Random(f"{seed} {self.share} {call.id}")  # noqa: S311 - reproducible, not secret
        return replace(
            call, turns=tuple(replace(t, text="".join(self._print(t.text, chance))) for t in call.turns)
        )

    def _print(self, text: str, chance: random.Random) -> Iterator[str]:
        for character in text:
            sound = _SOUND_OF.get(character)
            if sound is None:  # no Chinese character: digits, letters, stops
                yield character
                continue
            fate = chance.random() / self.share if self.share else 1.0
            if fate < SUBSTITUTED:
                yield self._other(sound, chance)
            elif fate < DELETED:
                pass
            elif fate < 1:
                yield character + self._any(chance)
            elif chance.random() < self.share:
                yield chance.choice(self._sounds[sound])
            else:
                yield character

    def _other(self, sound: str, chance: random.Random) -> str:
        near = [s for s in _NEAR[fold(sound)] if s != sound]
        return (
            chance.choice(self._sounds[chance.choice(near)])
            if near and chance.random() < NEAR
            else self._any(chance)
        )

    def _any(self, chance: random.Random) -> str:
        return chance.choice(self._sounds[chance.choice(_SOUNDS)])


_SOUND_OF = {character: sound for sound, characters in characters_of().items() for character in characters}
_SOUNDS = tuple(sorted(characters_of()))
_NEAR: dict[str, list[str]] = defaultdict(list)
for _sound in _SOUNDS:
    _NEAR[fold(_sound)].append(_sound)
