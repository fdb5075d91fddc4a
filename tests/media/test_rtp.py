import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import RtpError
from screener.media.rtp import Packet, TelephoneEvent

CAPTURED = bytes.fromhex("80 80 00 01 00 00 00 a0 de ad be ef ff ff 7f")


def test_a_packet_from_the_wire_and_back():
    packet = Packet.parse(CAPTURED)
    assert packet == Packet(0, 1, 160, 0xDEADBEEF, b"\xff\xff\x7f", marker=True)
    assert packet.serialize() == CAPTURED


def test_sources_extension_and_padding_are_taken_off():
    data = (
        bytes([0x80 | 0x20 | 0x10 | 2, 8])
        + bytes(10)
        + bytes(8)
        + b"\xbe\xde\x00\x01abcd"
        + b"voice"
        + b"\0\0\x03"
    )
    assert Packet.parse(data).payload == b"voice"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        CAPTURED[:11],
        b"\x40" + CAPTURED[1:],
        b"\x8f" + CAPTURED[1:],
        b"\xa0" + CAPTURED[1:-1] + b"\x00",
        b"\xa0" + CAPTURED[1:-1] + b"\xff",
        b"\x90" + CAPTURED[1:],
        CAPTURED + bytes(1500),
    ],
)
def test_what_is_refused(data):
    with pytest.raises(RtpError):
        Packet.parse(data)


@given(st.binary(max_size=60))
def test_any_bytes(data):
    try:
        packet = Packet.parse(data)
    except RtpError:
        return
    assert len(packet.payload) <= len(data) - 12
    assert Packet.parse(packet.serialize()) == packet


@given(
    st.integers(0, 127), st.integers(0, 65535), st.integers(0, 2**32 - 1), st.binary(max_size=320), st.booleans()
)
def test_round_trip(payload_type, sequence, word, payload, marker):
    packet = Packet(payload_type, sequence, word, word, payload, marker)
    assert Packet.parse(packet.serialize()) == packet


def test_telephone_events():
    pressed = TelephoneEvent(11, end=True, volume=10, duration=800)
    assert TelephoneEvent.parse(pressed.serialize()) == pressed
    assert pressed.digit == "#"
    assert TelephoneEvent(16, end=False, volume=0, duration=0).digit == "", "hook flash is no key"
    with pytest.raises(RtpError):
        TelephoneEvent.parse(b"\x01\x02")
