"""Kaldi's binary `final.mdl`, written and read.

A transition model (which token has which number) followed by an nnet3 net. Every token ends with a space, every
number is preceded by its size in bytes. Only what this project's nets are made of is known here; a file with
anything else is refused. Source: Kaldi's `hmm/hmm-topology.cc`, `hmm/transition-model.cc`, `nnet3/nnet-nnet.cc`.

Transition-ids: phone p, counted from 1, has 2p - 1 for staying in it and 2p for entering it.
"""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screener.errors import ModelError

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FixedAffine:
    """y = weight @ x + bias."""

    weight: Matrix
    bias: Matrix


@dataclass(frozen=True, slots=True)
class RectifiedLinear:
    """y = max(0, x)."""

    dim: int


@dataclass(frozen=True, slots=True)
class LogSoftmax:
    """y = x - log(sum(exp(x)))."""

    dim: int


@dataclass(frozen=True, slots=True)
class NoOp:
    """y = x; what sums of nodes go through."""

    dim: int


Component = FixedAffine | RectifiedLinear | LogSoftmax | NoOp


@dataclass(frozen=True, slots=True)
class Model:
    """What `final.mdl` says.

    Attributes:
        phones: how many, the blank included.
        config: lines of nnet3 configuration: the nodes and how they are joined.
        components: by name.
        left: frames of context before, likewise `right` after.
        priors: one a phone; its logarithm is taken from the net's output.
    """

    phones: int
    config: tuple[str, ...]
    components: dict[str, Component]
    left: int
    right: int
    priors: Matrix


_STAY = 0.5
"""The probability of staying in a phone; the decoding graph carries none, so it counts nowhere."""


def serialize(model: Model) -> bytes:
    """A model as Kaldi writes it."""
    out = _Writer()
    out.raw(b"\0B")
    _write_transitions(out, model.phones)
    out.token("<Nnet3>")
    out.raw(b"\n" + "".join(f"{line}\n" for line in model.config).encode() + b"\n")
    out.token("<NumComponents>")
    out.int32(len(model.components))
    for name, component in model.components.items():
        out.token("<ComponentName>")
        out.token(name)
        _write_component(out, component)
    out.token("</Nnet3>")
    out.token("<LeftContext>")
    out.int32(model.left)
    out.token("<RightContext>")
    out.int32(model.right)
    out.token("<Priors>")
    out.vector(model.priors)
    return out.written()


def parse(data: bytes) -> Model:
    """The way back.

    Raises:
        ModelError: the bytes are no model of this kind.
    """
    try:
        return _parse(_Reader(data))
    except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"not a model that this project makes: {error}", "build it again") from error


def _parse(given: "_Reader") -> Model:
    given.expect_raw(b"\0B")
    phones = _read_transitions(given)
    given.expect("<Nnet3>")
    given.expect_raw(b"\n")
    config = []
    while line := given.line():
        config.append(line)
    given.expect("<NumComponents>")
    components: dict[str, Component] = {}
    for _ in range(given.int32()):
        given.expect("<ComponentName>")
        name = given.token()
        components[name] = _read_component(given)
    given.expect("</Nnet3>")
    given.expect("<LeftContext>")
    left = given.int32()
    given.expect("<RightContext>")
    right = given.int32()
    given.expect("<Priors>")
    priors = given.vector()
    given.end()
    return Model(phones, tuple(config), components, left, right, priors)


def _write_transitions(out: "_Writer", phones: int) -> None:
    """One topology for all phones: a state that may be stayed in, and the end."""
    out.token("<TransitionModel>")
    out.token("<Topology>")
    out.int32s(range(1, phones + 1))
    out.int32s([-1] + [0] * phones)  # the topology of each phone; there is no phone 0
    out.int32(1)  # topologies
    out.int32(2)  # states
    out.int32(0)  # class of the first state
    out.int32(2)  # transitions from it
    for to, probability in ((0, _STAY), (1, 1 - _STAY)):
        out.int32(to)
        out.float32(probability)
    out.int32(-1)  # the second emits nothing
    out.int32(0)
    out.token("</Topology>")
    out.token("<Triples>")
    out.int32(phones)
    for phone in range(1, phones + 1):
        out.int32(phone)
        out.int32(0)
        out.int32(phone - 1)  # the output of the net
    out.token("</Triples>")
    out.token("<LogProbs>")
    out.vector(np.array([0.0] + [np.log(_STAY), np.log(1 - _STAY)] * phones, np.float32))
    out.token("</LogProbs>")
    out.token("</TransitionModel>")


def _read_transitions(given: "_Reader") -> int:
    """Read what `_write_transitions` writes for some number of phones, and nothing else."""
    begin = given.at
    given.expect("<TransitionModel>")
    given.expect("<Topology>")
    phones = len(given.int32s())
    expected = _Writer()
    _write_transitions(expected, phones)
    given.at = begin
    given.expect_raw(expected.written())
    return phones


def _write_component(out: "_Writer", component: Component) -> None:
    kind = type(component).__name__ + "Component"
    out.token(f"<{kind}>")
    match component:
        case FixedAffine():
            out.token("<LinearParams>")
            out.matrix(component.weight)
            out.token("<BiasParams>")
            out.vector(component.bias)
        case NoOp():
            out.token("<Dim>")
            out.int32(component.dim)
            out.token("<BackpropScale>")
            out.float32(1.0)
        case _:
            out.token("<Dim>")
            out.int32(component.dim)
            # Statistics of training, which decoding has no use for.
            out.token("<ValueAvg>")
            out.vector(np.zeros(0, np.float32))
            out.token("<DerivAvg>")
            out.vector(np.zeros(0, np.float32))
            out.token("<Count>")
            out.float64(0.0)
    out.token(f"</{kind}>")


def _read_component(given: "_Reader") -> Component:
    kind = given.token().strip("<>")
    component: Component
    if kind == "FixedAffineComponent":
        given.expect("<LinearParams>")
        weight = given.matrix()
        given.expect("<BiasParams>")
        component = FixedAffine(weight, given.vector())
    elif kind == "NoOpComponent":
        given.expect("<Dim>")
        component = NoOp(given.int32())
        given.expect("<BackpropScale>")
        given.float32()
    elif kind in ("RectifiedLinearComponent", "LogSoftmaxComponent"):
        given.expect("<Dim>")
        dim = given.int32()
        component = RectifiedLinear(dim) if kind.startswith("R") else LogSoftmax(dim)
        for name in ("<ValueAvg>", "<DerivAvg>"):
            given.expect(name)
            given.vector()
        given.expect("<Count>")
        given.float64()
    else:
        raise ValueError(f"component {kind} is not known")
    given.expect(f"</{kind}>")
    return component


class _Writer:
    def __init__(self) -> None:
        self._out = io.BytesIO()

    def written(self) -> bytes:
        return self._out.getvalue()

    def raw(self, data: bytes) -> None:
        self._out.write(data)

    def token(self, name: str) -> None:
        self.raw(name.encode() + b" ")

    def int32(self, value: int) -> None:
        self.raw(struct.pack("<bi", 4, value))

    def float32(self, value: float) -> None:
        self.raw(struct.pack("<bf", 4, value))

    def float64(self, value: float) -> None:
        self.raw(struct.pack("<bd", 8, value))

    def int32s(self, values: Sequence[int]) -> None:
        self.raw(struct.pack(f"<bi{len(values)}i", 4, len(values), *values))

    def vector(self, values: Matrix) -> None:
        self.token("FV")
        self.int32(len(values))
        self.raw(values.astype("<f4").tobytes())

    def matrix(self, values: Matrix) -> None:
        self.token("FM")
        self.int32(values.shape[0])
        self.int32(values.shape[1])
        self.raw(values.astype("<f4").tobytes())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def _take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self._data):
            raise ValueError(f"cut short at byte {self.at}")
        self.at += count
        return self._data[self.at - count : self.at]

    def _until(self, end: bytes) -> str:
        at = self._data.index(end, self.at)
        text = self._take(at - self.at).decode("ascii")
        self._take(1)
        return text

    def expect_raw(self, wanted: bytes) -> None:
        if self._take(len(wanted)) != wanted:
            raise ValueError(f"unexpected bytes before byte {self.at}")

    def token(self) -> str:
        return self._until(b" ")

    def line(self) -> str:
        return self._until(b"\n")

    def expect(self, name: str) -> None:
        if (found := self.token()) != name:
            raise ValueError(f"{found!r} where {name} belongs, before byte {self.at}")

    def _sized(self, size: int) -> bytes:
        self.expect_raw(bytes([size]))
        return self._take(size)

    def int32(self) -> int:
        return int.from_bytes(self._sized(4), "little", signed=True)

    def float32(self) -> float:
        return float(struct.unpack("<f", self._sized(4))[0])

    def float64(self) -> float:
        return float(struct.unpack("<d", self._sized(8))[0])

    def int32s(self) -> tuple[int, ...]:
        count = self.int32()  # the size of one stands before the count, as before any number
        return struct.unpack(f"<{count}i", self._take(4 * count))

    def vector(self) -> Matrix:
        self.expect("FV")
        return self._floats(self.int32())

    def matrix(self) -> Matrix:
        self.expect("FM")
        rows, columns = self.int32(), self.int32()
        return self._floats(rows * columns).reshape(rows, columns)

    def _floats(self, count: int) -> Matrix:
        return np.frombuffer(self._take(4 * count), "<f4").astype(np.float32)

    def end(self) -> None:
        if self.at != len(self._data):
            raise ValueError(f"{len(self._data) - self.at} bytes too many")
