"""OpenFst's binary format of a `VectorFst` with standard (tropical) arcs, written and read.

Little-endian: magic, type names, version 2, flags, properties, start, counts; then for every state its final
weight, the number of its arcs, and the arcs. Source: OpenFst's `fst/fst.cc` and `fst/vector-fst.h`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from screener.errors import ModelError

EPSILON = 0
"""The label of an arc that takes or gives nothing."""
NOT_FINAL = float("inf")

_MAGIC = 2125659606
_TYPE = b"vector"
_ARCS = b"standard"
_VERSION = 2
_PROPERTIES = 3  # expanded and mutable; the others are found out by whoever needs them
_HEADER = struct.Struct(f"<ii{len(_TYPE)}si{len(_ARCS)}siiQqqq")
_STATE = struct.Struct("<fq")
_ARC = struct.Struct("<iifi")


@dataclass(frozen=True, slots=True)
class Arc:
    """A step.

    Attributes:
        input: label taken, a transition-id.
        output: label given, a word.
        weight: cost, a negative logarithm.
        target: state.
    """

    input: int
    output: int
    weight: float
    target: int


@dataclass(slots=True)
class FstState:
    """A state: the cost of ending here, and the steps from it."""

    final: float = NOT_FINAL
    arcs: list[Arc] = field(default_factory=list)


def serialize(states: Sequence[FstState], start: int = 0) -> bytes:
    """States as OpenFst writes them."""
    arcs = sum(len(state.arcs) for state in states)
    out = [
        _HEADER.pack(
            *(_MAGIC, len(_TYPE), _TYPE, len(_ARCS), _ARCS),
            *(_VERSION, 0, _PROPERTIES, start, len(states), arcs),
        )
    ]
    for state in states:
        out.append(_STATE.pack(state.final, len(state.arcs)))
        out += [_ARC.pack(arc.input, arc.output, arc.weight, arc.target) for arc in state.arcs]
    return b"".join(out)


def parse(data: bytes) -> tuple[list[FstState], int]:
    """The way back: states and the start.

    Raises:
        ModelError: the bytes are no graph of this kind.
    """
    try:
        return _parse(data)
    except (struct.error, ValueError) as error:
        raise ModelError(f"not a graph that this project makes: {error}", "build it again") from error


def _parse(data: bytes) -> tuple[list[FstState], int]:
    head = _HEADER.unpack_from(data)
    *kind, start, count, arcs = head
    if kind != [_MAGIC, len(_TYPE), _TYPE, len(_ARCS), _ARCS, _VERSION, 0, _PROPERTIES]:
        raise ValueError("the header is another's")
    at = _HEADER.size
    states = []
    for _ in range(count):
        final, size = _STATE.unpack_from(data, at)
        at += _STATE.size
        end = at + size * _ARC.size
        if size < 0 or end > len(data):
            raise ValueError(f"cut short at byte {at}")
        states.append(FstState(final, [Arc(*fields) for fields in _ARC.iter_unpack(data[at:end])]))
        at = end
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes too many")
    if any(not 0 <= arc.target < count for state in states for arc in state.arcs):
        raise ValueError("an arc leads nowhere")
    if sum(len(state.arcs) for state in states) != arcs:
        raise ValueError("the number of arcs is another")
    return states, start
