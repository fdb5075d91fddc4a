"""A small Asterisk manager interface on loopback: real TCP, the real wire format, and nothing behind it."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Mapping

Fields = dict[str, str]
SUCCESS = {"Response": "Success", "Message": "done"}


class Manager:
    """Takes logins and actions.

    Args:
        secret: that a login must bring.

    Attributes:
        answer: gives the messages that answer an action; `None` keeps silent. The action id is added.
        actions: every action that came, logins and pings apart.
    """

    def __init__(self, secret: str = "s3cret") -> None:
        self.secret = secret
        self.answer: Callable[[Fields], Iterable[Mapping[str, str]] | None] = lambda _action: [SUCCESS]
        self.actions: queue.Queue[Fields] = queue.Queue()
        self.logins = 0
        self.silent = False
        self._connections: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        text = b""
        with contextlib.suppress(OSError):
            connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            while data := connection.recv(65536):
                text += data
                *messages, text = text.split(b"\r\n\r\n")
                for message in messages:
                    pairs = (line.split(": ", 1) for line in message.decode().split("\r\n") if ": " in line)
                    self._take(connection, {name.lower(): value for name, value in pairs})

    def _take(self, connection: socket.socket, action: Fields) -> None:
        if self.silent:
            return
        match action["action"].lower():
            case "login":
                self.logins += 1
                ok = action["secret"] == self.secret
                self._say(connection, action, {"Response": "Success" if ok else "Error", "Message": "Login"})
                if ok:
                    self._connections.append(connection)
                    self._say(connection, {}, {"Event": "FullyBooted", "Status": "Fully Booted"})
                else:
                    connection.close()
            case "ping":
                self._say(connection, action, {"Response": "Success", "Ping": "Pong"})
            case _:
                self.actions.put(action)
                for message in self.answer(action) or ():
                    self._say(connection, action, message)

    def _say(self, connection: socket.socket, action: Fields, message: Mapping[str, str]) -> None:
        fields = dict(message)
        if "actionid" in action:
            fields["ActionID"] = action["actionid"]
        connection.sendall(("".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode())

    def event(self, **fields: str) -> None:
        """Tell everybody who is logged in."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                self._say(connection, {}, fields)

    def action(self, seconds: float = 5) -> Fields:
        """The next action that came."""
        return self.actions.get(timeout=seconds)

    def cut(self) -> None:
        """Close every connection, as a PBX that restarts."""
        connections, self._connections = self._connections, []
        for connection in connections:
            with contextlib.suppress(OSError):  # the other end was first
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._server.close()
        self.cut()
