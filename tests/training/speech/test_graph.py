"""The graph by itself: every sentence of a corpus can be read through it, at the price of its bigrams."""

import heapq
import math

import pytest

from screener.training.speech.corpus import (
    Pronunciation,
    Segmenter,
    garbage,
    listed_phrases,
    read_sentence,
    sentences,
)
from screener.training.speech.graph import SCALE, Bigrams, build, enter
from screener.training.speech.openfst import EPSILON, FstState
from screener.training.speech.tokens import BLANK, encode

GO = Pronunciation("走", ("zou",))
HOME = Pronunciation("回家", ("hui", "jia"))
NOISE = Pronunciation("噪", ("zao",))


def best(states: list[FstState], labels: list[int]) -> tuple[float, tuple[int, ...]]:
    """The cheapest way to take these labels from the start to an end: cost and words."""
    queue: list[tuple[float, int, int, tuple[int, ...]]] = [(0.0, 0, 0, ())]
    done: set[tuple[int, int]] = set()
    ends: list[tuple[float, tuple[int, ...]]] = []
    while queue:
        cost, at, state, words = heapq.heappop(queue)
        if (at, state) in done:
            continue
        done.add((at, state))
        if at == len(labels) and states[state].final < math.inf:
            ends.append((cost + states[state].final, words))
        for arc in states[state].arcs:
            given = (*words, arc.output) if arc.output else words
            if arc.input == EPSILON:
                heapq.heappush(queue, (cost + arc.weight + 50, at, arc.target, given))
            elif at < len(labels) and arc.input == labels[at]:
                heapq.heappush(queue, (cost + arc.weight + 50, at + 1, arc.target, given))
    return min(ends)


@pytest.fixture(scope="module")
def bigrams() -> Bigrams:
    return Bigrams.of([[GO, HOME], [GO], [HOME]], [NOISE])


def test_probabilities_after_every_history_sum_to_one(bigrams: Bigrams) -> None:
    ends = 1 - sum(bigrams.anywhere.values())
    for history, seen in bigrams.after.items():
        unseen = sum(p for w, p in bigrams.anywhere.items() if w not in seen)
        assert sum(seen.values()) + bigrams.step_back[history] * unseen + bigrams.end[history] == pytest.approx(1)
    assert 0 < ends < 1


def test_words_come_out_where_their_tokens_went_in(bigrams: Bigrams) -> None:
    states, names = build(bigrams)
    labels = [enter(t) for t in encode((*GO.plain, *HOME.plain))]
    _, words = best(states, labels)
    assert [names[w] for w in words] == ["走", "回家"]


def test_blanks_may_lie_anywhere(bigrams: Bigrams) -> None:
    states, names = build(bigrams)
    blank = enter(BLANK)
    labels = [blank]
    for token in encode(HOME.plain):
        labels += [enter(token), enter(token) - 1, blank, blank - 1 if token != encode(HOME.plain)[-1] else blank]
    _, words = best(states, labels)
    assert [names[w] for w in words] == ["回家"]


def test_a_known_pair_costs_what_the_bigram_says(bigrams: Bigrams) -> None:
    states, _ = build(bigrams)
    labels = [enter(t) for t in encode((*GO.plain, *HOME.plain))]
    # Steps cost 50 each in `best`, to make the shortest way the cheapest; take them off again.
    cost, _ = best(states, labels)
    steps = len(labels) + 2
    expected = bigrams.after[None][GO] * bigrams.after[GO][HOME] * bigrams.end[HOME]
    assert cost - 50 * steps == pytest.approx(-SCALE * math.log(expected), abs=1e-3)


def test_a_syllable_that_no_sentence_has_is_still_a_word(bigrams: Bigrams) -> None:
    states, names = build(bigrams)
    _, words = best(states, [enter(t) for t in encode(NOISE.plain)])
    assert [names[w] for w in words] == ["噪"]


def test_every_phrase_of_the_lexicon_is_made_of_words_of_the_graph() -> None:
    corpus = sentences()
    segmenter = Segmenter(corpus)
    vocabulary = {w.text for s in corpus for w in segmenter.cut(s)} | {w.text for w in garbage(corpus)}
    unread = []
    for phrase in listed_phrases():
        read = read_sentence("".join(c for c in phrase if c not in "…，,"))
        if read is None:
            unread.append(phrase)
            continue
        assert {w.text for w in segmenter.cut(read)} <= vocabulary, phrase
    assert all(any(c.isascii() for c in phrase) for phrase in unread), unread
