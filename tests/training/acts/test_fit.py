"""What is learned is what is run: PyTorch's net and numpy's say the same; a seed makes the same bytes again."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`")

from screener.acts.file import parse  # noqa: E402
from screener.acts.net import Nets, rows_of  # noqa: E402
from screener.core.dialogue_acts import Act  # noqa: E402
from screener.events import Speaker  # noqa: E402
from screener.training.acts.build import build  # noqa: E402
from screener.training.acts.corpus import grouped, read_corpus  # noqa: E402
from screener.training.acts.curve import HEADS, curve  # noqa: E402
from screener.training.acts.fit import ACTS, ROWS, Batch, closings, fit, lesson  # noqa: E402
from screener.training.acts.measure import Share  # noqa: E402
from screener.training.acts.net import exported  # noqa: E402

CALLS = read_corpus()[::60]


def test_numpy_says_what_pytorch_says() -> None:
    net = fit([made for call in CALLS if (made := lesson(call))], 1, epochs=1)
    run = Nets.of([exported(net)])
    call = CALLS[0]
    told = lesson(call)
    assert told is not None
    batch = Batch.of([(told.turns, told.known, told.call)])
    with torch.no_grad():
        acts, calls = net(batch.rows, batch.owner, batch.agent, batch.place, batch.shape)
    memory = run.begin()
    for n, turn in enumerate(t for t in call.turns if t.syllables):
        memory, act, what = run.hear(memory, run.utterance(rows_of(turn.syllables, ROWS), Speaker(turn.speaker)))
        assert np.allclose(act[0], acts[n].numpy(), atol=1e-4)
        assert np.allclose(what[0], calls[n].numpy(), atol=1e-4)


def test_the_same_seed_makes_the_same_bytes_and_every_hand_is_unheard_by_some_nets() -> None:
    some = [replace(c, hand=f"h{n % 4}") for n, c in enumerate(CALLS)]
    once, again = (build(some, "t", groups=2, votes=2, epochs=1) for _ in range(2))
    assert once == again
    model = parse(once["acts.bin"])
    unheard = sorted(hand for hands in model.left_out for hand in hands)
    assert unheard == ["h0", "h0", "h1", "h1", "h2", "h2", "h3", "h3"]
    assert f"{len(some)}" in once["acts.md"].decode()


def test_what_is_said_at_the_end_of_calls_is_known_syllables() -> None:
    said = closings()
    assert said.keys() == {"more", "no_more", "end", "bye"}
    assert all(turn.sounds and 1 not in turn.sounds for turns in said.values() for turn in turns)
    assert {ACTS[turn.act] for turns in said.values() for turn in turns} == {Act.ASK, Act.END, Act.CLOSING}


def test_the_curve_learns_from_more_and_more_hands_and_calls_and_is_judged_on_none_of_them() -> None:
    some = [replace(c, hand=f"h{n % 16}") for n, c in enumerate(CALLS)]
    unheard = set(grouped(some, 4)[0])
    shipped = parse(build(some, "t", groups=4, votes=1, epochs=1)["acts.bin"])
    by_hands, by_calls = curve(some, shipped, epochs=1)
    assert by_hands[0] == f"by hands, judged on {', '.join(sorted(unheard))}"
    assert by_hands[1] == by_calls[1] == HEADS
    rest = [c for c in some if c.hand not in unheard]
    assert [row[0] for row in by_hands[2]] == [2, 3, 6, 12]
    assert by_hands[2][-1][:2] == by_calls[2][-1][:2] == [12, len(rest)]
    assert [row[1] for row in by_calls[2]] == [-(-len(rest) // n) for n in (8, 4, 2, 1)]
    harassing = sum(c.is_harassment for c in some if c.hand in unheard)
    assert all(found.total == harassing for row in by_hands[2] for found in row[2:5] if isinstance(found, Share))
