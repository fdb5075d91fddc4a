"""One call as lines of text: what was heard, what it weighed, what was decided and done, in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from zoneinfo import ZoneInfo

from screener.core.dialogue_acts import Act
from screener.core.evidence import GUESSED, Evidence, Source, Verdict
from screener.core.signals import AGENT_ACT, MATTER_RULES, OPENING, left_standing, rule_of, taken_back
from screener.review.explain import Explanation, ScoreStep
from screener.store.records import CallRecord, EvidenceRow, Review, ReviewNote
from screener.words.judgement import Teller, is_said, stands_on
from screener.words.places import place
from screener.words.terms import aside, labelled, listed, word
from screener.words.timeline import ANYTHING_ELSE, BEFORE_IT, NOTHING_MORE, WORDS


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing of a call.

    Attributes:
        at: audio seconds.
        what: who spoke (`caller`, `agent`), or `evidence`, `order`, `decision`, `warning`, `treatment`,
            `transfer`, `pause`.
        text: in words.
        step: of the evidence weighed again; None elsewhere.
        tipped: this flagged the call.
    """

    at: float
    what: str
    text: str
    step: ScoreStep | None = None
    tipped: bool = False


_ORDER = {"evidence": 1, "order": 2, "decision": 3, "warning": 4, "treatment": 5, "transfer": 6, "pause": 7}
"""Of what happened at the same moment; what was said comes first."""


MATTERS = frozenset(map(rule_of, (Act.BUSINESS, Act.GRIEVANCE)))
"""Rules of acts that bring a matter, which may be settled in the end."""
SOUR = frozenset(
    map(
        rule_of,
        (
            *(Act.GRIEVANCE, Act.INSULT_AGENT, Act.INSULT_OTHER, Act.THREAT, Act.LEWD),
            *(Act.REFUSE, Act.REBUKE, Act.WARN, Act.END),
        ),
    )
)
"""Acts after which a farewell or a no does not mean that the matter is settled."""
COURTESIES = frozenset((OPENING, rule_of(Act.CLOSING), rule_of(Act.BACKCHANNEL)))
"""Rules of what every caller says."""
SLIGHT = 0.5
"""Nats up to which a courtesy, or what the agent did, is no reason that is worth a word."""
NAMED, QUOTED = 3, 12
"""Reasons that are named of one sort, those that counted most; characters that are quoted of each."""


def timeline(
    call: CallRecord,
    teller: Teller,
    zone: ZoneInfo,
    why: Explanation | None = None,
    reviews: Sequence[ReviewNote] = (),
) -> list[str]:
    """A call as lines of text, everything in the order of audio time.

    Args:
        call: with everything that happened in it.
        teller: puts codes into words.
        zone: of the site.
        why: its evidence weighed again; then what was understood and when it tipped stand first, and each line of
            evidence says where the call stood after it.
        reviews: what people said of it, the oldest first.
    """
    said = _said(teller)
    parts = word(call.line.value, teller.lang), place(call.region, teller.lang), place(call.carrier, teller.lang)
    where = " ".join(filter(None, parts))
    lines = [
        f"{said['call']} {call.id}",
        f"{said['time']} {call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  "
        f"{said['number']} {call.number or word('withheld', teller.lang)}"
        f"{aside(where, teller.lang)}",
        f"{said['verdict']} {teller.verdict(call.verdict, over=call.is_over)} {teller.kind(call.kind)}".rstrip(),
        *_reviewed(call, reviews, said, teller, zone),
        "",
    ]
    if why is not None:
        lines += [*reasons(call, why, teller), ""]
    if call.evidence:
        lines += [said["columns" if why else "weights"]]
        lines += [f"{0:7.2f}s   {said['start'].format(why.prior)}"] if why else []
    lines += [f"{moment.at:7.2f}s {_line(moment, said, teller)}" for moment in moments(call, teller, why)]
    ended = word(f"by_{call.ended_by.value}", teller.lang) if call.ended_by else said["unknown"]
    return [*lines, "", f"{said['ended']} {ended}"]


def _reviewed(
    call: CallRecord, notes: Sequence[ReviewNote], said: dict[str, str], teller: Teller, zone: ZoneInfo
) -> list[str]:
    """What people said of a call, a line for each word; once what they said of several of its rows in one."""
    words = list({(note.by, note.at): (note.review, note.by, note.at, note.reason) for note in notes}.values())
    if not words and call.review is not Review.NONE and call.reviewed_at:  # an agent's hand-over says it itself
        words = [(call.review, call.reviewed_by, call.reviewed_at, "")]
    return [
        f"{said['review']} "
        + said[f"said_{review.value}"].format(f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}", by)
        + (aside(reason, teller.lang) if reason else "")
        for review, by, at, reason in words
    ]


def moments(call: CallRecord, teller: Teller, why: Explanation | None = None) -> list[Moment]:
    """Everything that happened in a call, in the order of audio time; arguments as of `timeline`.

    Of evidence what stood in the end; weighed again all that the scores stand on.
    """
    said = _said(teller)
    told = [Moment(s.start, s.speaker.value, s.text) for s in call.segments]
    if why is None:
        left = (call.evidence[n] for n in left_standing(e.rule for e in call.evidence))
        told += [Moment(e.at, "evidence", _weighed(e.weight, e, teller)) for e in left]
    else:
        at, stood = 0.0, why.prior
        for step in standing(why):
            e = step.evidence
            at = max(at, e.at)  # in the order in which it was weighed
            text = _weighed(step.score - stood, e, teller)
            told.append(Moment(at, "evidence", text, step, tipped=step is why.tipped))
            stood = step.score
    told += [
        Moment(
            d.at,
            "decision",
            labelled(teller.verdict(d.verdict), teller.reason(d.reason), teller.lang)
            + aside(f"{said['score']} {d.score:z.1f} / {said['threshold']} {d.threshold:.1f}", teller.lang),
        )
        for d in call.decisions
    ]
    for given in call.treatments:
        by = f" {said['handed'].format(given.agent or '?')}" if given.by_hand else ""
        text = f"{said['treatment']} {word(given.treatment.value, teller.lang)}{by}"
        told.append(Moment(given.began, "treatment", text))
    for row in call.warnings:
        text = teller.warned(row.about, row.level, row.step, row.by)
        told.append(Moment(row.at, "warning", f"{text} “{row.said}”" if row.said else text))
    told += [Moment(row.at, "order", teller.ordered(row.act, row.by, row.outcome)) for row in call.orders]
    if call.pause_offered and call.ended_at and call.answered_at:
        told.append(Moment((call.ended_at - call.answered_at).total_seconds(), "pause", said["pause"]))
    for tried in call.transfers:
        became = said["ok"] if tried.ok else f"{said['failed']} {tried.status}"
        told.append(
            Moment(tried.at, "transfer", labelled(word(f"to_{tried.target}", teller.lang), became, teller.lang))
        )
    return sorted(told, key=lambda moment: (moment.at, _ORDER.get(moment.what, 0)))


def standing(why: Explanation) -> list[ScoreStep]:
    """The steps that account for every score: without what was taken back before anything else was weighed.

    What stood while another piece came is told, and so is its end: else the scores would not add up.
    """
    left: list[ScoreStep] = []
    for step in why.steps:
        earlier = taken_back(step.evidence.rule)
        if earlier and left and left[-1].evidence.rule == earlier and left[-1] is not why.tipped:
            left.pop()
        else:
            left.append(step)
    return left


def lasting(why: Explanation) -> list[ScoreStep]:
    """The steps without what an utterance seemed to do before it was over and did not do in the end.

    What flagged the call stays, and words that a recogniser took back.
    """
    gone: set[int] = set()
    standing: dict[str, list[int]] = {}
    for number, step in enumerate(why.steps):
        rule = step.evidence.rule
        if step.evidence.source is not Source.ACTS:
            continue
        if not (earlier := taken_back(rule)):
            standing.setdefault(rule, []).append(number)
        elif standing.get(earlier):
            gone |= {number, standing[earlier].pop()}
    return [s for n, s in enumerate(why.steps) if n not in gone or s is why.tipped]


def gist(why: Explanation, teller: Teller) -> list[str]:
    """What both parties did, in order and in plain words, to be read in seconds; the same again is counted."""
    said = _said(teller)
    told: list[tuple[str, int]] = []
    done: list[Evidence] = []
    for step in lasting(why):
        e = step.evidence
        if e.source is Source.ACTS and not taken_back(e.rule):
            text = teller.evidence(e.rule, _hedged(e, e.weight), e.kind)
            if _is_settled(done, e):
                text, done = text + said["settled"], []
            done.append(e)
        elif step is why.tipped:  # a listed word, silence, or what a recogniser took back
            text = teller.piece(e.rule, e.detail, _short(e.span), e.kind)
        else:
            continue
        times = told.pop()[1] if told and told[-1][0] == text else 0
        told.append((text, times + 1))
        if step is why.tipped:
            told.append((f"◄ {said['flags']}", 1))
    if _only_over(why):
        told.append((f"◄ {said['flags_over']}", 1))
    return [text if times == 1 else f"{text}×{times}" for text, times in told]


def _only_over(why: Explanation) -> bool:
    """Whether the call was flagged at none of its steps, but once it was over."""
    return why.tipped is not None and all(step is not why.tipped for step in why.steps)


def _short(text: str) -> str:
    return text if len(text) <= QUOTED + 1 else f"{text[:QUOTED]}…"


def _is_settled(done: Sequence[Evidence], now: Evidence) -> bool:
    """Whether the caller has done with a matter now that was named and answered, and nobody turned sour since.

    They say goodbye, or no to the question whether there is anything else.
    """
    if now.rule != rule_of(Act.CLOSING) and not _wants_nothing_more(done, now):
        return False
    rules = [e.rule for e in done]
    named = next((n for n, rule in enumerate(rules) if rule in MATTERS), len(rules))
    since = set(rules[named + 1 :])
    return rule_of(Act.INFORM) in since and not since & SOUR


def _wants_nothing_more(done: Sequence[Evidence], now: Evidence) -> bool:
    if now.rule.startswith(AGENT_ACT) or now.rule in MATTERS | SOUR:
        return False
    asked = next((e.span for e in reversed(done) if e.rule.startswith(AGENT_ACT)), "")
    return any(words in asked for words in ANYTHING_ELSE) and now.span.lstrip(BEFORE_IT).startswith(NOTHING_MORE)


def _tells(piece: Evidence) -> bool:
    """Whether a piece is worth naming as a reason."""
    beside = piece.rule.startswith(AGENT_ACT) or piece.rule in COURTESIES
    return not beside or piece.weight > SLIGHT


def _said(teller: Teller) -> dict[str, str]:
    return {key: pair[teller.lang == "en"] for key, pair in WORDS.items()}


def _line(moment: Moment, said: dict[str, str], teller: Teller) -> str:
    if moment.what not in _ORDER:
        return labelled(word(moment.what, teller.lang), moment.text, teller.lang)
    text = f"  => {moment.text}" if moment.what == "decision" else f"  {moment.text}"
    if moment.step is not None:
        step = moment.step
        text += f" {said['score']} {step.score:z.1f}/{step.threshold:.1f} {teller.kind(step.kind)}".rstrip()
    return f"{text} ◄ {said['flags']}" if moment.tipped else text


def _weighed(weight: float, e: Evidence | EvidenceRow, teller: Teller) -> str:
    return f"{weight:+z.1f} {teller.piece(e.rule, _hedged(e, weight), e.span, e.kind)} [{e.rule}]"


def _hedged(e: Evidence | EvidenceRow, weight: float) -> str:
    """A piece's detail: what speaks for harassment is no matter that is sure."""
    likely = GUESSED * (e.rule in MATTER_RULES and weight > SLIGHT)
    return e.detail.removesuffix(likely) + likely


def reasons(call: CallRecord, why: Explanation, teller: Teller) -> list[str]:
    """What tipped the call, what it could have done without, what protected it: to be read in seconds."""
    said = _said(teller)

    def one(piece: Evidence) -> str:
        text = f"{teller.evidence(piece.rule, _hedged(piece, piece.weight), piece.kind)} {piece.weight:+z.1f}"
        quoted = is_said(piece.rule) and stands_on(piece.rule, piece.detail, piece.span)
        return f"“{_short(piece.span)}”{aside(text, teller.lang)}" if quoted else text

    def named(key: str, pieces: Sequence[Evidence]) -> list[str]:
        telling = [piece for piece in pieces if _tells(piece)]
        most = [telling[n] for n in sorted(nlargest(NAMED, range(len(telling)), lambda n: telling[n].weight))]
        more = said["in_all"].format(len(telling)) if len(telling) > NAMED else ""
        return [said[key] + listed(map(one, most), teller.lang) + more] if most else []

    lines = [said["course"] + " → ".join(acts)] if (acts := gist(why, teller)) else []
    if why.tipped:
        lines.append(said["tipped_over"] if _only_over(why) else said["tipped"].format(why.tipped.evidence.at))
        lines += [*named("needed", why.needed), *named("spare", why.spare)]
    elif call.verdict is Verdict.HARASSMENT:
        lines.append(said["unweighed"])
    elif why.lacking is not None and call.ended_at is not None:
        lines.append(said["lacking"].format(max(0.0, why.lacking)))
    if call.ended_at is None:
        lines.append(said["cut_off" if call.is_cut_off else "open"])
    if why.vetoes:
        lines.append(said["protected"] + listed(map(teller.veto, why.vetoes), teller.lang))
    return lines
