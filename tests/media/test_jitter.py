from hypothesis import given
from hypothesis import strategies as st

from screener.events import DeafCause
from screener.media.jitter import MAX_PACKETS, SHRINK_FRAMES, START_PACKETS, SWITCH_PACKETS, JitterBuffer


def frame(n):
    return bytes([n % 256]) * 160


def filled(*numbers):
    buffer = JitterBuffer()
    for n in numbers:
        buffer.push(n & 0xFFFF, 1, frame(n))
    return buffer


def drain(buffer, count):
    return [popped[0] if popped else None for popped in (buffer.pop() for _ in range(count))]


def test_order_is_restored_across_the_wrap():
    assert drain(filled(65534, 65536, 65535, 65537), 4) == [254, 255, 0, 1]


def test_first_packets_out_of_order():
    assert drain(filled(11, 10, 12), 3) == [10, 11, 12]


def test_a_lost_packet_is_one_gap():
    buffer = filled(1, 2, 4, 5)
    assert drain(buffer, 5) == [1, 2, None, 4, 5]
    assert buffer.counts.lost == 1


def test_late_and_doubled_packets_are_not_played_twice():
    buffer = filled(1, 2, 4)
    assert drain(buffer, 4) == [1, 2, None, 4]
    buffer.push(3, 1, frame(3))
    buffer.push(4, 1, frame(4))
    buffer.push(5, 1, frame(5))
    assert drain(buffer, 2) == [5, None]
    assert buffer.counts.late == 2


def test_a_pause_of_the_sender_loses_nothing():
    buffer = filled(1, 2)
    assert drain(buffer, 6) == [1, 2, None, None, None, None]
    buffer.push(3, 1, frame(3))
    assert drain(buffer, 1) == [3]


def test_packets_of_other_lengths():
    buffer = JitterBuffer()
    for n in range(4):
        buffer.push(n, 1, bytes([n]) * 240)  # 30 ms
    frames = [buffer.pop() for _ in range(6)]
    assert b"".join(frames) == b"".join(bytes([n]) * 240 for n in range(4))


def test_another_source_or_a_jump_begins_anew():
    buffer = filled(1, 2, 3)
    buffer.push(40000, 1, frame(7))
    buffer.push(40001, 1, frame(8))
    assert drain(buffer, 2) == [7, 8]
    for n in range(SWITCH_PACKETS):
        buffer.push(5 + n, 2, frame(9 + n))
    assert drain(buffer, 3) == [9, 10, 11], "the new stream from its beginning"
    assert buffer.counts.resyncs == 2


def test_of_two_streams_at_once_the_first_is_played():
    buffer, played = filled(1, 2), []
    for n in range(3, 40):
        buffer.push(n, 1, frame(n))
        buffer.push(500 + n, 2, frame(200))
        played += drain(buffer, 1)
    assert played == list(range(1, 38))
    assert buffer.unplayable() == {DeafCause.SEVERAL_STREAMS: 37, DeafCause.OUT_OF_STEP: 0}
    assert buffer.unplayable() == {DeafCause.SEVERAL_STREAMS: 0, DeafCause.OUT_OF_STEP: 0}, "told once"


def test_delay_that_piled_up_is_given_back():
    buffer = filled(*range(10))
    for n in range(10, 10 + 8 * SHRINK_FRAMES):
        buffer.push(n, 1, frame(n))
        buffer.pop()
    assert len(buffer) <= START_PACKETS + 1
    assert buffer.counts.dropped >= 6


@given(
    st.lists(
        st.tuples(st.integers(0, 65535), st.integers(1, 2), st.binary(max_size=400), st.booleans()), max_size=80
    )
)
def test_bounded_and_whole_frames_whatever_comes(pushes):
    buffer = JitterBuffer()
    for sequence, ssrc, payload, pop in pushes:
        buffer.push(sequence, ssrc, payload)
        assert len(buffer) <= MAX_PACKETS
        if pop:
            popped = buffer.pop()
            assert popped is None or len(popped) == 160


@given(st.permutations(range(20)))
def test_reordering_within_the_buffer_is_never_heard(order):
    buffer = filled(*(1000 + n for n in order))
    assert drain(buffer, 20) == [(1000 + n) % 256 for n in range(20)]
