"""The net: a time-delay net (TDNN) that hears 230 ms back and 110 ms ahead.

One layer looks at three frames of the one below. The second keeps every third frame, so that all above runs at
33 frames a second. There is no padding inside: Kaldi repeats the first and the last frame of the features instead,
and `pad` does the same. The upper layers add what they are given to what they make (residuals).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from screener.training.speech.features import CEPSTRA, Features
from screener.training.speech.tokens import TOKENS

WIDTH = 256
SUBSAMPLING = 3
"""Frames of features for one of output."""
TAPS: tuple[tuple[int, int, int], ...] = (
    *((-1, 0, 1), (-1, 0, 1)),  # frames of 10 ms
    *((-3, 0, 3), (-3, 0, 3), (-3, 0, 3)),
    *((-6, -3, 0), (-6, -3, 0)),  # only back, so as to answer soon
)
"""The frames that each layer looks at, in frames of features."""
LEFT = -sum(taps[0] for taps in TAPS)
RIGHT = sum(taps[2] for taps in TAPS)
"""Context of one output, frames."""
FIRST_RESIDUAL = 2


@dataclass(frozen=True, slots=True)
class Affine:
    """`y = weight @ x + bias`, all that a trained layer comes to.

    Attributes:
        weight: (out, in); of a layer with three taps `in` is three times the width below, tap by tap.
        bias: (out,).
    """

    weight: np.ndarray
    bias: np.ndarray


class Tdnn(nn.Module):
    """The net.

    Args:
        mean: of each cepstrum over the training set, (40,).
        deviation: likewise.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: np.ndarray | None = None, deviation: np.ndarray | None = None) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(np.zeros(CEPSTRA) if mean is None else mean).float())
        self.register_buffer(
            "deviation", torch.tensor(np.ones(CEPSTRA) if deviation is None else deviation).float()
        )
        self.layers = nn.ModuleList(
            nn.Conv1d(WIDTH if i else CEPSTRA, WIDTH, 3, stride=SUBSAMPLING if i == 1 else 1, bias=False)
            for i in range(len(TAPS))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in TAPS)
        self.head = nn.Conv1d(WIDTH, len(TOKENS), 1)

    def forward(self, padded: Tensor) -> Tensor:
        """Log-probabilities of the tokens.

        Args:
            padded: (batch, frames, 40), with context: see `pad`.

        Returns:
            (batch, outputs, tokens).
        """
        x = ((padded - self.mean) / self.deviation).transpose(1, 2)
        for i, (taps, layer, norm) in enumerate(zip(TAPS, self.layers, self.norms, strict=True)):
            y = torch.relu(norm(layer(x)))
            if i >= FIRST_RESIDUAL:
                now = taps.index(0)  # how many of the frames below lie before this one
                y = y + x[:, :, now : now + y.shape[2]]
            x = y
        return torch.log_softmax(self.head(x).float(), 1).transpose(1, 2)

    def affines(self) -> list[Affine]:
        """Every layer as one affine map, normalisations folded in; the last is the output's."""
        found: list[Affine] = []
        for layer, norm in zip(self.layers, self.norms, strict=True):
            assert isinstance(layer, nn.Conv1d)
            assert isinstance(norm, nn.BatchNorm1d)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().double()
            weight = layer.weight.detach().double() * scale[:, None, None]
            bias = norm.bias.detach().double() - norm.running_mean.double() * scale
            if not found:  # the features' own mean and deviation
                weight = weight / self.deviation.double()[None, :, None]
                bias = bias - (weight * self.mean.double()[None, :, None]).sum((1, 2))
            found.append(Affine(_flat(weight), bias.float().numpy()))
        head = self.head.weight.detach()[:, :, 0]
        assert self.head.bias is not None
        return [*found, Affine(head.numpy(), self.head.bias.detach().numpy())]


def _flat(weight: Tensor) -> np.ndarray:
    """(out, in, taps) to (out, taps × in)."""
    return np.asarray(weight.permute(0, 2, 1).reshape(weight.shape[0], -1).float())


def outputs(frames: int) -> int:
    """How many outputs so many frames of features give."""
    return (frames + SUBSAMPLING - 1) // SUBSAMPLING


def pad(features: Features) -> Features:
    """Repeat the first and last frame, as far as the net looks."""
    reach = SUBSAMPLING * (outputs(len(features)) - 1) + RIGHT + 1
    return np.pad(features, ((LEFT, max(0, reach - len(features))), (0, 0)), mode="edge")[: LEFT + reach]
