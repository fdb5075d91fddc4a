"""How fast a caller is moved, measured on the wire: `python tests/bench/time_to_refer.py [--calls 30] [--pbx]`.

Harassment: from the end of the decisive word to the REFER. Genuine callers: from the end of their first clear
request to the REFER, and from the answer to the REFER; with --pbx (root, see tests/pbx/setup) from the answer to
the INVITE that reaches the agent's phone, through a real Asterisk.

How the end of a word is known: every sentence is made so that its last word is the decisive one, and is cut so
that its last sample is the end of that word (tests/bench/live.py). The packet that carries this sample is sent at
a known time; that is the end of the word. A caller who is not recognised is counted and named: nothing is
left out.

The harassing caller speaks as soon as the call is answered, over the greeting; the genuine one hears the greeting
out, as people do. One call at a time. Without --pbx the PBX is a small caller on loopback that answers the REFER.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.events import FRAME_SECONDS
from screener.resources import audio_folder
from screener.sip.message import respond
from tests.bench.live import HARASSING, REQUESTS, Sentence, in_pairs, percentiles, sentences, serving
from tests.pbx.voices import samples
from tests.sip.caller import Caller, in_background

PATIENCE = 15.0
"""After so many seconds of silence a caller counts as not recognised."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One call that was moved: seconds from the end of the word, and from the answer; where to.

    `answered` is by the monotonic clock; 0 where it is not known.
    """

    from_word: float
    from_answer: float
    target: str
    answered: float = 0.0


def one_call(port: int, number: int, sentence: Sentence, pause: float) -> Moved | None:
    """Call, speak, wait for the REFER, and take the BYE that follows."""
    caller = Caller(port, number=f"1390000{number:04d}")
    try:
        caller.call()
        answered = time.monotonic()
        silence = bytes(round(pause / FRAME_SECONDS) * 320)
        speech = in_background(lambda: _speak(caller, silence + sentence.pcm + bytes(16000 * int(PATIENCE))))
        caller.sip.settimeout(pause + sentence.end + PATIENCE)
        try:
            refer = caller.wait_request("REFER")
        except TimeoutError:
            return None
        at = time.monotonic()
        word = answered + pause + int(sentence.end / FRAME_SECONDS) * FRAME_SECONDS
        caller.moved(refer)
        caller.send(respond(caller.wait_request("BYE"), 200))
        target = refer.headers.get("Refer-To").partition("sip:")[2].partition("@")[0]
    finally:
        caller.close()
    speech.join()
    return Moved(at - word, at - answered, target, answered)


def _speak(caller: Caller, pcm: bytes) -> None:
    with contextlib.suppress(OSError):  # the call is over
        caller.speak(pcm)


def through_asterisk(said: Sequence[Sentence], pause: float, folder: Path) -> list[Moved | None]:
    """The same calls from SIPp through Asterisk; every time is the wire's, `from_answer` the agent's INVITE's."""
    import audioop

    from tests.pbx import network as net
    from tests.pbx.rig import Asterisk, Phone, Screener, missing
    from tests.pbx.rig import Caller as Sipp

    if reason := missing():
        raise SystemExit(reason)
    moved: list[Moved | None] = []
    with contextlib.ExitStack() as stack:

        def keep(peer):
            stack.callback(peer.stop)
            return peer

        network = keep(net.Network())
        asterisk = keep(Asterisk(network, folder / "asterisk"))
        keep(Phone(network, folder / "phone"))
        keep(Screener(network, folder / "screener"))
        for name in ("agent1", "screener"):
            net.wait_for(lambda name=name: asterisk.contact(name), 10, f"registration of {name}")
        for number, sentence in enumerate(said):
            tap = net.Wiretap(network)
            pcm = bytes(round(pause / FRAME_SECONDS) * 320) + sentence.pcm + bytes(16000 * int(PATIENCE))
            call = Sipp(network, folder / f"call{number}", audioop.lin2ulaw(pcm, 2), number=f"1390000{number:04d}")
            with contextlib.suppress(AssertionError):
                net.wait_for(
                    partial(tap.sip, "INVITE ", target=net.PHONE),
                    pause + sentence.end + PATIENCE,
                    "call of the agent",
                )
            moved.append(_on_the_wire(tap, sentence, pause))
            call.stop()
            tap.stop()
            asterisk.rx("channel request hangup all")
            net.wait_for(lambda: not asterisk.channels(), 10, "quiet PBX")
    return moved


def _on_the_wire(tap, sentence: Sentence, pause: float) -> Moved | None:
    from tests.pbx.network import PHONE, SCREENER, TRUNK

    refers, rings = tap.sip("REFER ", source=SCREENER), tap.sip("INVITE ", target=PHONE)
    if not refers or not rings:
        return None
    answer = next(p.at for p in tap.sip("SIP/2.0 200", target=TRUNK) if b" INVITE\r\n" in p.data)
    spoke = next(p.at for p in tap.packets if p.source[0] == TRUNK and p.is_pcmu)
    word = spoke + pause + int(sentence.end / FRAME_SECONDS) * FRAME_SECONDS
    target = refers[0].data.partition(b"Refer-To: <sip:")[2].partition(b"@")[0].decode()
    return Moved(refers[0].at - word, rings[0].at - answer, target)


def report(what: str, said: Sequence[Sentence], moved: Sequence[Moved | None], target: str, rings: str) -> None:
    """Print both times of the calls that were moved where they belong, and name the others."""
    right = [m for m in moved if m is not None and m.target == target]
    print(percentiles(f"{what} to REFER", [m.from_word for m in right], len(moved)))
    if rings:
        print(percentiles(rings, [m.from_answer for m in right], len(moved)))
    wrong = [(s.text, m.target if m else "nowhere") for s, m in zip(said, moved, strict=True) if m not in right]
    for text, where in sorted(set(wrong)):
        print(f"  not so: {text} went to {where}")


def in_turn(ports: dict[str, int], lewd: Sequence[Sentence], genuine: Sequence[Sentence], greeting: float) -> None:
    """Each call at one service after another, without a pause: what disturbs, disturbs both."""
    for what, said, pause, target, first in (
        ("harassment: end of the decisive word", lewd, 0.0, "analysis", 0),
        ("genuine: end of the first clear request", genuine, greeting, "agents", 5000),
    ):
        taken: dict[str, list[float | None]] = {name: [] for name in ports}
        for number, sentence in enumerate(said):
            for name, port in ports.items():
                moved = one_call(port, first + number, sentence, pause)
                right = moved is not None and moved.target == target
                taken[name].append(moved.from_word if moved and right else None)
                if not right:
                    print(f"  {name}: {sentence.text} went to {moved.target if moved else 'nowhere'}")
        in_pairs(f"{what} to REFER", taken)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=30, help="of each kind")
    options.add_argument("--pbx", action="store_true", help="genuine callers through a real Asterisk")
    options.add_argument("--before", type=Path, nargs="+", help="other checkouts, called in turn with this one")
    options.add_argument("--second", default="", help="also with this second reader: a model's name or folder")
    chosen = options.parse_args()
    greeting = len(samples(audio_folder() / "greeting.wav")) / 16000
    lewd, genuine = sentences(HARASSING, chosen.calls), sentences(REQUESTS, chosen.calls)
    if chosen.before:
        with contextlib.ExitStack() as stack:
            ports = {root.name: stack.enter_context(serving(root=root.resolve()))[1] for root in chosen.before}
            ports["now"] = stack.enter_context(serving())[1]
            in_turn(ports, lewd, genuine, greeting)
        return
    if chosen.second:
        extra, flow = f'second = "{chosen.second}"\n', "second_seconds = 2.0"
        with serving() as (_, without), serving(extra, flow=flow) as (_, second):
            in_turn({"once": without, "twice": second}, lewd, genuine, greeting)
        return
    with serving() as (_, port):
        moved = [one_call(port, number, sentence, 0.0) for number, sentence in enumerate(lewd)]
        report("harassment: end of the decisive word", lewd, moved, "analysis", "")
        if not chosen.pbx:
            moved = [one_call(port, 5000 + n, sentence, greeting) for n, sentence in enumerate(genuine)]
    rings = "genuine: answer to REFER"
    if chosen.pbx:
        rings = "genuine: answer to the INVITE at the agent's phone"
        with tempfile.TemporaryDirectory() as folder:
            moved = through_asterisk(genuine, greeting, Path(folder))
    report("genuine: end of the first clear request", genuine, moved, "agents", rings)
    spoken = sum(sentence.end for sentence in genuine) / len(genuine)
    print(f"  of which the greeting {greeting:.2f} s and the request {spoken:.2f} s on average")


if __name__ == "__main__":
    main()
