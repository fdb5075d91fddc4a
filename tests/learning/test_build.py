"""Fitting, on a toy language."""

import numpy as np

from screener.core.evidence import Kind
from screener.learning.examples import Example
from screener.learning.fit import batch, fit, numbers, quantised

BITS = 12


def test_it_learns_what_tells_the_kinds_apart() -> None:
    rude = [Example(("ni", "sha", "bi", name), Kind.ABUSE) for name in ("a", "ba", "ma", "la")] * 10
    kind = [Example(("ni", "hao", "xie", name), None) for name in ("a", "ba", "ma", "la")] * 10
    examples = rude + kind
    data = batch(examples, BITS)
    weights, bias = fit(data, examples, Kind.ABUSE, BITS)
    logits = data.logits(weights, bias)
    assert logits[: len(rude)].min() > 0 > logits[len(rude) :].max()


def test_bytes_keep_the_order() -> None:
    row, unit = quantised(np.array([-2.0, 0.0, 1.0]))
    assert row.tolist() == [-127, 0, 64]
    assert abs(unit * 127 - 2.0) < 1e-9
    assert quantised(np.zeros(3))[1] > 0


def test_ngrams_of_a_sentence() -> None:
    assert len(numbers(("ni", "hao", "ma"), BITS)) == 6
    assert numbers((), BITS) == []
    assert numbers(("zhang",), BITS) == numbers(("zan",), BITS), "what is easily confused is one"
