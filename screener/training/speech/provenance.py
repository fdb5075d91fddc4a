"""The card of a model: what it was made of, what it hears, what it does not, and how that was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

NAME = "card.md"

_TEXT = """\
# {name} {version}, {date}

A Vosk model for the demo, the tests and a newcomer's first look at Screener. **It understands synthetic speech
only.** It is useless on people, and `screener serve` treats nobody on its word unless the setting
`speech.treat_with_synthetic_model` says so. For live callers: `screener model install`.

- **Speech**: {hours:.1f} h, synthesised by espeak-ng with {voices} variants of its Mandarin voice, many made
  by chance, then put through telephone, noise, room, level and lost packets. No recording of a person.
- **Sentences**: {sentences} of the project's own: lexicon, demo, scripted calls, recordings, service talk.
- **Words**: {words}; among them a garbage word for every syllable of Mandarin.
- **Net**: time-delay net, CTC, {parameters:.1f} M parameters.
- **Licence**: GPL-3.0-or-later, as the project. espeak-ng (GPL-3.0-or-later) is needed only to build it.
- **Build**: `screener model build --seed {seed}`, {wall:.0f} s on the clock, {cpu:.0f} s of processor time.

Understood: the sentences above in espeak-ng's Mandarin voices, also those that it was not trained on, over G.711.
Not understood: people; words outside the sentences, which come out as what is nearest to them.
For people a site would need 100 to 200 hours of transcribed telephone speech of several hundred speakers, with
their consent and a licence to train on it (an estimate), and a larger net.

## Measured on {date}

    {figures}

Phrases and key phrases are compared as toneless pinyin; a key phrase is any of the lexicon that is at least
strong, down to those of one syllable, and counts in partial transcripts too where nobody says it. In brackets the
95 % interval. Voices of the evaluation are held out from training. Made sounds (silence to rustle) come from the
generators that it was trained on, by other chance: harmonics added up under two formants. Other mouths come from
a synthesis that training never uses: glottal pulses or noise through four resonators, timed otherwise. Recordings
and other languages are not in training either.
The sums of all files are in `model.json`; `screener model verify` checks them.
"""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a model was made.

    Attributes:
        hours: of speech, each distorted version counted.
        voices: variants of espeak-ng.
        sentences, words: of the corpus and of the graph.
        parameters: of the net, millions.
        wall, cpu: seconds, of all processes together.
    """

    hours: float
    voices: int
    sentences: int
    words: int
    parameters: float
    seed: int
    wall: float = 0.0
    cpu: float = 0.0


def write(name: str, version: str, date: str, made: Provenance, figures: Sequence[str]) -> str:
    """The card as Markdown."""
    fields = {field: getattr(made, field) for field in Provenance.__slots__}
    return _TEXT.format(name=name, version=version, date=date, figures="\n    ".join(figures), **fields)
