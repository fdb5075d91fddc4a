"""The pool with real processes and fake recognisers: what they do stands in the audio."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from screener.errors import ModelError
from screener.events import Cue, RecognizerLost, Speaker, Transcript
from screener.speech import pool as pool_module
from screener.speech import wire
from screener.speech.pool import Loss, RecognizerPool
from screener.speech.slot import Slot
from screener.speech.voice import Voice
from screener.speech.wire import RecordKind
from screener.speech.worker import NICE, Worker
from tests.speech import fakes
from tests.speech.fakes import CRASH, HANG, KILL, NAP, QUIET, RAISE, SAY, SLOW, frame
from tests.waiting import ENOUGH, WAIT, wait_for

ROOT = Path(__file__).parents[2]

Results = queue.Queue[tuple[str, Speaker, Transcript | Cue | RecognizerLost]]
MakePool = Callable[..., tuple[RecognizerPool, Results]]


@pytest.fixture(autouse=True)
def _tests_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def make() -> Iterator[MakePool]:
    pools: list[RecognizerPool] = []

    def make(
        processes: int = 1, queue_seconds: float = WAIT, loader: Callable[[], fakes.FakeModel] = fakes.load
    ) -> tuple[RecognizerPool, Results]:
        results: Results = queue.Queue()
        pool = RecognizerPool(loader, processes, queue_seconds, lambda *told: results.put(told))
        pools.append(pool)
        return pool, results

    yield make
    for pool in pools:
        pool.stop()


def feed(voice: Voice, letters: bytes, start: float = 0.0) -> float:
    """One frame a letter; the time after the last."""
    for number, letter in enumerate(letters):
        voice.feed(frame(bytes((letter,))), start + number * 0.02)
    return start + len(letters) * 0.02


def speak_until(results: Results, voice: Voice, at: float) -> Transcript:
    """Go on saying things, frame by frame, until one of them is heard."""
    deadline = time.monotonic() + ENOUGH
    while time.monotonic() < deadline:
        at = feed(voice, SAY, at)
        time.sleep(0.02)
        while not results.empty():
            _, _, result = results.get()
            if isinstance(result, Transcript):
                return result
    raise AssertionError("nothing is heard")


def lost(results: Results) -> None:
    """Wait until somebody is not heard any more."""
    while not isinstance(results.get(timeout=WAIT)[2], RecognizerLost):
        pass


def children() -> set[int]:
    """Processes that are ours."""
    found: set[int] = set()
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found |= {int(pid) for pid in path.read_text().split()}
    return found


def test_every_frame_of_every_voice_is_heard_in_order(make: MakePool) -> None:
    pool, results = make(processes=2)
    voices = [pool.open(f"call{n}", Speaker.CALLER) for n in range(40)]
    wait_for(lambda: pool.voices == 40, what="a place for each, before any is behind")
    for n in range(33):
        for voice in voices:
            voice.feed(frame(), n * 0.02)
    for voice in voices:
        pool.close(voice)
    ends = {call: result for call, _, result in (results.get(timeout=WAIT) for _ in voices)}
    assert set(ends) == {f"call{n}" for n in range(40)}
    assert all(isinstance(e, Transcript) and e.text == "end after 0.66" for e in ends.values())


def test_words_come_while_the_call_goes_on_and_say_whose_they_are(make: MakePool) -> None:
    pool, results = make()
    feed(pool.open("a", Speaker.AGENT), QUIET * 3 + SAY + QUIET)
    call, speaker, told = results.get(timeout=WAIT)
    assert (call, speaker) == ("a", Speaker.AGENT)
    assert isinstance(told, Transcript)
    assert told.end == pytest.approx(0.06)


def heard_by_a_worker(said: list[wire.Record], words: int) -> list[wire.Record]:
    """What a worker says of these, which it finds all at once, until it has said so many words."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    hearing = threading.Thread(target=Worker(theirs, fakes.load()).run)
    found: list[wire.Record] = []
    with ours, theirs:
        ours.settimeout(WAIT)
        ours.send(b"".join(record.serialize() for record in said))
        hearing.start()
        while sum(record.kind is RecordKind.WORDS for record in found) < words:
            found += wire.parse(ours.recv(wire.PACKET_BYTES))
        ours.shutdown(socket.SHUT_WR)
        hearing.join(WAIT)
    return found


def test_who_calls_is_heard_before_the_agent_who_spoke_first() -> None:
    said = [wire.opened(1, Speaker.AGENT), wire.opened(2, Speaker.CALLER), wire.opened(3, Speaker.CALLER)]
    said += [wire.audio(number, 0.0, frame(SAY)) for number in (1, 2, 3)]
    found = heard_by_a_worker(said, 3)
    assert [record.stream for record in found if record.kind is RecordKind.WORDS] == [2, 3, 1]


def test_what_is_left_out_counts_as_heard_and_is_not() -> None:
    said = [wire.opened(1, Speaker.AGENT), wire.audio(1, 0.0, frame(SAY) * 5), wire.Record(RecordKind.SKIP, 1)]
    found = heard_by_a_worker([*said, wire.audio(1, 0.1, frame(SAY))], 1)
    assert [wire.done_of(record.content) for record in found if record.kind is RecordKind.DONE] == [5]
    (told,) = (record.content for record in found if record.kind is RecordKind.WORDS)
    assert wire.words_of(told).end == pytest.approx(0.1)


def test_what_hears_gives_way_to_what_carries_the_calls(make: MakePool) -> None:
    before = children()
    make()
    (process,) = children() - before
    assert os.getpriority(os.PRIO_PROCESS, process) == os.getpriority(os.PRIO_PROCESS, 0) + NICE


def test_a_pause_in_audio_time_is_not_joined(make: MakePool) -> None:
    pool, results = make()
    voice = pool.open("a", Speaker.CALLER)
    feed(voice, QUIET * 3)
    feed(voice, SAY * 2, 7.0)
    told = [results.get(timeout=WAIT)[2] for _ in range(2)]
    assert [t.at for t in told] == [pytest.approx(7.0), pytest.approx(7.02)]


def test_a_voice_that_is_closed_before_a_word_still_ends(make: MakePool) -> None:
    pool, results = make()
    pool.close(pool.open("a", Speaker.CALLER))
    call, _, end = results.get(timeout=WAIT)
    assert isinstance(end, Transcript)
    assert (call, end.text) == ("a", "end after 0.00")
    wait_for(lambda: not any(slot.voices for slot in pool._slots), what="its place is free")


def test_a_voice_for_which_no_recogniser_can_be_opened_is_lost(make: MakePool) -> None:
    pool, results = make(loader=fakes.load_callers_only)
    agent, caller = pool.open("a", Speaker.AGENT), pool.open("a", Speaker.CALLER)
    call, speaker, lost = results.get(timeout=WAIT)
    assert isinstance(lost, RecognizerLost)
    assert (call, speaker) == ("a", Speaker.AGENT)
    assert "no memory" in lost.reason
    feed(agent, SAY * 5)
    assert speak_until(results, caller, 0.0).speaker is Speaker.CALLER, "the other voice of the call goes on"
    assert pool.counts.lost == {Loss.FAILURE: 1}


def test_a_voice_that_is_further_behind_than_its_bound_is_lost_for_good(make: MakePool) -> None:
    pool, results = make(queue_seconds=3.0)
    late, other = pool.open("late", Speaker.CALLER), pool.open("other", Speaker.CALLER)
    at = feed(late, QUIET * 500)  # at once: whenever the pool looks, half of it is more than the bound
    call, _, lost = results.get(timeout=WAIT)
    assert isinstance(lost, RecognizerLost)
    assert (call, lost.reason) == ("late", "more than 3 s behind")
    feed(late, SAY * 20, at)
    feed(other, SAY * 5)
    pool.close(other)
    assert [results.get(timeout=WAIT)[0] for _ in range(5 + 1)] == ["other"] * 6, "its words, and its end"
    assert results.empty()
    assert (pool.counts.lost, pool.counts.restarts) == ({Loss.BEHIND: 1}, 0)


def test_a_failing_recogniser_is_lost_once_and_the_others_go_on(make: MakePool) -> None:
    pool, results = make()
    bad, good = pool.open("bad", Speaker.CALLER), pool.open("good", Speaker.CALLER)
    feed(bad, RAISE * 5)
    call, _, lost = results.get(timeout=WAIT)
    assert call == "bad"
    assert isinstance(lost, RecognizerLost)
    assert "broken" in lost.reason
    feed(bad, SAY * 50, 0.1)
    pool.close(bad)
    feed(good, QUIET * 10)
    pool.close(good)
    call, _, end = results.get(timeout=WAIT)
    assert (call, type(end)) == ("good", Transcript)
    assert results.empty()
    assert pool.counts.lost == {Loss.FAILURE: 1}


@pytest.mark.parametrize("how", [KILL, CRASH])
def test_who_was_heard_by_a_process_that_died_is_lost_and_heard_again(
    make: MakePool, how: bytes, tmp_path: Path
) -> None:
    pool, results = make(loader=partial(fakes.load_at_most, 1, tmp_path))
    voice = pool.open("a", Speaker.CALLER)
    feed(voice, SAY + QUIET * 4)
    first = results.get(timeout=WAIT)[2]
    assert isinstance(first, Transcript)
    at = feed(voice, how + QUIET * 4, 0.1)
    _, _, lost = results.get(timeout=WAIT)
    assert isinstance(lost, RecognizerLost)
    assert "SIG" in lost.reason
    assert not voice.caught_up
    (tmp_path / "open").touch()
    again = speak_until(results, voice, at)
    assert again.utterance > first.utterance, "utterances count on"
    wait_for(lambda: voice.caught_up, what="caught up")
    assert (pool.counts.restarts, pool.counts.heard_again) == (1, 1)


def test_the_voices_of_the_other_process_notice_nothing(make: MakePool) -> None:
    pool, results = make(processes=2)
    voices = [pool.open(f"call{n}", Speaker.CALLER) for n in range(4)]
    for voice in voices:
        feed(voice, SAY + QUIET * 4)
    for _ in voices:
        results.get(timeout=WAIT)
    feed(voices[0], KILL * 5, 0.1)
    lost = {results.get(timeout=WAIT)[0] for _ in range(2)}
    assert len(lost) == 2, "two voices a process"
    heard = next(v for v in voices if v.call_id not in lost)
    feed(heard, SAY * 5, 0.1)
    call, _, told = results.get(timeout=WAIT)
    assert (call, type(told)) == (heard.call_id, Transcript)


def test_a_voice_closed_after_the_crash_is_not_heard_again(make: MakePool, tmp_path: Path) -> None:
    pool, results = make(loader=partial(fakes.load_at_most, 1, tmp_path))
    voice = pool.open("a", Speaker.CALLER)
    feed(voice, KILL * 5)
    assert isinstance(results.get(timeout=WAIT)[2], RecognizerLost)
    pool.close(voice)
    wait_for(lambda: not pool.voices, what="its end")
    (tmp_path / "open").touch()
    other = pool.open("b", Speaker.CALLER)
    assert speak_until(results, other, 0.0).text == "said"
    assert pool.counts.heard_again == 0


def test_who_comes_while_a_process_starts_loses_nothing(make: MakePool, tmp_path: Path) -> None:
    pool, results = make(loader=partial(fakes.load_at_most, 1, tmp_path))
    feed(pool.open("a", Speaker.CALLER), KILL * 5)
    assert isinstance(results.get(timeout=WAIT)[2], RecognizerLost)
    late = pool.open("late", Speaker.CALLER)
    feed(late, SAY + QUIET * 9)
    wait_for(lambda: pool.voices == 2, what="a place for who is late")
    (tmp_path / "open").touch()
    call, _, told = results.get(timeout=WAIT)
    assert call == "late"
    assert told.at == pytest.approx(0.0)


def test_a_voice_that_kills_again_and_again_is_given_up(make: MakePool) -> None:
    pool, results = make(queue_seconds=WAIT)  # the process may take long to come back
    voice, at = pool.open("a", Speaker.CALLER), 0.0
    deadline = time.monotonic() + WAIT
    while pool.counts.restarts < pool_module.CRASHES and time.monotonic() < deadline:
        at = feed(voice, KILL, at)
        time.sleep(0.01)
    other = pool.open("b", Speaker.CALLER)
    assert speak_until(results, other, 0.0).text == "said"
    feed(voice, KILL * 20, at)
    assert speak_until(results, other, 60.0).text == "said"
    assert pool.counts.restarts == pool_module.CRASHES
    assert pool.counts.lost[Loss.CRASH] == pool_module.CRASHES


def test_a_process_that_hangs_is_put_down(make: MakePool) -> None:
    others = children()
    pool, results = make(queue_seconds=1.0)
    before = children() - others
    assert before
    voice = pool.open("a", Speaker.CALLER)
    feed(voice, HANG * 5)
    lost = results.get(timeout=WAIT)[2]
    assert isinstance(lost, RecognizerLost)
    assert lost.at == pytest.approx(0.08), "in audio time, at its newest frame"
    pool._queue_seconds = WAIT  # whoever comes next may be as slow as the machine
    assert speak_until(results, voice, 0.2).text == "said"
    wait_for(lambda: not before & children(), what="end of the process that hung")


def test_the_newest_call_is_given_up_when_a_process_cannot_keep_up(make: MakePool) -> None:
    pool, results = make(queue_seconds=6.0)
    old, new = pool.open("old", Speaker.CALLER), pool.open("new", Speaker.CALLER)
    began, fed = time.monotonic(), 0
    while results.empty() and time.monotonic() < began + WAIT:  # in real time, and each takes all of it
        while fed < (time.monotonic() - began) / 0.02:
            for voice in (old, new):
                voice.feed(frame(SLOW), fed * 0.02)
            fed += 1
        time.sleep(0.02)
    call, _, lost = results.get(timeout=WAIT)
    assert call == "new"
    assert isinstance(lost, RecognizerLost)
    assert pool.counts.lost == {Loss.FULL: 1}
    feed(old, HANG * 50, fed * 0.02)
    wait_for(lambda: not pool._slots[0].has_time(Speaker.CALLER), what="an old one who stays late")
    agent = pool.open("new", Speaker.AGENT)
    assert isinstance(results.get(timeout=WAIT)[2], RecognizerLost), "nor is the other voice of that call heard"
    assert agent.is_lost
    pool.open("third", Speaker.CALLER)
    call, _, lost = results.get(timeout=WAIT)
    assert (call, type(lost)) == ("third", RecognizerLost), "there is no room while the old one is late"


def test_agents_give_way_before_any_caller(make: MakePool) -> None:
    pool, results = make(queue_seconds=3.0)
    agents = [pool.open(call, Speaker.AGENT) for call in ("old", "new")]
    caller, beside_new = (pool.open(call, Speaker.CALLER) for call in ("old", "new"))
    began, fed = time.monotonic(), 0
    while not pool.counts.lost and time.monotonic() < began + WAIT:
        while fed < (time.monotonic() - began) / 0.02:  # in real time, and each agent takes all of it
            for agent in agents:
                agent.feed(frame(NAP), fed * 0.02)
            caller.feed(frame(SAY if fed % 25 == 0 else QUIET), fed * 0.02)
            beside_new.feed(frame(QUIET), fed * 0.02)
            fed += 1
        time.sleep(0.02)
    told = results.get(timeout=WAIT)
    while not isinstance(told[2], RecognizerLost):
        assert told[:2] == ("old", Speaker.CALLER), "who is heard meanwhile"
        told = results.get(timeout=WAIT)
    assert told[:2] == ("new", Speaker.AGENT), "the newest"
    assert not (caller.is_lost or beside_new.is_lost)
    late = pool.open("third", Speaker.AGENT)
    wait_for(lambda: caller.behind < 0.1, what="a caller who is heard to the end")
    third = pool.open("third", Speaker.CALLER)
    assert speak_until(results, third, 0.0).speaker is Speaker.CALLER, "there is room for callers"
    assert late.is_lost
    assert not third.is_lost
    assert set(pool.counts.lost) == {Loss.FULL}


def test_of_an_agent_who_is_too_far_behind_what_waits_is_left_out(make: MakePool) -> None:
    pool, results = make(queue_seconds=3.0)
    agent = pool.open("a", Speaker.AGENT)
    at = feed(agent, QUIET * 500)  # at once: whenever the pool looks, more than the bound waits
    wait_for(lambda: pool.counts.left_out, what="seconds that are left out")
    wait_for(lambda: agent.behind < 1.0, what="an agent who has caught up")
    assert speak_until(results, agent, at).speaker is Speaker.AGENT
    pool.close(agent)
    last = results.get(timeout=WAIT)[2]
    while not (isinstance(last, Transcript) and last.text.startswith("end after")):
        last = results.get(timeout=WAIT)[2]
    assert not agent.is_lost
    assert pool.counts.lost.total() == pool.counts.restarts == 0


def test_there_is_no_room_while_a_voice_is_half_a_second_behind() -> None:
    slot, caller, agent = Slot(0), Speaker.CALLER, Speaker.AGENT
    slot.voices[1] = Voice("a", caller, 3.0)
    for behind, room in ((0.4, True), (0.5, False), (0.1, True)):
        slot.behind[caller] = behind
        assert slot.has_time(caller) == slot.has_time(agent) == room
    slot.measure(10.0, 5.0, 0.0)
    slot.measure(20.0, 14.0, 7.0)  # busy for 90 % of the time, 70 % for callers
    assert not slot.has_time(caller), "nobody can give way"
    slot.measure(30.0, 23.0, 12.0)
    slot.behind[agent] = 2.0
    assert slot.has_time(caller), "an agent gives way"
    assert not slot.has_time(agent)
    slot.behind[caller] = 0.5
    assert not slot.has_time(caller)


def test_what_a_process_did_for_others_says_nothing_of_a_call_that_it_has_alone() -> None:
    slot = Slot(0)
    slot.measure(10.0, 0.0, 0.0)
    slot.measure(20.0, 9.0, 9.0)
    slot.behind[Speaker.CALLER] = 0.6
    slot.take(Voice("a", Speaker.CALLER, 3.0))
    assert slot.has_time(Speaker.AGENT), "nobody was heard until now"
    slot.measure(30.0, 18.0, 18.0)
    slot.take(Voice("a", Speaker.AGENT, 3.0))
    assert not slot.has_time(Speaker.AGENT)


@pytest.mark.parametrize(("worked", "first"), [(9.0, 0.5), (3.0, 1.5)])
def test_whoever_is_late_gives_way_one_after_the_other(worked: float, first: float) -> None:
    slot = Slot(0, ready=True)
    slot.measure(10.0, 0.0, 0.0)
    slot.measure(20.0, worked, 0.0)
    slot.behind |= {Speaker.CALLER: 0.7, Speaker.AGENT: 1.9}
    assert [slot.too_many(3.0, at) for at in (0.0, 9.0)] == [None, None], "not so late"
    slot.behind[Speaker.AGENT] = 2.0
    assert [at / 8 for at in range(80, 104) if slot.too_many(3.0, at / 8)] == [10.5, 11.0, 11.5, 12.0, 12.5]
    slot.behind[Speaker.CALLER] = 0.8
    late = [at / 8 for at in range(104, 128) if slot.too_many(3.0, at / 8) is Speaker.CALLER]
    assert late == [13.0 + first + n / 2 for n in range(len(late))], "counted from when callers are late"
    assert len(late) == (3.0 - first) * 2


def test_a_model_that_cannot_be_loaded_is_an_error_with_its_remedy(make: MakePool) -> None:
    with pytest.raises(ModelError, match="no such model — install one"):
        make(loader=fakes.load_nothing)
    with pytest.raises(ModelError, match="died while it loaded"):
        make(loader=fakes.die_loading)


def test_each_process_loads_its_model_once(
    make: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "SPARE_SECONDS", 0.0)
    before = children()
    pool, results = make(processes=2, loader=partial(fakes.load_noting, tmp_path))
    for n in range(6):
        feed(pool.open(f"call{n}", Speaker.CALLER), SAY * 5)
    for _ in range(6):
        results.get(timeout=WAIT)
    wait_for(lambda: len(list(tmp_path.iterdir())) == 3, what="two and the spare one")
    assert {int(path.name) for path in tmp_path.iterdir()} == children() - before


def test_the_spare_process_takes_over_at_once(
    make: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool_module, "SPARE_SECONDS", 0.0)
    pool, results = make(loader=partial(fakes.load_at_most, 2, tmp_path))
    wait_for(lambda: pool._spare.ready, what="the spare one")
    voice = pool.open("a", Speaker.CALLER)
    feed(voice, KILL * 5)
    assert isinstance(results.get(timeout=WAIT)[2], RecognizerLost)
    assert speak_until(results, voice, 0.2).text == "said"
    assert not pool._spare.ready, "it was heard before any other process had loaded"
    assert "1 voices are heard again" in caplog.text
    (tmp_path / "open").touch()
    wait_for(lambda: pool._spare.ready, what="another spare one")


def test_whose_process_and_spare_one_are_killed_together_is_heard_again(
    make: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "SPARE_SECONDS", 0.0)
    pool, results = make(loader=partial(fakes.load_noting, tmp_path))
    voice = pool.open("a", Speaker.CALLER)
    wait_for(lambda: pool._spare.ready, what="the spare one")
    assert speak_until(results, voice, 0.0).text == "said"
    before = pool._spare.process
    os.kill(pool._slots[0].process.pid, signal.SIGKILL)
    lost(results)
    wait_for(lambda: pool._spare.process is not before and pool._spare.ready, what="another spare one")
    results.maxsize = 1  # the pool's thread waits at the second word, and finds both dead
    feed(voice, SAY * 20, 60.0)
    wait_for(results.full, what="a word")
    for slot in (pool._slots[0], pool._spare):
        pid = slot.process.pid
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: not Path(f"/proc/{pid}/exe").exists(), what="its end")
    results.maxsize = 1000
    lost(results)
    assert speak_until(results, voice, 120.0).text == "said"


def test_stop_ends_every_process_and_the_thread() -> None:
    before, threads = children(), set(threading.enumerate())
    pool = RecognizerPool(fakes.load, 3, 3.0, lambda *_: None)
    assert len(children() - before) == 3
    assert set(threading.enumerate()) - threads
    pool.stop()
    assert children() <= before
    assert set(threading.enumerate()) <= threads


def test_a_service_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    program = """
        import sys, time
        from functools import partial
        from pathlib import Path
        from screener.events import Speaker
        from screener.speech.pool import RecognizerPool
        from tests.speech import fakes
        pool = RecognizerPool(partial(fakes.load_noting, Path(sys.argv[1])), 2, 60.0, lambda *_: None)
        voice = pool.open("a", Speaker.CALLER)
        for n in range(5):
            voice.feed(fakes.frame(fakes.HANG), n * 0.02)
        print("up", flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert service.stdout is not None
    assert service.stdout.readline() == b"up\n"
    time.sleep(0.3)  # one of them hangs by now
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert len(pids) == 2
    service.send_signal(signal.SIGKILL)
    service.wait()
    service.stdout.close()
    wait_for(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids), what="end of the processes")
