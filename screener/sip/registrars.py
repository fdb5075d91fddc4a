"""Every registrar's registration, driven by the SIP thread."""

import random
import socket
from collections.abc import Callable, Mapping, Sequence

from screener.errors import SipError
from screener.ports import RegistrationState
from screener.settings.sections import Registrar
from screener.sip.layer import TransactionLayer
from screener.sip.message import Request, Response
from screener.sip.registration import Registration
from screener.sip.transport import Address, at, parameter


class Registrars:
    """All registrations of the endpoint.

    Args:
        registrars: with whom, and with which password; `settings.load` has read it from its file.
        chance: for tags and jitter.
        changed: told whether every one stands, whenever one changes.

    Raises:
        SipError: a name cannot be resolved.
    """

    def __init__(
        self, registrars: Sequence[Registrar], chance: random.Random, changed: Callable[[bool], None]
    ) -> None:
        self._asked = [(registrar, _address(registrar)) for registrar in registrars]
        self._chance = chance
        self._changed = changed
        self._registrations: list[tuple[Registration, Address]] = []

    def start(self, layer: TransactionLayer, own: Callable[[Address], str], user: str) -> None:
        """Register with all of them, from the next `poll` on.

        Args:
            layer: sends the requests.
            own: our `host:port` as that peer reaches it.
            user: the extension that the PBX shall dial; it must be one that is answered.
        """
        self._layer, self._own = layer, own
        self._registrations = [
            (
                Registration(
                    registrar,
                    registrar.password,
                    f"sip:{user}@{own(address)}{parameter(address)}",
                    self._chance,
                    layer.now,
                ),
                address,
            )
            for registrar, address in self._asked
        ]

    @property
    def addresses(self) -> Sequence[Address]:
        """Where they are."""
        return [address for _, address in self._asked]

    @property
    def names(self) -> Mapping[str, str]:
        """What they are called in the settings, by address: a certificate must say it."""
        return {address[0]: registrar.host for registrar, address in self._asked}

    def unreachable(self, address: Address, why: str) -> None:
        """Nothing can be sent there: what is said of it until something can."""
        for registration, its in self._registrations:
            if its == address and type(its) is type(address):
                registration.why = why

    def states(self) -> Sequence[RegistrationState]:
        """Where we stand with each."""
        return [registration.state() for registration, _ in self._registrations]

    def poll(self, now: float) -> float | None:
        """Send what is due; seconds until the next time, None for never."""
        for registration, address in self._registrations:
            if request := registration.poll(now):
                self._ask(registration, request, address)
        deadlines = [r.deadline for r, _ in self._registrations if r.deadline is not None]
        return max(0.0, min(deadlines) - now) if deadlines else None

    def stop(self) -> None:
        """Take our bindings away."""
        for registration, address in self._registrations:
            if request := registration.deregister():
                self._ask(registration, request, address)

    def _ask(self, registration: Registration, request: Request, address: Address) -> None:
        def done(response: Response | None) -> None:
            if response is None:
                registration.timed_out(self._layer.now)
            elif again := registration.receive(response, self._layer.now):
                self._ask(registration, again, address)
            self._changed(all(state.registered for state in self.states()))

        self._layer.request(request, address, self._own(address), done)


def _address(registrar: Registrar) -> Address:
    """Resolved once: a name server that is away must not hold up the SIP thread."""
    try:
        found = socket.getaddrinfo(registrar.host, registrar.port, type=socket.SOCK_DGRAM)[0][4]
    except OSError as problem:
        raise SipError(
            f"the registrar {registrar.host!r} cannot be resolved ({problem.strerror})",
            "write its address into the settings",
        ) from problem
    return at(str(found[0]), registrar.port, registrar.transport)
