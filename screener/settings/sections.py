"""The sections of screener.toml, one frozen dataclass each; names and defaults here are the documentation."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from screener.core.flow import Flow
from screener.core.ladder import Ladder
from screener.settings.alerts import Alerts
from screener.settings.bounds import Days, Seconds
from screener.settings.console import Console, Oidc
from screener.settings.encryption import Encryption, Port, TlsSection
from screener.settings.freeswitch import Freeswitch
from screener.settings.proxy import Proxy


@dataclass(frozen=True, slots=True)
class Site:
    """`[site]`: whose call centre this is.

    Attributes:
        name: printed on reports; empty is 呼叫中心, or Call centre.
        timezone: IANA name; hours and days of reports and the calendar are in it. The log itself is UTC.
        language: what supervisors read, `zh` or `en`.
        region: where bare local numbers belong, ISO 3166.
        area_code: of the site, `010` or `0571`: a fixed line without one is in this city. Empty leaves such
            numbers as they are, so that 88886666 of two cities is one person.
        extensions: a regular expression of the site's own extensions (`8[0-9]{3}`); empty takes every number of up
            to six digits that is no service number for one.
    """

    name: str = ""
    timezone: str = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"
    region: str = "CN"
    area_code: str = ""
    extensions: str = ""

    @property
    def numbering(self) -> tuple[str, str, str]:
        """What `numbers.identify.load_lines` takes after the files."""
        return self.region, self.area_code, self.extensions


@dataclass(frozen=True, slots=True)
class Registrar:
    """`[[sip.registrars]]`: a PBX to register with.

    Attributes:
        password: or `password_file`, the path of a file whose first line is the password.
        expires: seconds asked for.
    """

    host: str
    username: str
    port: Port = 5060
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    expires: Annotated[int, Field(ge=30, le=86400)] = 120
    transport: Literal["udp", "tcp", "tls"] = "udp"


@dataclass(frozen=True, slots=True)
class Sip:
    """`[sip]`: the user agent.

    Attributes:
        host, port: where to listen; port 0 takes a free one.
        advertised_host: what SDP and Contact say when it differs from `host`; empty takes the address that routes
            to the peer.
        peers: addresses or networks that may send calls; everybody else is dropped unread. Registrars are added.
        rtp_port_low, rtp_port_high: even ports of this range carry media.
        max_calls: above it the answer is 503, so that the PBX goes on to the agents.
        screening_extension, analysis_extension: user parts that are answered; any other gets 404.
        listening_extension: beginning of the user parts that listening legs are dialled with (`[pbx]`).
        recording_extension: user part that recording clients dial (`[siprec]`); their `Require: siprec` is enough.
            Empty takes no recordings.
        uniqueid_header, linkedid_header: headers in which the PBX passes its own ids.
        dialled_header: header in which it passes the number that the caller dialled (hotline, 400 number, DID);
            without it History-Info or Diversion say, else the request URI.
        queue_header: header in which it passes the queue that the caller is meant for; without it the user part of
            `targets.agents`.
        max_requests_per_second: of one source, outside calls; twice as many at once. Above it the answer is 503.
        tcp: listen on TCP as well.
        inbound_username, inbound_password: demand digest of inbound calls when both are set.
        user_agent: the User-Agent and Server header; empty says nothing.
        srtp: `off` takes calls in clear alone, `required` encrypted ones alone (SDES, RFC 4568); `optional` both,
            encrypted where the peer can. With `required` (or `tls.only`) nothing else may leave in clear either:
            settings/clear.py has the list.
    """

    host: str = "127.0.0.1"
    port: Port = 5060
    advertised_host: str = ""
    peers: tuple[str, ...] = ("127.0.0.1",)
    rtp_port_low: Port = 20000
    rtp_port_high: Port = 29999
    max_calls: Annotated[int, Field(ge=1, le=5000)] = 400
    screening_extension: str = "100"
    analysis_extension: str = "900"
    listening_extension: str = "beside"
    recording_extension: str = ""
    uniqueid_header: str = "X-Uniqueid"
    linkedid_header: str = "X-Linkedid"
    dialled_header: str = "X-Dialled"
    queue_header: str = "X-Queue"
    max_requests_per_second: Annotated[float, Field(gt=0, le=100000)] = 200.0
    tcp: bool = False
    inbound_username: str = ""
    inbound_password: str = field(default="", repr=False)
    user_agent: str = "Screener"
    srtp: Encryption = "optional"
    tls: TlsSection = field(default_factory=TlsSection)
    registrars: tuple[Registrar, ...] = ()

    @property
    def speaks_tls(self) -> bool:
        """Whether there is anything to do over TLS."""
        return bool(self.tls.certificate) or self.tls.only or any(r.transport == "tls" for r in self.registrars)


@dataclass(frozen=True, slots=True)
class Targets:
    """`[targets]`: SIP URIs that callers may be transferred to. Nothing else is ever put into a Refer-To.

    Attributes:
        agents: where genuine callers go.
        supervisor: where an abusive complainant goes; empty means `agents`.
        analysis: the analysis queue on the PBX; needed with `flow.queue_on_pbx` and with `[pbx]`.
        line_fault, terminate: the other treatments on the PBX, for callers whom an agent already has; empty means
            `analysis`.
    """

    agents: str = "sip:agents@127.0.0.1:5070"
    supervisor: str = ""
    analysis: str = ""
    line_fault: str = ""
    terminate: str = ""


@dataclass(frozen=True, slots=True)
class Pbx:
    """`[pbx]`: Asterisk's manager interface (AMI), for listening beside the agents.

    Attributes:
        host: of the manager interface; empty listens beside nobody.
        password: or `password_file`, the path of a file whose first line is the password.
        event_secret: or `event_secret_file`, likewise: what user events must bring that flag a caller or take a
            flag back, as SCREENER_SECRET in deploy/asterisk/extensions.conf; empty believes none of them.
        queues: whose calls are listened to once an agent has them; `*` means every queue.
        extensions: of agents who are called directly, without a queue.
        dial: how Asterisk dials a listening leg; `{leg}` is the user part.
        context: where the user parts of `[targets]`, and `by_hand`, are extensions.
        by_hand: the extension that puts a caller into the analysis queue in an agent's name.
        record_flagged: on a flag Asterisk records the caller's channel from there on (MixMonitor). Callers must be
            told: needs `flow.record_notice`, and where we only listen the dialplan says the same.
        record_folder: of these recordings, in Asterisk's own; the file is the caller's UNIQUEID.wav.
        hear_agent: listen to the agent too: what the agent says is logged, and steering back is noted.
        max_calls: calls listened to at once; further ones go on unheard, which the log and the metrics say.
    """

    host: str = ""
    port: Port = 5038
    username: str = "screener"
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    event_secret: str = field(default="", repr=False)
    event_secret_file: Path | None = None
    queues: tuple[str, ...] = ("*",)
    extensions: tuple[str, ...] = ()
    dial: str = "PJSIP/{leg}@screener"
    context: str = "from-screener"
    by_hand: str = "by-hand"
    hear_agent: bool = True
    record_flagged: bool = False
    record_folder: str = "screener"
    max_calls: Annotated[int, Field(ge=1, le=1000)] = 100


@dataclass(frozen=True, slots=True)
class Siprec:
    """`[siprec]`: recordings of other phone systems' calls (RFC 7866), taken at `sip.recording_extension`.

    Attributes:
        agents: addresses of agents in the metadata: the user part, or the beginning of it and a `*`.
        caller_label, agent_label: labels of streams that always mean them (`a_leg`); empty when they change.
        first: whose stream comes first, where neither these nor the metadata say who is who.
        max_calls: recordings at once; further ones get 503.
    """

    agents: tuple[str, ...] = ()
    caller_label: str = ""
    agent_label: str = ""
    first: Literal["caller", "agent"] = "caller"
    max_calls: Annotated[int, Field(ge=1, le=1000)] = 100


@dataclass(frozen=True, slots=True)
class Webhook:
    """`[webhook]`: asks another system to move callers whom we cannot move: of recordings, or where a move fails.

    Attributes:
        url: takes a POST for every flag; https, or http on this machine. Empty asks nobody.
        secret: or `secret_file`, the path of a file whose first line is the secret: signs every message.
        tries: how often a message is sent at most.
        timeout_seconds: of one try.
        ca: PEM file of the authority that has signed the other system's certificate; empty takes the machine's.
    """

    url: str = ""
    secret: str = field(default="", repr=False)
    secret_file: Path | None = None
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 5.0
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """`[speech]`: who listens.

    Attributes:
        engine: `vosk`, `sherpa` or `none`.
        model: `embedded`, the name of an installed model, or a folder.
        processes: recogniser processes; so many cores are used at most.
        queue_seconds: audio a stream may fall behind before it is given up (the call goes to the agents).
        min_confidence: final words below it are no evidence. Two words that sound alike share theirs: 0.5 each.
        hotwords: names, the firm, slang that callers use; preferred by sherpa-onnx, whatever its model prints.
        servers: recogniser servers on other machines, `ws://` or `wss://`: vosk-server's, or sherpa-onnx's
            `online-websocket-server`, as `engine` says. Streams are spread over them.
        fallback: who hears when none of them answers: the `local` model, or nobody (`none`): then calls go on
            unheard, which is said and counted, and loading no model saves memory.
        second: a better, slower model that reads again what a flag stands on (`[flow] second_seconds`): the name
            of an installed one or a folder; empty is none.
        treat_with_synthetic_model: let the embedded model, which knows synthetic demo speech only, treat callers.
    """

    engine: Literal["vosk", "sherpa", "none"] = "vosk"
    model: str = "embedded"
    processes: Annotated[int, Field(ge=1, le=64)] = 2
    queue_seconds: Seconds = 3.0
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.45
    hotwords: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    fallback: Literal["local", "none"] = "local"
    second: str = ""
    treat_with_synthetic_model: bool = False


@dataclass(frozen=True, slots=True)
class JudgementSection:
    """`[judgement]`: the data files that judge; empty takes the shipped one.

    Attributes:
        acts: the model of acts, relative to the settings file.
        lexicon, weights, calendar: TOML files, relative to the settings file.
        lines: CSV files of number and line class (public, duty …) from the operator.
    """

    lexicon: str = ""
    weights: str = ""
    calendar: str = ""
    acts: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """`[store]`: the call log.

    Attributes:
        url: SQLAlchemy URL; `sqlite:///screener.db` is relative to the settings file.
        spool: folder that keeps rows while the database is away; empty puts it beside the settings file.
        queue_rows: calls that may wait in memory while the spool cannot be written (a full disk).
        transcript_days: how long transcripts are kept.
    """

    url: str = "sqlite:///screener.db"
    spool: str = ""
    queue_rows: Annotated[int, Field(ge=100, le=1000000)] = 10000
    transcript_days: Days = 90


@dataclass(frozen=True, slots=True)
class EvidenceSection:
    """`[evidence]`: packages for the operator, 12321 or the police.

    Attributes:
        key: file of the site's signing key (Ed25519), beside the settings file; made when it is first needed.
        recordings: folder in which the PBX keeps recordings, as ID.wav or UNIQUEID.wav; they join a package.
        timestamp_url: of a time-stamping authority (RFC 3161), which signs each manifest too; empty asks none.
        timestamp_ca: certificates (PEM) of whom it is trusted by; empty takes the machine's.
    """

    key: str = "evidence.key"
    recordings: str = ""
    timestamp_url: str = ""
    timestamp_ca: str = ""


@dataclass(frozen=True, slots=True)
class Prompts:
    """`[prompts]`: the recordings.

    Attributes:
        folder: a site's own recordings; any that is missing there is taken from the shipped ones. Their words, for
            the log, are in `said.toml` there.
    """

    folder: str = ""


@dataclass(frozen=True, slots=True)
class Operations:
    """`[operations]`: what the operator sees.

    Attributes:
        log_level: of the program's own log on stderr.
        log_json: one JSON object a line instead of text.
        metrics_port: Prometheus endpoint on loopback; 0 is off.
        feed: path of the Unix socket on which running calls are told and orders taken; `database` is the site's
            PostgreSQL, for consoles elsewhere; empty is none.
    """

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False
    metrics_port: Port = 0
    feed: str = "feed.sock"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file.

    Attributes:
        folder: where the settings file lies; relative paths are relative to it. Not a key of the file.
    """

    site: Site = field(default_factory=Site)
    sip: Sip = field(default_factory=Sip)
    targets: Targets = field(default_factory=Targets)
    pbx: Pbx = field(default_factory=Pbx)
    siprec: Siprec = field(default_factory=Siprec)
    proxy: Proxy = field(default_factory=Proxy)
    freeswitch: Freeswitch = field(default_factory=Freeswitch)
    webhook: Webhook = field(default_factory=Webhook)
    flow: Flow = field(default_factory=Flow)
    ladder: Ladder = field(default_factory=Ladder)
    speech: Speech = field(default_factory=Speech)
    judgement: JudgementSection = field(default_factory=JudgementSection)
    store: Store = field(default_factory=Store)
    alerts: Alerts = field(default_factory=Alerts)
    evidence: EvidenceSection = field(default_factory=EvidenceSection)
    prompts: Prompts = field(default_factory=Prompts)
    operations: Operations = field(default_factory=Operations)
    console: Console = field(default_factory=Console)
    oidc: Oidc = field(default_factory=Oidc)
    folder: Path = field(default_factory=Path)

    @property
    def recordings(self) -> Path | None:
        """The site's own recordings; None when it has none."""
        return self.folder / self.prompts.folder if self.prompts.folder else None

    @property
    def spool(self) -> Path:
        """Where rows are kept while the database is away."""
        return self.folder / (self.store.spool or "spool")

    @property
    def line_files(self) -> list[Path]:
        """The operator's lists of payphones and duty phones."""
        return [self.folder / name for name in self.judgement.lines]
