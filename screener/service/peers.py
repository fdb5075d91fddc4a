"""Can the site talk to those around it? Where callers are moved, encryption, recordings, the other system."""

import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from screener.errors import PbxError, SipError, SipParseError
from screener.settings.clear import exposed
from screener.settings.encryption import TlsSection
from screener.settings.freeswitch import Freeswitch
from screener.settings.sections import Pbx, Settings, Sip, Speech, Targets, Webhook
from screener.sip.address import Uri
from screener.sip.transport import Address, TcpAddress, TlsAddress, name_of, next_address

OPTIONS_SECONDS = 2.0
OPTIONS_TRIES = 2
LOGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: of the thing.
        message: what was found.
        remedy: what to do about it; empty when all is well. With `ok` it can wait: a warning.
    """

    name: str
    ok: bool
    message: str
    remedy: str = ""


def check_targets(settings: Settings, seconds: float = OPTIONS_SECONDS) -> Iterator[Check]:
    """Do the targets that callers are moved to stand for somebody, and does whoever is there answer?"""
    targets = settings.targets
    if targets.agents == Targets().agents:
        yield Check(
            "target",
            ok=False,
            message=f"{targets.agents} is the example of the shipped settings",
            remedy="set [targets] agents to where your agents are",
        )
        return
    uris = [uri for f in fields(targets) if (uri := getattr(targets, f.name))]
    places = {(type(place), place): place for uri in uris if (place := _place_of(uri))}
    for place in places.values():
        yield _answers(place, settings.sip.tls, seconds)


def _place_of(uri: str) -> Address | None:
    """Where a SIP URI leads; None for a telephone number."""
    try:
        parsed = Uri.parse(uri)
    except SipParseError:
        return None
    return next_address(parsed) if parsed.scheme in ("sip", "sips") and parsed.host else None


def _answers(address: Address, tls: TlsSection, seconds: float) -> Check:
    """Send an OPTIONS (RFC 3261 11) over the transport that calls would take; whatever comes back is an answer."""
    host, port = address
    place = f"{host}:{port}"
    kind = socket.SOCK_STREAM if isinstance(address, TcpAddress) else socket.SOCK_DGRAM
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=kind)[0]
    except OSError:
        return Check(
            "target", ok=False, message=f"{host} cannot be resolved", remedy="write its address into [targets]"
        )
    with socket.socket(family, kind) as plain:
        plain.settimeout(seconds / OPTIONS_TRIES)
        try:
            plain.connect(found)
            line = _secured(plain, host, tls) if isinstance(address, TlsAddress) else plain
        except (SipError, ssl.SSLError) as problem:
            return _unproven("target", place, problem)
        except OSError:
            line = None  # refused: nobody listens there
        if line is not None and _asked(line, place, name_of(address)):
            return Check("target", ok=True, message=f"{place} answers")
    remedy = "is the PBX running, and does it answer OPTIONS of this machine?"
    return Check("target", ok=False, message=f"{place} does not answer within {seconds:g} s", remedy=remedy)


def _asked(line: socket.socket, place: str, transport: str) -> bool:
    here, mine = line.getsockname()[:2]
    token = secrets.token_hex(8)
    text = (
        f"OPTIONS sip:{place} SIP/2.0\r\nVia: SIP/2.0/{transport} {here}:{mine};branch=z9hG4bK{token};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:doctor@{here}>;tag={token}\r\nTo: <sip:{place}>\r\n"
        f"Call-ID: {token}@{here}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:doctor@{here}:{mine}>\r\n"
        "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
    )
    for _ in range(OPTIONS_TRIES):
        try:
            line.sendall(text.encode())
            if line.recv(4096):
                return True
        except TimeoutError:
            continue
        except OSError:
            return False  # refused: nobody listens there
    return False


def _secured(plain: socket.socket, host: str, tls: TlsSection) -> socket.socket:
    from screener.sip.certificates import client_context

    return client_context(tls).wrap_socket(plain, server_hostname=tls.peer_name or host)


def _unproven(name: str, place: str, problem: Exception) -> Check:
    """The other end cannot show who it is."""
    from screener.sip.tcp import reason

    why = problem.message if isinstance(problem, SipError) else reason(problem)
    remedy = "renew its certificate, or correct authorities and peer_name in [sip.tls]"
    return Check(name, ok=False, message=f"{place}: TLS: {why}", remedy=remedy)


def check_certificates(tls: TlsSection, *, wanted: bool, now: datetime | None = None) -> Check:
    """Can our certificate be shown, and for how long yet?

    Args:
        tls: the section, with whole paths.
        wanted: something is to go over TLS.
        now: aware UTC; None asks the clock.
    """
    now = now or datetime.now(UTC)
    if not wanted:
        return Check("TLS", ok=True, message="none: signalling is in clear")
    from screener.sip import certificates

    try:
        certificates.client_context(tls)
        own = certificates.read(Path(tls.certificate)) if tls.certificate else None
    except SipError as problem:
        return Check("TLS", ok=False, message=problem.message, remedy=problem.remedy)
    if own is None:
        return Check("TLS", ok=True, message="we connect, and show no certificate")
    until = f"{own.ends:%Y-%m-%d %H:%M} UTC"
    if wrong := own.problem(now):
        remedy = "renew it; it is taken without a restart"
        return Check("TLS", ok=False, message=f"our certificate {tls.certificate} is {wrong}", remedy=remedy)
    if own.ends_soon(now):
        message = f"our certificate {tls.certificate} expires on {until}"
        return Check("TLS", ok=False, message=message, remedy="renew it; it is taken without a restart")
    return Check("TLS", ok=True, message=f"our certificate is good until {until}")


def check_encryption(sip: Sip) -> Check:
    """Is media encrypted, and do its keys come in secret?"""
    if sip.srtp == "off":
        return Check("SRTP", ok=True, message="off: calls with encrypted media are refused")
    if sip.srtp == "optional":
        return Check("SRTP", ok=True, message="optional: media is encrypted where the peer offers it")
    if sip.tls.only:
        return Check("SRTP", ok=True, message="required: calls in clear are refused")
    return Check(
        "SRTP",
        ok=False,
        message="required, but its keys may come over UDP or TCP, where anybody on the way reads them",
        remedy="set only = true in [sip.tls]",
    )


def check_clear(settings: Settings) -> Iterator[Check]:
    """Does anything leave in clear, where calls must be encrypted?"""
    for found in exposed(settings):
        yield Check("in clear", ok=False, message=f"{found.where}: {found.what}", remedy=found.remedy)


def check_recording_clients(settings: Settings) -> Check:
    """Is it known who is who in the recordings of other phone systems?"""
    extension, siprec = settings.sip.recording_extension, settings.siprec
    if not extension:
        return Check("siprec", ok=True, message="no recordings of other phone systems are taken")
    if not siprec.agents and not siprec.caller_label:
        message = f"taken at {extension}; where metadata say nothing, the first stream is the {siprec.first}'s"
        return Check("siprec", ok=False, message=message, remedy="name the agents in [siprec] agents, as 2*")
    return Check("siprec", ok=True, message=f"taken at {extension}, {siprec.max_calls} at once")


def check_servers(speech: Speech) -> Iterator[Check]:
    """Does each recogniser server take a stream?"""
    if not speech.servers:
        return
    from screener.speech.servers import look

    remedy = "is the server running there, with the protocol of [speech] engine?"
    for url in speech.servers:
        place, problem = look(url)
        message = f"{place} does not answer: {problem}" if problem else f"{place} answers"
        yield Check("recogniser server", ok=not problem, message=message, remedy=remedy if problem else "")


def check_proxy(settings: Settings) -> Iterator[Check]:
    """Does Kamailio list its calls, and does each rtpengine answer?"""
    proxy, host = settings.proxy, settings.sip.host
    if not proxy.url:
        return
    from screener.proxy import kamailio
    from screener.proxy.watch import rtpengines

    try:
        going_on = kamailio.listed(proxy, host)
        yield Check("proxy", ok=True, message=f"Kamailio lists its calls; {len(going_on)} to listen to now")
    except PbxError as problem:
        yield Check("proxy", ok=False, message=problem.message, remedy=problem.remedy)
    remedy = "is it running, and do listen-ng and its firewall let this machine in? See [proxy] rtpengine"
    for engine in rtpengines(proxy, host):
        ok = engine.ping()
        message = f"rtpengine {engine.place} answers" if ok else f"rtpengine {engine.place} does not answer"
        yield Check("proxy", ok=ok, message=message, remedy="" if ok else remedy)
        engine.close()


def check_pbx(pbx: Pbx, seconds: float = LOGIN_SECONDS) -> Check:
    """Does the manager interface of the PBX let us in?"""
    if not pbx.host:
        return Check("manager interface", ok=True, message="none named; agents' calls are not listened to")
    from screener.pbx.ami import Ami

    place = f"{pbx.host}:{pbx.port}"
    ami = Ami(pbx, lambda _event: None, lambda _up: None)
    if _logged_in(ami, seconds):
        return Check("manager interface", ok=True, message=f"{place} let us in as {pbx.username}")
    if ami.refused:
        remedy = "correct username and password in [pbx], or permit and the account in manager.conf"
        return Check("manager interface", ok=False, message=f"{place} refused {pbx.username}", remedy=remedy)
    remedy = "is the PBX running, manager.conf enabled, and are [pbx] host, port and the firewall right?"
    return Check("manager interface", ok=False, message=f"{place}: no answer within {seconds:g} s", remedy=remedy)


def check_freeswitch(freeswitch: Freeswitch, seconds: float = LOGIN_SECONDS) -> Check:
    """Does the event socket let us in?"""
    from screener.freeswitch.socket import EventSocket

    place = f"{freeswitch.host}:{freeswitch.port}"
    event_socket = EventSocket(freeswitch, lambda _event: None, lambda _up: None)
    if _logged_in(event_socket, seconds):
        return Check("event socket", ok=True, message=f"{place} let us in")
    if event_socket.refused:
        remedy = "correct password in [freeswitch], as in event_socket.conf.xml"
        return Check("event socket", ok=False, message=f"{place} refused the password", remedy=remedy)
    remedy = "is FreeSWITCH running, and do listen-ip, apply-inbound-acl and the firewall let this machine in?"
    return Check("event socket", ok=False, message=f"{place}: no answer within {seconds:g} s", remedy=remedy)


class _Login(Protocol):
    """A connection of ours that logs in when it is started; `refused` stays after it was stopped."""

    @property
    def up(self) -> bool: ...
    @property
    def refused(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def _logged_in(peer: _Login, seconds: float) -> bool:
    """Whether it lets us in within that time; it is let go of."""
    peer.start()
    deadline = time.monotonic() + seconds
    while not (peer.up or peer.refused) and time.monotonic() < deadline:
        time.sleep(0.05)
    up = peer.up
    peer.stop()
    return up


def check_webhook(settings: Settings, seconds: float = OPTIONS_SECONDS) -> Check:
    """Is the other system there, and is it the right one? Nothing is posted."""
    webhook = settings.webhook
    if not webhook.url:
        recorded = "none named; callers in recordings stay with their agent, whatever is heard"
        message = recorded if settings.sip.recording_extension else "none named"
        return Check("webhook", ok=True, message=message)
    parts = urlsplit(webhook.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place = f"{host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=seconds) as plain:
            if parts.scheme == "https":
                _known(webhook, settings.folder).wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLError as problem:
        from screener.sip.tcp import reason

        remedy = "renew its certificate, or correct [webhook] ca"
        return Check("webhook", ok=False, message=f"{place}: TLS: {reason(problem)}", remedy=remedy)
    except OSError as problem:
        remedy = "is it running, and are [webhook] url and the firewall right?"
        return Check("webhook", ok=False, message=f"{place}: {problem.strerror or problem}", remedy=remedy)
    return Check("webhook", ok=True, message=f"{place} answers")


def _known(webhook: Webhook, folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / webhook.ca) if webhook.ca else None)
