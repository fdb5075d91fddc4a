"""What the model learns from: the project's own sentences, the lexicon, and public sets of licences that allow it.

Which half of a public set may be learned from is decided by the calls' ids; the other half can be measured.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from screener.core.evidence import Kind
from screener.core.lexicon import Lexicon, Role
from screener.evaluation.labelled import read_labelled
from screener.events import Speaker
from screener.speech.pinyin import inventory, syllables

CORPUS = Path(__file__).parent / "corpus"
KIND = Kind.ABUSE
"""What the model learns to tell from single sentences; every other kind is the lexicon's."""
LONGEST = 20
"""Syllables of one example, as the model looks at a sentence."""
EACH_PATTERN = 150
"""Sentences made from a pattern with gaps, as far as it has as many."""
OPENINGS = ("", "", "", "喂", "哎", "那个", "你好", "我问你", "我跟你说", "喂你好")
ENDINGS = ("", "", "", "啊", "吧", "呢", "好不好", "你听到没有", "快点")
GENUINE = ("crosswoz-val", "kdconv-dev")
"""Sets of which only the calls with an even number are learned from."""
POSTED = ("cold-train", "swsr")
"""Sets of posts of social media."""
BARE = 0.65
"""Share of the own sentences that stand without an opening and an ending."""
INSULTS = frozenset(f"abuse.{name}" for name in ("gross", "word", "family", "curse", "scorn", "common", "aimed"))
_CHOICE = re.compile(r"\[([^\]]*)\](\?)?")
_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence.

    Attributes:
        sounds: toneless pinyin.
        harassing: whether it is an example of `KIND`, or of harmless talk.
        weight: how much it counts.
    """

    sounds: tuple[str, ...]
    harassing: bool
    weight: float = 1.0


def is_for_learning(call_id: str) -> bool:
    """Whether a call of the sets in `GENUINE` belongs to the half that is learned from."""
    return crc32(call_id.encode()) % 2 == 0


def is_learned(set_name: str, call_id: str) -> bool:
    """Whether the shipped model was fitted to a call of a set."""
    return set_name in POSTED or (set_name in GENUINE and is_for_learning(call_id))


def own_sentences(chance: random.Random) -> Iterator[Example]:
    """Sentences from the patterns in `corpus/`."""
    slots = _slots(CORPUS / "slots.txt")
    for name, harassing in ((KIND.value, True), ("harmless", False)):
        for pattern in _lines(CORPUS / f"{name}.txt"):
            tries = EACH_PATTERN if "{" in pattern or "[" in pattern else 4
            # Sorted: what a seed makes must not hang on the order of a set.
            for text in sorted({filled(pattern, slots, chance) for _ in range(tries)}):
                framed = text if chance.random() < BARE else _in_frame(text, chance)
                yield Example(syllables(framed), harassing)


def lexicon_sentences(lexicon: Lexicon, chance: random.Random) -> Iterator[Example]:
    """The lexicon's phrases, framed as they are said."""
    for phrase in lexicon.phrases:
        said = tuple(s for part in phrase.parts for s in part)
        strong = phrase.weight >= STRONG
        if phrase.role is Role.HARASSMENT and phrase.kind is KIND and strong and len(said) > 1:
            for _ in range(4):
                yield Example(_framed(said, chance), harassing=True)
        elif phrase.role in (Role.BUSINESS, Role.GRIEVANCE, Role.SAFE, Role.VULNERABLE, Role.EMERGENCY):
            for _ in range(2):
                yield Example(_framed(said, chance), harassing=False)


STRONG = 4.0
"""Weight (nats) from which a phrase of the lexicon is an example of its kind."""


def public_sentences(folder: Path, lexicon: Lexicon) -> Iterator[Example]:
    """Sentences of the public sets; see the data card for what they are and who made them."""
    for name in GENUINE:
        for labelled in read_labelled([folder / f"{name}.jsonl.gz"]):
            if is_for_learning(labelled.call.id):
                for turn in labelled.call.turns:
                    weight = 1.0 if turn.speaker is Speaker.CALLER else 0.5
                    yield from (Example(sounds, False, weight) for sounds in sentences(turn.text))
    for name in POSTED:
        for labelled in read_labelled([folder / f"{name}.jsonl.gz"]):
            for sounds in sentences(labelled.call.turns[0].text):
                if labelled.label == "benign":
                    yield Example(sounds, harassing=False)
                elif _insult(lexicon, sounds):
                    yield Example(sounds, True, POSTED_INSULT)


POSTED_INSULT = 0.3
"""Weight of a post that insults somebody: its labels are noisy."""


def sentences(text: str) -> Iterator[tuple[str, ...]]:
    """A text in stretches of at most `LONGEST` syllables, cut at stops where there are any."""
    part: tuple[str, ...] = ()
    for clause in re.split(r"[,。!?;,.!?;\s…~]+", text):
        said = syllables(clause)
        if part and len(part) + len(said) > LONGEST:
            yield part
            part = ()
        part += said
        while len(part) > LONGEST:
            yield part[:LONGEST]
            part = part[LONGEST // 2 :]
    if part:
        yield part


def heard_badly(example: Example, share: float, chance: random.Random) -> Example:
    """The same with a share of its syllables taken for others, lost or made up."""
    sounds: list[str] = []
    for sound in example.sounds:
        fate = chance.random() / share
        if fate >= 1 or fate < 0.25:
            sounds.append(sound)
        if fate < 0.75:
            sounds.append(chance.choice(_SOUNDS))
    return replace(example, sounds=tuple(sounds[: 2 * LONGEST]))


_SOUNDS = tuple(sorted(inventory()))


def _insult(lexicon: Lexicon, sounds: tuple[str, ...]) -> bool:
    found = lexicon.find("", sounds)
    return any(m.phrase.rule.rsplit(".", 1)[0] in INSULTS and m.likeness >= 0.5 for m in found)


def _framed(said: tuple[str, ...], chance: random.Random) -> tuple[str, ...]:
    return syllables(chance.choice(OPENINGS)) + said + syllables(chance.choice(ENDINGS))


def _lines(path: Path) -> Iterator[str]:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def _slots(path: Path) -> Mapping[str, Sequence[str]]:
    return {name.strip(): words.split() for name, words in (line.split("=") for line in _lines(path))}


def filled(pattern: str, slots: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    """A sentence that a pattern stands for: `[a|b]` is either, `[a|b]?` either or none, `{x}` one of slot x."""

    def chosen(choice: re.Match[str]) -> str:
        return "" if choice[2] and chance.random() < OMITTED else chance.choice(choice[1].split("|"))

    return _GAP.sub(lambda gap: chance.choice(slots[gap[1]]), _CHOICE.sub(chosen, pattern))


OMITTED = 0.5


def _in_frame(text: str, chance: random.Random) -> str:
    return chance.choice(OPENINGS) + text + chance.choice(ENDINGS)


def share_of(examples: Iterable[Example]) -> dict[str, int]:
    """How many examples of each kind there are."""
    counts: dict[str, int] = {}
    for example in examples:
        name = KIND.value if example.harassing else "harmless"
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))
