"""Runs the demo: a whole site on loopback, a caller for each scripted call, and what really became of each.

The site is configured as every site is, by a screener.toml; it is written into the demo's folder, beside the
database and the recordings.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from screener.core.actions import Action, Decided, Prompt
from screener.core.evidence import Decision
from screener.demo.agent import Agent
from screener.demo.announcement import Place, in_order
from screener.demo.caller import CallerPhone
from screener.demo.handset import HOST
from screener.demo.script import AUDIO, GREETING, LINES, End, Script, ScriptedCall
from screener.errors import StoreError
from screener.events import SAMPLE_RATE, CallEnded, CallOffered, Event
from screener.media.prompts import load_clips, read_wav, write_wav
from screener.media.recordings import LEVEL_DBFS
from screener.resources import loading
from screener.service.site import Service
from screener.settings.load import load
from screener.settings.sections import Settings

ANSWER_SECONDS = 0.2
"""From the end of the agent's greeting to the caller's answer."""
AGENT_STAYS_SECONDS = 0.4
"""So long the agent listens after the longest answer."""
END_SECONDS = 5.0
"""How long after the caller's end the service may take to say that the call is over."""
NOISE_SECONDS = 3.1
REFRESH_SECONDS = 0.1

ANNOUNCEMENT = (Prompt.ANALYSIS_ENTER, Prompt.SIGNAL_TONE, Prompt.ANALYSIS_DONE)
UNHEARD = (Prompt.STILL_THERE, Prompt.STILL_THERE, Prompt.SILENT_CLOSING)

SITE = """\
# 演示用的呼叫中心 · the call centre of the demo
[site]
timezone = {timezone}

[sip]
host = {host}
port = 0

[targets]
agents = {agents}

[flow]
tone_seconds = 2.6
stay_seconds = 0.6
silence_seconds = 2.0

[speech]
engine = {engine}
model = {model}
processes = 1  # 来电一通接一通 · the calls come one after the other
treat_with_synthetic_model = true

[judgement]
lines = [{lines}]
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo is run.

    Attributes:
        folder: where settings, database and recordings go.
        engine, model: as in `[speech]`.
        noise_db: signal-to-noise ratio of what callers say; None is quiet.
        voices: folder of the recordings that `calls.toml` asks for.
    """

    folder: Path
    engine: str = "vosk"
    model: str = "embedded"
    noise_db: float | None = None
    voices: Path = AUDIO

    @property
    def settings_file(self) -> Path:
        """The site's settings."""
        return self.folder / "screener.toml"


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What became of a call.

    Attributes:
        decision: the last one, None when there was none.
        end: where the caller ended up, told from what was heard on the line; None when nothing fits.
        proof: the recordings that were found in what the caller heard, in order.
    """

    call: ScriptedCall
    decision: Decision | None
    end: End | None
    proof: tuple[Place, ...]

    @property
    def as_expected(self) -> bool:
        """Whether verdict, kind and end are those of the script."""
        found = (self.decision.verdict, self.decision.kind) if self.decision else (None, None)
        return (*found, self.end) == (self.call.verdict, self.call.kind, self.call.end)


class Audience(Protocol):
    """Who watches."""

    def curtain(self, call: ScriptedCall, number: int, of: int) -> None:
        """The next call is about to be placed."""
        ...

    def watch(self, offer: CallOffered, item: Event | Action, at: float) -> None:
        """Something happened; called on the service's thread, must only enqueue."""
        ...

    def refresh(self) -> None:
        """Show what has come; called ten times a second while a call is up."""
        ...

    def over(self) -> None:
        """The call is over."""
        ...


class Voices:
    """What everybody says, 16-bit samples at 8 kHz.

    Raises:
        AudioError: a recording is missing or unfit.
    """

    def __init__(self, script: Script, folder: Path) -> None:
        self._said = {"": b"", **{name: read_wav(folder / name) for name in script.recordings}}
        self.greeting = self._said[GREETING]
        longest = max((len(self.to_agent(call)) for call in script.call), default=0)
        self.agent_seconds = _seconds(len(self.greeting) + longest) + ANSWER_SECONDS + AGENT_STAYS_SECONDS
        """How long an agent stays on the line."""

    def said(self, call: ScriptedCall) -> bytes:
        """By a caller, to whoever answers first; empty for one who says nothing."""
        return self._said[call.recording]

    def to_agent(self, call: ScriptedCall) -> bytes:
        """By a caller to the agent; empty for one who meets none."""
        return self._said[call.agent_recording]


class StageClock:
    """The wall clock of the site: set to a call's scripted time, it runs on from there."""

    def __init__(self, now: datetime) -> None:
        self._set = (now, time.monotonic())

    def set(self, now: datetime) -> None:
        """It is now so late."""
        self._set = (now, time.monotonic())

    def __call__(self) -> datetime:
        """Aware, UTC."""
        now, since = self._set
        passed = time.monotonic() - since
        return datetime.fromtimestamp(now.timestamp() + passed, tz=UTC)


class _Notes:
    """What the service says about the call that is up."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self.decision: Decision | None = None
        self.ended = False

    def begin(self) -> None:
        self.decision, self.ended = None, False

    def observe(self, _call_id: str, offer: CallOffered, item: Event | Action, at: float) -> None:
        if isinstance(item, Decided):
            self.decision = item.decision
        self._audience.watch(offer, item, at)
        if isinstance(item, CallEnded):
            self.ended = True


class Stage:
    """The site with its agent, up for as long as the `with` lasts.

    Attributes:
        settings: of the site.

    Raises:
        ScreenerError: a part cannot be had: the model, a port, the folder.
    """

    def __init__(self, script: Script, options: Options, audience: Audience) -> None:
        self._script, self._options, self._audience = script, options, audience
        self._voices = Voices(script, options.voices)
        self._agent = Agent(self._voices.greeting, self._voices.agent_seconds)
        self.settings = write_settings(script, options, self._agent.uri)
        self._clock, self._notes = StageClock(script.moment(script.call[0])), _Notes(audience)
        with loading():
            self._service = Service(self.settings, [self._notes.observe], self._clock)
        self._broken_off = False

    def __enter__(self) -> "Stage":
        self._agent.start()
        try:
            self._service.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_of: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self._service.stop()
        self._agent.stop()

    def break_off(self, *_of: object) -> None:
        """Hang up at the next look; a signal handler.

        Python's own would raise in any line, with whatever lock is held there.

        Raises:
            KeyboardInterrupt: this was asked before, and did not help.
        """
        if self._broken_off:
            raise KeyboardInterrupt
        self._broken_off = True

    def play(self, calls: Sequence[ScriptedCall]) -> list[CallOutcome]:
        """Run the calls one after the other.

        Raises:
            KeyboardInterrupt: broken off.
        """
        outcomes = []
        uri = f"sip:{self.settings.sip.screening_extension}@{HOST}:{self._service.sip_port}"
        for number, call in enumerate(calls, 1):
            self._clock.set(self._script.moment(call))
            self._notes.begin()
            self._audience.curtain(call, number, len(calls))
            outcomes.append(self._one(call, uri))
            self._audience.over()
        return outcomes

    def _one(self, call: ScriptedCall, uri: str) -> CallOutcome:
        """Place one call, follow it to its end, and judge by the sound what became of it."""
        voices, notes, audience = self._voices, self._notes, self._audience
        pause = bytes(2 * round((_seconds(len(voices.greeting)) + ANSWER_SECONDS) * SAMPLE_RATE))
        background = noise(self._options.noise_db)
        caller = CallerPhone(call.number, voices.said(call), pause + voices.to_agent(call), background)
        try:
            caller.place(uri)
            while not caller.wait(REFRESH_SECONDS):
                self._look()
            deadline = time.monotonic() + END_SECONDS
            while not notes.ended and time.monotonic() < deadline:
                time.sleep(REFRESH_SECONDS)
                self._look()
            end, proof = _end(call, caller, self._agent, voices)
            _keep(self._options.folder / "recordings", call, caller, self._agent)
        except KeyboardInterrupt:
            caller.leave()
            raise
        finally:
            caller.stop()
        audience.refresh()
        return CallOutcome(call, notes.decision, end, proof)

    def _look(self) -> None:
        self._audience.refresh()
        if self._broken_off:
            raise KeyboardInterrupt


def write_settings(script: Script, options: Options, agents: str) -> Settings:
    """The settings file of the demo's site, written and loaded as any other.

    Raises:
        StoreError: the folder cannot be written.
    """
    values = {
        "timezone": script.timezone,
        "host": HOST,
        "agents": agents,
        "engine": options.engine,
        "model": str(Path(options.model).resolve()) if Path(options.model).is_dir() else options.model,
        "lines": str(LINES),
    }
    quoted = {
        name: json.dumps(value, ensure_ascii=False) for name, value in values.items()
    }  # JSON strings are TOML
    try:
        (options.folder / "recordings").mkdir(parents=True, exist_ok=True)
        options.settings_file.write_text(SITE.format_map(quoted), "utf-8")
    except OSError as problem:
        raise StoreError(
            f"{options.folder}: cannot be written ({problem.strerror})", "name another one"
        ) from problem
    return load(options.settings_file)


def _end(
    call: ScriptedCall, caller: CallerPhone, agent: Agent, voices: Voices
) -> tuple[End | None, tuple[Place, ...]]:
    """Where the caller ended up, by what both ends heard."""
    clips = load_clips()
    first, *others = caller.legs
    heard = first.handset.heard
    announcement = in_order([clips[prompt].pcm for prompt in ANNOUNCEMENT], heard)
    if len(announcement) == len(ANNOUNCEMENT):
        return End.ANALYSIS_QUEUE, announcement
    unheard = in_order([clips[prompt].pcm for prompt in UNHEARD], heard)
    if len(unheard) == len(UNHEARD) and first.ended_by_peer and not others:
        return End.SILENT, unheard
    for leg in others:
        greeted = in_order([agent.greeting], leg.handset.heard)
        understood = in_order([voices.to_agent(call)], agent.heard_from(call.number))
        if greeted and understood:
            return End.AGENTS, greeted + understood
    return None, announcement or unheard


def _seconds(size: int) -> float:
    return size / 2 / SAMPLE_RATE


def noise(noise_db: float | None) -> bytes:
    """Background so many dB below the level of all recordings; nothing for None."""
    if noise_db is None:
        return b""
    rms = 32768 * 10 ** ((LEVEL_DBFS - noise_db) / 20)
    samples = np.random.default_rng(1).standard_normal(int(NOISE_SECONDS * SAMPLE_RATE)) * rms
    return samples.clip(-32767, 32767).astype("<i2").tobytes()


def _keep(folder: Path, call: ScriptedCall, caller: CallerPhone, agent: Agent) -> None:
    for number, leg in enumerate(caller.legs, 1):
        write_wav(folder / f"{call.name}-heard-{number}.wav", leg.handset.heard)
    if heard := agent.heard_from(call.number):
        write_wav(folder / f"{call.name}-agent.wav", heard)
