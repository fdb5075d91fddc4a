"""Training with CTC: the net learns which tokens were said, in order; when, it finds out by itself.

Every utterance is there over several lines, and each pass takes two of them, in two throats. Whatever line and
throat, the net shall hear the same at the same moment: how far the two differ is part of the loss (consistency
regularisation; Yao et al., "CR-CTC", 2024).
"""

import ctypes
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from screener.training.processor import knows_bfloat16
from screener.training.speech.data import Example, Versions
from screener.training.speech.disturb import disturb
from screener.training.speech.net import Tdnn, outputs, pad
from screener.training.speech.tokens import BLANK

BATCH_FRAMES = 16_000
"""Frames of features in a batch, about."""
PEAK_RATE = 4e-3
WEIGHT_DECAY = 1e-2
CLIP = 5.0
WARM_UP = 0.15
HEARD = 2
"""Versions of an utterance that a pass takes, of all that there are."""
CONSISTENCY = 0.2
"""As Yao et al. found it best."""


def fit(
    utterances: Sequence[Versions],
    epochs: int,
    seed: int,
    *,
    threads: int = 2,
    consistency: float = CONSISTENCY,
    progress: Callable[[str], None] = print,
) -> Tdnn:
    """Train from nothing.

    Args:
        utterances: what was said, and how it sounds over each line.
        epochs: passes over all of it.
        seed: of the weights, the order and the masks.
        threads: processor cores to use.
        consistency: weight of what two versions differ by, against the CTC loss of both.
        progress: told one line after every pass.

    Returns:
        The net, ready to be used. The same on every machine of the same kind: processors with instructions for
        bfloat16 multiply in it, which is twice as fast and rounds otherwise.
    """
    _keep_memory()
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    quick = knows_bfloat16()
    rng = np.random.default_rng(seed)
    utterances = [u for u in utterances if len(u[0].tokens) <= outputs(len(u[0].features))]
    batches = _batches([u[:HEARD] for u in utterances])
    sample = np.concatenate([u[0].features for u in utterances[:: max(1, len(utterances) // 2000)]])
    said = sum(len(e.tokens) for u in utterances for e in u[:HEARD])
    net = Tdnn(sample.mean(0), sample.std(0) + 1e-3)
    optimizer = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=epochs * len(batches), pct_start=WARM_UP
    )
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for at in rng.permutation(len(batches)):
            chosen = [taken(utterances[i], rng) for i in batches[at]]
            batch = [example for versions in chosen for example in versions]
            features, tokens, input_lengths, target_lengths = _collate(batch, rng)
            with torch.autocast("cpu", torch.bfloat16, enabled=quick):
                log_probs = net(features).transpose(0, 1)
            loss = torch.nn.functional.ctc_loss(
                log_probs, tokens, input_lengths, target_lengths, blank=BLANK, reduction="sum", zero_infinity=True
            )
            apart = difference(log_probs, input_lengths, _pairs(chosen))
            optimizer.zero_grad()
            ((loss + consistency * apart) / len(batch)).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            optimizer.step()
            schedule.step()
            total += loss.item()
        progress(f"pass {epoch + 1} of {epochs}: loss {total / said:.3f} a token")
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


def difference(log_probs: Tensor, lengths: Tensor, pairs: Sequence[tuple[int, int]]) -> Tensor:
    """How differently two versions of an utterance are heard: the divergence of each from the other, held fixed.

    Args:
        log_probs: (outputs, batch, tokens).
        lengths: outputs of each that count, (batch,).
        pairs: which of the batch are versions of one utterance.

    Returns:
        the sum over all outputs of all pairs, nats.
    """
    if not pairs:
        return log_probs.new_zeros(())
    one, other = (log_probs[:, list(chosen)] for chosen in zip(*pairs, strict=True))
    counts = torch.arange(len(log_probs))[:, None] < lengths[[first for first, _ in pairs]]
    apart = _divergence(other.detach(), one) + _divergence(one.detach(), other)
    return (apart * counts).sum()


def _divergence(fixed: Tensor, of: Tensor) -> Tensor:
    """Kullback and Leibler's, over the last axis."""
    return (fixed.exp() * (fixed - of)).sum(-1)


def _pairs(chosen: Sequence[Versions]) -> list[tuple[int, int]]:
    """Places in the batch of every two versions of one utterance that follow each other."""
    found, at = [], 0
    for versions in chosen:
        found += [(at + i, at + i + 1) for i in range(len(versions) - 1)]
        at += len(versions)
    return found


def taken(versions: Versions, rng: np.random.Generator) -> Versions:
    """The versions that a pass takes: `HEARD` by chance, or all if there are no more."""
    count = min(HEARD, len(versions))
    return tuple(versions[i] for i in rng.choice(len(versions), count, replace=False))


def _batches(utterances: Sequence[Versions]) -> list[list[int]]:
    """Utterances of like length together."""
    batches: list[list[int]] = [[]]
    held = 0
    for i in sorted(range(len(utterances)), key=lambda i: len(utterances[i][0].features)):
        longest, count = len(utterances[i][0].features), len(utterances[i])
        if batches[-1] and longest * (held + count) > BATCH_FRAMES:  # sorted, so this one is the longest
            batches.append([])
            held = 0
        batches[-1].append(i)
        held += count
    return batches


def _collate(batch: Sequence[Example], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features at one length, disturbed by chance; tokens end to end; the lengths of both."""
    padded = [pad(disturb(e.features, rng)) for e in batch]
    longest = max(len(p) for p in padded)
    features = np.stack([np.pad(p, ((0, longest - len(p)), (0, 0)), mode="edge") for p in padded])
    return (
        torch.from_numpy(features),
        torch.tensor([token for e in batch for token in e.tokens]),
        torch.tensor([outputs(len(e.features)) for e in batch]),
        torch.tensor([len(e.tokens) for e in batch]),
    )
