"""The peers of a screener in the field, all of them real: Asterisk, a caller (SIPp), an agent's phone (baresip).

Each is started in the namespace, keeps everything in a folder of its own, and is stopped by its own process id.
Asterisk runs with deploy/asterisk exactly as it is shipped.
"""

import audioop  # part of Python before 3.13, the package audioop-lts after
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

from screener.store.log import open_log
from screener.store.records import CallRecord
from tests.pbx.network import ASTERISK, CREW, PHONE, TRUNK, Network
from tests.pbx.voices import SPEECH, hum
from tests.recognisers import recognisers_of
from tests.waiting import PATIENCE, wait_for

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEPLOY = ROOT / "deploy" / "asterisk"
TREE = Path(os.environ.get("SCREENER_PBX") or Path.home() / ".cache" / "screener-pbx")
SECURE = DEPLOY / "screener-secure.toml"
PHONE_SECONDS = 300
CRM = "crm"
"""The site's own program with an account at the manager interface, which deploy/asterisk does not have."""
SECRET = "change-me-events"
"""Of user events, as deploy/asterisk has it."""
IN_PATH, BESIDE = "4008001234", "4008005678"
"""Numbers at the trunk: screened first; straight to the agents, with the screener beside."""


def missing() -> str:
    """Why the rig cannot run here; empty when it can."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    lacking = [name for name in ("unshare", "nsenter", "ip", "sipp", "baresip") if not shutil.which(name)]
    if not (TREE / ".complete").exists():
        lacking.append("asterisk")
    return f"not installed: {', '.join(lacking)}; run tests/pbx/setup" if lacking else ""


def fill(template: Path, target: Path, **values: object) -> None:
    """Copy a file with its @NAME@ replaced."""
    text = template.read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    target.write_text(text, "utf-8")


def end(process: subprocess.Popen[bytes], seconds: float = 10) -> None:
    """Stop a process that the rig started: politely, then not."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def or_end(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a program that does not come up: it would hold its address against the next one."""
    try:
        yield
    except BaseException:
        end(process)
        raise


class Asterisk:
    """The PBX, booted and ready when the constructor returns.

    Args:
        crew: so many further agents, crew0, crew1 … of the queue `agents`, at CREW.
        replaced: names of files of deploy/asterisk and what stands in them instead.
    """

    def __init__(
        self, network: Network, home: Path, crew: int = 0, replaced: Mapping[str, str] | None = None
    ) -> None:
        self.network, self.home = network, home
        for name in ("etc", "db", "agi", "run", "log", "data", *(f"spool/{name}" for name in ("outgoing", "tmp"))):
            (home / name).mkdir(parents=True)
        shutil.copytree(TREE / "usr/share/asterisk", home / "data", dirs_exist_ok=True, symlinks=True)
        shutil.copytree(ROOT / "audio", home / "data/sounds/screener")
        modules = next((TREE / "usr/lib").rglob("chan_pjsip.so")).parent
        for template in HERE.glob("peers/*.conf"):
            if template.name != "baresip.conf":
                fill(template, home / "etc" / template.name, HOME=home, MODULES=modules, TREE=TREE)
        for file in DEPLOY.glob("*.conf"):
            shutil.copy(file, home / "etc" / file.name)
        with (home / "etc/pjsip_wizard.conf").open("a") as wizard:
            for name in (f"crew{number}" for number in range(crew)):
                wizard.write(f"[{name}](agent)\nremote_hosts = {CREW}\ncontact_pattern = sip:{name}@{CREW}:5060\n")
        with (home / "etc/manager.conf").open("a") as accounts:
            accounts.write(
                f"\n[{CRM}]\nsecret = {CRM}\npermit = 192.0.2.0/255.255.255.0\nread = user\nwrite = user\n"
            )
        for name, text in (replaced or {}).items():
            (home / "etc" / name).write_text(text, "utf-8")
        libraries = modules.parents[1]
        loader = next(path for path in (*TREE.glob("lib64/ld-linux*"), *libraries.glob("ld-linux*")))
        path = f"{libraries}:{libraries / 'pulseaudio'}:{TREE / 'usr/lib'}"
        self._command = [
            loader, "--library-path", path, TREE / "usr/sbin/asterisk", "-C", home / "etc/asterisk.conf"
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        """Boot, or boot again after a kill."""
        console = self.home / "console.txt"
        with console.open("ab") as log:
            self._process = self.network.popen([*self._command, "-f"], self.home, log)
        with or_end(self._process):
            wait_for(lambda: "fully booted" in self.rx("core waitfullybooted"), 30, f"boot; see {console}")

    def rx(self, command: str) -> str:
        """What the console answers."""
        return self.network.run([*self._command, "-rx", command], self.home, 30).stdout

    def queue_log(self, event: str) -> list[list[str]]:
        """The lines of queue_log with that event, split."""
        file = self.home / "log/queue_log"
        lines = (line.split("|") for line in file.read_text().splitlines()) if file.exists() else ()
        return [line for line in lines if len(line) > 4 and line[4] == event]

    def manager(self, action: str, **fields: str) -> None:
        """Send one action by the manager interface, as a program of the site's own does."""
        login = {"Action": "Login", "Username": CRM, "Secret": CRM, "Events": "off"}
        with self.network.entered(), socket.create_connection((ASTERISK, 5038), timeout=5) as connection:
            connection.settimeout(5)
            for message in (login, {"Action": action, **fields}, {"Action": "Logoff"}):
                text = "".join(f"{name}: {value}\r\n" for name, value in message.items())
                connection.sendall(f"{text}\r\n".encode())
            answer = b""
            while piece := connection.recv(4096):
                answer += piece
            assert answer.count(b"Response: Success") == 2, answer

    def channels(self) -> list[str]:
        """Each channel that is up: `channel!context!extension!priority!state!application!…`."""
        return [line for line in self.rx("core show channels concise").splitlines() if "!" in line]

    def legs(self, endpoint: str) -> list[str]:
        """Its channels among them."""
        return [channel for channel in self.channels() if channel.startswith(f"PJSIP/{endpoint}-")]

    def screened(self) -> list[str]:
        """Legs of callers who talk to the screener; not those that listen beside an agent."""
        return [leg for leg in self.legs("screener") if "ChanSpy" not in leg]

    def contact(self, endpoint: str) -> str:
        """Avail, Unavail, NonQual, or empty when nobody is registered."""
        lines = self.rx("pjsip show contacts").splitlines()
        return next((line.split()[-2] for line in lines if f" {endpoint}/" in line), "")

    def kill(self) -> None:
        """SIGKILL, as a machine that dies."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        end(self._process)


class Caller:
    """A call from the trunk by SIPp, on its way when the constructor returns.

    Args:
        speech: raw µ-law, 8 kHz.
        loops: how often it is spoken; -1 for ever.
        stay: seconds after which the caller hangs up.
        dialled: the number that is called.
        line: callers at the same time need one each.
        calls, rate: so many callers, so many a second.

    Attributes:
        ports: where the caller's audio is sent to.
    """

    def __init__(
        self,
        network: Network,
        home: Path,
        speech: bytes,
        *,
        loops: int = -1,
        stay: float = 60,
        number: str = "13800138000",
        dialled: str = IN_PATH,
        scenario: str = "call",
        line: int = 0,
        calls: int = 1,
        rate: float = 2,
    ) -> None:
        home.mkdir(parents=True)
        (home / "speech.ul").write_bytes(speech)
        values = {"LOOPS": loops, "STAY": round(stay * 1000), "NUMBER": number}
        fill(HERE / f"peers/{scenario}.xml", home / "scenario.xml", **values)
        self.home, self.ports = home, range(6000 + 100 * line, 6100 + 100 * line)
        command = [
            "sipp", "-sf", home / "scenario.xml", "-s", dialled, "-i", TRUNK, "-mi", TRUNK,
            "-p", str(5060 + 10 * line), "-mp", str(self.ports[0]), "-m", str(calls), "-l", str(calls),
            "-r", str(rate), "-nostdin", "-trace_err",
            f"{ASTERISK}:5060",
        ]  # fmt: skip
        self.started = time.monotonic()
        with (home / "log.txt").open("wb") as log:
            self._process = network.popen(command, home, log, {"TERM": "dumb"})

    def wait(self, seconds: float) -> int:
        """The exit code: 0 when the call went as the scenario says."""
        return self._process.wait(seconds * PATIENCE)

    @property
    def gone(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        if not self.gone:
            end(self._process)


def secured(keys: Path) -> dict[str, str]:
    """The files of deploy/asterisk that make it the encrypted example, with the keys of a folder."""
    plain, secure = ((DEPLOY / name).read_text("utf-8") for name in ("pjsip.conf", "pjsip_secure.conf"))
    added = secure.replace("/etc/asterisk/keys", str(keys))
    return {"pjsip.conf": f"{plain}\n#include pjsip_secure.conf\n", "pjsip_secure.conf": added}


class Crew:
    """Phones of many agents, one SIPp: each answers, and says the same again and again.

    Args:
        speech: raw µ-law, 8 kHz; empty is a hum.
    """

    def __init__(self, network: Network, home: Path, speech: bytes = b"") -> None:
        home.mkdir(parents=True)
        (home / "speech.ul").write_bytes(speech or audioop.lin2ulaw(hum(1), 2))
        command = [
            "sipp", "-sf", HERE / "peers/agent.xml", "-i", CREW, "-mi", CREW, "-p", "5060", "-mp", "30000",
            "-nostdin", "-trace_err",
        ]  # fmt: skip
        with (home / "log.txt").open("wb") as log:
            self._process = network.popen(command, home, log, {"TERM": "dumb"})

    def stop(self) -> None:
        end(self._process)


class Phone:
    """The agent's baresip, registered as agent1; it rings until told to answer, and then hums.

    Args:
        keys: folder with `ca.pem` and `phone.pem`, which has its key too: over TLS, with SRTP and nothing else.
        account: another one than agent1's.
    """

    def __init__(self, network: Network, home: Path, keys: Path | None = None, account: str = "") -> None:
        self.home = home
        (home / "recordings").mkdir(parents=True)
        fill(HERE / "peers/baresip.conf", home / "config", HOME=home, ADDRESS=PHONE)
        over, options = ("", "")
        if keys is not None:
            over, options = (";transport=tls", "mediaenc=srtp-mand;")
            with (home / "config").open("a") as config:
                config.write(f"module srtp.so\nsip_certificate {keys}/phone.pem\nsip_cafile {keys}/ca.pem\n")
        agent1 = f"<sip:agent1@{ASTERISK}{over}>;auth_user=agent1;auth_pass=change-me-agent1;{options}regint=60"
        (home / "accounts").write_text(f"{account or agent1};answermode=manual;audio_codecs=pcmu\n")
        (home / "contacts").touch()
        with wave.open(str(home / "speech.wav"), "wb") as speech:  # baresip hangs up where it ends
            speech.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
            speech.writeframes(hum(PHONE_SECONDS))
        with (home / "log.txt").open("wb") as log:
            self._process = network.popen(["baresip", "-f", home], home, log)
        self.events: list[tuple[float, dict[str, object]]] = []
        with or_end(self._process), network.entered():
            self._socket = wait_for(self._connect, 10, "baresip")
        self._socket.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    @staticmethod
    def _connect() -> socket.socket | None:
        try:
            return socket.create_connection((PHONE, 4444), timeout=0.1)
        except OSError:
            return None

    def _read(self) -> None:
        """Keep what comes on the control connection, netstrings of JSON, until it closes."""
        stream = self._socket.makefile("rb")
        while head := stream.read(1):
            while not head.endswith(b":"):
                head += stream.read(1)
            text = stream.read(int(head[:-1]) + 1)[:-1]
            self.events.append((time.monotonic(), json.loads(text)))

    def wait_event(self, kind: str, seconds: float, since: float = 0) -> float:
        """When an event of that type came (monotonic seconds), at once when it already did."""

        def seen() -> float:
            return next((at for at, event in self.events if event.get("type") == kind and at >= since), 0)

        return wait_for(seen, seconds, f"{kind} at the agent's phone")

    def rang(self, since: float) -> bool:
        """Whether it has rung since then (monotonic seconds)."""
        return any(at >= since for at, event in list(self.events) if event.get("type") == "CALL_INCOMING")

    def answer(self, seconds: float, since: float) -> float:
        """Wait for it to ring and answer; when it rang."""
        rang = self.wait_event("CALL_INCOMING", seconds, since)
        self.command("accept")
        self.wait_event("CALL_ESTABLISHED", 10, since=rang)
        return rang

    def command(self, name: str, parameters: str = "") -> None:
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._socket.sendall(b"%d:%s," % (len(text), text))

    def press(self, keys: str) -> None:
        """Keys during the call, one after the other."""
        for key in keys:
            self.command("sndcode", key)
            time.sleep(0.15)

    def heard(self) -> Path:
        """The newest recording of what the agent heard."""
        return max(self.home.glob("recordings/*-dec.wav"), key=lambda path: path.stat().st_mtime)

    def stop(self) -> None:
        end(self._process)
        self._socket.close()


class Screener:
    """`screener serve` with a shipped screener.toml, taking calls when the constructor returns.

    Args:
        replaced: pairs of text in that file and what stands there instead.
        env: for its process.
        shipped: the file.
        speech: further lines of its section `[speech]`.
    """

    def __init__(
        self,
        network: Network,
        home: Path,
        replaced: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
        shipped: Path = DEPLOY / "screener.toml",
        speech: str = "",
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.network, self.home, self.config = network, home, write_config(home, replaced, shipped, speech)
        self._env = env
        self.start()

    def start(self) -> None:
        """Again, after a kill."""
        home = self.home
        command = [sys.executable, "-m", "screener", "serve", "--config", self.config]
        with (home / "log.txt").open("wb") as log:
            self.process = self.network.popen(command, home, log, self._env)
        with or_end(self.process):
            wait_for(self._ready, 60, f"taking calls; see {home}/log.txt")

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.log
        return "taking calls" in self.log

    @property
    def log(self) -> str:
        return (self.home / "log.txt").read_text("utf-8")

    def logged(self, number: str, verdict: str) -> dict[str, object]:
        """The newest call of that number with that verdict as `screener calls list` tells it."""
        command = ("list", "--verdict", verdict, "--format", "json")

        def found() -> dict[str, object] | None:
            return next((c for c in json.loads(self._calls(*command)) if c["number"].endswith(number)), None)

        return wait_for(found, 10, f"{verdict} of {number} in the log", every=0.5)  # type: ignore[return-value]

    def record(self, number: str, verdict: str) -> CallRecord:
        """The newest call of that number with that verdict, whole, once it is over."""
        call = self.logged(number, verdict)
        log = open_log("sqlite:///screener.db", self.home)

        def over() -> CallRecord | None:
            record = log.call(str(call["id"]))
            return record if record.ended_at else None

        try:
            return wait_for(over, 10, f"the end of {number} in the log", every=0.5)  # type: ignore[return-value]
        finally:
            log.close()

    def calls(self) -> list[CallRecord]:
        """Every call of the log, whole."""
        log = open_log("sqlite:///screener.db", self.home)
        try:
            return [log.call(call.id) for call in log.calls(limit=None)]
        finally:
            log.close()

    def recognisers(self) -> list[int]:
        """The process ids of its recognisers."""
        return recognisers_of(self.process.pid)

    def story(self, call: dict[str, object]) -> str:
        """What `screener calls show` tells of a call."""
        return self._calls("show", str(call["id"]))

    def _calls(self, *words: str) -> str:
        command = [sys.executable, "-m", "screener", "calls", *words, "--config", self.config]
        seconds = 30 * PATIENCE
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds).stdout

    def kill(self) -> float:
        """SIGKILL: no BYE, no more audio. Returns the monotonic time."""
        self.process.kill()
        at = time.monotonic()
        self.process.wait()
        return at

    def stop(self) -> None:
        if self.process.poll() is None:
            end(self.process)


def write_config(
    home: Path,
    replaced: dict[str, str] | None = None,
    shipped: Path = DEPLOY / "screener.toml",
    speech: str = "",
) -> Path:
    """The shipped settings with a `[speech]` section that understands the callers."""
    text = shipped.read_text("utf-8")
    for old, new in (replaced or {}).items():
        assert old in text, f"screener.toml no longer says {old}"
        text = text.replace(old, new)
    path = home / "screener.toml"
    path.write_text(f"{text}\n[speech]\n{SPEECH}\n{speech}\n", "utf-8")
    path.chmod(0o600)
    return path


def doctor(network: Network, config: Path) -> subprocess.CompletedProcess[str]:
    """`screener doctor` in the namespace."""
    return network.run(
        [sys.executable, "-m", "screener", "--lang", "en", "doctor", "--config", config], config.parent, 120
    )
