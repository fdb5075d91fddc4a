"""Two screeners behind deploy/kamailio as shipped, one Asterisk and one PostgreSQL, in a network of their own."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.store.log import open_log
from screener.store.records import CallRecord
from tests.pbx.kamailio import kamailio
from tests.pbx.network import ASTERISK, PROXY, SCREENER, SECOND_SCREENER, Network, Wiretap
from tests.pbx.rig import DEPLOY, ROOT, Asterisk, Screener
from tests.sip.caller import Caller
from tests.store.databases import Postgres, running_postgres
from tests.waiting import wait_for

SHIPPED = ROOT / "deploy/kamailio"
HOSTS = SCREENER, SECOND_SCREENER
URL = "postgresql://screener@db.example/screener"
QUALIFY_TIMEOUT = 1.0
"""Of deploy/kamailio/pjsip.conf."""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Reached by its socket in a folder, which is the same in every network namespace."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def pbx(lan: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """deploy/asterisk with the proxy's sections in the place of the screener's."""
    sections = re.split(r"(?m)^(?=\[)", (DEPLOY / "pjsip.conf").read_text("utf-8"))
    kept = [section for section in sections if not section.startswith("[screener]")]
    assert len(kept) < len(sections)
    pjsip = "".join([*kept, "\n", (SHIPPED / "pjsip.conf").read_text("utf-8")])
    asterisk = Asterisk(lan, tmp_path_factory.mktemp("asterisk"), replaced={"pjsip.conf": pjsip})
    yield asterisk
    asterisk.stop()


class Nodes:
    """Both screeners and their log."""

    def __init__(self, lan: Network, home: Path, url: str) -> None:
        self._lan, self._home, self._url = lan, home, url
        self.screeners: dict[str, Screener] = {}

    def start(self, host: str) -> None:
        replaced = {URL: self._url, f'host = "{SCREENER}"': f'host = "{host}"'}
        self.screeners[host] = Screener(self._lan, self._home / host, replaced, shipped=SHIPPED / "screener.toml")

    def calls(self) -> list[CallRecord]:
        log = open_log(self._url)
        try:
            return log.calls(limit=None)
        finally:
            log.close()

    def command(self, host: str, *words: str) -> str:
        """What a command prints that is given on one of the nodes."""
        line = [sys.executable, "-m", "screener", *words, "--config", self.screeners[host].config]
        return subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout

    def close(self) -> None:
        for screener in self.screeners.values():
            screener.stop()


@contextlib.contextmanager
def tapped(lan: Network) -> Iterator[Wiretap]:
    tap = Wiretap(lan)
    try:
        yield tap
    finally:
        tap.stop()


@contextlib.contextmanager
def two_nodes(lan: Network, pbx: Asterisk, server: Postgres, home: Path) -> Iterator[Nodes]:
    """Both up, the proxy before them, and Asterisk knows that it answers."""
    list_file = SHIPPED / "dispatcher.list"
    with contextlib.closing(Nodes(lan, home, server.new_database())) as nodes, tapped(lan) as tap:
        for host in HOSTS:
            nodes.start(host)
        with kamailio(lan, home, SHIPPED / "kamailio.cfg", PROXY, "-A", f'DISPATCHER_LIST="{list_file}"'):

            def answers() -> bool:
                pbx.rx("pjsip qualify screener")
                return bool(tap.sip("SIP/2.0 200", source=PROXY, target=ASTERISK))

            wait_for(answers, 15, "answer of the proxy to Asterisk", every=0.3)
            time.sleep(QUALIFY_TIMEOUT)  # until then a ping that it has not answered still counts against it
            answers()
            wait_for(lambda: pbx.contact("screener") == "Avail", 15, "proxy that Asterisk dials")
            yield nodes


def asked(tap: Wiretap) -> list[tuple[str, str, float]]:
    """Every first INVITE to a screener: caller's number, the screener, when."""
    found: dict[tuple[str, str], float] = {}
    for packet in tap.sip("INVITE ", source=PROXY):
        if packet.target[0] in HOSTS and (number := re.search(rb"(?m)^From:.*?sip:\+?(\d+)@", packet.data)):
            found.setdefault((number[1].decode(), packet.target[0]), packet.at)
    return [(number, host, at) for (number, host), at in found.items()]


def answered(tap: Wiretap, number: str) -> str:
    """The screener that has answered this number's call; empty while none has."""
    for packet in tap.sip("SIP/2.0 200", target=PROXY):
        if packet.source[0] in HOSTS and b" INVITE\r\n" in packet.data and f":{number}@".encode() in packet.data:
            return packet.source[0]
    return ""


@contextlib.contextmanager
def calling_the_proxy(lan: Network, host: str, number: str) -> Iterator[Caller]:
    """A caller who does not come through the PBX."""
    with lan.entered():
        caller = Caller(5060, dialled="4008001234", number=number, host=host, peer=PROXY, own_port=5062)
    with contextlib.closing(caller):
        yield caller
