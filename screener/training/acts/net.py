"""The net of `screener.acts.net` as it is learned, in PyTorch."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional

from screener.acts import net as run
from screener.training.acts.disturb import split

EMBEDDED, CHANNELS, GLANCES, MEMORY = 64, 160, 4, 128
DROPPED, DROPPED_SOUNDS = 0.3, 0.1
FIRST = 2
"""Row of the first syllable; before it are silence and the unknown one."""


class Quick(torch.autograd.Function):
    """A linear layer whose gradients multiply matrices that lie in order: in bfloat16 twice as fast."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """[n, in], [out, in], [out] to [n, out]."""
        ctx.save_for_backward(rows, weight)
        return torch.addmm(bias, rows, weight.t())

    @staticmethod
    def backward(ctx: FunctionCtx, told: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of what went forward."""
        rows, weight = ctx.saved_tensors
        told = told.contiguous()
        return told @ weight, told.t().contiguous() @ rows, told.sum(0)


class TorchNet(nn.Module):
    """Reads whole calls at once; what it learned is one of `run.Nets`.

    A syllable's vector is the sum of its own, its initial's and its final's, so that what sounds alike starts
    alike. It goes by the sound alone: with characters polished genuine talk passed for harassment.

    Args:
        syllables: toneless pinyin of the rows from `FIRST` on.
        acts, calls: how many there are of each.
    """

    def __init__(self, syllables: Sequence[str], acts: int, calls: int) -> None:
        super().__init__()
        parts = [("", ""), ("", ""), *map(split, syllables)]
        initials, finals = sorted({p[0] for p in parts}), sorted({p[1] for p in parts})
        self.register_buffer("initial_of", torch.tensor([initials.index(p[0]) for p in parts]))
        self.register_buffer("final_of", torch.tensor([finals.index(p[1]) for p in parts]))
        self.sound = nn.Embedding(len(parts), EMBEDDED)
        self.initial = nn.Embedding(len(initials), EMBEDDED)
        self.final = nn.Embedding(len(finals), EMBEDDED)
        for table in (self.sound, self.initial, self.final):
            nn.init.normal_(table.weight, std=0.3)
        self.near = nn.Linear(3 * EMBEDDED, CHANNELS)
        self.far = nn.Linear(3 * CHANNELS, CHANNELS)
        self.broad = nn.Linear(3 * CHANNELS, CHANNELS)
        self.look = nn.Linear(CHANNELS, GLANCES)
        self.fold = nn.Linear((2 + GLANCES) * CHANNELS + 3, MEMORY)
        self.memory = nn.GRU(MEMORY, MEMORY, batch_first=True)
        self.act = nn.Linear(2 * MEMORY, acts)
        self.call = nn.Linear(2 * MEMORY, calls)
        self.drop = nn.Dropout(DROPPED)
        self.drop_sounds = nn.Dropout(DROPPED_SOUNDS)

    def table(self) -> Tensor:
        """The vector of each row [rows, EMBEDDED]."""
        summed: Tensor = self.sound.weight + self.initial(self.initial_of) + self.final(self.final_of)
        return summed

    def forward(
        self, rows: Tensor, owner: Tensor, agent: Tensor, place: Tensor, shape: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Logits of acts and of the call after each utterance.

        Args:
            rows: of all utterances' syllables, one utterance after the other, a 0 behind each [syllables].
            owner: the utterance of each row [syllables].
            agent: 1 for the agent's, 0 for the caller's [utterances].
            place: of each utterance among call · turn [utterances].
            shape: calls, turns of the longest.
        """
        said = self._utterances(rows, owner, agent)
        spread = said.new_zeros(shape[0] * shape[1], MEMORY).index_copy(0, place, said).view(*shape, -1)
        memory, _ = self.memory(self.drop(spread))
        seen = self.drop(torch.cat([said, memory.reshape(shape[0] * shape[1], -1)[place]], 1))
        return self.act(seen), self.call(seen)

    def _utterances(self, rows: Tensor, owner: Tensor, agent: Tensor) -> Tensor:
        quick = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
        there = (rows > 0).to(quick).unsqueeze(1)
        size = torch.bincount(owner, there[:, 0], len(agent)).float()
        sounds = self.drop_sounds(functional.embedding(rows, self.table().to(quick))) * there
        near = functional.relu(_layer(self.near, _windows(sounds))) * there
        both = near + functional.relu(_layer(self.far, _windows(near))) * there
        seen = (both + functional.relu(_layer(self.broad, _windows(both))) * there).float()
        nothing = seen.new_zeros(len(agent), CHANNELS)
        most = nothing.index_reduce(0, owner, seen, "amax")  # nothing is below 0
        mean = nothing.index_add(0, owner, seen) / (2 * size.sqrt()).unsqueeze(1)
        heeded = torch.exp(self.look(seen).clamp(-run.STEEPEST, run.STEEPEST)) * there
        all_heeded = heeded.new_zeros(len(agent), GLANCES).index_add(0, owner, heeded)
        glances = [nothing.index_add(0, owner, seen * h.unsqueeze(1)) for h in (heeded / all_heeded[owner]).T]
        about = torch.stack([agent, 1 - agent, torch.log1p(size) / 3], 1)
        folded: Tensor = functional.relu(self.fold(self.drop(torch.cat([most, mean, *glances, about], 1))))
        return folded


def _layer(layer: nn.Linear, rows: Tensor) -> Tensor:
    told: Tensor = Quick.apply(rows, layer.weight.to(rows.dtype), layer.bias.to(rows.dtype))
    return told


def _windows(rows: Tensor) -> Tensor:
    """Each row between its neighbours [n, 3·width]; a 0 behind each utterance keeps it from the next."""
    padded = functional.pad(rows, (0, 0, 1, 1))
    return torch.cat([padded[:-2], padded[1:-1], padded[2:]], 1)


def exported(net: TorchNet) -> dict[str, run.Array]:
    """The arrays of one of `run.Nets`, by name."""
    said = {name: value.detach().numpy() for name, value in net.named_parameters()}

    return {
        "sounds": net.table().detach().numpy(),
        "near": said["near.weight"].T,
        "nearb": said["near.bias"],
        "far": said["far.weight"].T,
        "farb": said["far.bias"],
        "broad": said["broad.weight"].T,
        "broadb": said["broad.bias"],
        "look": said["look.weight"].T,
        "lookb": said["look.bias"],
        "fold": said["fold.weight"].T,
        "foldb": said["fold.bias"],
        "gate_in": said["memory.weight_ih_l0"].T,
        "gate_inb": said["memory.bias_ih_l0"],
        "gate": said["memory.weight_hh_l0"].T,
        "gateb": said["memory.bias_hh_l0"],
        "act": said["act.weight"].T,
        "actb": said["act.bias"],
        "call": said["call.weight"].T,
        "callb": said["call.bias"],
    }
