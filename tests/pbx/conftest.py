"""One Asterisk and one agent's phone for all tests; a screener for those that leave it alive."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pbx.network import Network, Wiretap
from tests.pbx.rig import Asterisk, Caller, Phone, Screener, missing
from tests.waiting import wait_for


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    if reason := missing():
        pytest.skip(reason)
    network = Network()
    yield network
    network.stop()


@pytest.fixture(scope="module")
def lan() -> Iterator[Network]:
    """A module's own, for peers that would have the addresses and ports of those that everybody shares."""
    if reason := missing():
        pytest.skip(reason)
    network = Network()
    yield network
    network.stop()


@pytest.fixture(scope="session")
def asterisk(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    asterisk = Asterisk(network, tmp_path_factory.mktemp("asterisk"))
    yield asterisk
    asterisk.stop()


@pytest.fixture(scope="session")
def phone(network: Network, asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    phone = Phone(network, tmp_path_factory.mktemp("phone"))
    wait_for(lambda: asterisk.contact("agent1"), 10, "registration of the agent's phone")
    yield phone
    phone.stop()


@pytest.fixture
def tap(network: Network) -> Iterator[Wiretap]:
    tap = Wiretap(network)
    yield tap
    tap.stop()


@pytest.fixture(scope="module")
def screener(network: Network, asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screener]:
    """Registered and reachable."""
    screener = Screener(network, tmp_path_factory.mktemp("screener") / "home")
    wait_for(lambda: asterisk.contact("screener") == "Avail", 15, "registration of the screener")
    yield screener
    screener.stop()


@pytest.fixture
def run_screener(network: Network, asterisk: Asterisk, tmp_path: Path) -> Iterator[Callable[..., Screener]]:
    """Start a screener of the test's own, registered and reachable."""
    screeners: list[Screener] = []

    def run(replaced: dict[str, str] | None = None) -> Screener:
        screeners.append(Screener(network, tmp_path / "screener", replaced))
        wait_for(lambda: asterisk.contact("screener") == "Avail", 15, "registration of the screener")
        return screeners[-1]

    yield run
    for screener in screeners:
        screener.stop()


@pytest.fixture
def mortal(run_screener: Callable[..., Screener]) -> Screener:
    """One that the test may kill."""
    return run_screener()


@pytest.fixture
def place_call(
    network: Network, asterisk: Asterisk, phone: Phone, tmp_path: Path
) -> Iterator[Callable[..., Caller]]:
    """Place calls from the trunk; afterwards nobody is left on the line."""
    callers: list[Caller] = []

    def start(speech: bytes, **options: object) -> Caller:
        callers.append(Caller(network, tmp_path / f"caller{len(callers)}", speech, **options))  # type: ignore[arg-type]
        return callers[-1]

    yield start
    for caller in callers:
        caller.stop()
    phone.command("hangup")
    asterisk.rx("channel request hangup all")
    wait_for(lambda: not asterisk.channels(), 10, "quiet PBX")
