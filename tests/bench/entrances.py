"""Whole spoken calls at both entrances of a real `screener serve`, beside the same calls as text.

- *in path*: a machine answers; the caller speaks after the greeting, a REFER says where they went;
- *beside*: caller and agent talk, on two listening legs (the event socket of tests/freeswitch); a `uuid_transfer`
  says that the caller was moved.

Both parties may be on a line with noise and losses (tests/bench/line.py).
"""

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from screener.core.evidence import Reason, Verdict
from screener.core.flow import Flow
from screener.core.judgement import Judgement
from screener.events import SAMPLE_RATE, Speaker
from screener.events import Caller as Known
from screener.replay.run import RecordedCall, Replayer, Turn
from screener.resources import audio_folder
from screener.sip.message import respond
from screener.speech.pinyin import initials_and_finals, syllables
from screener.store.log import open_log
from screener.store.records import CallRecord
from screener.training.acts.measure import load_no_recogniser
from tests.bench.line import PhoneLine
from tests.bench.live import in_office_hours
from tests.bench.people import distance
from tests.bench.site import site
from tests.core.helpers import Line, offer
from tests.freeswitch.peer import Freeswitch, hung_up, queued
from tests.pbx.voices import samples
from tests.sip.caller import Caller, in_background

BETWEEN_TURNS = 0.7
PATIENCE = 6.0
SECOND = 2 * SAMPLE_RATE
"""Bytes of a second."""
LOG_SECONDS = 15.0
"""The log is written so long after the last call, at most."""
HANG_UP_SECONDS = 5.0
IN_PATH, BESIDE = "in-path", "beside"
FIRST_NUMBER = {IN_PATH: 13900000000, BESIDE: 13910000000}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call with what its parties say, turn by turn: 16-bit samples at 8 kHz, whole frames."""

    id: str
    label: str
    is_harassment: bool
    turns: tuple[Turn, ...]
    sounds: tuple[bytes, ...]
    between: float = BETWEEN_TURNS

    @property
    def _pause(self) -> bytes:
        return bytes(round(self.between * SECOND) // 320 * 320)

    def track(self, speaker: Speaker) -> bytes:
        """One party's voice over the whole call."""
        said = zip(self.turns, self.sounds, strict=True)
        return b"".join((pcm if t.speaker is speaker else bytes(len(pcm))) + self._pause for t, pcm in said)

    def alone(self) -> bytes:
        """What the caller says, without the agent."""
        said = zip(self.turns, self.sounds, strict=True)
        return self._pause.join(pcm for t, pcm in said if t.speaker is Speaker.CALLER)

    def ends(self, *, alone: bool) -> list[float]:
        """When each turn of the caller ends, seconds."""
        at, found = 0.0, []
        for turn, pcm in zip(self.turns, self.sounds, strict=True):
            if alone and turn.speaker is not Speaker.CALLER:
                continue
            at += len(pcm) / SECOND
            if turn.speaker is Speaker.CALLER:
                found.append(at)
            at += self.between
        return found


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a caller went; `after` is seconds from the end of the turn that was being said or was said last."""

    target: str
    after: float = 0.0

    @property
    def flagged(self) -> bool:
        return self.target == "analysis"


def since(ends: Sequence[float], at: float, between: float) -> float:
    """Seconds from the end of the turn that began last before `at`."""
    begun = [0.0, *(end + between for end in ends[:-1])]
    return at - max((end for begin, end in zip(begun, ends, strict=True) if begin <= at), default=0.0)


def speak(caller: Caller, pcm: bytes, line: PhoneLine, seed: str) -> None:
    """Say it on a line, as far as the call goes."""
    with contextlib.suppress(OSError):  # the call is over
        caller.speak(line.noisy(pcm), lost=line.lost(seed))


def in_path(port: int, number: int, spoken: Spoken, line: PhoneLine) -> Moved:
    """Call a machine, hear its greeting out, and say everything."""
    greeting = len(samples(audio_folder() / "greeting.wav"))
    caller = Caller(port, number=str(FIRST_NUMBER[IN_PATH] + number))
    try:
        caller.call()
        talk = bytes(greeting) + spoken.alone() + bytes(round(SECOND * PATIENCE))
        greeted = time.monotonic() + greeting / SECOND
        speech = in_background(lambda: speak(caller, talk, line, spoken.id))
        caller.sip.settimeout(len(talk) / SECOND)
        try:
            refer = caller.wait_request("REFER")
        except TimeoutError:
            caller.sip.settimeout(HANG_UP_SECONDS)
            with contextlib.suppress(TimeoutError):
                caller.hang_up()
            return Moved("")
        after = time.monotonic() - greeted
        caller.moved(refer)
        with contextlib.suppress(TimeoutError):
            caller.send(respond(caller.wait_request("BYE"), 200))
    finally:
        caller.close()
    speech.join()
    target = refer.headers.get("Refer-To").partition("sip:")[2].partition("@")[0]
    return Moved(target, since(spoken.ends(alone=True), after, spoken.between))


class Beside:
    """The agents' phone system: tells of calls, dials the legs, and notes who is moved."""

    def __init__(self, peer: Freeswitch, line: PhoneLine) -> None:
        self.port = 0
        self._peer, self._line = peer, line
        self._legs: dict[str, Caller] = {}
        self._moved: dict[str, float] = {}
        self._changed = threading.Condition()
        peer.answer = self._answer

    def _answer(self, command: str) -> str:
        name, _, what = command.partition(" ")
        if name == "uuid_transfer":
            with self._changed:
                self._moved[what.split()[0]] = time.monotonic()
            return "+OK\n"
        leg = Caller(self.port, dialled=what.partition("sofia/gateway/screener/")[2].partition(" ")[0])
        answered = leg.call().status == 200
        with self._changed:
            self._legs[what.partition("&eavesdrop(")[2].rstrip(")")] = leg
            self._changed.notify_all()
        return "+OK 1f2e\n" if answered else "-ERR CALL_REJECTED\n"

    def call(self, number: int, spoken: Spoken) -> Moved:
        """A caller and an agent talk."""
        ids = {Speaker.CALLER: f"caller-{number}", Speaker.AGENT: f"agent-{number}"}
        self._peer.happen(queued(ids[Speaker.CALLER], ids[Speaker.AGENT], str(FIRST_NUMBER[BESIDE] + number)))
        with self._changed:
            if not self._changed.wait_for(lambda: all(id_ in self._legs for id_ in ids.values()), 15):
                return Moved("no legs")
            legs = {speaker: self._legs[id_] for speaker, id_ in ids.items()}
        begun = time.monotonic()
        quiet = bytes(round(SECOND * PATIENCE))
        said = [
            in_background(lambda s=s, leg=leg: speak(leg, spoken.track(s) + quiet, self._line, f"{spoken.id} {s}"))
            for s, leg in legs.items()
        ]
        for speech in said:
            speech.join()
        self._peer.happen(hung_up(ids[Speaker.CALLER]))
        for leg in legs.values():
            leg.close()
        at = self._moved.get(ids[Speaker.CALLER])
        return Moved("analysis", since(spoken.ends(alone=False), at - begun, spoken.between)) if at else Moved("")


def as_text(where: str, spoken: Spoken, judgement: Judgement) -> bool:
    """Whether the same caller, perfectly heard, is treated while the call lasts."""
    if where == BESIDE:
        replayer = Replayer(judgement, Flow(), ZoneInfo("UTC"), lambda _: Known(), syllables, load_no_recogniser)
        decision = replayer.replay(RecordedCall(spoken.id, turns=spoken.turns)).decision
        return decision.verdict is Verdict.HARASSMENT and not decision.reason.startswith(Reason.AFTERWARDS)
    line = Line(Flow(), judgement=judgement, offered=offer()).begin().wait(3)
    for turn in spoken.turns:
        if turn.speaker is Speaker.CALLER and line.up and line.listening:
            line.say(turn.text).wait(spoken.between)
    line.wait(PATIENCE)
    return bool(line.treated)


def through(
    calls: Mapping[str, Sequence[Spoken]],
    judgement: Judgement,
    speech: str,
    rest: str,
    at_once: int,
    words: bool,
    line: PhoneLine,
) -> None:
    """Place the calls of each entrance, and print what came of them.

    Args:
        calls: by entrance.
        judgement: the one of the service; for the calls as text.
        speech, rest: lines of its settings.
        at_once: so many calls.
        words: print the words of each call that came out otherwise than as text.
        line: that both parties are on.
    """
    peer = Freeswitch()
    beside = Beside(peer, line)
    rest = (
        f"analysis = 'sip:analysis@127.0.0.1:5070'\n[site]\ntimezone = '{in_office_hours()}'\n"
        f"[freeswitch]\nhost = '127.0.0.1'\nport = {peer.port}\npassword = 'ClueCon'\n{rest}"
    )
    with (
        site(flow="queue_on_pbx = true", speech=speech, rest=rest) as running,
        ThreadPoolExecutor(at_once) as callers,
    ):
        beside.port = running.port
        ways: dict[str, Callable[[int, Spoken], Moved]] = {
            IN_PATH: lambda number, spoken: in_path(running.port, number, spoken, line),
            BESIDE: beside.call,
        }
        for where, spoken in calls.items():
            asked = [callers.submit(ways[where], number, s) for number, s in enumerate(spoken)]
            moved = [a.result() for a in asked]
            text = [as_text(where, s, judgement) for s in spoken]
            report(where, spoken, moved, text, logged(running.folder, where, len(spoken)), words)
    peer.close()


def logged(folder: Path, where: str, calls: int) -> list[CallRecord | None]:
    """What the log has of each call; None of one that it lacks."""
    log = open_log(f"sqlite:///{folder / 'screener.db'}", read_only=True)
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        found = {int(r.number[-11:]) - FIRST_NUMBER[where]: r for r in log.calls(limit=None) if r.number}
        kept = [found.get(number) for number in range(calls)]
        if all(r and r.is_over for r in kept) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    records = [log.call(r.id) if r else None for r in kept]
    log.close()
    return records


def report(
    where: str,
    spoken: Sequence[Spoken],
    moved: Sequence[Moved],
    text: Sequence[bool],
    records: Sequence[CallRecord | None],
    words: bool,
) -> None:
    """Recall, false flags, times and wrong syllables, beside the same calls as text."""
    rows = list(zip(spoken, moved, text, strict=True))
    for harassing in (True, False):
        side = [(m, t) for s, m, t in rows if s.is_harassment is harassing]
        print(
            f"{where:8} {'harassing' if harassing else 'others':10} {len(side):3} calls: "
            f"flagged {sum(m.flagged for m, _ in side):3}, as text {sum(t for _, t in side):3}"
        )
    after = sorted(m.after for s, m, _ in rows if m.flagged and s.is_harassment)
    if after:
        p95 = after[min(len(after) - 1, round(0.95 * len(after)))]
        print(f"  from the end of the turn to the move: p50 {statistics.median(after):.2f} s, p95 {p95:.2f} s")
    for speaker in Speaker:
        counts = [
            misheard(s, r, speaker, cut=bool(m.target))
            for s, m, r in zip(spoken, moved, records, strict=True)
            if r
        ]
        wrong, said = sum(w for w, _ in counts), sum(n for _, n in counts)
        if said and (where == BESIDE or speaker is Speaker.CALLER):
            print(f"  {speaker}: {wrong} of {said} syllables wrong ({wrong / said:.1%})")
    for (s, m, t), record in zip(rows, records, strict=True):
        if m.flagged is not t or m.target == "no legs":
            print(f"  {s.id} {s.label}: {m.target or 'nowhere'}, as text {'flagged' if t else 'not'}")
            if words:
                print(*wording(s, record), sep="\n")


def misheard(spoken: Spoken, record: CallRecord, speaker: Speaker, *, cut: bool) -> tuple[int, int]:
    """Syllables of a party that are wrong, of those said; of a call that was `cut` as far as it was heard."""
    heard = tuple(s for part in record.segments if part.speaker is speaker for s in spelled(part.text))
    said = tuple(s for turn in spoken.turns if turn.speaker is speaker for s in spelled(turn.text))
    ends = range(len(said) + 1) if cut else (len(said),)
    return min(((distance(heard, said[:end]), end) for end in ends), key=lambda row: (row[0], -row[1]))


def spelled(text: str) -> tuple[str, ...]:
    """Toneless syllables, read as from pinyin without marks between them: the log has no other."""
    return syllables("".join(initials_and_finals(text)))


def wording(spoken: Spoken, record: CallRecord | None) -> Iterator[str]:
    """What was said, and what was heard."""
    for turn in spoken.turns:
        yield f"    said  {turn.speaker:6} {turn.text}"
    for part in record.segments if record else ():
        yield f"    heard {part.speaker:6} {part.start:5.1f} {part.text}"
    for e in record.evidence if record else ():
        yield f"      {e.at:5.1f} {e.weight:+.1f} {e.rule}"
    for d in record.decisions if record else ():
        yield f"      {d.at:5.1f} score {d.score:+.1f} of {d.threshold:.1f}: {d.verdict}, {d.reason}"
