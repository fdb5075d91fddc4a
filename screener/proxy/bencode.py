"""Bencode (BEP 3): what the ng protocol of rtpengine is written in. Pure."""

from collections.abc import Mapping, Sequence

from screener.errors import InputError

Value = int | bytes | Sequence["Value"] | Mapping[bytes, "Value"]
"""A number, a string of bytes, a list, a dictionary."""
MAX_BYTES = 65_535
MAX_DEPTH = 16
MAX_DIGITS = 20


def serialize(value: Value) -> bytes:
    """A value as bytes; the keys of a dictionary come in their order."""
    match value:
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%s" % (len(value), value)
        case Mapping():
            pairs = (serialize(key) + serialize(value[key]) for key in sorted(value))
            return b"d" + b"".join(pairs) + b"e"
        case _:
            return b"l" + b"".join(map(serialize, value)) + b"e"


def parse(data: bytes) -> Value:
    """Read one value that fills the whole of `data`.

    Raises:
        InputError: it is none, too large or too deep.
    """
    if len(data) > MAX_BYTES:
        raise _wrong(f"{len(data)} bytes")
    value, end = _value(data, 0, MAX_DEPTH)
    if end != len(data):
        raise _wrong("something stands after it")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    if not depth:
        raise _wrong("too deep")
    match data[at : at + 1]:
        case b"i":
            return _number(data, at + 1, b"e", signed=True)
        case b"l":
            found: list[Value] = []
            at += 1
            while data[at : at + 1] != b"e":
                value, at = _value(data, at, depth - 1)
                found.append(value)
            return found, at + 1
        case b"d":
            pairs: dict[bytes, Value] = {}
            at += 1
            while data[at : at + 1] != b"e":
                key, at = _string(data, at)
                pairs[key], at = _value(data, at, depth - 1)
            return pairs, at + 1
        case _:
            return _string(data, at)


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _number(data, at, b":", signed=False)
    if at + length > len(data):
        raise _wrong("cut short")
    return data[at : at + length], at + length


def _number(data: bytes, at: int, end: bytes, *, signed: bool) -> tuple[int, int]:
    stop = data.find(end, at, at + MAX_DIGITS + 1)
    digits = data[at:stop] if stop >= 0 else b""
    if not (digits.removeprefix(b"-") if signed else digits).isdigit():
        raise _wrong(f"no number at byte {at}")
    return int(digits), stop + 1


def _wrong(why: str) -> InputError:
    return InputError(f"not bencode: {why}")
