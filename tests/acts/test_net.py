"""The model of acts: what its file holds, and that it hears the same whoever asks and however often."""

import json
import warnings
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from screener.acts.file import load_acts, parse, serialize
from screener.acts.net import LONGEST, ActsModel, Array, Nets, rows_of
from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Standing
from screener.errors import SettingsError
from screener.events import Speaker
from screener.resources import config_folder

KNOWN = {"ni": 2, "hao": 3, "ma": 4}


def small(seed: int = 1, nets: int = 2) -> ActsModel:
    dice = np.random.default_rng(seed)
    wide, channels, memory, acts, calls = 4, 5, 6, len(Act), 3
    shapes = {
        "sounds": (5, wide), "near": (3 * wide, channels), "nearb": (channels,), "far": (3 * channels, channels),
        "farb": (channels,),
        "broad": (3 * channels, channels), "broadb": (channels,), "look": (channels, 2), "lookb": (2,),
        "fold": (4 * channels + 3, memory), "foldb": (memory,),
        "gate_in": (memory, 3 * memory), "gate_inb": (3 * memory,), "gate": (memory, 3 * memory),
        "gateb": (3 * memory,), "act": (2 * memory, acts), "actb": (acts,), "call": (2 * memory, calls),
        "callb": (calls,),
    }  # fmt: skip
    made = [
        {f.name: dice.normal(size=shapes[f.name]).astype(np.float32) for f in fields(Nets)} for _ in range(nets)
    ]
    kinds = (Kind.LEWD, Standing.GENUINE, Standing.COMPLAINT)
    hands = tuple((f"hand{n}",) for n in range(nets))
    return ActsModel("t", KNOWN, tuple(Act), kinds, Nets.of(made), hands, 1.5, 0.25, -4.0)


def heard(model: ActsModel, *said: tuple[Speaker, str]):
    memory, found = model.begin(), []
    for speaker, text in said:
        memory, understood = model.hear(memory, speaker, text.split())
        found.append(understood)
    return found


def test_what_is_written_is_read_back_as_near_as_signed_bytes_are() -> None:
    model = small()
    again = parse(serialize(model))
    assert (again.version, again.syllables, again.calls, again.left_out) == (
        "t",
        KNOWN,
        model.calls,
        model.left_out,
    )
    for one, other in zip(model.nets.apart(), again.nets.apart(), strict=True):
        for name, array in one.items():
            assert np.abs(array - other[name]).max() <= np.abs(array).max() / 200
    assert serialize(again) == serialize(parse(serialize(again)))


def test_a_memory_is_never_changed_so_an_utterance_can_be_heard_again() -> None:
    model = small()
    memory, _ = model.hear(model.begin(), Speaker.CALLER, ["ni", "hao"])
    once = model.hear(memory, Speaker.AGENT, ["ma"])[1]
    assert model.hear(memory, Speaker.AGENT, ["ma"])[1] == once


def test_acts_belong_to_who_speaks_and_probabilities_sum_to_one() -> None:
    for speaker in Speaker:
        (understood,) = heard(small(), (speaker, "ni hao ma"))
        assert understood.act.speaker is speaker
        assert 0 < understood.probability <= 1
        assert sum(understood.outlook.values()) == pytest.approx(1, abs=1e-5)


def test_what_went_before_counts() -> None:
    fresh = heard(small(), (Speaker.CALLER, "ma"))[-1]
    after = heard(small(), (Speaker.AGENT, "ni hao"), (Speaker.CALLER, "ma"))[-1]
    assert fresh.leaning != after.leaning


def test_scale_and_offset_move_the_leaning() -> None:
    model = small()
    (plain,) = heard(replace(model, scale=1.0, offset=0.0), (Speaker.CALLER, "ni"))
    (moved,) = heard(model, (Speaker.CALLER, "ni"))
    assert moved.leaning == pytest.approx(1.5 * plain.leaning + 0.25)


def test_only_nets_that_never_heard_a_hand_judge_it() -> None:
    model = small()
    (kept,) = model.unheard("hand1").nets.apart()
    for name, array in model.nets.apart()[1].items():
        assert np.array_equal(kept[name], array)
    assert model.unheard("hand1").left_out == (("hand1",),)
    assert model.unheard("a stranger") is model


def test_nets_side_by_side_hear_what_each_hears_by_itself() -> None:
    nets = small(nets=3).nets
    memory, alone = nets.begin(), [Nets.of([net]) for net in nets.apart()]
    memories = [net.begin() for net in alone]
    for speaker, rows in ((Speaker.AGENT, [2, 3]), (Speaker.CALLER, [4]), (Speaker.CALLER, [2, 1, 4, 3, 2])):
        memory, acts, calls = nets.hear(memory, nets.utterance(np.array(rows), speaker))
        for n, net in enumerate(alone):
            memories[n], act, call = net.hear(memories[n], net.utterance(np.array(rows), speaker))
            assert np.allclose(memory[n], memories[n][0], atol=1e-5)
            assert np.allclose(acts[n], act[0], atol=1e-5)
            assert np.allclose(calls[n], call[0], atol=1e-5)


def test_the_update_gate_keeps_the_memory_or_takes_what_is_fresh() -> None:
    nets, size = small().nets, 6
    said, memory = np.full((2, size), 0.3, np.float32), np.full((2, size), 0.7, np.float32)

    def after(gate: float) -> Array:
        bias = np.zeros_like(nets.gateb)
        bias[:, size : 2 * size] = gate
        still = np.zeros_like(nets.gate)  # what is fresh comes of what is said alone
        return replace(nets, gate=still, gateb=bias).hear(memory, said)[0]

    fresh = np.tanh((said[:, None] @ nets.gate_in)[:, 0, 2 * size :] + nets.gate_inb[:, 2 * size :])
    assert np.allclose(after(100.0), memory, atol=1e-6)
    assert np.allclose(after(-100.0), fresh, atol=1e-6)
    between = after(0.0)
    assert ((between - memory) * (between - fresh) <= 0).all()


def test_the_shipped_nets_lie_in_one_block() -> None:
    nets = load_acts(config_folder() / "acts.bin").nets
    block = nets.sounds.base
    assert block is not None
    assert block.size == sum(getattr(nets, f.name).size for f in fields(Nets))
    for field in fields(Nets):
        assert np.shares_memory(getattr(nets, field.name), block)


def test_of_a_long_utterance_beginning_and_end_are_heard() -> None:
    rows = rows_of(["ni"] * 30 + ["hao"] * 30, KNOWN)
    assert list(rows) == [2] * (LONGEST // 2) + [3] * (LONGEST // 2)
    assert list(rows_of(["xyz"], KNOWN)) == [1], "unknown"


@pytest.mark.parametrize("spoiled", [b"", b"{}\n", b"no json\nx", b'{"acts": []}\nabc'])
def test_a_spoiled_file_is_refused_with_its_name(tmp_path: Path, spoiled: bytes) -> None:
    path = tmp_path / "acts.bin"
    path.write_bytes(spoiled)
    with pytest.raises(SettingsError, match=r"acts\.bin"):
        load_acts(path)


def saying(head: bytes, **other: object) -> bytes:
    """A head that says something else."""
    return json.dumps(json.loads(head) | other).encode() + b"\n"


def overflowing(packed: bytes) -> bytes:
    """Arrays whose first unit leaves no room for 127 of it."""
    return zlib.compress(np.float32(3e38).tobytes() + zlib.decompress(packed)[4:])


DAMAGE: dict[str, Callable[[bytes, bytes], bytes]] = {
    "cut in its head": lambda head, packed: head[: len(head) // 2],
    "its head alone": lambda head, packed: head + b"\n",
    "cut in its nets": lambda head, packed: head + b"\n" + packed[:-9],
    "a net more than it says": lambda head, packed: saying(head, left_out=[["hand0"]]) + packed,
    "a net less than it says": lambda head, packed: saying(head, left_out=[["hand0"]] * 3) + packed,
    "no hands": lambda head, packed: saying(head, left_out=["hand0", "hand1"]) + packed,
    "no nets": lambda head, packed: saying(head, left_out=[]) + zlib.compress(b""),
    "a head that is a list": lambda head, packed: b"[]\n" + packed,
    "a unit that is too large": lambda head, packed: saying(head) + overflowing(packed),
    "no shape": lambda head, packed: saying(head, shapes={f.name: [] for f in fields(Nets)}) + packed,
    "a shape that is none": lambda head, packed: saying(head, shapes=None) + packed,
    "more syllables than rows": lambda head, packed: saying(head, syllables="a b c d e f") + packed,
    "fewer acts than it hears": lambda head, packed: saying(head, acts=["caller.lewd"]) + packed,
    "fewer calls than it hears": lambda head, packed: saying(head, calls=["lewd", "genuine"]) + packed,
    "no kinds": lambda head, packed: saying(head, calls=["genuine"]) + packed,
    "a scale that is no number": lambda head, packed: saying(head, scale=float("nan")) + packed,
    "a leaning that is no number": lambda head, packed: saying(head, leaning=float("nan")) + packed,
    "an act that is none": lambda head, packed: saying(head, acts=["caller.dances"]) + packed,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_was_cut_short_or_says_what_it_is_not_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "acts.bin"
    head, packed = serialize(small()).split(b"\n", 1)
    path.write_bytes(saying(head) + packed)
    assert load_acts(path).left_out == small().left_out
    path.write_bytes(DAMAGE[damage](head, packed))
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(SettingsError, match=r"acts\.bin: not a model of acts"),
    ):
        load_acts(path)


def test_the_shipped_model_is_small() -> None:
    path = config_folder() / "acts.bin"
    assert path.stat().st_size < 8_000_000
    assert set(load_acts(path).acts) == set(Act)


def test_the_shipped_model_has_its_card() -> None:
    model = load_acts(config_folder() / "acts.bin")
    card = (config_folder() / "acts.md").read_text("utf-8")
    assert f"# Data card of acts.bin, version {model.version}\n" in card
    assert f"What it is: {len(model.nets)} small nets" in card
