"""What is seen of the demo: each call as it happens, and at the end what was expected against what came out."""

import queue
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from screener.core.actions import Action, Decided, EvidenceFound, Play, Transfer, Treated
from screener.core.evidence import Decision, Evidence, Kind, Verdict
from screener.demo.script import FOLDER, ScriptedCall
from screener.demo.stage import CallOutcome
from screener.events import CallEnded, CallOffered, Event, Speaker, Transcript, TransferEnded
from screener.numbers.mask import mask
from screener.settings.judgement import load_notes
from screener.settings.sections import JudgementSection
from screener.words.judgement import Teller
from screener.words.places import place
from screener.words.terms import Language, aside, labelled, word

WORDS: dict[str, dict[str, str]] = tomllib.loads((FOLDER / "words.toml").read_text("utf-8"))
CALL_SECONDS = 15.0
"""Of a scripted call, on average."""


@dataclass(slots=True)
class _Call:
    """What is known of the call that is up."""

    scripted: ScriptedCall
    turn: str
    offer: CallOffered | None = None
    said: dict[int, Transcript] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    decision: Decision | None = None
    target: str = ""
    treatment: list[tuple[float, str]] = field(default_factory=list)


class Screen:
    """An audience on a terminal.

    Args:
        console: where to.
        language: `zh` or `en`.
        live: redraw a panel while the call is up; otherwise one line for everything that happens.
    """

    def __init__(self, console: Console, language: Language = "zh", *, live: bool = True) -> None:
        self._console = console
        self._lang: Language = language
        self._words = WORDS[language]
        self._teller = Teller(language, load_notes(JudgementSection(), Path()))
        self._live = live
        self._seen: queue.SimpleQueue[tuple[CallOffered, Event | Action, float]] = queue.SimpleQueue()
        self._call: _Call | None = None
        self._panel: Live | None = None

    def opening(self, calls: int, kept: Path | None) -> None:
        """Say what is going to be seen, how long it takes and where it is written, before anything is loaded.

        Args:
            calls: how many.
            kept: the folder that stays; None where everything is deleted at the end.
        """
        words = self._words
        minutes = max(1, round(calls * CALL_SECONDS / 60))
        where = words["kept"].format(kept) if kept else words["not_kept"]
        for line in (words["begin"].format(calls), words["takes"].format(minutes), where):
            self._console.print(Text(line), soft_wrap=True)

    # The audience of the stage.

    def curtain(self, call: ScriptedCall, number: int, of: int) -> None:
        """Make room for the next call."""
        self._call = _Call(call, f"{number}/{of}")
        if self._live:
            self._panel = Live(self._draw(), console=self._console, auto_refresh=False)
            self._panel.start()
        else:
            self._console.print(self._title(), soft_wrap=True)

    def watch(self, offer: CallOffered, item: Event | Action, at: float) -> None:
        """Take what happens; drawn by the next `refresh`."""
        self._seen.put((offer, item, at))

    def refresh(self) -> None:
        """Draw everything that came."""
        changed = False
        while not self._seen.empty():
            offer, item, at = self._seen.get()
            line = self._take(offer, item, at)
            changed = changed or line is not None
            if line and not self._live:
                self._console.print(Text(f"  {at:6.2f}  ").append(line), soft_wrap=True)
        if self._panel and changed:
            self._panel.update(self._draw(), refresh=True)

    def over(self) -> None:
        """Leave the last picture standing."""
        self.refresh()
        if self._panel:
            self._panel.update(self._draw(), refresh=True)
            self._panel.stop()
            self._panel = None
        self._call = None

    def close(self) -> None:
        """Give the terminal back, whatever happened."""
        if self._panel:
            self._panel.stop()

    # One call.

    def _take(self, offer: CallOffered, item: Event | Action, at: float) -> Text | None:
        """Note what happened; the line that tells it, empty for what is only drawn, None for what is not shown."""
        call = self._call
        if call is None:
            return None
        call.offer = offer
        match item:
            case Transcript(speaker=Speaker.CALLER):
                call.said[item.utterance] = item
                return (
                    Text(labelled(self._words["heard"], item.text, self._lang), "bold") if item.final else Text()
                )
            case EvidenceFound(evidence):
                call.evidence.append(evidence)
                return Text(labelled(self._words["evidence"], "", self._lang)).append(self._evidence(evidence))
            case Decided(decision):
                call.decision = decision
                return Text(labelled(self._words["decision"], "", self._lang)).append(self._decided(decision))
            case _:
                done = self._treatment(call, item)
                if done:
                    call.treatment.append((at, done))
                return Text(done) if done else None

    def _treatment(self, call: _Call, item: Event | Action) -> str:
        words = self._words
        match item:
            case Play(prompts):
                return words["plays"].format(" → ".join(self._word(prompt) for prompt, _ in prompts))
            case Transfer(target):
                call.target = self._word(target)
                return labelled("REFER", words["refer"].format(call.target), self._lang)
            case TransferEnded(ok=True):
                return words["arrived"].format(call.target)
            case TransferEnded():
                return words["failed"].format(call.target, item.status)
            case Treated(done=False):
                return words["begun"].format(self._word(item.treatment))
            case Treated():
                return words["done" if item.completed else "broken"].format(self._word(item.treatment))
            case CallEnded():
                return words["bye"]
            case _:
                return ""

    def _draw(self) -> RenderableType:
        call = self._call
        assert call
        said = Text()
        for _, transcript in sorted(call.said.items()):
            said.append(f"{transcript.start:5.1f}  ", "dim")
            said.append(f"{transcript.text}\n", "bold" if transcript.final else "italic cyan")
        found = Table.grid(padding=(0, 1))
        for evidence in call.evidence:
            found.add_row(f"{evidence.at:5.1f}", self._evidence(evidence))
        done = Text("\n".join(f"{at:5.1f}  {text}" for at, text in call.treatment))
        parts: list[RenderableType] = []
        for name, body in (("heard", said), ("evidence", found), ("treatment", done)):
            parts += [Text(self._words[name], "bold blue"), body]
        if call.decision:
            parts[4:4] = [Text(self._words["decision"], "bold blue"), self._decided(call.decision)]
        return Panel(Group(*parts), title=self._title(), title_align="left")

    def _title(self) -> Text:
        call = self._call
        assert call
        scripted = call.scripted
        title = Text(f"{call.turn} {scripted.title[self._lang]} ", "bold").append(
            f"{scripted.at:%H:%M} {mask(scripted.number)}"
        )
        if call.offer:
            caller, flagged = call.offer.caller, call.offer.history.flagged
            title.append(f" {self._word(caller.line)} {place(caller.region, self._lang)}")
            if flagged:
                title.append(f" {self._words['history'].format(flagged)}", "bold red")
        return title

    def _evidence(self, evidence: Evidence) -> Text:
        colour = "red" if evidence.weight > 0 else "green"
        told = self._teller.evidence(evidence.rule, evidence.detail, evidence.kind)
        whole = self._teller.piece(evidence.rule, evidence.detail, evidence.span, evidence.kind)
        return Text(f"{evidence.weight:+z.1f} ", colour).append(told).append(whole.removeprefix(told), "dim")

    def _decided(self, decision: Decision) -> Text:
        colour = "bold red" if decision.verdict is Verdict.HARASSMENT else "bold green"
        score = self._words["score"].format(decision.assessment.score, decision.threshold)
        reason = aside(self._teller.reason(decision.reason), self._lang)
        return Text(self._judged(decision.verdict, decision.kind), colour).append(f"{reason} {score}")

    def _judged(self, verdict: Verdict | None, kind: Kind | None) -> str:
        if verdict is None:
            return self._words["nothing"]
        return " · ".join([self._teller.verdict(verdict), *([self._teller.kind(kind)] if kind else [])])

    def _word(self, value: str) -> str:
        """Of a recording, a place to go, a line, an end: the demo's own word, else the one that reports have."""
        return self._words.get(value) or word(value, self._lang)

    # The end.

    def summary(self, outcomes: Sequence[CallOutcome]) -> None:
        """What was expected against what came out, and what was heard on the line to prove it."""
        words = self._words
        table = Table()
        for name in ("call", "expected", "actual", "proof", "ok"):
            table.add_column(words[name], overflow="fold")
        for outcome in outcomes:
            call, decision = outcome.call, outcome.decision
            actual = self._judged(decision.verdict, decision.kind) if decision else words["nothing"]
            proof = ", ".join(f"{words['at'].format(p.at)} {p.correlation:.3f}" for p in outcome.proof)
            table.add_row(
                f"{call.title[self._lang]}\n{call.name}",
                f"{self._judged(call.verdict, call.kind)} → {self._word(call.end)}",
                f"{actual} → {self._word(outcome.end) if outcome.end else words['nothing']}",
                proof or words["nothing"],
                Text(words["ok"], "green") if outcome.as_expected else Text(words["wrong"], "bold red"),
            )
        self._console.print(table)
        wrong = sum(not outcome.as_expected for outcome in outcomes)
        if wrong:
            self._console.print(Text(words["not_all"].format(len(outcomes), wrong), "bold red"))
        else:
            self._console.print(Text(words["all"].format(len(outcomes)), "bold green"))
