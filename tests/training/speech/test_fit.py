"""Training: two versions of an utterance shall be heard alike."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("kaldi_native_fbank", reason="needs the extra `train`")

from screener.training.speech.data import Example  # noqa: E402
from screener.training.speech.features import CEPSTRA  # noqa: E402
from screener.training.speech.fit import HEARD, difference, fit, taken  # noqa: E402
from screener.training.speech.net import pad  # noqa: E402
from screener.training.speech.tokens import TOKENS, encode  # noqa: E402

SAID = tuple(encode(("ni", "hao")))


def log_probs(seed: int) -> "torch.Tensor":
    torch.manual_seed(seed)
    return torch.log_softmax(torch.randn(5, 1, len(TOKENS)), -1)


def test_the_same_is_not_different_and_what_lies_behind_the_end_does_not_count() -> None:
    same = torch.cat([log_probs(1), log_probs(1)], 1)
    assert float(difference(same, torch.tensor([5, 5]), [(0, 1)])) == pytest.approx(0.0, abs=1e-5)
    other = torch.cat([log_probs(1), log_probs(2)], 1)
    whole, half = (float(difference(other, torch.tensor([n, n]), [(0, 1)])) for n in (5, 2))
    assert whole > half > 0
    assert float(difference(other, torch.tensor([5, 5]), [])) == 0


def test_it_is_kullback_and_leiblers_divergence_both_ways() -> None:
    both = torch.cat([log_probs(3), log_probs(4)], 1)
    a, b = both[:, 0], both[:, 1]
    expected = torch.nn.functional.kl_div(a, b, log_target=True, reduction="sum")
    expected = expected + torch.nn.functional.kl_div(b, a, log_target=True, reduction="sum")
    assert float(difference(both, torch.tensor([5, 5]), [(0, 1)])) == pytest.approx(float(expected), rel=1e-5)


def versions(rng: np.random.Generator) -> tuple[Example, ...]:
    """An utterance whose syllables differ as real cepstra do, over two lines of other noise."""
    clean = np.repeat(rng.choice([-12.0, 12.0], (4, CEPSTRA)), 12, axis=0)
    return tuple(Example((clean + rng.normal(0, 10, clean.shape)).astype(np.float32), SAID) for _ in range(2))


def apart(utterances: list[tuple[Example, ...]], consistency: float) -> float:
    net = fit(utterances, 6, 1, threads=1, consistency=consistency, progress=lambda _: None)
    total = 0.0
    with torch.no_grad():
        for one, other in utterances:
            heard = net(torch.from_numpy(np.stack([pad(one.features), pad(other.features)]))).transpose(0, 1)
            total += float(difference(heard, torch.tensor([len(heard)] * 2), [(0, 1)])) / len(heard)
    return total / len(utterances)


def test_a_pass_takes_two_of_all_versions_and_in_time_every_one() -> None:
    rng = np.random.default_rng(3)
    many = tuple(Example(np.full((9, CEPSTRA), float(i), np.float32), SAID) for i in range(4))
    drawn = [[float(e.features[0, 0]) for e in taken(many, rng)] for _ in range(50)]
    assert all(len(set(pair)) == HEARD for pair in drawn)
    assert {one for pair in drawn for one in pair} == {0.0, 1.0, 2.0, 3.0}
    assert taken(many[:1], rng) == many[:1]


def test_training_brings_the_versions_together() -> None:
    rng = np.random.default_rng(1)
    utterances = [versions(rng) for _ in range(40)]
    assert apart(utterances, 2.0) < 0.6 * apart(utterances, 0.0)
