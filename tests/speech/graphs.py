"""ONNX files of a few hundred bytes, written by hand: real models to sherpa-onnx, which hear loud and quiet.

What a file is made of is onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), as protobuf encodes
it: a `ModelProto` of a `GraphProto` of `NodeProto`s, its inputs, outputs, constants, and the metadata that
sherpa-onnx reads of each model. The numbers below are theirs.

What such a model prints tells whether the wrapper gives audio, order, state and tables as the library wants them.
What people say it does not understand.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FLOAT, INT32, INT64 = 1, 6, 7
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int32): INT32, np.dtype(np.int64): INT64}
OPSET, IR = 13, 8
LOUD = -8.0
"""Between the mean logarithm of the energies of what is loud, and of silence; -15.9 is that of nothing at all."""


RATE = 8000
HARDLY = 0.05
"""Of `loud` noise so much is neither loud nor quiet."""


def loud(seconds: float) -> bytes:
    """Noise that such a model hears, the same every time: 16 bit at 8 kHz."""
    noise = np.random.default_rng(1).standard_normal(round(seconds * RATE)) * 6000
    return noise.clip(-32768, 32767).astype("<i2").tobytes()


def quiet(seconds: float) -> bytes:
    """Silence."""
    return bytes(2 * round(seconds * RATE))


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


@dataclass(frozen=True)
class Node:
    """One operator: `Node("Add", "a b", "c")`; attributes are whole numbers, or lists of them."""

    operator: str
    takes: str
    gives: str
    attributes: Mapping[str, int | Sequence[int]] | None = None

    def encoded(self) -> bytes:
        out = b"".join(_field(1, name) for name in self.takes.split())
        out += b"".join(_field(2, name) for name in self.gives.split()) + _field(4, self.operator)
        for name, value in (self.attributes or {}).items():
            if isinstance(value, int):
                out += _field(5, _field(1, name) + _field(3, value) + _field(20, 2))
            else:
                out += _field(5, _field(1, name) + b"".join(_field(8, v) for v in value) + _field(20, 7))
        return out


Shape = Sequence[int | str]
"""Of a value; a name stands for a size that is not known before."""


def _value(name: str, kind: int, shape: Shape) -> bytes:
    sizes = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, sizes)))


def _constant(name: str, value: np.ndarray) -> bytes:
    sizes = b"".join(_field(1, size) for size in value.shape)
    return sizes + _field(2, _TYPES[value.dtype]) + _field(8, name) + _field(9, value.tobytes())


def write(
    path: Path,
    nodes: Sequence[Node],
    takes: Mapping[str, tuple[int, Shape]],
    gives: Mapping[str, tuple[int, Shape]],
    constants: Mapping[str, np.ndarray],
    metadata: Mapping[str, object],
) -> None:
    """Write a model.

    Args:
        path: of the file.
        nodes: in the order in which they are computed.
        takes, gives: kind and shape of inputs and outputs, in the library's order.
        constants: by name.
        metadata: what the library asks of it.
    """
    graph = b"".join(_field(1, node.encoded()) for node in nodes) + _field(2, "made")
    graph += b"".join(_field(5, _constant(name, value)) for name, value in constants.items())
    graph += b"".join(_field(11, _value(name, *of)) for name, of in takes.items())
    graph += b"".join(_field(12, _value(name, *of)) for name, of in gives.items())
    model = _field(1, IR) + _field(7, graph) + _field(8, _field(2, OPSET))
    model += b"".join(_field(14, _field(1, key) + _field(2, str(value))) for key, value in metadata.items())
    path.write_bytes(model)


def tokens(path: Path, printed: Sequence[str]) -> None:
    """Write the table of what a model prints."""
    path.write_text("".join(f"{token} {number}\n" for number, token in enumerate(printed)), "utf-8")


PINYIN = ("<blk>", "n", "ǐ", "h", "ǎo")
"""What the transducers print, one after the other and over again, a token each 40 ms, while it is loud."""


def transducer(folder: Path, *, streaming: bool, stem: str = "", printed: Sequence[str] = PINYIN) -> None:
    """A transducer: while it is loud it prints the token that comes after the last one, in quiet nothing."""
    size = len(printed)
    tokens(folder / "tokens.txt", printed)
    # The encoder: the mean energy of every fourth frame.
    often = {
        name: np.array([value], np.int64) for name, value in (("from", 0), ("to", 32), ("step", 4), ("axis", 1))
    }
    heard = [Node("ReduceMean", "x", "energy", {"axes": [2], "keepdims": 1})]
    encoder = folder / f"encoder{stem}.onnx"
    if streaming:
        cell: Shape = (1, 1, 1)
        write(
            encoder,
            [*heard, Node("Slice", "energy from to axis step", "out"),
             Node("Identity", "h", "h_"), Node("Identity", "c", "c_")],
            {"x": (FLOAT, ("N", 39, 80)), "h": (FLOAT, cell), "c": (FLOAT, cell)},
            {"out": (FLOAT, ("N", 8, 1)), "h_": (FLOAT, cell), "c_": (FLOAT, cell)},
            often,
            {"model_type": "lstm", "num_encoder_layers": 1, "T": 39, "decode_chunk_len": 32,
             "rnn_hidden_size": 1, "d_model": 1},
        )  # fmt: skip
    else:
        often["to"] = np.array([1 << 40], np.int64)
        often |= {"three": np.array([3], np.int64), "four": np.array([4], np.int64)}
        write(
            encoder,
            [*heard, Node("Slice", "energy from to axis step", "out"),
             Node("Add", "x_lens three", "more"), Node("Div", "more four", "out_lens")],
            {"x": (FLOAT, ("N", "T", 80)), "x_lens": (INT64, ("N",))},
            {"out": (FLOAT, ("N", "S", 1)), "out_lens": (INT64, ("N",))},
            often,
            {"model_type": "zipformer"},
        )  # fmt: skip
    # The decoder: which token was the last one, as a row of ones and zeros.
    write(
        folder / f"decoder{stem}.onnx",
        [Node("Gather", "y one", "last", {"axis": 1}), Node("Gather", "each last", "out")],
        {"y": (INT64, ("N", 2))},
        {"out": (FLOAT, ("N", size))},
        {"one": np.array(1, np.int64), "each": np.eye(size, dtype=np.float32)},
        {"vocab_size": size, "context_size": 2},
    )
    # The joiner: the more it is loud the surer the next token.
    after = np.full((size, size), -100, np.float32)
    after[:, 0] = 0
    following = np.zeros((size, size), np.float32)
    for last in range(size):
        following[last, last % (size - 1) + 1] = 1
        after[last, last % (size - 1) + 1] = -4 * LOUD
    write(
        folder / f"joiner{stem}.onnx",
        [Node("MatMul", "decoded after", "base"), Node("MatMul", "decoded following", "next"),
         Node("Mul", "encoded four", "loud"), Node("Mul", "next loud", "up"), Node("Add", "base up", "logit")],
        {"encoded": (FLOAT, ("N", 1)), "decoded": (FLOAT, ("N", size))},
        {"logit": (FLOAT, ("N", size))},
        {"after": after, "following": following, "four": np.array(4, np.float32)},
        {"joiner_dim": 1},
    )  # fmt: skip


WINDOW, SHIFT = 7, 6
"""Frames that SenseVoice and Paraformer take at once, and by which they go on."""
_STACKED = {
    "lfr_window_size": WINDOW,
    "lfr_window_shift": SHIFT,
    "neg_mean": ",".join(["0"] * WINDOW * 80),
    "inv_stddev": ",".join(["1"] * WINDOW * 80),
}


def sense_voice(folder: Path) -> None:
    """Prints a character while it is loud; before all the four marks that open what such a model says."""
    printed = ("<blank>", "好", "<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>")
    tokens(folder / "tokens.txt", printed)
    size = len(printed)
    marks = np.eye(size, dtype=np.float32)[None, 2:]
    surer, base = np.zeros((1, 1, size), np.float32), np.full((1, 1, size), -100, np.float32)
    surer[0, 0, 1], base[0, 0, :2] = 4, (0, -4 * LOUD)
    write(
        folder / "model.onnx",
        [Node("ReduceMean", "x", "energy", {"axes": [2], "keepdims": 1}), Node("Mul", "energy surer", "up"),
         Node("Add", "up base", "heard"), Node("Concat", "marks heard", "logits", {"axis": 1})],
        {"x": (FLOAT, ("N", "T", WINDOW * 80)), "x_length": (INT32, ("N",)), "language": (INT32, ("N",)),
         "text_norm": (INT32, ("N",))},
        {"logits": (FLOAT, ("N", "L", size))},
        {"marks": marks, "surer": surer, "base": base},
        {"vocab_size": size, "normalize_samples": 1, "with_itn": 14, "without_itn": 15, "lang_auto": 0,
         "lang_zh": 3, "lang_en": 4, "lang_ja": 11, "lang_ko": 12, "lang_yue": 7, **_STACKED},
    )  # fmt: skip


def paraformer(folder: Path) -> None:
    """Prints 你好, whatever is said."""
    tokens(folder / "tokens.txt", ("<blank>", "<s>", "</s>", "你", "好"))
    write(
        folder / "model.onnx",
        [Node("Identity", "said", "logits"), Node("Identity", "two", "token_num")],
        {"speech": (FLOAT, ("N", "T", WINDOW * 80)), "speech_lengths": (INT32, ("N",))},
        {"logits": (FLOAT, (1, 3, 5)), "token_num": (INT32, (1,))},
        {"said": np.eye(5, dtype=np.float32)[None, [3, 4, 2]], "two": np.array([3], np.int32)},
        {"vocab_size": 5, **_STACKED},
    )


def whisper(folder: Path) -> None:
    """Prints 你好, whatever is said."""
    said = "你好"
    first = len(said)
    eot, sot, zh, transcribe, translate, nothing, no_times = range(first, first + 7)
    size = no_times + 1
    rows = [*said, *(f"<{number}>" for number in range(first, size))]
    table = [base64.b64encode(row.encode()).decode() for row in rows]
    tokens(folder / "base-tokens.txt", table)
    state: Shape = (1, "N", 448, 1)
    cross: Shape = (1, "N", 1, 1)
    write(
        folder / "base-encoder.onnx",
        [Node("ReduceMean", "mel", "mean", {"axes": [1, 2], "keepdims": 1}),
         Node("Unsqueeze", "mean axis", "k"), Node("Identity", "k", "v")],
        {"mel": (FLOAT, ("N", 80, "T"))},
        {"k": (FLOAT, cross), "v": (FLOAT, cross)},
        {"axis": np.array([0], np.int64)},
        {"n_mels": 80, "n_text_layer": 1, "n_text_ctx": 448, "n_text_state": 1, "n_vocab": size, "sot": sot,
         "eot": eot, "blank_id": nothing, "translate": translate, "transcribe": transcribe, "is_multilingual": 1,
         "no_timestamps": no_times, "no_speech": nothing, "sot_sequence": f"{sot},{zh},{transcribe}",
         "all_language_tokens": zh, "all_language_codes": "zh"},
    )  # fmt: skip
    # What comes next is told by where we are: the first token stands after the four that open the text.
    after = np.full((448, size), -100, np.float32)
    after[np.arange(448), eot] = 0
    for place, number in enumerate(range(first), 3):
        after[place, number] = 10
    write(
        folder / "base-decoder.onnx",
        [Node("Shape", "tokens", "sizes"), Node("Gather", "sizes one", "many"), Node("Squeeze", "offset", "begin"),
         Node("Add", "begin many", "end"), Node("Range", "begin end step", "places"),
         Node("Gather", "after places", "rows"), Node("Unsqueeze", "rows axis", "logits"),
         Node("Identity", "in_k", "out_k"), Node("Identity", "in_v", "out_v")],
        {"tokens": (INT64, ("N", "L")), "in_k": (FLOAT, state), "in_v": (FLOAT, state), "cross_k": (FLOAT, cross),
         "cross_v": (FLOAT, cross), "offset": (INT64, (1,))},
        {"logits": (FLOAT, ("N", "L", size)), "out_k": (FLOAT, state), "out_v": (FLOAT, state)},
        {"one": np.array(1, np.int64), "step": np.array(1, np.int64), "axis": np.array([0], np.int64),
         "after": after},
        {},
    )  # fmt: skip
