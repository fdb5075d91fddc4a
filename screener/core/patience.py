"""How long a caller has spoken, ended a turn or said nothing: the clock of the listening, in audio time.

Silence is a caller whom we hear and who says nothing. While nothing arrives, or on hold, its clock stands still.
"""

from screener.core.flow import Flow
from screener.events import Cue, CueKind, Tick, Transcript

PROMPT_LIMIT = 20.0
"""Seconds after which a prompt is taken as played although the edge never said so."""
STEER_SILENCE = 1.0
"""A caller is steered back in a silence of this length, never in the middle of a sentence."""
ANSWER_SILENCE = 2.5
"""Who has said something and is silent for so long waits for an answer, in seconds."""
SPEECH_LIMIT = 20.0
"""A voice that never ends (a radio, noise) counts as speech for so long."""


class Patience:
    """Watches the times of one call.

    Args:
        flow: the site's timings.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._began = 0.0
        """The answer; like all times here audio time, in seconds."""
        self._quiet_since = 0.0
        """The answer, or the end of the newest sound or prompt; time that was not heard since is added."""
        self._words_changed: float | None = None
        """When words last came that were not known before; None before the first."""
        self._words_stood = 0.0
        """So long the recogniser has listened on since, and heard no other word."""
        self._words_final = True
        """Whether the newest words are their utterance's last."""
        self._text: tuple[int, tuple[str, ...]] = (-1, ())
        """The newest words: their utterance and its syllables."""
        self._speaking_since: float | None = None
        """When the voice began that has not ended yet; None while there is none."""
        self._prompt_since: float | None = None
        """When the prompt began that is being played; None while there is none."""
        self._interruptible = True
        """Whether the caller's words cut that prompt short."""
        self._adrift_since: float | None = None
        """Where the caller's first words since the newest prompt began; None before them."""
        self._voice_heard = False
        """Whether the call has had any voice or words at all."""
        self._ticked_at = 0.0
        """The newest tick."""
        self._stood_still = 0.0
        """Seconds that the caller was not heard."""
        self.asked = 0
        """How often a silent caller was asked whether anybody is there, since the last sound."""

    def begin(self, at: float) -> None:
        """The call was answered."""
        self._began = self._quiet_since = self._ticked_at = at

    def ticked(self, tick: Tick) -> None:
        """Time has moved on, and with it the caller's silence if there was one to be heard."""
        passed = max(0.0, tick.at - self._ticked_at)
        self._ticked_at = max(self._ticked_at, tick.at)
        if not tick.heard:
            self._quiet_since += passed
            self._stood_still += passed

    def heard(self, transcript: Transcript) -> bool:
        """Take a caller's words; tells whether they cut a prompt short."""
        at = transcript.at
        text = (transcript.utterance, transcript.syllables)
        if text != self._text or self._words_changed is None:
            self._text, self._words_changed = text, at
        self._words_stood = round(at - self._words_changed, 3)
        self._words_final = transcript.final
        self._quiet_since = max(self._quiet_since, at)
        self._voice_heard = True
        self.asked = 0
        if self._adrift_since is None:
            self._adrift_since = transcript.start
        if self._prompt_since is None or not self._interruptible:
            return False
        self._prompt_since = None
        return True

    def noticed(self, cue: Cue) -> None:
        """Take where a voice begins and ends."""
        if cue.kind is CueKind.SPEECH_START:
            self._speaking_since = cue.at
            self._voice_heard = True
            self.asked = 0
        elif cue.kind is CueKind.SPEECH_END:
            self._speaking_since = None
            self._quiet_since = max(self._quiet_since, cue.at)

    def prompting(self, at: float, *, interruptible: bool) -> None:
        """A prompt begins."""
        self._prompt_since = at
        self._interruptible = interruptible
        self._adrift_since = None

    def prompted(self, at: float) -> None:
        """A prompt has been played."""
        self._prompt_since = None
        self._quiet_since = max(self._quiet_since, at)

    def ask(self) -> bool:
        """Whether a silent caller is to be asked once more; counts it."""
        if self.asked >= self._flow.silence_prompts:
            return False
        self.asked += 1
        return True

    @property
    def at_turn_end(self) -> bool:
        """Whether a turn of the caller may end: a final, or a recogniser that listened on and heard no other word.

        It is the recogniser's clock that counts. A voice that has ended, or time that has passed, says nothing of
        words that are not read yet: one that takes a third of a second at once is always so late.
        """
        return self._words_changed is not None and (self._words_final or self._words_stood > 0)

    def is_over(self, at: float) -> bool:
        """Whether the caller has finished a sentence, and may be passed on.

        The end of a turn is not enough, and none at all is one after which a voice is there again.
        """
        stood = self._words_stood >= self._flow.settle_seconds and not self._is_speaking(at)
        return self._words_changed is not None and (self._words_final or stood)

    def is_silent(self, at: float) -> bool:
        """Whether nobody has made a sound for long enough, the prompts' own time not counted."""
        return self._is_quiet(at, self._flow.silence_seconds)

    def is_waiting(self, at: float) -> bool:
        """Whether the caller has spoken, and is silent for as long as one who waits for an answer."""
        return self._words_changed is not None and self._is_quiet(at, ANSWER_SILENCE)

    def _is_quiet(self, at: float, seconds: float) -> bool:
        speaks = self._is_prompting(at) or self._is_speaking(at)
        return not speaks and at - self._quiet_since >= seconds

    def is_adrift(self, at: float) -> bool:
        """Whether the caller has talked long enough to be steered back, and is silent now."""
        return (
            self._adrift_since is not None
            and at - self._adrift_since >= self._flow.steer_seconds
            and at - self._quiet_since >= STEER_SILENCE
            and not self._is_prompting(at)
            and not self._is_speaking(at)
        )

    def is_time_up(self, at: float) -> bool:
        """Whether the caller has been listened to for long enough; a call without any sound is asked first.

        Not one that was on hold for so long: nobody waits for ever.
        """
        no_more = self._voice_heard or self._stood_still >= self._flow.listen_seconds
        return no_more and at - self._began >= self._flow.listen_seconds

    def _is_prompting(self, at: float) -> bool:
        return self._prompt_since is not None and at - self._prompt_since < PROMPT_LIMIT

    def _is_speaking(self, at: float) -> bool:
        return self._speaking_since is not None and at - self._speaking_since < SPEECH_LIMIT
