"""What fakes of other systems share: a TCP server on loopback that takes messages, each with the same end."""

import contextlib
import random
import socket
import threading

PORTS = range(30_000, 32_700)
"""Below those that the system gives to whoever asks for any, above those of calls: nobody gets one by chance."""


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port of loopback that nobody has, of UDP or of TCP."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as sock:
            sock.bind(("127.0.0.1", port))
            return port


class Server:
    """Accepts, greets, and hands every message of every connection to `take`; one thread a connection.

    Attributes:
        greeting: said to who connects.
        message_end: after each message.
        port: a free one, unless one was asked for.
        listeners: connections that want to be told what happens; whoever takes their wish puts them in.
    """

    greeting = b""
    message_end = b"\n"

    def __init__(self, port: int = 0) -> None:
        self.listeners: list[socket.socket] = []
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self, connection: socket.socket, message: str) -> None:
        """A message came, its end not included."""
        raise NotImplementedError

    def tell(self, message: bytes) -> None:
        """Say something to everybody who listens."""
        for connection in self.listeners.copy():
            with contextlib.suppress(OSError):
                connection.sendall(message)

    def cut(self) -> None:
        """Close every connection, as a system that restarts."""
        connections, self._connections, self.listeners = self._connections, [], []
        for connection in connections:
            with contextlib.suppress(OSError):  # the other end was first
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        said = b""
        with contextlib.suppress(OSError):
            connection.sendall(self.greeting)
            while data := connection.recv(65536):
                said += data
                *messages, said = said.split(self.message_end)
                for message in messages:
                    self.take(connection, message.decode())
