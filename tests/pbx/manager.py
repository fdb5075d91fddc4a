"""A small Asterisk manager interface on loopback: real TCP, the real wire format, and nothing behind it."""

import queue
import socket
from collections.abc import Callable, Iterable, Mapping

from tests.server import Server
from tests.waiting import WAIT

Fields = dict[str, str]
SUCCESS = {"Response": "Success", "Message": "done"}


class Manager(Server):
    """Takes logins and actions.

    Args:
        secret: that a login must bring.

    Attributes:
        answer: gives the messages that answer an action; `None` keeps silent. The action id is added.
        actions: every action that came, logins and pings apart.
    """

    greeting = b"Asterisk Call Manager/11.0.0\r\n"
    message_end = b"\r\n\r\n"

    def __init__(self, secret: str = "s3cret") -> None:
        self.secret = secret
        self.answer: Callable[[Fields], Iterable[Mapping[str, str]] | None] = lambda _action: [SUCCESS]
        self.actions: queue.Queue[Fields] = queue.Queue()
        self.logins = 0
        self.silent = False
        super().__init__()

    def take(self, connection: socket.socket, message: str) -> None:
        pairs = (line.split(": ", 1) for line in message.split("\r\n") if ": " in line)
        action = {name.lower(): value for name, value in pairs}
        if self.silent:
            return
        match action["action"].lower():
            case "login":
                self.logins += 1
                ok = action["secret"] == self.secret
                self._say(connection, action, {"Response": "Success" if ok else "Error", "Message": "Login"})
                if ok:
                    self.listeners.append(connection)
                    self._say(connection, {}, {"Event": "FullyBooted", "Status": "Fully Booted"})
                else:
                    connection.close()
            case "ping":
                self._say(connection, action, {"Response": "Success", "Ping": "Pong"})
            case _:
                self.actions.put(action)
                for answer in self.answer(action) or ():
                    self._say(connection, action, answer)

    def event(self, **fields: str) -> None:
        """Tell everybody who is logged in."""
        self.tell(_written(fields))

    def action(self, seconds: float = WAIT) -> Fields:
        """The next action that came."""
        return self.actions.get(timeout=seconds)

    @staticmethod
    def _say(connection: socket.socket, action: Fields, message: Mapping[str, str]) -> None:
        known = {"ActionID": action["actionid"]} if "actionid" in action else {}
        connection.sendall(_written({**message, **known}))


def _written(fields: Mapping[str, str]) -> bytes:
    return ("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode()
