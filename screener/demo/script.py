"""What happens in the demo, read from `calls.toml`: who calls when, says what, and how each call must end."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from screener.core.evidence import Kind, Verdict
from screener.errors import InputError
from screener.outside.toml import tables_of
from screener.words.terms import Language

FOLDER = Path(__file__).parent
AUDIO = FOLDER / "audio"
"""The recordings as they are shipped, in synthetic voices; another folder with the same names may stand for it."""
GREETING = "agent.wav"
"""The recording of the agent's first words."""
LINES = FOLDER / "lines.csv"


class End(StrEnum):
    """How a call ends for its caller."""

    AGENTS = "agents"
    ANALYSIS_QUEUE = "analysis_queue"
    SILENT = "silent"
    """Asked twice, told that nobody can be heard, hung up on."""


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence, after so many seconds of silence."""

    pause: float
    text: str


@dataclass(frozen=True, slots=True)
class ScriptVoice:
    """A voice of espeak-ng and its words.

    Attributes:
        voice: the variant, for example `f2`.
        speed: words a minute.
        pitch: 0..99.
    """

    voice: str
    speed: int
    pitch: int
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """The others behind the one who speaks; `level_db` is their loudness against the speaker's."""

    voice: str
    speed: int
    pitch: int
    text: str
    level_db: float


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """One call and its expected end; the attributes are described in `calls.toml`."""

    name: str
    title: dict[Language, str]
    number: str
    at: time
    verdict: Verdict
    end: End
    says: tuple[Say, ...] = ()
    voice: str = ""
    speed: int = 175
    pitch: int = 50
    to_agent: str = ""
    kind: Kind | None = None
    group: Group | None = None

    @property
    def recording(self) -> str:
        """File of what the caller says, pauses included; empty for a caller who says nothing."""
        return f"{self.name}.wav" if self.says else ""

    @property
    def agent_recording(self) -> str:
        """File of what the caller says to the agent; empty when the caller never meets one."""
        return f"{self.name}-to-agent.wav" if self.to_agent else ""


@dataclass(frozen=True, slots=True)
class Script:
    """The whole demo.

    Attributes:
        day: on which everything happens, in `timezone`.
        agent: what the agent says on answering.
        call: in chronological order.
    """

    day: date
    timezone: str
    agent: ScriptVoice
    call: tuple[ScriptedCall, ...]

    @property
    def recordings(self) -> tuple[str, ...]:
        """Every file that a folder of voices has."""
        named = (name for call in self.call for name in (call.recording, call.agent_recording))
        return GREETING, *filter(None, named)

    def moment(self, call: ScriptedCall) -> datetime:
        """When a call is placed; aware, in the site's time zone."""
        return datetime.combine(self.day, call.at, ZoneInfo(self.timezone))

    def only(self, names: tuple[str, ...]) -> tuple[ScriptedCall, ...]:
        """The named calls in their order; all of them when no name is given.

        Raises:
            InputError: there is no call of that name.
        """
        known = [call.name for call in self.call]
        for name in names:
            if name not in known:
                raise InputError(f"no call is named {name!r}", f"the calls are {', '.join(known)}")
        return tuple(call for call in self.call if not names or call.name in names)


def load_script(path: Path = FOLDER / "calls.toml") -> Script:
    """Read the script.

    Raises:
        InputError: it cannot be read or has a wrong key or value.
    """
    try:
        return TypeAdapter(Script).validate_python(tables_of(path.read_text("utf-8")))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: {where}: {first['msg']}", "correct the file") from problem
    except (OSError, ValueError) as problem:
        raise InputError(f"{path}: {problem}", "correct the file") from problem
