"""The decoding graph: which words there are, how they sound, and how likely one follows another.

The language model is a bigram with absolute discounting. After every word comes a state of its own; from there a
tree of tokens leads through the words that were seen to follow it, and a step back leads to the tree of all words.
Costs are paid as early in a tree as they are known, so that the search can drop what is unlikely.

A token is entered once and then stayed in; blanks may lie before and after every token. Since initials and finals
alternate, no token follows itself and no blank is ever needed between two of them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from screener.training.speech.corpus import Pronunciation
from screener.training.speech.openfst import EPSILON, Arc, FstState
from screener.training.speech.tokens import BLANK, encode

DISCOUNT = 0.2
"""Taken from every count of a pair, for what was never seen."""
GARBAGE_SHARE = 0.04
"""Of the probability of words out of context, for single syllables of any kind."""
SCALE = 1.3
"""The weight of the language model against the net's; as the discount, chosen on voices not in the evaluation."""

BigramHistory = Pronunciation | None
"""A history: the last word, or None at the beginning."""


def stay(token: int) -> int:
    """Transition-id of one more frame of a token; Kaldi's phones count from 1."""
    return 2 * (token + 1) - 1


def enter(token: int) -> int:
    """Transition-id of a token's first frame."""
    return 2 * (token + 1)


@dataclass(slots=True)
class Bigrams:
    """Probabilities of words.

    Attributes:
        after: of a word after a history, where the pair was seen.
        step_back: probability left for the words that were not seen after a history.
        anywhere: of a word out of context.
        end: of a sentence's end after a history.
    """

    after: dict[BigramHistory, dict[Pronunciation, float]]
    step_back: dict[BigramHistory, float]
    anywhere: dict[Pronunciation, float]
    end: dict[BigramHistory, float]

    @classmethod
    def of(cls, sentences: Iterable[Sequence[Pronunciation]], garbage: Sequence[Pronunciation]) -> "Bigrams":
        """Count and discount."""
        pairs: dict[BigramHistory, Counter[BigramHistory]] = defaultdict(Counter)
        for words in sentences:
            history: BigramHistory = None
            for word in (*words, None):
                pairs[history][word] += 1
                history = word
        # A word is as likely out of context as the number of words that it follows.
        fans = Counter(word for followers in pairs.values() for word in followers)
        total = sum(fans.values())
        ends = (1 - GARBAGE_SHARE) * fans[None] / total
        anywhere = {w: (1 - GARBAGE_SHARE) * n / total for w, n in fans.items() if w is not None}
        for word in garbage:
            anywhere[word] = anywhere.get(word, 0.0) + GARBAGE_SHARE / len(garbage)
        after: dict[BigramHistory, dict[Pronunciation, float]] = {}
        step_back: dict[BigramHistory, float] = {}
        end: dict[BigramHistory, float] = {}
        for history, followers in pairs.items():
            count = sum(followers.values())
            left = DISCOUNT * len(followers) / count
            step_back[history] = left
            after[history] = {
                w: (n - DISCOUNT) / count + left * anywhere[w] for w, n in followers.items() if w is not None
            }
            end[history] = max(followers[None] - DISCOUNT, 0) / count + left * ends
        return cls(after, step_back, anywhere, end)


@dataclass(slots=True)
class _Node:
    children: dict[int, "_Node"] = field(default_factory=dict)
    words: dict[Pronunciation, float] = field(default_factory=dict)
    best: float = math.inf  # the least cost of any word from here on


def _tree(costs: Mapping[Pronunciation, float]) -> _Node:
    root = _Node()
    for word, cost in costs.items():
        node = root
        node.best = min(node.best, cost)
        for token in encode(word.plain):
            node = node.children.setdefault(token, _Node())
            node.best = min(node.best, cost)
        node.words[word] = cost
    return root


def _cost(probability: float) -> float:
    return -SCALE * math.log(probability)


def build(bigrams: Bigrams) -> tuple[list[FstState], list[str]]:
    """The graph, and its words by label; label 0 is `<eps>`, the start is state 0."""
    names = ["<eps>", *sorted({word.text for word in bigrams.anywhere})]
    labels = {name: label for label, name in enumerate(names)}
    states = [FstState() for _ in range(len(bigrams.after) + 2)]
    begin_of: dict[BigramHistory, int] = {history: at for at, history in enumerate(bigrams.after)}
    unknown, anywhere = len(states) - 2, len(states) - 1

    def grow(node: _Node, origins: Sequence[int], paid: float) -> None:
        """Hang a tree below states that already cost `paid`."""
        for token, child in node.children.items():
            here = len(states)
            states.append(FstState(arcs=[Arc(stay(token), EPSILON, 0.0, here)]))
            for origin in origins:
                states[origin].arcs.append(Arc(enter(token), EPSILON, child.best - paid, here))
            for word, cost in child.words.items():
                target = begin_of.get(word, unknown)
                states[here].arcs.append(Arc(EPSILON, labels[word.text], cost - child.best, target))
            if child.children:
                blank = len(states)
                states.append(FstState(arcs=[Arc(stay(BLANK), EPSILON, 0.0, blank)]))
                states[here].arcs.append(Arc(enter(BLANK), EPSILON, 0.0, blank))
                grow(child, (here, blank), child.best)

    for history, at in begin_of.items():
        states[at].final = _cost(bigrams.end[history])
        states[at].arcs.append(Arc(enter(BLANK), EPSILON, 0.0, at))
        states[at].arcs.append(Arc(EPSILON, EPSILON, _cost(bigrams.step_back[history]), anywhere))
        if history is not None:  # a sentence ends and the next may begin
            states[at].arcs.append(Arc(EPSILON, EPSILON, _cost(bigrams.end[history]), begin_of[None]))
        grow(_tree({w: _cost(p) for w, p in bigrams.after[history].items()}), (at,), 0.0)
    states[unknown].final = 0.0
    states[unknown].arcs.append(Arc(enter(BLANK), EPSILON, 0.0, unknown))
    states[unknown].arcs.append(Arc(EPSILON, EPSILON, 0.0, anywhere))
    grow(_tree({w: _cost(p) for w, p in bigrams.anywhere.items()}), (anywhere,), 0.0)
    return states, names
