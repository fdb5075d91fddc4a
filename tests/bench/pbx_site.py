"""A call centre for measurements: Asterisk, one agent's phone or a crew of them, and a screener beside it."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.pbx.network import Network
from tests.pbx.rig import Asterisk, Crew, Phone, Screener
from tests.waiting import wait_for


class PbxSite:
    """Everything is up when the constructor returns.

    Args:
        folder: where all of it lives.
        crew: so many agents who answer by themselves and hum; 0 is one agent whose phone is driven.
        talk: what they say instead, raw µ-law.
        screener: whether there is one.
        asterisk: files of deploy/asterisk that are replaced.
        options: for the screener.
    """

    def __init__(
        self,
        folder: Path,
        *,
        crew: int = 0,
        talk: bytes = b"",
        screener: bool = True,
        asterisk: Mapping[str, str] | None = None,
        **options,
    ) -> None:
        self.folder, self._stack = folder, contextlib.ExitStack()
        try:
            self.network = self.keep(Network())
            self.asterisk = self.keep(Asterisk(self.network, folder / "asterisk", crew, asterisk))
            if crew:
                self.keep(Crew(self.network, folder / "crew", talk))
                for number in range(crew):
                    self.asterisk.rx(f"queue add member PJSIP/crew{number} to agents")
            else:
                self.phone = self.keep(Phone(self.network, folder / "phone"))
                wait_for(lambda: self.asterisk.contact("agent1"), 10, "registration of the agent's phone")
            if screener:
                self.start_screener(**options)
        except BaseException:
            self.stop()
            raise

    def start_screener(self, home: Path | None = None, **options) -> None:
        """Start it; it is registered, and logged in at the manager interface, when this returns."""
        self.screener = self.keep(Screener(self.network, home or self.folder / "screener", **options))
        self.wait_ready()

    def wait_ready(self, seconds: float = 20) -> None:
        """Registered and reachable, and logged in."""
        wait_for(lambda: self.asterisk.contact("screener") == "Avail", seconds, "registration of the screener")
        wait_for(lambda: "logged in" in self.screener.log, seconds, "login at the manager interface")

    def keep(self, peer):
        """Stop it at the end."""
        self._stack.callback(peer.stop)
        return peer

    def quiet(self) -> None:
        """Nobody is left on the line."""
        self.asterisk.rx("channel request hangup all")
        wait_for(lambda: not self.asterisk.channels(), 20, "quiet PBX")

    def stop(self) -> None:
        self._stack.close()


@contextlib.contextmanager
def pbx_site(**options) -> Iterator[PbxSite]:
    """A site in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = PbxSite(Path(folder), **options)
        try:
            yield made
        finally:
            made.stop()
