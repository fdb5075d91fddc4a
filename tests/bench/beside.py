"""Beside the agent, through a real Asterisk (root, see tests/pbx/setup), measured on the wire:

    python tests/bench/beside.py --calls 30        # end of the decisive word to the announcement at the caller
    python tests/bench/beside.py --before CHECKOUT # the same, each call there and here in turn; or several of them
    python tests/bench/beside.py --compare         # does anybody hear the listening legs?
    python tests/bench/beside.py --monitored 20    # so many calls of agents at once, each harassing after a while

Harassment: the last word of each sentence is the decisive one, and the packet with its last sample is its end
(tests/bench/live.py). The announcement's first sample is found by comparing what the caller was sent with the
recording. The agent talks meanwhile: a tone that never stops.
"""

import argparse
import audioop
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.events import FRAME_SECONDS, Speaker
from tests.bench.live import HARASSING, REQUESTS, Sentence, in_pairs, percentiles, sentences
from tests.bench.pbx_site import PbxSite, pbx_site
from tests.bench.site import Cost, machine
from tests.pbx.network import ASTERISK, CREW, PHONE, TRUNK, Packet, Wiretap
from tests.pbx.rig import BESIDE, Caller, missing
from tests.pbx.voices import SAME, place, prompt
from tests.waiting import wait_for

PAUSE = 3.0
"""Seconds that a caller is silent first: the agent answers meanwhile."""
PATIENCE = 12.0
SMALL_TALK = "喂你好", "你好", "听得到吗"
TURNS = 6
"""Sentences that each side says in a monitored call."""


def mulaw(*pcm: bytes) -> bytes:
    return audioop.lin2ulaw(b"".join(pcm), 2)


def silence(seconds: float) -> bytes:
    return bytes(round(seconds / FRAME_SECONDS) * 320)


def word_and_announcement(packets: list[Packet], port: int, sentence: Sentence) -> tuple[float, float | None]:
    """When a caller's decisive word ended, and when that caller was sent the announcement's first sample.

    Callers of one SIPp share a port: they are told apart by the PBX's, which stays that of the call.
    """
    spoken = [p for p in packets if p.source[0] == TRUNK and p.target == (ASTERISK, port) and p.is_pcmu]
    heard = [p for p in packets if p.target[0] == TRUNK and p.source == (ASTERISK, port) and p.is_pcmu]
    word = spoken[int((PAUSE + sentence.end) / FRAME_SECONDS)].at  # a caller may speak slower than real time
    after = [p for p in heard if p.at > word - 1]
    likeness, where = place(prompt("analysis_enter"), b"".join(p.data[12:] for p in after))
    if likeness < SAME:
        return word, None
    position = 0
    for packet in after:
        position += len(packet.data) - 12
        if position / 8000 > where:
            return word, packet.at
    return word, None


def announcement(calls: int, before: Sequence[Path]) -> None:
    """Each side has a network, an Asterisk with its own files and a phone of its own."""
    taken: dict[str, list[float | None]] = {}
    with contextlib.ExitStack() as stack:
        sites = {root.name: stack.enter_context(pbx_site(**of_checkout(root))) for root in before}
        sites["now"] = stack.enter_context(pbx_site())
        for number, sentence in enumerate(sentences(HARASSING, calls)):
            for name, site in sites.items():
                seconds = one_announcement(site, number, sentence)
                taken.setdefault(name, []).append(seconds)
                if seconds is None:
                    print(f"  {name}: not moved: {sentence.text}", flush=True)
    in_pairs("end of the decisive word to the announcement at the caller", taken)


def of_checkout(root: Path) -> dict[str, object]:
    """Options for the site of another checkout: its product, settings and dialplan."""
    files = (root / "deploy/asterisk").resolve()
    return {
        "asterisk": {file.name: file.read_text("utf-8") for file in files.glob("*.conf")},
        "shipped": files / "screener.toml",
        "env": {"PYTHONPATH": str(root.resolve())},
    }


def one_announcement(site: PbxSite, number: int, sentence: Sentence) -> float | None:
    """Seconds from the end of the decisive word; None where the caller was not moved."""
    tap = Wiretap(site.network)
    speech = mulaw(silence(PAUSE), sentence.pcm, silence(PATIENCE))
    began = time.monotonic()
    call = Caller(
        site.network, site.folder / f"call{number}", speech, number=f"1390000{number:04d}", dialled=BESIDE
    )
    site.phone.answer(10, since=began)
    with contextlib.suppress(AssertionError):
        site.phone.wait_event("CALL_CLOSED", PAUSE + sentence.end + PATIENCE, since=began)
        wait_for(partial(_hears_announcement, tap, call), PATIENCE, "announcement", every=0.5)
    (port,) = _ports(tap.packets)
    word, announced = word_and_announcement(tap.packets, port, sentence)
    call.stop()
    tap.stop()
    site.quiet()
    return None if announced is None else announced - word


def _ports(packets: list[Packet]) -> list[int]:
    """The PBX's ports that callers speak to."""
    return sorted({p.target[1] for p in packets if p.source[0] == TRUNK and p.is_pcmu})


def _spoken(packets: list[Packet]) -> list[int]:
    """How many packets each caller has sent."""
    return list(Counter(p.target[1] for p in packets if p.source[0] == TRUNK and p.is_pcmu).values())


def _hears_announcement(tap: Wiretap, call: Caller) -> bool:
    return place(prompt("analysis_enter"), tap.heard_by(TRUNK, call.ports))[0] > SAME


def compare() -> None:
    """The same genuine call with and without listening legs: what caller and agent are sent, byte by byte."""
    sentence = sentences(REQUESTS, 1)[0]
    speech = mulaw(silence(2), *[sentence.pcm, silence(1)] * 6)
    print("genuine call of 20 s         caller hears the agent                     agent hears the caller")
    for listening in (False, True):
        with pbx_site(screener=listening) as site:
            tap = Wiretap(site.network)
            began = time.monotonic()
            call = Caller(site.network, site.folder / "call", speech, dialled=BESIDE)
            site.phone.answer(10, since=began)
            time.sleep(20)
            legs = len([c for c in site.asterisk.legs("screener") if "ChanSpy" in c])
            site.phone.command("hangup")
            call.wait(10)
            tap.stop()
            # baresip's packets leave with whatever address the kernel picks: its ports tell them.
            agent = [p for p in tap.packets if 40000 <= p.source[1] < 40100 and p.is_pcmu]
            caller = [p for p in tap.packets if p.source[0] == TRUNK and p.is_pcmu]
            to_caller = [p for p in tap.packets if p.target[0] == TRUNK and p.is_pcmu]
            to_agent = [p for p in tap.packets if p.target[0] == PHONE and p.is_pcmu]
            print(f"{'with' if listening else 'without'} listening legs ({legs}): "
                  f"{_same(agent, to_caller)}   {_same(caller, to_agent)}")  # fmt: skip


def _same(sent: list[Packet], arrived: list[Packet]) -> str:
    """How the last 15 s that arrived compare with what was sent."""
    arrived = [p for p in arrived if p.at > arrived[-1].at - 15]
    sent = [p for p in sent if p.at > arrived[0].at - 2]
    a, b = (_pcm(packets) for packets in (sent, arrived))
    size = min(len(a), len(b)) - 8000
    total = 1 << (len(a) + size).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, total) * np.conj(np.fft.rfft(b[:size], total)), total)
    shift = int(product[: len(a) - size + 1].argmax())
    x, y = a[shift : shift + size], b[:size]
    correlation = float(np.corrcoef(x, y)[0, 1])
    level = 20 * np.log10(np.sqrt((y**2).mean()) / np.sqrt((x**2).mean()))
    gaps = np.diff([p.at for p in arrived]) * 1000
    lost = round((arrived[-1].at - arrived[0].at) / FRAME_SECONDS) + 1 - len(arrived)
    return (
        f"correlation {correlation:.6f} level {level:+.2f} dB largest difference {np.abs(x - y).max():5.0f} "
        f"gap p99 {np.percentile(gaps, 99):4.1f} ms missing packets {lost}"
    )


def _pcm(packets: list[Packet]) -> np.ndarray:
    return np.frombuffer(audioop.ulaw2lin(b"".join(p.data[12:] for p in packets), 2), np.int16).astype(np.float64)


def monitored(calls: int, most: int) -> None:
    """Many calls at once, each harassing once all are up; what everybody hears meanwhile is timed.

    Caller and agent talk in turn: whole sentences, silence in between.
    """
    sentence = sentences(HARASSING[:1], 1)[0]
    said = {Speaker.CALLER: sentences(SMALL_TALK, TURNS), Speaker.AGENT: sentences(REQUESTS, TURNS)}
    turn = 5.0
    caller = b"".join(s.pcm + silence(turn - s.end) for s in said[Speaker.CALLER])
    agent = mulaw(*(silence(turn / 2) + s.pcm + silence(turn / 2 - s.end) for s in said[Speaker.AGENT]))
    speech = mulaw(silence(PAUSE), caller, sentence.pcm, silence(PATIENCE))
    late = Sentence(sentence.text, caller + sentence.pcm)
    replaced = {'queues = ["agents"]': f'queues = ["agents"]\nmax_calls = {most}'}
    for screener in (False, True):
        with pbx_site(
            crew=calls, talk=agent, screener=screener, **({"replaced": replaced} if screener else {})
        ) as site:
            tap = Wiretap(site.network)
            load = Caller(
                site.network, site.folder / "calls", speech,
                dialled=BESIDE, calls=calls, rate=10, number="139000011[call_number]",
            )  # fmt: skip
            wait_for(lambda site=site: len(site.asterisk.legs("trunk")) == calls, 30, f"{calls} calls")
            time.sleep(4)
            before, began = Cost.of(site.screener.process.pid) if screener else None, time.monotonic()
            time.sleep(15)
            print(f"{calls} calls {'with' if screener else 'without'} a screener; {machine()}")
            gaps = _gaps([p for p in list(tap.packets) if p.at > began])
            print(f"  gap between packets to callers and agents: p50 {np.percentile(gaps, 50):.1f} p99 "
                  f"{np.percentile(gaps, 99):.1f} max {gaps.max():.1f} ms")  # fmt: skip
            if before:
                cost = Cost.of(site.screener.process.pid).since(before)
                listening = len([c for c in site.asterisk.legs("screener") if "ChanSpy" in c])
                print(f"  {most} calls allowed: {listening} listening legs, screener {cost:.2f} cores")
                needed = int((PAUSE + late.end + 4) / FRAME_SECONDS)
                while min(_spoken(tap.packets)) < needed:
                    time.sleep(1)
            tap.stop()
            load.stop()
            site.quiet()
            if before:
                times = [word_and_announcement(tap.packets, port, late) for port in _ports(tap.packets)]
                taken = [announced - word for word, announced in times if announced]
                print(percentiles("  end of the decisive word to the announcement", taken, calls))
                time.sleep(1)
                _transcripts(site, said)


def _transcripts(site: PbxSite, said: Mapping[Speaker, list[Sentence]]) -> None:
    from screener.store.log import open_log

    log = open_log("sqlite:///screener.db", site.screener.home)
    whole = [log.call(call.id) for call in log.calls(limit=None)]
    log.close()
    for speaker, spoken in said.items():
        texts = ["".join(s.text for s in call.segments if s.speaker is speaker) for call in whole]
        wanted = Counter(one.text for one in spoken)
        found = sum(min(text.count(words), wanted[words]) for text in texts for words in wanted)
        print(f"  log: {len(whole)} calls, {sum(bool(t) for t in texts)} with what the {speaker} said, "
              f"{found} of {len(whole) * len(spoken)} sentences word for word")  # fmt: skip
    text = site.screener.log
    for words in ("pbx.max_calls is reached", "nobody listens any more", "ERROR"):
        print(f"  log: {text.count(words)} lines with {words!r}")
    print(f"  log: {sum(call.verdict == 'harassment' for call in whole)} calls flagged")
    for call in (call for call in whole if call.verdict != "harassment"):
        print(f"    not: {call.verdict} {[s.text for s in call.segments if s.speaker is Speaker.CALLER]}")


def _gaps(packets: list[Packet]) -> np.ndarray:
    """Milliseconds between packets of one stream to a caller's or an agent's phone."""
    streams: dict[tuple[int, tuple[str, int]], list[float]] = {}
    for packet in packets:
        if packet.target[0] in (TRUNK, CREW) and packet.source[0] == ASTERISK and packet.is_pcmu:
            streams.setdefault((packet.source[1], packet.target), []).append(packet.at)
    return np.concatenate([np.diff(times) for times in streams.values()]) * 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=30)
    options.add_argument("--before", type=Path, nargs="+", default=[], help="other checkouts, called in turn")
    options.add_argument("--compare", action="store_true")
    options.add_argument("--monitored", type=int, default=0)
    options.add_argument("--most", type=int, default=20, help="pbx.max_calls of --monitored")
    chosen = options.parse_args()
    if reason := missing():
        raise SystemExit(reason)
    if chosen.compare:
        compare()
    elif chosen.monitored:
        monitored(chosen.monitored, chosen.most)
    else:
        announcement(chosen.calls, chosen.before)


if __name__ == "__main__":
    main()
