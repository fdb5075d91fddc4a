"""The product's hand at FreeSWITCH: learns who talks, has legs dialled, moves callers.

Who talked before we came, or while the connection was away, is not taken up: FreeSWITCH's list of bridged calls
says neither queue nor agent. Those calls go on unheard.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from screener.conversations.listening import Listening
from screener.conversations.ongoing import Conversation, ConversationListener
from screener.conversations.parties import Connected
from screener.events import EndedBy, Speaker
from screener.freeswitch import messages
from screener.freeswitch.messages import Bridged, Left
from screener.freeswitch.socket import EventSocket
from screener.freeswitch.wire import EslEvent
from screener.operations.metrics import Sample
from screener.settings.freeswitch import Freeswitch

log = logging.getLogger(__name__)


class FreeswitchWatch:
    """FreeSWITCH as the service sees it.

    Args:
        settings: the section `[freeswitch]`.
        extension: beginning of the user parts that listening legs are dialled with.
        listener: who is told.
    """

    whispers = False
    """`eavesdrop` could, but nothing here has seen it do so."""

    def __init__(self, settings: Freeswitch, extension: str, listener: ConversationListener) -> None:
        self._settings, self._listener = settings, listener
        self._listening = Listening(settings, "freeswitch", extension, listener, self._dial)
        self._conversations = self._listening.conversations
        self._moving: set[str] = set()
        """Tokens of conversations whose caller is being moved: who is gone meanwhile has been."""
        self._socket = EventSocket(settings, self._event, self._up)
        self._moved = self._stayed = 0

    def start(self) -> None:
        """Connect."""
        self._socket.start()

    def stop(self) -> None:
        """Let go of FreeSWITCH; its calls go on."""
        self._socket.stop()

    @property
    def up(self) -> bool:
        """Whether we are logged in."""
        return self._socket.up

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield Sample("freeswitch_connected", self._socket.up, "Whether the event socket is logged in.")
        yield Sample("eavesdropped_calls", self._conversations.heard, "Calls of agents that are listened to now.")
        yield Sample(
            "eavesdropped_unheard_total", self._listening.unheard, "Calls of agents beyond freeswitch.max_calls."
        )
        text = "Listening legs that FreeSWITCH did not bring about."
        yield Sample("eavesdrop_legs_failed_total", self._listening.failed, text)
        yield Sample("freeswitch_moved_total", self._moved, "Callers moved by uuid_transfer.")
        yield Sample("freeswitch_stayed_total", self._stayed, "Callers whose uuid_transfer was in vain.")

    # From any thread.

    def move(self, conversation: Conversation, extension: str, done: Callable[[bool], None]) -> None:
        """Take the caller away from the agent, to an extension of `context`; the agent's line goes free."""
        token = conversation.token

        def moved(ok: bool, why: str) -> None:
            self._moving.discard(token)
            self._moved += ok
            self._stayed += not ok
            if not ok:
                log.warning("a caller stays with %s: %s", conversation.who.agent_name, why)
            done(ok)
            if not ok and not self._conversations.has(conversation.who.caller.uniqueid):
                self._listener.over(conversation, EndedBy.CALLER)  # gone while we asked

        def begin() -> None:
            self._moving.add(token)

        try:
            command = messages.move(conversation.who.caller.channel, extension, self._settings.context)
        except ValueError as problem:
            moved(False, str(problem))
            return
        self._socket.do(begin)
        self._socket.ask(command, moved)

    def release(self, conversation: Conversation) -> None:
        """It is not listened to any more: there is room for another."""
        self._socket.do(lambda: self._conversations.release(conversation))

    # On the thread `freeswitch`.

    def _up(self, up: bool) -> None:
        if up:
            return
        # What is said meanwhile is missed: it ends for us, and caller and agent talk on.
        for conversation in self._conversations.conversations():
            self._conversations.release(conversation)
            self._over(conversation, EndedBy.FAULT)

    def _event(self, event: EslEvent) -> None:
        match messages.read(event):
            case Connected() as who:
                self._listening.connected(who)
            case Bridged(who, names):
                wanted = next((name for name in names if name in self._settings.extensions), "")
                if wanted:
                    self._listening.connected(replace(who, agent_name=wanted))
            case Left(uuid, hung_up):
                if over := self._conversations.gone(uuid):
                    conversation, by = over
                    self._over(conversation, by if hung_up else EndedBy.TRANSFER)
            case _:
                pass

    def _over(self, conversation: Conversation, by: EndedBy) -> None:
        if conversation.heard and conversation.token not in self._moving:
            self._listener.over(conversation, by)

    def _dial(self, uuid: str, name: str, _speaker: Speaker, deaf: Callable[[str], None]) -> None:
        def dialled(ok: bool, why: str) -> None:
            if not ok:
                deaf(f"FreeSWITCH does not dial a listening leg: {why}")

        self._socket.ask(messages.listen(uuid, self._settings.dial, name), dialled)
