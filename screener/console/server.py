"""The console as a running server: made from a site's settings, in the foreground or beside a service."""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import uvicorn

from screener.console.app import build
from screener.console.connections import HttpConnection
from screener.console.context import ConsoleContext
from screener.console.hub import Hub
from screener.console.logins import Logins
from screener.errors import InputError
from screener.feed.choose import FeedSource, open_source
from screener.outside.files import reason_of
from screener.settings.cards import load_cards
from screener.settings.clear import pages_in_clear
from screener.settings.encryption import try_pair
from screener.settings.judgement import load_notes
from screener.settings.sections import Settings
from screener.store.accounts import Accounts
from screener.store.log import CallLog
from screener.words.judgement import Teller

log = logging.getLogger(__name__)

START_SECONDS = 10.0
LEAVE_SECONDS = 3
"""Requests that are being answered when the server stops have so long."""
SILENCE_SECONDS = 1.0
"""A feed without news gives its reader a chance to stop so often."""


def make_access(settings: Settings, calls: CallLog) -> Logins:
    """The site's logins."""
    idle = timedelta(minutes=settings.console.session_minutes)
    return Logins(Accounts(calls), lambda: datetime.now(UTC), idle)


def make_context(
    settings: Settings, calls: CallLog, syllables: Callable[[str], tuple[str, ...]]
) -> ConsoleContext:
    """What the pages work with; its hub is not started.

    Args:
        settings: of the site.
        calls: its call log.
        syllables: text to toneless pinyin.

    Raises:
        SettingsError: the cue cards are wrong.
    """
    feeds = settings.console.feeds or (settings.operations.feed,)
    cards = load_cards(settings.console.cards, settings.folder, syllables, settings.site.language)

    def connect(feed: str) -> FeedSource:
        return open_source(feed, settings.folder, settings.store.url, SILENCE_SECONDS)

    hub = Hub([feed for feed in feeds if feed], connect, cards, syllables)
    teller = Teller(settings.site.language, load_notes(settings.judgement, settings.folder))
    return ConsoleContext(settings, calls, make_access(settings, calls), hub, teller)


class _Server(uvicorn.Server):
    """Ends the event streams first: an open page would keep it waiting for ever."""

    def __init__(self, config: uvicorn.Config, context: ConsoleContext) -> None:
        super().__init__(config)
        self._context = context

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.leaving = True
        await super().shutdown(sockets)


class ConsoleServer:
    """Serves the pages.

    Args:
        context: what they work with.
        host, port: where it listens, instead of what the settings say; port 0 takes a free one.

    Raises:
        SettingsError: certificate and key cannot be used.
    """

    def __init__(self, context: ConsoleContext, host: str | None = None, port: int | None = None) -> None:
        self._context = context
        settings, folder = context.settings.console, context.settings.folder
        certificate, key = (str(folder / name) if name else None for name in (settings.certificate, settings.key))
        if certificate and key:
            try_pair(certificate, key)
        self._config = uvicorn.Config(
            build(context),
            host=host or settings.host,
            port=settings.port if port is None else port,
            http=HttpConnection,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LEAVE_SECONDS,
            # A proxy says who asks only where the settings name it; uvicorn's default believes all of loopback.
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=list(settings.proxies),
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        self._server = _Server(self._config, context)
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, name="console", daemon=True)

    @property
    def address(self) -> str:
        """Where a browser finds it, once it listens."""
        scheme = "https" if self._config.is_ssl else "http"
        port = self._sockets[0].getsockname()[1] if self._sockets else self._config.port
        return f"{scheme}://{self._config.host}:{port}{self._context.root}/"

    def run(self, tell: Callable[[str], None]) -> None:
        """Serve until a signal says stop.

        Args:
            tell: told the address as soon as somebody may open it.

        Raises:
            InputError: it cannot listen there.
        """
        self._listen()
        tell(self.address)
        self._context.hub.start()
        try:
            self._server.run(self._sockets)
        finally:
            self._context.hub.stop()

    def start(self) -> None:
        """Serve on a thread of its own.

        Raises:
            InputError: it cannot listen there, or does not start.
        """
        self._listen()
        self._context.hub.start()
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                self._context.hub.stop()
                raise InputError(f"the console does not start within {START_SECONDS:g} s", "see the log")
            time.sleep(0.02)
        log.info("console on %s", self.address)

    def _serve(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that it cannot start; `start` says so
            self._server.run(self._sockets)

    def _listen(self) -> None:
        """Bind what it listens with: here, so that who cannot be served is told why, in one line of ours."""
        host, port = self._config.host, self._config.port
        with contextlib.ExitStack() as bound:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
                self._sockets = [
                    bound.enter_context(socket.create_server(address, family=family, backlog=self._config.backlog))
                    for family, _, _, _, address in found
                ]
            except OSError as problem:
                number = problem.errno or 0  # of an address that is no name it is negative, with words of its own
                why = os.strerror(number) if number > 0 else reason_of(problem)
                raise InputError(
                    f"the console cannot listen on {host}:{port} ({why})",
                    "change [console] host or port",
                ) from problem
            bound.pop_all()
        console = self._context.settings.console
        for way in () if console.proxies else pages_in_clear(replace(console, host=host)):
            log.warning("in clear: [console] host: %s — %s", way.what, way.remedy)

    def stop(self) -> None:
        """Close every page and stop."""
        self._server.should_exit = True
        self._thread.join(timeout=LEAVE_SECONDS + 2)
        self._context.hub.stop()
