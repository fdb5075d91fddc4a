"""The product's hand at the PBX: learns who talks, has legs dialled, moves callers, tells what was found.

An event is a hint, since callers can write into events: what follows from it is asked of the PBX first, in an
answer that nobody else can give. What an agent says in a user event counts with the site's secret only, and only
about a call that this agent has.
"""

import hmac
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from screener.conversations.listening import Listening
from screener.conversations.ongoing import Conversation, ConversationListener
from screener.conversations.parties import Connected
from screener.events import EndedBy, Speaker
from screener.operations.metrics import Sample
from screener.outside.text import is_pbx_id
from screener.pbx import messages
from screener.pbx.ami import Ami, AmiResponse
from screener.pbx.messages import Flagged, Gone, TakenBack
from screener.pbx.pauses import QueuePauses
from screener.pbx.wire import Fields
from screener.settings.sections import Pbx

log = logging.getLogger(__name__)

SAID_OF_DOUBT = 5
"""So many lines say that an event was not believed; further ones are counted only."""
SAID_BY = "SCREENED_BY"
"""Channel variable that names the agent who sent a caller in; deploy/asterisk reads it."""
SAID_WHY = ("SCREENED_QUEUE", "SCREENED_AGENT", "SCREENED_WHY")
"""Channel variables of a caller who is moved; deploy/asterisk makes a line of queue_log of them."""


class SwitchboardListener(ConversationListener, Protocol):
    """Who is told; every method is called on the thread `pbx` and must only enqueue."""

    def taken_back(self, agent: str, linkedid: str) -> None:
        """An agent says that the flag of a call (of their newest, when it is not named) was a mistake."""
        ...


class Switchboard:
    """The PBX as the service sees it.

    Args:
        settings: the section `[pbx]`.
        extension: beginning of the user parts that listening legs are dialled with.
        listener: who is told.
        whispers: what is said into a caller's leg is heard by the caller alone.
        pauses: agents may take a pause.
    """

    def __init__(
        self,
        settings: Pbx,
        extension: str,
        listener: SwitchboardListener,
        *,
        whispers: bool = False,
        pauses: bool = False,
    ) -> None:
        self._settings = settings
        self.whispers = whispers
        self._listener = listener
        self._listening = Listening(settings, "pbx", extension, listener, self._dial)
        self._conversations = self._listening.conversations
        self._ami = Ami(settings, self._event, self._up)
        self._pauses = QueuePauses(self._ami, time.time) if pauses else None
        self._doubtful: tuple[Conversation, ...] = ()
        """What went on when the connection was lost, and may be over since."""
        self._doubted = 0
        """Events that were not believed."""
        self._asking = 0
        """Questions about conversations that are being answered."""
        self._left: set[str] = set()
        """Channels that are said to have hung up meanwhile."""

    def start(self) -> None:
        """Connect; conversations that are going on are taken up then."""
        self._ami.start()

    def stop(self) -> None:
        """Let go of the PBX; its calls go on."""
        self._ami.stop()

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield Sample("pbx_connected", self._ami.up, "Whether the manager interface of the PBX is logged in.")
        yield Sample("beside_calls", self._conversations.heard, "Calls of agents that are listened to now.")
        yield Sample("beside_unheard_total", self._listening.unheard, "Calls of agents beyond pbx.max_calls.")
        yield Sample(
            "beside_legs_failed_total", self._listening.failed, "Listening legs that the PBX did not bring about."
        )
        yield Sample("pbx_doubted_total", self._doubted, "Events of the PBX that were not believed.")

    # From any thread.

    def move(self, conversation: Conversation, extension: str, done: Callable[[bool], None]) -> None:
        """Take the caller away from the agent, to an extension of `context`; the agent's line goes free.

        Args:
            conversation: whose caller.
            extension: of the dialplan.
            done: takes whether the PBX did it; on the thread `pbx`.
        """
        self._move(conversation.who.caller.channel, extension, lambda reply: done(reply.ok))

    def release(self, conversation: Conversation) -> None:
        """It is not listened to any more: there is room for another."""
        self._ami.call(lambda: self._conversations.release(conversation))

    def note(self, queue: str, uniqueid: str, agent: str, message: str) -> None:
        """What the dialplan shall write into queue_log when the caller comes there: why this one left an agent."""
        if channel := self._conversations.channel(uniqueid):
            for name, value in zip(SAID_WHY, (queue, agent, message), strict=True):
                self._ami.ask(messages.set_variable(channel, name, value))

    def tell(self, values: Mapping[str, str]) -> None:
        """A user event for wallboards and agent desktops."""
        self._ami.ask(messages.tell(messages.VERDICT, values))

    def pause(self, agent: str, seconds: float, done: Callable[[bool], None]) -> None:
        """Pause an agent in the queues; it ends by itself.

        Args:
            agent: the name.
            seconds: how long.
            done: takes whether the pause began; on the thread `pbx`.
        """

        def begun(ok: bool) -> None:
            if not ok:
                log.warning("a pause could not begin")
            done(ok)

        if self._pauses is None:
            begun(False)
        else:
            self._pauses.begin(agent, seconds, begun)

    def record(self, uniqueid: str) -> None:
        """Have a caller's channel recorded from now on, under its uniqueid."""
        if not is_pbx_id(uniqueid):
            return
        file = f"{self._settings.record_folder}/{uniqueid}.wav"

        def recorded(reply: AmiResponse) -> None:
            if not reply.ok:
                log.error("a flagged call is not recorded: %s", reply.message)

        self._find(uniqueid, lambda channel: self._ami.ask(messages.record(channel, file), recorded))

    def bring_back(self, uniqueid: str, extension: str) -> None:
        """Take a caller out of the analysis queue, to an extension; not one who has left, or has an agent."""

        def there(channel: str) -> None:
            if not self._conversations.has(uniqueid):
                self._move(channel, extension, lambda _reply: None)

        self._find(uniqueid, there)

    def _find(self, uniqueid: str, found: Callable[[str], None]) -> None:
        """Ask for the name of a channel that is up; nothing follows where it is gone."""

        def answered(reply: AmiResponse) -> None:
            for part in reply.parts:
                if part.get("uniqueid") == uniqueid:
                    found(part.get("channel", ""))
                    return

        self._ami.ask(messages.status(), answered)

    # On the thread `pbx`.

    def _move(self, channel: str, extension: str, done: Callable[[AmiResponse], None]) -> None:
        self._ami.ask(messages.move(channel, self._settings.context, extension), done)

    def _up(self, up: bool) -> None:
        if up:
            self._ami.ask(messages.status(), self._take_up)
            if self._pauses is not None:
                self._pauses.take_up()
        else:
            self._doubtful = self._conversations.conversations()

    def _take_up(self, reply: AmiResponse) -> None:
        """What the PBX is doing now, which we may have missed: begin and end what is different."""
        if not reply.ok:
            return
        talking = messages.in_progress(reply.parts)
        agents = {who.caller.uniqueid: who.agent.uniqueid for who in talking}
        for conversation in self._doubtful:
            caller, agent = conversation.who.caller.uniqueid, conversation.who.agent.uniqueid
            if agents.get(caller) != agent and self._conversations.release(conversation):
                self._over(conversation, EndedBy.TRANSFER if caller in agents else EndedBy.CALLER)
        self._doubtful = ()
        for who in talking:
            self._listening.connected(who)

    def _event(self, fields: Fields) -> None:
        match messages.parse(fields):
            case Connected() as hint:
                self._ask_who(hint)
            case Gone(uniqueid):
                self._ask_gone(uniqueid)
            case Flagged() as flagged if self._is_ours(flagged):
                self._flagged(flagged)
            case TakenBack(agent, linkedid) as said if self._is_ours(said):
                self._listener.taken_back(agent, linkedid)
            case None if messages.is_torn(fields):
                self._doubt(f"an event {fields.get('event', '')} has not the shape that Asterisk gives it")

    def _is_ours(self, said: Flagged | TakenBack) -> bool:
        ours = self._settings.event_secret
        if ours and hmac.compare_digest(said.secret.encode(), ours.encode()):
            return True
        self._doubt(
            f"{type(said).__name__} of {said.agent or 'an agent'} lacks the secret of [pbx] event_secret"
            if ours
            else f"{type(said).__name__} is not believed: [pbx] event_secret is empty"
        )
        return False

    def _doubt(self, what: str) -> None:
        self._doubted += 1
        if self._doubted <= SAID_OF_DOUBT:
            last = self._doubted == SAID_OF_DOUBT
            log.warning("%s; it is left out%s", what, "; further ones are only counted" if last else "")

    def _ask_who(self, hint: Connected) -> None:
        """An agent has a caller: the PBX's own answers about the two channels say who they are."""
        if not self._conversations.wants(hint):
            return
        self._asking += 1

        def caller_known(caller: AmiResponse) -> None:
            def both_known(agent: AmiResponse) -> None:
                self._asking -= 1
                if who := messages.between(caller.parts, agent.parts, hint):
                    self._listening.connected(who)
                    for end in (who.caller, who.agent):
                        if end.uniqueid in self._left:
                            self._ask_gone(end.uniqueid)
                elif caller.ok and agent.ok:
                    self._doubt(
                        f"{hint.agent_name} has no such caller as an event {hint.queue or 'of a dial'} says"
                    )
                if not self._asking:
                    self._left.clear()

            self._ami.ask(messages.status(hint.agent.channel), both_known, or_not=messages.NO_CHANNEL)

        self._ami.ask(messages.status(hint.caller.channel), caller_known, or_not=messages.NO_CHANNEL)

    def _ask_gone(self, uniqueid: str) -> None:
        """A channel has hung up, if the PBX has none of its name, or another by now."""

        def answered(reply: AmiResponse) -> None:
            there = {part["uniqueid"] for part in reply.parts if messages.is_status(part)}
            if (there and uniqueid not in there) or messages.NO_CHANNEL in reply.message:
                if over := self._conversations.gone(uniqueid):
                    self._over(*over)
            elif there:
                self._doubt("a channel is said to have hung up and is there")

        if self._asking:
            self._left.add(uniqueid)
        if channel := self._conversations.channel(uniqueid):
            self._ami.ask(messages.status(channel), answered, or_not=messages.NO_CHANNEL)

    def _over(self, conversation: Conversation, by: EndedBy) -> None:
        if conversation.heard:
            self._listener.over(conversation, by)

    def _dial(self, channel: str, name: str, speaker: Speaker, deaf: Callable[[str], None]) -> None:
        def dialled(reply: AmiResponse) -> None:
            if not reply.ok:
                deaf(f"the PBX does not dial a listening leg: {reply.message}")

        dial = self._settings.dial.replace("{leg}", name)
        whispers = self.whispers and speaker is Speaker.CALLER
        self._ami.ask(messages.listen(channel, dial, whispers=whispers), dialled)

    def _flagged(self, flagged: Flagged) -> None:
        """An agent's word moves the caller at once, and the extension tells the log who said it."""
        caller = self._conversations.meant(flagged.agent, flagged.call)
        if caller is None:
            log.warning("%s flags a call that this agent does not have", flagged.agent or "an agent")
            return
        agent = flagged.agent

        def named(_reply: AmiResponse) -> None:
            self._move(caller.channel, self._settings.by_hand, lambda _reply: None)

        self._ami.ask(messages.set_variable(caller.channel, SAID_BY, agent), named)
