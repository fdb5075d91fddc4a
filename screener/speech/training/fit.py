"""Training with CTC: the net learns which tokens were said, in order; when, it finds out by itself."""

import ctypes
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from screener.speech.training.data import Example
from screener.speech.training.net import Tdnn, outputs, pad
from screener.speech.training.tokens import BLANK

BATCH_FRAMES = 16_000
"""Frames of features in a batch, about."""
PEAK_RATE = 4e-3
WEIGHT_DECAY = 1e-2
CLIP = 5.0
WARM_UP = 0.15
LEVEL_SHIFT = 6.0
"""The first cepstrum is moved by up to this much: a level 8 dB higher or lower."""
MASKS = (2, 6)
"""Stretches of frames hidden in every utterance, and how many frames each at most."""


def fit(
    examples: Sequence[Example],
    epochs: int,
    seed: int,
    *,
    threads: int = 2,
    progress: Callable[[str], None] = print,
) -> Tdnn:
    """Train from nothing.

    Args:
        examples: what was said, and how it sounds.
        epochs: passes over all of it.
        seed: of the weights, the order and the masks.
        threads: processor cores to use.
        progress: told one line after every pass.

    Returns:
        The net, ready to be used.
    """
    _keep_memory()
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(seed)
    examples = [e for e in examples if len(e.tokens) <= outputs(len(e.features))]
    batches = _batches(examples)
    sample = np.concatenate([e.features for e in examples[:: max(1, len(examples) // 2000)]])
    net = Tdnn(sample.mean(0), sample.std(0) + 1e-3)
    optimizer = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=epochs * len(batches), pct_start=WARM_UP
    )
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for at in rng.permutation(len(batches)):
            features, tokens, input_lengths, target_lengths = _collate([examples[i] for i in batches[at]], rng)
            log_probs = net(features).transpose(0, 1)
            loss = torch.nn.functional.ctc_loss(
                log_probs, tokens, input_lengths, target_lengths, blank=BLANK, reduction="sum", zero_infinity=True
            )
            optimizer.zero_grad()
            (loss / len(batches[at])).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            total += loss.item()
        progress(f"pass {epoch + 1} of {epochs}: loss {total / sum(len(e.tokens) for e in examples):.3f} a token")
    net.eval()
    return net


def _keep_memory() -> None:
    """Tell glibc to keep freed memory: returning it after every step makes a step several times slower."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    for option, value in ((-1, 1 << 31), (-2, 1 << 27), (-3, 1 << 30)):  # trim threshold, top pad, mmap threshold
        mallopt(ctypes.c_int(option), ctypes.c_int(min(value, (1 << 31) - 1)))


def _batches(examples: Sequence[Example]) -> list[list[int]]:
    """Utterances of like length together."""
    batches: list[list[int]] = [[]]
    longest = 0
    for i in sorted(range(len(examples)), key=lambda i: len(examples[i].features)):
        longest = max(longest, len(examples[i].features))
        if batches[-1] and longest * (len(batches[-1]) + 1) > BATCH_FRAMES:
            batches.append([])
            longest = len(examples[i].features)
        batches[-1].append(i)
    return batches


def _collate(batch: Sequence[Example], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features at one length, with masks and levels by chance; tokens end to end; the lengths of both."""
    padded = [pad(_disturb(e.features, rng)) for e in batch]
    longest = max(len(p) for p in padded)
    features = np.stack([np.pad(p, ((0, longest - len(p)), (0, 0)), mode="edge") for p in padded])
    return (
        torch.from_numpy(features),
        torch.tensor([token for e in batch for token in e.tokens]),
        torch.tensor([outputs(len(e.features)) for e in batch]),
        torch.tensor([len(e.tokens) for e in batch]),
    )


def _disturb(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    features = features.copy()
    features[:, 0] += rng.uniform(-LEVEL_SHIFT, LEVEL_SHIFT)
    count, longest = MASKS
    for _ in range(count):
        size = int(rng.integers(longest + 1))
        begin = int(rng.integers(max(1, len(features) - size)))
        features[begin : begin + size] = features.mean(0)
    return features
