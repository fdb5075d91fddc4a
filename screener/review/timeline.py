"""One call as lines of text: what was heard, what it weighed, what was decided and done, in the order of time."""

from zoneinfo import ZoneInfo

from screener.core.evidence import Evidence, Verdict
from screener.review.explain import Explanation, Step
from screener.store.records import CallRecord
from screener.words.judgement import Teller
from screener.words.terms import word
from screener.words.timeline import WORDS


def timeline(call: CallRecord, teller: Teller, zone: ZoneInfo, why: Explanation | None = None) -> list[str]:
    """A call as lines of text, everything in the order of audio time.

    Args:
        call: with everything that happened in it.
        teller: puts codes into words.
        zone: of the site.
        why: its evidence weighed again; then each line of evidence says where the call stood after it.
    """
    said = {key: pair[teller.lang == "en"] for key, pair in WORDS.items()}
    where = " ".join(part for part in (word(call.line.value, teller.lang), call.region, call.carrier) if part)
    lines = [
        f"{said['call']} {call.id}",
        f"{said['time']} {call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  "
        f"{said['number']} {call.number or word('withheld', teller.lang)} ({where})",
        f"{said['verdict']} {teller.verdict(call.verdict)} {teller.kind(call.kind)}".rstrip(),
        "",
    ]
    told = [(s.start, 0, f"{word(s.speaker.value, teller.lang)}: {s.text}") for s in call.segments]
    if why is None:
        told += [(e.at, 1, _weighed(e.weight, e.rule, e.detail, e.span, teller)) for e in call.evidence]
    else:
        told += [(step.evidence.at, 1, _step(step, why, said, teller)) for step in why.steps]
    told += [
        (
            d.at,
            2,
            f"  => {teller.verdict(d.verdict)}: {teller.reason(d.reason)} "
            f"({said['score']} {d.score:.1f}, {said['threshold']} {d.threshold:.1f})",
        )
        for d in call.decisions
    ]
    told += [
        (
            t.began,
            3,
            f"  {said['treatment']} {word(t.treatment.value, teller.lang)}"
            + (f" {said['handed'].format(t.agent or '?')}" if t.by_hand else ""),
        )
        for t in call.treatments
    ]
    for t in call.transfers:
        became = said["ok"] if t.ok else f"{said['failed']} {t.status}"
        told.append((t.at, 4, f"  {said['transfer']} {t.target}: {became}"))
    lines += [f"{at:7.2f}s {text}" for at, _, text in sorted(told, key=lambda t: t[:2])]
    ended = word(call.ended_by.value, teller.lang) if call.ended_by else said["unknown"]
    lines += ["", f"{said['ended']} {ended}"]
    return lines if why is None else [*lines, *_reasons(call, why, said, teller)]


def _weighed(weight: float, rule: str, detail: str, span: str, teller: Teller) -> str:
    return f"  {weight:+.1f} {teller.evidence(rule, detail)} “{span}” [{rule}]"


def _step(step: Step, why: Explanation, said: dict[str, str], teller: Teller) -> str:
    e = step.evidence
    mark = f" ◄ {said['flags']}" if step is why.tipped else ""
    stands = f"{said['score']} {step.score:.1f}/{step.threshold:.1f}"
    return f"{_weighed(e.weight, e.rule, e.detail, e.span, teller)} {stands}{mark}"


def _reasons(call: CallRecord, why: Explanation, said: dict[str, str], teller: Teller) -> list[str]:
    """What tipped the call, what it could have done without, what protected it."""

    def named(pieces: tuple[Evidence, ...]) -> str:
        return said["and"].join(
            f"“{e.span}” ({teller.evidence(e.rule, e.detail)}, {e.weight:+.1f})" for e in pieces
        )

    lines = []
    if why.tipped:
        lines.append(said["tipped"].format(why.tipped.evidence.at))
        lines += [said["needed"] + named(why.needed)] if why.needed else []
        lines += [said["spare"] + named(why.spare)] if why.spare else []
    elif call.verdict is Verdict.HARASSMENT:
        lines.append(said["unweighed"])
    elif why.lacking is not None:
        lines.append(said["lacking"].format(max(0.0, why.lacking)))
    if why.vetoes:
        lines.append(said["protected"] + said["and"].join(map(teller.veto, why.vetoes)))
    return lines
