"""The model of acts as a file: a line of JSON about it, then its arrays as signed bytes, packed by zlib."""

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from screener.acts.net import ActsModel, Array, Nets
from screener.core.dialogue_acts import Act
from screener.core.evidence import Kind, Standing
from screener.errors import SettingsError
from screener.events import Speaker

LIMIT = 127
"""Units of the largest weight of a column: a signed byte."""
FIRST = 2
"""Row of the first syllable."""


def load_acts(path: Path) -> ActsModel:
    """Read a model.

    Raises:
        SettingsError: the file cannot be read or is not one.
    """
    try:
        return parse(path.read_bytes())
    except (OSError, ValueError) as problem:
        remedy = "correct acts in [judgement] of the settings; empty takes the shipped one"
        raise SettingsError(f"{path}: not a model of acts ({problem})", remedy) from problem


def parse(file: bytes) -> ActsModel:
    """The model of a file's bytes.

    Raises:
        ValueError: they are none, or what they hold does not fit together.
    """
    try:
        with np.errstate(all="ignore"):
            model = _read(file)
            said = ("", *list(model.syllables)[-1:])
            _, heard = model.hear(model.begin(), Speaker.CALLER, said)
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, zlib.error) as problem:
        raise ValueError(str(problem)) from problem
    if not math.isfinite(heard.leaning) or not math.isfinite(model.leaning):
        raise ValueError("it hears what is no number")
    return model


def _read(file: bytes) -> ActsModel:
    first, packed = file.split(b"\n", 1)
    head, data = json.loads(first), zlib.decompress(packed)
    shapes, at = head["shapes"], 0
    nets: list[dict[str, Array]] = []
    for _ in head["left_out"]:
        arrays = {}
        for field in fields(Nets):
            shape = tuple(shapes[field.name])
            size, columns = int(np.prod(shape)), shape[-1]
            units = np.frombuffer(data, np.float32, columns, at)
            stored = np.frombuffer(data, np.int8, size, at + 4 * columns)
            arrays[field.name] = np.asarray(stored.reshape(shape) * units, np.float32)
            at += 4 * columns + size
        nets.append(arrays)
    if at != len(data):
        raise ValueError("its size is not what it says")
    return ActsModel(
        version=str(head["version"]),
        syllables={s: n for n, s in enumerate(str(head["syllables"]).split(), start=FIRST)},
        acts=tuple(Act(a) for a in _names(head["acts"])),
        calls=tuple(Kind(c) if c in set(Kind) else Standing(c) for c in _names(head["calls"])),
        nets=Nets.of(nets),
        left_out=tuple(tuple(_names(hands)) for hands in head["left_out"]),
        scale=float(head["scale"]),
        offset=float(head["offset"]),
        leaning=float(head["leaning"]),
    )


def serialize(model: ActsModel) -> bytes:
    """The file's bytes; every column of an array in units of its own."""
    data = bytearray()
    nets = model.nets.apart()
    for net in nets:
        for array in net.values():
            units = np.abs(array).max(axis=0) / LIMIT if array.ndim > 1 else np.abs(array) / LIMIT
            units = np.asarray(np.where(units > 0, units, 1), np.float32)
            data += units.tobytes() + np.round(array / units).astype(np.int8).tobytes()
    head = {
        "version": model.version,
        "left_out": model.left_out,
        "scale": model.scale,
        "offset": model.offset,
        "leaning": model.leaning,
        "acts": model.acts,
        "calls": model.calls,
        "shapes": {name: array.shape for name, array in nets[0].items()},
        "syllables": " ".join(model.syllables),
    }
    return json.dumps(head, ensure_ascii=False).encode() + b"\n" + zlib.compress(bytes(data), 9)


def _names(value: object) -> Sequence[str]:
    if not isinstance(value, list):
        raise TypeError("a list of names is missing")
    return [str(v) for v in value]
