"""Fits one net: acts of every turn and, after every turn, what the call is."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from screener.acts.net import rows_of
from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Standing
from screener.events import Speaker
from screener.speech.pinyin import inventory, syllables
from screener.training.acts.corpus import CorpusCall
from screener.training.acts.disturb import LEAD, HeardTurn, Surroundings, alike, confused, disturbed
from screener.training.acts.net import FIRST, TorchNet
from screener.training.acts.variants import CLOSING
from screener.training.processor import knows_bfloat16

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SYLLABLES = tuple(sorted(set(inventory()) | set(LETTERS)))
ROWS = {syllable: number for number, syllable in enumerate(SYLLABLES, start=FIRST)}
ACTS = tuple(Act)
KINDS = tuple(k for k in Kind if k is not Kind.SILENT)
CALLS: tuple[Kind | Standing, ...] = (*KINDS, *Standing)
"""What the call's logits stand for."""
MATTERS = (Standing.GENUINE, Standing.COMPLAINT)
"""Calls whose beginnings lead into others."""
EPOCHS, BATCH, RATE, DECAY = 22, 24, 2e-3, 0.1
ROUND = 512
"""Rows of a batch are a multiple of this: the processor's multiplication is prepared for every size anew."""
EARLY = 0.15
"""How much a harassing call counts before it is known to be one."""
CALL, SMOOTHED = 0.5, (0.05, 0.02)
"""Weight of what exactly the call is, beside harassment or not; label smoothing of acts and of the call."""
HIGHEST, SOFT = 0.5, 0.5
"""Weight of the highest moment of a call; nats within which moments are as high."""
TELLING = {
    Kind.LEWD: (Act.LEWD, Act.PERSONAL),
    Kind.ABUSE: (Act.INSULT_AGENT,),
    Kind.PRANK: (Act.ABSURD,),
    Kind.CHITCHAT: (Act.SMALLTALK, Act.PERSONAL),
    Kind.THREAT: (Act.THREAT,),
}
"""Acts that give a call away where its writer did not say when it is known."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A call as numbers.

    Attributes:
        known: the turn, from 1, at which it is known to be harassment; 0 for none.
        call: number of what it is.
    """

    turns: tuple[HeardTurn, ...]
    known: int
    call: int


def lesson(call: CorpusCall) -> Lesson | None:
    """A call as numbers; None where nothing is said."""
    heard = tuple(
        HeardTurn(int(t.speaker is Speaker.AGENT), ACTS.index(t.act), tuple(rows_of(t.syllables, ROWS).tolist()))
        for t in call.turns
        if t.syllables
    )
    if not heard:
        return None
    return Lesson(heard, min(known(call), len(heard)), [c.value for c in CALLS].index(call.label))


def closings() -> dict[str, list[HeardTurn]]:
    """What is said at the end of calls, by what it does (`closings.toml`)."""
    said = tomllib.loads(Path(__file__).with_name("closings.toml").read_text("utf-8"))
    return {part: [_closing(CLOSING[part], text) for text in texts] for part, texts in said.items()}


def _closing(act: Act, text: str) -> HeardTurn:
    sounds = tuple(rows_of(syllables(text), ROWS).tolist())
    return HeardTurn(int(act.speaker is Speaker.AGENT), ACTS.index(act), sounds)


def known(call: CorpusCall) -> int:
    """The turn, from 1, at which a call is known to be harassment; 0 for none."""
    if not call.is_harassment:
        return 0
    if call.known_at:
        return call.known_at
    telling = TELLING.get(Kind(call.label), (Act.ABSURD, Act.OTHER))
    at = [n for n, turn in enumerate(call.turns, start=1) if turn.act in telling]
    wanted = 2 if call.label == Kind.CHITCHAT else 1
    return at[wanted - 1] if len(at) >= wanted else max(1, (2 * len(call.turns) + 2) // 3)


def fit(lessons: Sequence[Lesson], seed: int, epochs: int = EPOCHS) -> TorchNet:
    """A net that has learned; the same lessons and seed give the same one on every machine of the same kind.

    Processors with instructions for bfloat16 multiply in it, which is twice as fast and rounds otherwise.

    Args:
        lessons: of all calls.
        seed: of everything random.
        epochs: times that every call is heard.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    matters = [x.turns for x in lessons if CALLS[x.call] in MATTERS and len(x.turns) >= LEAD[0]]
    around = Surroundings(alike(SYLLABLES, FIRST, confused()), closings(), matters)
    net = TorchNet(SYLLABLES, len(ACTS), len(CALLS))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    steps = epochs * -(-len(lessons) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    net.train()
    for _ in range(epochs):
        order = chance.sample(list(lessons), len(lessons))
        for start in range(0, len(order), BATCH):
            drawn = order[start : start + BATCH]
            batch = Batch.of([(*disturbed(x.turns, x.known, around, chance), x.call) for x in drawn])
            optimiser.zero_grad()
            _loss(net, batch).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    net.eval()
    return net


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls side by side; what `TorchNet.forward` takes, and what is to be said of each utterance."""

    rows: Tensor
    owner: Tensor
    agent: Tensor
    place: Tensor
    shape: tuple[int, int]
    act: Tensor
    call: Tensor
    weight: Tensor

    @classmethod
    def of(cls, calls: Sequence[tuple[Sequence[HeardTurn], int, int]]) -> "Batch":
        """Of the turns, the turn at which it is known, and what it is, of each call."""
        longest = max(len(turns) for turns, _, _ in calls)
        flat = list(_flat(calls, longest))
        said = [(*turn.sounds, 0) for turn, *_ in flat]
        rows = [row for sounds in said for row in sounds]
        owner = [number for number, sounds in enumerate(said) for _ in sounds]
        silence = [0] * (-len(rows) % ROUND)
        return cls(
            torch.tensor(rows + silence),
            torch.tensor(owner + silence),
            torch.tensor([float(turn.agent) for turn, *_ in flat]),
            torch.tensor([place for _, place, _, _ in flat]),
            (len(calls), longest),
            torch.tensor([turn.act for turn, *_ in flat]),
            torch.tensor([call for _, _, call, _ in flat]),
            torch.tensor([weight for *_, weight in flat]),
        )


def _flat(
    calls: Sequence[tuple[Sequence[HeardTurn], int, int]], longest: int
) -> Iterator[tuple[HeardTurn, int, int, float]]:
    for number, (turns, at, what) in enumerate(calls):
        for n, turn in enumerate(turns):
            yield turn, number * longest + n, what, EARLY if n + 1 < at else 1.0


def _loss(net: TorchNet, batch: Batch) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=knows_bfloat16()):
        acts, calls = (out.float() for out in net(batch.rows, batch.owner, batch.agent, batch.place, batch.shape))
    of_acts = functional.cross_entropy(acts, batch.act, label_smoothing=SMOOTHED[0])
    of_calls = functional.cross_entropy(calls, batch.call, reduction="none", label_smoothing=SMOOTHED[1])
    harassing = (batch.call < len(KINDS)).float()
    leaning = torch.logsumexp(calls[:, : len(KINDS)], 1) - torch.logsumexp(calls[:, len(KINDS) :], 1)
    flags = functional.binary_cross_entropy_with_logits(leaning, harassing, reduction="none")
    told: Tensor = of_acts + ((CALL * of_calls + flags) * batch.weight).sum() / batch.weight.sum()
    return told + HIGHEST * _of_the_highest(leaning, harassing, batch)


def _of_the_highest(leaning: Tensor, harassing: Tensor, batch: Batch) -> Tensor:
    """A call is flagged by its highest moment: loss of that moment, softly the highest, of those that count."""
    nothing = leaning.new_full((batch.shape[0] * batch.shape[1],), -30.0)
    counts = leaning.where(batch.weight == 1, nothing[0])
    by_call = nothing.index_copy(0, batch.place, counts).view(batch.shape)
    highest = torch.logsumexp(by_call / SOFT, 1) * SOFT
    what = nothing.index_copy(0, batch.place, harassing).view(batch.shape).amax(1)
    loss: Tensor = functional.binary_cross_entropy_with_logits(highest, what)
    return loss
