"""Fitting, on a toy language."""

import numpy as np

from screener.training.words.examples import Example
from screener.training.words.fit import batch, fit, numbers, quantised, unevenness

BITS = 12


def test_it_learns_what_tells_the_kinds_apart() -> None:
    rude = [Example(("ni", "sha", "bi", name), True) for name in ("a", "ba", "ma", "la")] * 10
    kind = [Example(("ni", "hao", "xie", name), False) for name in ("a", "ba", "ma", "la")] * 10
    examples = rude + kind
    data = batch(examples, BITS)
    weights, bias = fit(data, examples, BITS)
    logits = data.logits(weights, bias)
    assert logits[: len(rude)].min() > 0 > logits[len(rude) :].max()


def test_what_is_not_seen_teaches_nothing() -> None:
    seen = [Example(("ni", "sha", "bi"), True), Example(("ni", "hao", "a"), False)] * 10
    unseen = [Example(("ni", "hao", "a"), True)] * 30
    data = batch(seen + unseen, BITS)
    weights, bias = fit(data, seen + unseen, BITS, np.array([1.0] * 20 + [0.0] * 30))
    logits = data.logits(weights, bias)
    assert logits[0] > 0 > logits[1]


def test_what_stands_on_one_side_counts_more() -> None:
    data = batch([Example(("sha", "ni"), True), Example(("hao", "ni"), False)], BITS)
    share = unevenness(data, np.array([1.0, 0.0]), np.array([0.0, 1.0]), 1 << BITS)
    (sha,), (both,) = numbers(("sha",), BITS), numbers(("ni",), BITS)
    assert share[sha] > share[both]


def test_bytes_keep_the_order() -> None:
    row, unit = quantised(np.array([-2.0, 0.0, 1.0]))
    assert row.tolist() == [-127, 0, 64]
    assert abs(unit * 127 - 2.0) < 1e-9
    assert quantised(np.zeros(3))[1] > 0


def test_ngrams_of_a_sentence() -> None:
    assert len(numbers(("ni", "hao", "ma"), BITS)) == 6
    assert numbers((), BITS) == []
    assert numbers(("zhang",), BITS) == numbers(("zan",), BITS), "what is easily confused is one"
