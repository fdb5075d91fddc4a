"""A mail server of the tests' own: takes everything, keeps it."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage


class Mailbox:
    """What came: recipients and whole messages; refuses the first so many."""

    def __init__(self, refuse: int = 0) -> None:
        self.to: list[str] = []
        self.mails: list[EmailMessage] = []
        self.refuse = refuse
        self.place = ""


@contextmanager
def mailbox(refuse: int = 0) -> Iterator[Mailbox]:
    """A server that is there until the block is left."""
    box = Mailbox(refuse)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 tests\r\n")
            while line := self.rfile.readline():
                word = line.decode().strip()
                if word.upper().startswith("RCPT TO:"):
                    box.to.append(word[8:].split()[0].strip("<>"))
                if word.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                if word.upper() != "DATA":
                    self.wfile.write(b"250 ok\r\n")
                    continue
                if box.refuse:
                    box.refuse -= 1
                    self.wfile.write(b"451 later\r\n")
                    continue
                self.wfile.write(b"354 go\r\n")
                lines = []
                while (row := self.rfile.readline()) != b".\r\n":
                    lines.append(row.removeprefix(b"."))
                mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                assert isinstance(mail, EmailMessage)
                box.mails.append(mail)
                self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        box.place = f"127.0.0.1:{server.server_address[1]}"
        yield box
        server.shutdown()
