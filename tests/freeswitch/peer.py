"""A small FreeSWITCH on loopback: its event socket on real TCP, as documented, and nothing behind it."""

import queue
import socket
import threading
from collections.abc import Callable

from screener.freeswitch import wire
from screener.freeswitch.wire import EslEvent, EslMessage
from tests.server import Server

OK = "+OK "


class Freeswitch(Server):
    """Takes logins and commands.

    Attributes:
        answer: gives what a command in the background ends with; None keeps silent for ever.
        commands: every command that came in the background.
    """

    greeting = b"Content-Type: auth/request\n\n"
    message_end = b"\n\n"

    def __init__(self, password: str = "ClueCon", port: int = 0) -> None:
        self.password = password
        self.answer: Callable[[str], str | None] = lambda _command: "+OK 1f2e\n"
        self.commands: queue.Queue[str] = queue.Queue()
        self.logins = 0
        self.subscribed = ""
        super().__init__(port)

    def take(self, connection: socket.socket, message: str) -> None:
        line, _, rest = message.partition("\n")
        name, _, what = line.partition(" ")
        match name:
            case "auth":
                ok = what == self.password
                self.logins += ok
                self._reply(connection, "+OK accepted" if ok else "-ERR invalid")
            case "event":
                self._reply(connection, "+OK event listener enabled plain")
                self.listeners.append(connection)
                self.subscribed = what
            case "bgapi":
                job = rest.partition(":")[2].strip()
                self._reply(connection, f"+OK Job-UUID: {job}", {"Job-UUID": job})
                self.commands.put(what)
                threading.Thread(target=self._end, args=(job, what), daemon=True).start()
            case "api":
                body = b"UP 0 years\n"
                connection.sendall(wire.serialize(EslMessage({"Content-Type": "api/response"}, body)))

    def _end(self, job: str, command: str) -> None:
        ended = self.answer(command)
        if ended is not None:
            self.happen(EslEvent({"Event-Name": "BACKGROUND_JOB", "Job-UUID": job}, ended))

    def _reply(self, connection: socket.socket, text: str, more: dict[str, str] | None = None) -> None:
        head = {"Content-Type": "command/reply", "Reply-Text": text, **(more or {})}
        connection.sendall(wire.serialize(EslMessage(head)))

    def happen(self, event: EslEvent) -> None:
        """Tell everybody who listens of an event."""
        self.tell(wire.serialize(EslMessage({"Content-Type": wire.EVENT}, wire.serialize_event(event))))


def queued(caller: str, agent: str, number: str = "13900007777", queue: str = "agents@default") -> EslEvent:
    """An agent of mod_callcenter has a caller of a queue."""
    return EslEvent(
        {
            "Event-Subclass": "callcenter::info", "Event-Name": "CUSTOM", "CC-Queue": queue,
            "CC-Action": "bridge-agent-start", "CC-Agent": "1001@default", "CC-Agent-System": "single_box",
            "CC-Agent-UUID": agent, "CC-Member-UUID": "453324f8-3424-4322-4242362fd23d",
            "CC-Member-Session-UUID": caller, "CC-Member-CID-Name": "Outbound Call",
            "CC-Member-CID-Number": number,
        }
    )  # fmt: skip


def bridged(caller: str, agent: str, extension: str, number: str = "13900007777") -> EslEvent:
    """A caller talks to an extension."""
    return EslEvent(
        {
            "Event-Name": "CHANNEL_BRIDGE", "Unique-ID": caller, "Bridge-A-Unique-ID": caller,
            "Bridge-B-Unique-ID": agent, "Caller-Caller-ID-Number": number,
            "Caller-Destination-Number": "4008001234",
            "Other-Leg-Destination-Number": extension, "Channel-State": "CS_EXECUTE",
        }
    )  # fmt: skip


def hung_up(uuid: str) -> EslEvent:
    return EslEvent({"Event-Name": "CHANNEL_HANGUP", "Unique-ID": uuid, "Hangup-Cause": "NORMAL_CLEARING"})


def parted(uuid: str) -> EslEvent:
    return EslEvent({"Event-Name": "CHANNEL_UNBRIDGE", "Unique-ID": uuid})
