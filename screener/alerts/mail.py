"""E-mail, by the mail server of the site."""

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, BinaryIO, Protocol

from screener.errors import AlertError
from screener.outside.text import visible, visible_lines

SECONDS, WITHIN_SECONDS = 10.0, 60.0
"""For one answer of the mail server, and for the whole of a mail, however slowly it talks."""
SUBJECT_MOST = 100
REPLY_MOST = 65_536
"""Bytes of one reply of the mail server, which may have any number of lines."""


class MailServer(Protocol):
    """Where mail is handed in, as the settings name it; `url` is host and port."""

    @property
    def url(self) -> str: ...  # noqa: D102

    @property
    def username(self) -> str: ...  # noqa: D102

    @property
    def secret(self) -> str: ...  # noqa: D102

    @property
    def sender(self) -> str: ...  # noqa: D102

    @property
    def to(self) -> tuple[str, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail; `kind` is its media type."""

    name: str
    kind: str
    data: bytes


def post(server: MailServer, text: str, page: str = "", files: Sequence[Attachment] = ()) -> None:
    """Hand a mail in; with a user name the connection is encrypted, and the server's certificate checked.

    Args:
        server: and from whom, to whom.
        text: for every reader; its first line is the subject.
        page: the same as HTML; empty for none.
        files: what goes with it.

    Raises:
        AlertError: it was not taken.
    """
    host, _, port = server.url.partition(":")
    taker = _Taker(timeout=SECONDS)
    cut = threading.Timer(WITHIN_SECONDS, _cut, (taker,))
    cut.daemon = True
    cut.start()
    try:
        message = _written(server, text, page, files)
        with taker:
            taker.connect(host, int(port or 25))
            if server.username:
                taker.starttls(context=ssl.create_default_context())
                taker.login(server.username, server.secret)
            taker.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        raise AlertError(f"email: {problem}", "look at [alerts]") from problem
    finally:
        cut.cancel()
        taker.close()


def _written(server: MailServer, text: str, page: str, files: Sequence[Attachment]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = server.sender, ", ".join(server.to)
    message["Subject"] = visible(text.split("\n")[0])[:SUBJECT_MOST]
    message.set_content(visible_lines(text))
    if page:
        message.add_alternative(page, subtype="html")
    for file in files:
        main, _, sub = file.kind.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return message


class _Taker(smtplib.SMTP):
    """The mail server, who is heard no longer than it takes to reply."""

    file: Any

    def getreply(self) -> tuple[int, bytes]:
        """The next reply."""
        assert self.sock is not None
        if not isinstance(self.file, _Reply):
            self.file = _Reply(self.file or self.sock.makefile("rb"))
        self.file.left = REPLY_MOST
        return super().getreply()


class _Reply:
    """What smtplib reads lines from, up to an end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.left = file, 0

    def readline(self, most: int) -> bytes:
        """The next line.

        Raises:
            OSError: the reply does not end.
        """
        line = self._file.readline(most)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("a reply without end")
        return line

    def close(self) -> None:
        """Hear nothing more."""
        self._file.close()


def _cut(taker: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, AttributeError):  # not connected yet, or not any more
        taker.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
