"""A small FreeSWITCH on loopback: its event socket on real TCP, and of its calls what has happened."""

import json
import queue
import socket
import threading
from collections.abc import Callable

from screener.freeswitch import listing, wire
from screener.freeswitch.listing import Channel
from screener.freeswitch.wire import EslEvent, EslMessage
from tests.server import Server

OK = "+OK "


class Freeswitch(Server):
    """Takes logins and commands.

    Attributes:
        answer: gives what a command in the background ends with; None keeps silent for ever. Who asks for the
            channels or for one of them is answered from what has happened.
        commands: every other command that came in the background.
    """

    greeting = b"Content-Type: auth/request\n\n"
    message_end = b"\n\n"

    def __init__(self, password: str = "ClueCon", port: int = 0) -> None:
        self.password = password
        self.answer: Callable[[str], str | None] = lambda _command: "+OK 1f2e\n"
        self.commands: queue.Queue[str] = queue.Queue()
        self._bridges: dict[str, EslEvent] = {}
        """The event that began each call, by the caller's channel."""
        self._alone: set[str] = set()
        """Channels that are left of calls."""
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
                if not what.startswith(("show ", "uuid_dump ")):
                    self.commands.put(what)
                threading.Thread(target=self._end, args=(job, what), daemon=True).start()
            case "api":
                body = b"UP 0 years\n"
                connection.sendall(wire.serialize(EslMessage({"Content-Type": "api/response"}, body)))

    def _end(self, job: str, command: str) -> None:
        name, _, of = command.partition(" ")
        match name:
            case "show":
                ended = self.channels()
            case "uuid_dump":
                ended = self.dump(of.partition(" ")[0])
            case _:
                ended = self.answer(command)
        if ended is not None:
            self.happen(EslEvent({"Event-Name": "BACKGROUND_JOB", "Job-UUID": job}, ended))

    def _reply(self, connection: socket.socket, text: str, more: dict[str, str] | None = None) -> None:
        head = {"Content-Type": "command/reply", "Reply-Text": text, **(more or {})}
        connection.sendall(wire.serialize(EslMessage(head)))

    def happen(self, event: EslEvent) -> None:
        """Have something happen: everybody who listens is told."""
        if caller := _ends(event)[0]:
            self._bridges[caller] = event
            self._alone -= set(_ends(event))
        elif (name := event.fields["Event-Name"]) in ("CHANNEL_HANGUP", "CHANNEL_UNBRIDGE"):
            gone = event.fields["Unique-ID"]
            for caller in [c for c, e in self._bridges.items() if gone in _ends(e)]:
                self._alone |= set(_ends(self._bridges.pop(caller)))
            if name == "CHANNEL_HANGUP":
                self._alone.discard(gone)
        self.tell(wire.serialize(EslMessage({"Content-Type": wire.EVENT}, wire.serialize_event(event))))

    def away(self, *events: EslEvent) -> None:
        """Close every connection; this happens before another can be made: nobody is told of it."""
        self.listeners = []
        for event in events:
            self.happen(event)
        self.cut()

    def channels(self) -> str | None:
        """The list of all channels; None keeps silent."""
        ends = [_ends(event) for event in self._bridges.values()]
        legs = [
            Channel(f"leg-of-{uuid}", caller, inbound=False, application="eavesdrop")
            for caller, *rest in ends
            for uuid in (caller, *rest)
        ]
        talking = [Channel(uuid, ends[0], inbound=uuid == ends[0]) for ends in ends for uuid in ends]
        alone = [Channel(uuid, uuid, inbound=True) for uuid in self._alone]
        return listing.serialize([*legs, *talking, *alone])

    def dump(self, uuid: str) -> str:
        """What FreeSWITCH knows of a channel."""
        event = next((e for e in self._bridges.values() if uuid in _ends(e)), None)
        if event is None:
            return "-ERR No such channel!\n"
        told = event.fields
        if told["Event-Name"] == "CHANNEL_BRIDGE":
            return json.dumps({**told, "Event-Name": "CHANNEL_DATA", "Unique-ID": uuid})
        variables = {
            "variable_cc_side": "member" if uuid == _ends(event)[0] else "agent",
            "variable_cc_queue": told["CC-Queue"],
            "variable_cc_agent": told["CC-Agent"],
            "variable_cc_agent_uuid": told["CC-Agent-UUID"],
            "Caller-Caller-ID-Number": told["CC-Member-CID-Number"],
            "Caller-Caller-ID-Name": told["CC-Member-CID-Name"],
        }
        return json.dumps({"Event-Name": "CHANNEL_DATA", "Unique-ID": uuid, **variables})


def _ends(event: EslEvent) -> tuple[str, str]:
    """The channels of caller and agent, of an event that says that they talk."""
    told = event.fields
    caller = told.get("CC-Member-Session-UUID") or told.get("Bridge-A-Unique-ID", "")
    return caller, told.get("CC-Agent-UUID") or told.get("Bridge-B-Unique-ID", "")


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
