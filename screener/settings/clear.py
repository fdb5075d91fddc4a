"""What would leave this machine in clear although calls must be encrypted, in one place.

All that carries voice, words, numbers or passwords to another host. `[sip]` says that calls must be: `srtp` is
required, or `[sip.tls] only` is set. What the settings alone can mend is refused; what depends on what is around
(a proxy, a tunnel) is for the doctor to say. Never in clear, whatever is set: media of `[sip]` and of recordings,
metrics and running calls (this machine alone), `[webhook]`, `[oidc]`. A time stamp's request holds a sum alone.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from screener.settings.alerts import SummarySection, Way
from screener.settings.console import Console
from screener.settings.sections import Settings, Sip

_SECURE_MODES = ("require", "verify-ca", "verify-full")
"""Of libpq's `sslmode`; the others may go on in clear."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """One of them.

    Attributes:
        where: `[section] key`.
        what: was found, and what is allowed (when refused), or what anybody on the way can read.
        remedy: what to do; of what is not refused.
        refused: the settings are wrong so.
    """

    where: str
    what: str
    remedy: str = ""
    refused: bool = True


def must_encrypt(sip: Sip) -> bool:
    """Whether this site wants calls encrypted, and nothing else."""
    return sip.srtp == "required" or sip.tls.only


def exposed(settings: Settings) -> Iterator[Exposed]:
    """Whatever would leave in clear; the console's pages alone where the site does not ask for encryption."""
    if must_encrypt(settings.sip):
        yield from _voice(settings)
        yield from _told(settings)
        yield from _asked(settings)
    elif not settings.console.proxies:  # what is between a proxy and us is the site's choice
        yield from pages_in_clear(settings.console)


def is_here(host: str) -> bool:
    """Whether a host is this machine, so that nothing leaves it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _voice(settings: Settings) -> Iterator[Exposed]:
    for server in settings.speech.servers:
        parts = _split(server)
        if parts.scheme == "ws" and not is_here(parts.hostname or ""):
            allowed = "allowed wss:// to another machine where calls must be encrypted"
            yield Exposed("[speech] servers", f"found ws:// to {parts.hostname}, {allowed}")
    sip = settings.sip
    if not settings.proxy.url:
        return
    alone = "take [proxy] out, or give it a screener of its own on a network that you trust"
    if sip.srtp == "required":
        found = 'found "required", allowed optional or off beside [proxy] url, whose copies come in clear'
        yield Exposed("[sip] srtp", f"{found}: {alone}")
    if sip.tls.only:
        found = "found true, allowed false beside [proxy] url, whose REFER goes by UDP"
        yield Exposed("[sip.tls] only", f"{found}: {alone}")


def _told(settings: Settings) -> Iterator[Exposed]:
    """Alerts and summaries: who called, and what was said."""
    ways, summaries = settings.alerts.ways, settings.alerts.summaries
    mails: list[tuple[str, int, Way | SummarySection]] = []
    mails += [("[[alerts.ways]]", number, way) for number, way in enumerate(ways, 1) if way.kind == "email"]
    mails += [("[[alerts.summaries]]", number, summary) for number, summary in enumerate(summaries, 1)]
    for section, number, mail in mails:
        if not mail.username and not is_here(mail.url.rpartition(":")[0] or mail.url):
            yield Exposed(
                f"{section} {number} username",
                "found none, allowed a name where calls must be encrypted: without one, mail goes to another "
                "machine in clear",
            )
    for number, way in enumerate(ways, 1):
        parts = _split(way.url)
        if way.kind != "email" and parts.scheme == "http" and not is_here(parts.hostname or ""):
            yield Exposed(
                f"[[alerts.ways]] {number} url",
                "found http:// to another machine, allowed https:// where calls must be encrypted",
            )


def _asked(settings: Settings) -> Iterator[Exposed]:
    """Connections whose other end, or whose way, decides."""
    tunnel = "lead it through a TLS tunnel (stunnel) that listens on this machine, and name 127.0.0.1"
    for section, host in (("[pbx]", settings.pbx.host), ("[freeswitch]", settings.freeswitch.host)):
        if host and not is_here(host):
            what = f"password and callers' numbers go to {host} in clear"
            yield Exposed(f"{section} host", what, tunnel, refused=False)
    yield from pages_in_clear(settings.console)
    if host := _database(settings.store.url):
        what = f"the call log goes to {host}, and nothing makes sure that it is encrypted"
        yield Exposed("[store] url", what, "add ?sslmode=verify-full", refused=False)


def pages_in_clear(console: Console) -> Iterator[Exposed]:
    """The console's pages, where other machines reach them without TLS."""
    if not console.certificate and not is_here(console.host):
        what = f"the pages on {console.host} show calls, and take passwords, in clear"
        remedy = "give [console] certificate and key, or listen on 127.0.0.1 behind a proxy with TLS"
        yield Exposed("[console] host", what, remedy, refused=False)


def _database(url: str) -> str:
    """The other machine that a database is reached on without proof of encryption; empty for none."""
    if re.match(r"sqlite(\+\w+)?:", url):
        return ""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    named = [parts.netloc.rpartition("@")[2], *asked.get("host", ()), *asked.get("hostaddr", ())]
    hosts = [re.sub(r":\d*$", "", place) for places in named for place in places.split(",") if place]
    away = [host for host in hosts if not host.startswith("/") and not is_here(host)]
    if not away or asked.get("sslmode", [""])[-1] in _SECURE_MODES:
        return ""
    return away[0]


def _split(url: str) -> SplitResult:
    """Its parts; none of a text that is no URL, which others say."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts
