"""Is this machine ready to take calls? One small check for each thing that `serve` needs.

Every check looks without leaving anything behind, is bounded in time, and says what to do. It loads what it looks
with when its turn comes, and nothing for what the site does not use: whoever runs it is waiting.
"""

import errno
import socket
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from screener.core.actions import Prompt
from screener.core.judgement import Weights
from screener.errors import ScreenerError, SettingsError, SipError
from screener.numbers.identify import regions
from screener.numbers.plan import lines_of
from screener.service.kept import check_database, check_disks, check_private, check_spool
from screener.service.peers import (
    Check,
    check_certificates,
    check_clear,
    check_encryption,
    check_freeswitch,
    check_pbx,
    check_proxy,
    check_recording_clients,
    check_servers,
    check_targets,
    check_webhook,
)
from screener.settings.console import Console
from screener.settings.encryption import try_pair
from screener.settings.hotwords import unheeded
from screener.settings.judgement import site_acts, site_calendar, site_phrases, site_weights
from screener.settings.load import default_path, load
from screener.settings.recordings import load_played
from screener.settings.sections import Settings, Sip, Speech
from screener.settings.site_file import read_toml
from screener.speech.load import load_model
from screener.speech.models import DEFAULT_MODEL, DEFAULT_WHY

if TYPE_CHECKING:
    from screener.ports import Endpoint, RegistrationState

Examined = TypeVar("Examined")
REGISTRATION_SECONDS = 5.0


def examine(path: Path | None = None) -> Iterator[Check]:
    """Look at everything, one after the other; without settings there is nothing else to look at.

    Args:
        path: the settings file; None as in `settings.load`.
    """
    try:
        settings = load(path)
    except SettingsError as problem:
        yield from _wrong("settings", problem)
        return
    named = path or default_path()
    yield Check(
        "settings", ok=True, message=str(named) if named else "built-in defaults; write a file: screener init"
    )
    yield from check_effects(settings)
    port = check_port(settings.sip)
    yield port
    yield check_rtp(settings)
    yield check_certificates(settings.sip.tls, wanted=settings.sip.speaks_tls)
    yield check_encryption(settings.sip)
    if settings.console.certificate:
        yield check_console(settings.console, settings.folder)
    yield from check_clear(settings)
    yield from check_registrations(settings.sip, port_free=port.ok)
    yield from check_targets(settings)
    yield check_recording_clients(settings)
    yield check_webhook(settings)
    yield check_pbx(settings.pbx)
    yield from check_proxy(settings)
    if settings.freeswitch.host:
        yield check_freeswitch(settings.freeswitch)
    yield check_region(settings.site.region)
    yield check_model(settings)
    if settings.speech.second:
        yield check_second(settings)
    yield from check_servers(settings.speech)
    if settings.speech.hotwords:
        yield check_hotwords(settings.speech)
    yield from check_recordings(settings)
    yield from check_judgement(settings)
    if settings.console.cards:
        yield from check_cards(settings)
    yield from check_feed(settings)
    yield from check_lines(settings)
    yield check_database(settings)
    yield check_spool(settings)
    yield from check_disks(settings)
    yield check_private(settings, named)


def check_effects(settings: Settings) -> Iterator[Check]:
    """Is anything set that does nothing, because something else is not?"""
    pbx, webhook = settings.pbx, settings.webhook
    idle = (
        ("[pbx] record_flagged", pbx.record_flagged and not pbx.host, "[pbx] host"),
        (
            "[siprec] agents",
            settings.siprec.agents and not settings.sip.recording_extension,
            "[sip] recording_extension",
        ),
        ("[webhook] secret", (webhook.secret or webhook.secret_file) and not webhook.url, "[webhook] url"),
    )
    for key, is_idle, needs in idle:
        if is_idle:
            message, remedy = f"{key} does nothing without {needs}", f"set {needs}, or take {key} out"
            yield Check("settings", ok=False, message=message, remedy=remedy)


def _wrong(name: str, problem: ScreenerError) -> Iterator[Check]:
    """A line for each thing that is wrong."""
    for line in problem.message.splitlines():
        yield Check(name, ok=False, message=line, remedy=problem.remedy)


def check_port(sip: Sip) -> Check:
    """Can the user agent listen where it should?"""
    wanted = [] if sip.tls.only else [("UDP", socket.SOCK_DGRAM, sip.port)]
    wanted += [("TCP", socket.SOCK_STREAM, sip.port)] if sip.tcp and not sip.tls.only else []
    wanted += [("TLS", socket.SOCK_STREAM, sip.tls.port)] if sip.tls.certificate else []
    for name, kind, port in wanted:
        if problem := _bind_problem(sip.host, port, kind):
            remedy = {
                errno.EADDRINUSE: f"stop what holds it (ss -lnp 'sport = {port}') or change [sip] port; "
                "if that is Screener itself, all is well",
                errno.EADDRNOTAVAIL: "set [sip] host to an address of this machine, or 0.0.0.0",
                errno.EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE",
            }.get(problem.errno or 0, "correct [sip] host and port")
            message = f"{sip.host}:{port}/{name}: {problem.strerror}"
            return Check("sip port", ok=False, message=message, remedy=remedy)
    free = ", ".join(f"{sip.host}:{port}/{name}" for name, _, port in wanted)
    return Check("sip port", ok=True, message=f"{free} is free" if wanted else "none: we only connect, over TLS")


def check_console(console: Console, folder: Path) -> Check:
    """Can its certificate be shown?"""
    certificate, key = (str(folder / name) for name in (console.certificate, console.key))
    try:
        try_pair(certificate, key)
    except SettingsError as problem:
        return Check("console's certificate", ok=False, message=problem.message, remedy=problem.remedy)
    return Check("console's certificate", ok=True, message=f"{certificate} with its key")


def check_rtp(settings: Settings) -> Check:
    """Are enough port pairs of the range free for calls, recordings' second streams and copied voices?"""
    sip, proxy = settings.sip, settings.proxy
    recordings = settings.siprec.max_calls if sip.recording_extension else 0
    copies = (1 + proxy.hear_agent) * proxy.max_calls if proxy.url else 0
    wanted = sip.max_calls + recordings + copies
    more = f"{sip.max_calls} calls, {recordings} recordings and {copies} copied voices"
    free = 0
    for port in range(sip.rtp_port_low, sip.rtp_port_high, 2):
        free += not (_bind_problem(sip.host, port) or _bind_problem(sip.host, port + 1))
        if free == wanted:
            return Check("rtp ports", ok=True, message=f"room for {more}")
    message = f"{free} free pairs in {sip.rtp_port_low}-{sip.rtp_port_high}, {wanted} allowed: {more}"
    remedy = "widen [sip] rtp_port_low and rtp_port_high, or lower max_calls"
    return Check("rtp ports", ok=False, message=message, remedy=remedy)


def check_registrations(
    sip: Sip,
    *,
    port_free: bool,
    agent: "Callable[[Sip], Endpoint] | None" = None,
    seconds: float = REGISTRATION_SECONDS,
) -> Iterator[Check]:
    """Does every PBX accept our name and password? A REGISTER is sent, and taken back."""
    if not sip.registrars:
        yield Check("registration", ok=True, message="none asked for; the PBX sends calls directly")
        return
    if not port_free:
        yield Check("registration", ok=False, message="not tried: the SIP port is not free", remedy="see sip port")
        return
    endpoint = (agent or _user_agent())(replace(sip, max_calls=1))
    try:
        endpoint.start(lambda call: call.reject(503))
    except SipError as problem:
        yield Check("registration", ok=False, message=problem.message, remedy=problem.remedy)
        return
    try:
        deadline = time.monotonic() + seconds
        while (
            not all(s.registered or _refused(s) for s in endpoint.registrations()) and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        states = endpoint.registrations()
    finally:
        endpoint.stop()
    yield from (_registration(state, seconds) for state in states)


def _user_agent() -> "Callable[[Sip], Endpoint]":
    from screener.sip.useragent import SipUserAgent

    return SipUserAgent


def _registration(state: "RegistrationState", seconds: float) -> Check:
    if state.registered:
        return Check("registration", ok=True, message=f"{state.registrar} accepted us")
    return Check(
        "registration",
        ok=False,
        message=f"{state.registrar} did not accept us within {seconds:g} s: {state.problem or 'no answer'}",
        remedy=_remedy(state),
    )


def _remedy(state: "RegistrationState") -> str:
    if "certificate" in state.problem:
        return "renew its certificate, or correct authorities and peer_name in [sip.tls]"
    if _refused(state):
        return "correct username and password in [[sip.registrars]]"
    return "is the PBX running, and are host, port and firewall right? See [[sip.registrars]]"


def _refused(state: "RegistrationState") -> bool:
    """Whether the PBX has answered that it does not want us, so that waiting longer is no use."""
    return any(word in state.problem for word in ("401", "403", "404", "407", "password", "certificate"))


def check_region(region: str) -> Check:
    """Is there a numbering plan of the site's country?"""
    if region in regions():
        return Check("region", ok=True, message=f"numbers without a country belong to {region}")
    remedy = "set [site] region to a country of ISO 3166, as CN"
    return Check("region", ok=False, message=f"{region} is no country that numbers are known of", remedy=remedy)


def check_model(settings: Settings) -> Check:
    """Can the recogniser be loaded?"""
    try:
        info = load_model(settings.speech, settings.folder).info
    except ScreenerError as problem:
        return Check("speech model", ok=False, message=problem.message, remedy=problem.remedy)
    message = f"{info.engine} {info.name}"
    if info.engine == "none":
        message = "none: no word is heard; only silence, repeats and sounds are judged"
    elif info.synthetic_only:
        message += (
            ": understands the demo's synthetic speech only; for real callers: "
            f"screener model install {DEFAULT_MODEL} ({DEFAULT_WHY})"
        )
    return Check("speech model", ok=True, message=message)


def check_second(settings: Settings) -> Check:
    """Can the second reader be loaded?"""
    from screener.speech.models import find_model
    from screener.speech.offline import load_reader

    try:
        info = load_reader(find_model(settings.speech.second, settings.folder).folder).info
    except ScreenerError as problem:
        return Check("second reader", ok=False, message=problem.message, remedy=problem.remedy)
    return Check("second reader", ok=True, message=f"{info.name} reads flags again")


def check_hotwords(speech: Speech) -> Check:
    """Who prefers the site's words?"""
    count = f"{len(speech.hotwords)} preferred"
    where = unheeded(speech)
    return Check("hot words", ok=True, message=f"{count}, but without effect on {where}" if where else count)


def check_recordings(settings: Settings) -> Sequence[Check]:
    """Can every recording be played, and is each at the product's level?"""
    from screener.media.prompts import find, load_clips
    from screener.media.recordings import check as check_recording

    folder = settings.recordings
    try:
        load_clips(folder)
        load_played(folder)
    except ScreenerError as problem:
        return [*_wrong("recordings", problem)]
    remedy = "make it again with: screener prompts import, or: screener prompts build"
    found = [problem for prompt in Prompt for problem in check_recording(find(prompt, folder)).problems]
    wrong = [Check("recordings", ok=False, message=problem, remedy=remedy) for problem in found]
    return wrong or [Check("recordings", ok=True, message=f"{len(Prompt)} can be played")]


def check_judgement(settings: Settings) -> Iterator[Check]:
    """Can the lexicon, the weights, the calendar and the model of acts be used?

    A site's own lexicon is read as the service will read it. The shipped one is known to be readable: letter by
    letter does for it, and whoever waits need not wait for the dictionaries of pinyin.
    """
    from screener.speech.pinyin import syllables

    named, folder = settings.judgement, settings.folder
    read = syllables if named.lexicon else tuple
    weights = yield from _read("weights", named.weights, lambda: site_weights(named, folder))
    yield from _empty("weights", named.weights, folder, "every value is the built-in one")
    phrases = partial(site_phrases, named, folder, weights or Weights(), read)
    yield from _read("lexicon", named.lexicon, phrases)
    yield from _read("calendar", named.calendar, lambda: site_calendar(named, folder))
    yield from _empty("calendar", named.calendar, folder, "every value is the built-in one")
    yield from _read("model of acts", named.acts, lambda: site_acts(named, folder))


def _read(name: str, file: str, load_it: Callable[[], Examined]) -> Generator[Check, None, Examined | None]:
    """Say whether a file of the site's, or the shipped one, can be loaded; gives what it holds."""
    try:
        loaded = load_it()
    except ScreenerError as problem:
        yield from _wrong(name, problem)
        return None
    yield Check(name, ok=True, message=file or "the shipped one")
    return loaded


def _empty(name: str, file: str, folder: Path, then: str) -> Iterator[Check]:
    """A warning of a site's own file that says nothing, which is allowed and seldom meant."""
    try:
        if not file or read_toml(folder / file, "")[1]:
            return
    except SettingsError:  # said already
        return
    remedy = "if that is not meant, fill it; to take the shipped one, leave its name in the settings empty"
    yield Check(name, ok=True, message=f"{file}: empty, {then}", remedy=remedy)


def check_cards(settings: Settings) -> Iterator[Check]:
    """Can the site's own cue cards be read, as the console will?"""
    from screener.settings.cards import load_cards
    from screener.speech.pinyin import syllables

    cards = settings.console.cards
    yield from _read("cue cards", cards, lambda: load_cards(cards, settings.folder, syllables))
    yield from _empty("cue cards", cards, settings.folder, "no card is shown")


def check_feed(settings: Settings) -> Iterator[Check]:
    """Can the socket be made on which running calls are told?"""
    path = settings.folder / settings.operations.feed
    if settings.operations.feed and path.is_dir():
        remedy = "name a file for [operations] feed, which serve makes"
        yield Check("feed", ok=False, message=f"{path}: is a folder", remedy=remedy)


def check_lines(settings: Settings) -> Iterator[Check]:
    """Can the operator's lists of payphones and duty phones be read?"""
    try:
        lines_of(settings)
    except ScreenerError as problem:
        yield from _wrong("line lists", problem)
        return
    count = len(settings.line_files)
    yield Check("line lists", ok=True, message=f"read: {count}" if count else "none: payphones are not known")


def _bind_problem(host: str, port: int, kind: int = socket.SOCK_DGRAM) -> OSError | None:
    """Why an address cannot be bound; None when it can."""
    with ExitStack() as stack:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
            trial = stack.enter_context(socket.socket(family, kind))
            if kind == socket.SOCK_STREAM:  # as the service binds: connections that just ended are no hindrance
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
        except OSError as problem:
            return problem
    return None
