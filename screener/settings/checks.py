"""What no single key's type can say: a value's form, two keys that belong together, a file that must be there.

`cross_checks` is the one way in. The checks of a section with a module of its own stand beside it (`flow`,
`proxy`, `freeswitch`, `servers`), those of what must not go in clear in `clear`; all the others are here.
"""

import ipaddress
import json
import re
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from screener.core.ladder import Ladder
from screener.settings.clear import exposed, is_here
from screener.settings.console import Oidc, check_console
from screener.settings.flow import check_flow
from screener.settings.freeswitch import check_freeswitch
from screener.settings.hotwords import check_hotwords
from screener.settings.proxy import check_proxy
from screener.settings.sections import EvidenceSection, Settings, Sip, Site
from screener.settings.servers import check_servers

SettingProblem = tuple[str, str]
"""Where (`[section] key`) and what is wrong there."""
LADDER_MOST = 3650
"""Days and calls of a step of the ladder."""
_URI = re.compile(r"(sips?:([^\s<>@;?\"]+@)?[^\s<>@;?\"]+|tel:\+?[\d\-.()*#]+)(;[^\s<>\"]*)?")
_EXTENSION = re.compile(r"[\w.+*#\-]+")


def cross_checks(settings: Settings) -> Iterator[SettingProblem]:
    """What no single field's type can say."""
    yield from _check_sip(settings.sip)
    yield from _check_tls(settings.sip)
    flow, asterisk = settings.flow, bool(settings.pbx.host)
    yield from check_flow(flow, second=settings.speech.second, pausing=asterisk)
    yield from _check_analysis(settings)
    yield from _check_pbx(settings)
    yield from _check_recordings(settings)
    yield from check_servers(settings.speech)
    yield from check_hotwords(settings.speech)
    yield from check_proxy(settings.proxy, settings.sip, settings.siprec.max_calls)
    yield from check_freeswitch(settings.freeswitch, asterisk=asterisk, calls=settings.sip.max_calls)
    yield from ((found.where, found.what) for found in exposed(settings) if found.refused)
    yield from _check_ladder(settings.ladder)
    yield from _check_evidence(settings.evidence, settings.folder)
    yield from _check_oidc(settings.oidc)
    yield from check_console(settings.console, settings.folder)
    for key in ("agents", "supervisor", "line_fault", "terminate"):
        uri = getattr(settings.targets, key)
        if (uri or key == "agents") and not _URI.fullmatch(uri):
            yield f"[targets] {key}", f"found {json.dumps(uri)}, allowed a sip:, sips: or tel: URI"
    try:
        zoneinfo.ZoneInfo(settings.site.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield (
            "[site] timezone",
            f"found {json.dumps(settings.site.timezone)}, allowed an IANA name, as Asia/Shanghai",
        )
    yield from _check_numbering(settings.site)
    if not re.fullmatch(r"[A-Z]{2}", settings.site.region):
        yield "[site] region", f"found {json.dumps(settings.site.region)}, allowed a country of ISO 3166, as CN"
    judgement = settings.judgement
    named = [(k, getattr(judgement, k)) for k in ("lexicon", "weights", "calendar", "acts")]
    for key, name in [*named, *(("lines", line) for line in judgement.lines)]:
        if name and not (settings.folder / name).is_file():
            yield f"[judgement] {key}", f"found {json.dumps(name)}, allowed an existing file"
    if settings.prompts.folder and not (settings.folder / settings.prompts.folder).is_dir():
        yield "[prompts] folder", f"found {json.dumps(settings.prompts.folder)}, allowed an existing folder"
    for number, way in enumerate(settings.alerts.ways, start=1):
        if way.kind != "email" and not re.match(r"https?://[^\s/]+", way.url):
            yield f"[[alerts.ways]] {number} url", "found a value that is not shown, allowed an http or https URL"
        elif way.kind == "email" and not (way.sender and way.to):
            yield f"[[alerts.ways]] {number} to", "found no sender or nobody, allowed addresses"
    for number, summary in enumerate(settings.alerts.summaries, start=1):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", summary.at):
            yield f"[[alerts.summaries]] {number} at", f"found {json.dumps(summary.at)}, allowed a time, as 08:00"
        if not (summary.sender and summary.to):
            yield f"[[alerts.summaries]] {number} to", "found no sender or nobody, allowed addresses"
    if not re.match(r"[\w+]+://", settings.store.url):
        yield "[store] url", "found a text without ://, allowed a SQLAlchemy URL, as sqlite:///screener.db"


def _check_ladder(ladder: Ladder) -> Iterator[SettingProblem]:
    for number, step in enumerate(ladder.steps, start=1):
        for key in ("confirmed", "within_days", "days"):
            if not 1 <= getattr(step, key) <= LADDER_MOST:
                allowed = f"allowed a whole number from 1 to {LADDER_MOST}"
                yield f"[[ladder.steps]] {number} {key}", f"found {getattr(step, key)}, {allowed}"
    if not 1 <= ladder.complaint_days <= LADDER_MOST:
        allowed = f"allowed a whole number from 1 to {LADDER_MOST}"
        yield "[ladder] complaint_days", f"found {ladder.complaint_days}, {allowed}"


def _check_evidence(evidence: EvidenceSection, folder: Path) -> Iterator[SettingProblem]:
    if evidence.timestamp_url and not re.match(r"https?://[^\s/]+", evidence.timestamp_url):
        yield "[evidence] timestamp_url", "found a value that is not shown, allowed an http or https URL"
    if evidence.timestamp_ca and not (folder / evidence.timestamp_ca).is_file():
        found = json.dumps(evidence.timestamp_ca)
        yield "[evidence] timestamp_ca", f"found {found}, allowed an existing PEM file"
    if evidence.recordings and not (folder / evidence.recordings).is_dir():
        yield "[evidence] recordings", f"found {json.dumps(evidence.recordings)}, allowed an existing folder"


def _check_numbering(site: Site) -> Iterator[SettingProblem]:
    if not re.fullmatch(r"(0?[1-9]\d{1,3})?", site.area_code):
        yield "[site] area_code", f"found {json.dumps(site.area_code)}, allowed an area code, as 010 or 0571"
    try:
        re.compile(site.extensions)
    except re.error as problem:
        wrong = f"{json.dumps(site.extensions)} (wrong at character {(problem.pos or 0) + 1})"
        yield "[site] extensions", f"found {wrong}, allowed a regular expression, as 8[0-9]{{3}}"


def _check_sip(sip: Sip) -> Iterator[SettingProblem]:
    low, high = sip.rtp_port_low, sip.rtp_port_high
    if low % 2 or low < 1024:
        yield "[sip] rtp_port_low", f"found {low}, allowed an even port not below 1024"
    if (high - low + 1) // 2 < sip.max_calls:
        needed = low + 2 * sip.max_calls - 1
        yield (
            "[sip] rtp_port_high",
            f"found {high}, allowed not below {needed} for {sip.max_calls} calls of two ports",
        )
    for peer in sip.peers:
        try:
            ipaddress.ip_network(peer, strict=False)
        except ValueError:
            yield "[sip] peers", f"found {json.dumps(peer)}, allowed addresses and networks, as 192.0.2.0/24"
    for key in ("screening_extension", "analysis_extension", "listening_extension"):
        if not _EXTENSION.fullmatch(getattr(sip, key)):
            yield f"[sip] {key}", f"found {json.dumps(getattr(sip, key))}, allowed the user part of a SIP URI"
    if sip.screening_extension == sip.analysis_extension:
        yield (
            "[sip] analysis_extension",
            f"found {sip.analysis_extension}, allowed any but the screening extension",
        )
    if bool(sip.inbound_username) != bool(sip.inbound_password):
        yield "[sip] inbound_username", "found one of name and password, allowed both or neither"


def _check_tls(sip: Sip) -> Iterator[SettingProblem]:
    tls = sip.tls
    for key in ("certificate", "key", "authorities"):
        name = getattr(tls, key)
        if name and not Path(name).is_file():
            yield f"[sip.tls] {key}", f"found {json.dumps(name)}, allowed an existing PEM file"
    if bool(tls.certificate) != bool(tls.key):
        yield "[sip.tls] key", "found one of certificate and key, allowed both or neither"
    if tls.client_certificates and not tls.authorities:
        yield "[sip.tls] authorities", "found nothing, allowed the PEM file of who signs clients' certificates"
    if tls.certificate and tls.port and tls.port == sip.port and sip.tcp and not tls.only:
        yield "[sip.tls] port", f"found {tls.port}, allowed another than that of TCP"
    if not tls.only:
        return
    if any(registrar.transport != "tls" for registrar in sip.registrars):
        yield "[sip.tls] only", 'found true, allowed where every [[sip.registrars]] has transport = "tls"'
    if not tls.certificate and not sip.registrars:
        yield "[sip.tls] only", "found true, allowed with a certificate, or with a registrar to connect to"


def _check_analysis(settings: Settings) -> Iterator[SettingProblem]:
    analysis = settings.targets.analysis
    wanted_by = "flow.queue_on_pbx" * settings.flow.queue_on_pbx or "[pbx] host" * bool(settings.pbx.host)
    wanted_by = (
        wanted_by
        or "[webhook] url" * bool(settings.webhook.url)
        or settings.proxy.needs_targets
        or settings.freeswitch.needs_targets
    )
    if (analysis or wanted_by) and not _URI.fullmatch(analysis):
        why = f", needed by {wanted_by}" if wanted_by else ""
        yield "[targets] analysis", f"found {json.dumps(analysis)}, allowed a sip:, sips: or tel: URI{why}"


def _check_pbx(settings: Settings) -> Iterator[SettingProblem]:
    pbx = settings.pbx
    if not pbx.host:
        return
    if not pbx.username or not (pbx.password or pbx.password_file):
        yield "[pbx] password", "found no name or no password, allowed those of an account in manager.conf"
    if pbx.record_flagged and not settings.flow.record_notice:
        yield "[pbx] record_flagged", "found true, allowed with [flow] record_notice = true: callers must be told"
    if not re.fullmatch(r"[\w-]+(/[\w-]+)*", pbx.record_folder, re.ASCII):
        allowed = "allowed a folder of letters, digits and hyphens"
        yield "[pbx] record_folder", f"found {json.dumps(pbx.record_folder)}, {allowed}"
    if "{leg}" not in pbx.dial:
        yield (
            "[pbx] dial",
            f'found {json.dumps(pbx.dial)}, allowed a dial string with {{leg}}, as "PJSIP/{{leg}}@screener"',
        )
    if settings.sip.max_calls < pbx.max_calls * (1 + pbx.hear_agent):
        needed = pbx.max_calls * (1 + pbx.hear_agent)
        yield (
            "[sip] max_calls",
            f"found {settings.sip.max_calls}, allowed not below {needed} listening legs of [pbx]",
        )


def _check_recordings(settings: Settings) -> Iterator[SettingProblem]:
    sip, siprec, webhook = settings.sip, settings.siprec, settings.webhook
    low, high = sip.rtp_port_low, sip.rtp_port_high
    needed = low + 2 * (sip.max_calls + siprec.max_calls) - 1
    if sip.recording_extension and high < needed:
        yield "[sip] rtp_port_high", f"found {high}, allowed not below {needed}: a recording takes two ports more"
    own = sip.recording_extension
    others = sip.screening_extension, sip.analysis_extension, sip.listening_extension
    if own and (own in others or not _EXTENSION.fullmatch(own)):
        allowed = "allowed the user part of a SIP URI that nothing else has"
        yield "[sip] recording_extension", f"found {json.dumps(own)}, {allowed}"
    if siprec.caller_label and siprec.caller_label == siprec.agent_label:
        yield "[siprec] agent_label", f"found {json.dumps(siprec.agent_label)}, allowed another than the caller's"
    if not webhook.url:
        return
    if not _is_safe(webhook.url):
        yield (
            "[webhook] url",
            "found a value that is not shown, allowed https://…, or http:// to 127.0.0.1: "
            "it tells callers' numbers",
        )
    if not (webhook.secret or webhook.secret_file):
        yield "[webhook] secret", "found nothing, allowed what the other system checks signatures with"
    if webhook.ca and not (settings.folder / webhook.ca).is_file():
        yield "[webhook] ca", f"found {json.dumps(webhook.ca)}, allowed an existing PEM file"


def _check_oidc(oidc: Oidc) -> Iterator[SettingProblem]:
    if not oidc.issuer:
        return
    if not _is_safe(oidc.issuer):
        yield "[oidc] issuer", f"found {json.dumps(oidc.issuer)}, allowed https://…, or http:// to 127.0.0.1"
    if not oidc.client_id:
        yield "[oidc] client_id", "found nothing, allowed the console's name at the provider"
    if "openid" not in oidc.scope.split():
        yield "[oidc] scope", f"found {json.dumps(oidc.scope)}, allowed a list that has openid in it"


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can read what is posted there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username or not url.isascii() or any(c <= " " for c in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_here(host))
