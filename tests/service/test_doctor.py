import socket
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from screener.cli.setup import line_of
from screener.errors import SipError, StoreError
from screener.ports import OfferSink, RegistrationState
from screener.resources import config_folder
from screener.service import doctor, peers
from screener.service.peers import Check
from screener.settings.load import load
from screener.settings.proxy import Proxy
from screener.settings.sections import (
    Console,
    JudgementSection,
    Pbx,
    Prompts,
    Registrar,
    Settings,
    Sip,
    Siprec,
    Speech,
    Store,
    Targets,
)
from screener.speech.models import DEFAULT_MODEL, DEFAULT_WHY
from screener.store.log import open_log
from screener.words.terms import Language
from screener.words.told import told
from tests.pbx.manager import Manager
from tests.reports.random_log import random_calls
from tests.server import free_port


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCREENER_LANG", "en")


@contextmanager
def taken(kind: socket.SocketKind = socket.SOCK_DGRAM) -> Iterator[int]:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", free_port(kind)))  # where nobody has the other kind of it either
        yield holder.getsockname()[1]


def test_a_line_shows_what_was_found_and_what_to_do() -> None:
    assert line_of(Check("sip port", ok=True, message="free")) == "✔ sip port: free"
    assert line_of(Check("sip port", ok=False, message="taken", remedy="stop it")) == "✘ sip port: taken → stop it"


def test_a_free_port_a_taken_port_a_foreign_address() -> None:
    assert doctor.check_port(Sip(port=free_port())).ok
    with taken() as port:
        found = doctor.check_port(Sip(port=port))
        assert not found.ok
        assert f"127.0.0.1:{port}/UDP: Address already in use" in found.message
        assert "ss -lnp" in found.remedy
    with taken(socket.SOCK_STREAM) as port:
        assert doctor.check_port(Sip(port=port)).ok
        assert "/TCP" in doctor.check_port(Sip(port=port, tcp=True)).message
    foreign = doctor.check_port(Sip(host="192.0.2.1"))
    assert "set [sip] host to an address of this machine" in foreign.remedy
    assert not doctor.check_port(Sip(host="no such host")).ok


def test_rtp_ports_that_are_held_do_not_count() -> None:
    with taken() as port:
        low = port & ~1
        found = doctor.check_rtp(Settings(sip=Sip(rtp_port_low=low, rtp_port_high=low + 1, max_calls=1)))
        assert not found.ok
        assert found.message.startswith("0 free pairs")
    found = doctor.check_rtp(Settings(sip=Sip(max_calls=20)))
    assert found == Check("rtp ports", ok=True, message="room for 20 calls, 0 recordings and 0 copied voices")


@pytest.mark.parametrize(
    ("recording", "proxy", "more"),
    [
        ("siprec", Proxy(), 3),
        ("", Proxy(url="http://127.0.0.1/calls", max_calls=2), 4),
        ("", Proxy(url="http://127.0.0.1/calls", max_calls=2, hear_agent=False), 2),
        ("siprec", Proxy(url="http://127.0.0.1/calls", max_calls=2), 7),
        ("", Proxy(max_calls=2), 0),
    ],
)
def test_recordings_and_copies_need_rtp_ports_too(
    recording: str, proxy: Proxy, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the settings count them, of which one held port is none."""
    for pairs, ok in ((5 + more, True), (4 + more, False)):
        with held_pairs(pairs) as low:
            sip = Sip(
                rtp_port_low=low,
                rtp_port_high=low + 2 * (5 + more) - 1,
                max_calls=5,
                recording_extension=recording,
            )
            found = doctor.check_rtp(Settings(sip=sip, siprec=Siprec(max_calls=3), proxy=proxy))
            assert found.ok == ok, found
    assert found.message.startswith(f"{4 + more} free pairs in ")
    assert f", {5 + more} allowed: 5 calls, {3 if recording else 0} recordings and " in found.message
    monkeypatch.setenv("SCREENER_LANG", "zh")
    assert f"而允许 {5 + more} 对：5 通来电、" in line_of(found)


@contextmanager
def held_pairs(free: int) -> Iterator[int]:
    """The first port of a range in which so many pairs are free, and the pair after them is not."""
    while True:
        low = free_port() & ~1
        pairs = range(low, low + 2 * free, 2)
        if low + 2 * free < 65000 and not any(doctor._bind_problem("127.0.0.1", port) for port in pairs):
            break
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder, suppress(OSError):
        holder.bind(("127.0.0.1", low + 2 * free))
        yield low


class Agent:
    """An endpoint whose PBX answers as it is told."""

    def __init__(self, sip: Sip, states: Sequence[RegistrationState], fault: str = "") -> None:
        self.sip, self._states, self._fault, self.running = sip, states, fault, False

    def start(self, offers: OfferSink) -> None:
        if self._fault:
            raise SipError(self._fault, "do this")
        self.running = True

    def registrations(self) -> Sequence[RegistrationState]:
        assert self.running
        return self._states

    def stop(self) -> None:
        self.running = False


PBX = Sip(registrars=(Registrar("192.0.2.1", "screener", password="s3cret"),))  # type: ignore[arg-type]


def registrations(*states: RegistrationState, fault: str = "") -> list[Check]:
    agents: list[Agent] = []

    def make(sip: Sip) -> Agent:
        agents.append(Agent(sip, states, fault))
        return agents[-1]

    found = list(doctor.check_registrations(PBX, port_free=True, agent=make, seconds=0.2))
    assert not agents[0].running, "nothing keeps running"
    return found


def test_wrong_password_and_absent_pbx_are_told_apart() -> None:
    accepted, wrong, absent, late = registrations(
        RegistrationState("192.0.2.1:5060", True),
        RegistrationState("192.0.2.2:5060", False, "403 Forbidden"),
        RegistrationState("192.0.2.3:5060", False, "no route to host"),
        RegistrationState("192.0.2.4:5060", False),
    )
    assert accepted == Check("registration", ok=True, message="192.0.2.1:5060 accepted us")
    assert wrong.message == "192.0.2.2:5060 did not accept us within 0.2 s: 403 Forbidden"
    assert absent.message == "192.0.2.3:5060 did not accept us within 0.2 s: no route to host"
    assert "password" in wrong.remedy
    assert "firewall" in absent.remedy
    assert late.message == "192.0.2.4:5060 did not accept us within 0.2 s: no answer"
    assert not any(check.ok for check in (wrong, absent, late))


def test_a_fault_of_the_agent_and_a_taken_port_are_lines_too() -> None:
    assert registrations(fault="cannot bind") == [Check("registration", False, "cannot bind", "do this")]
    (skipped,) = doctor.check_registrations(PBX, port_free=False)
    assert not skipped.ok
    assert "not tried" in skipped.message
    (direct,) = doctor.check_registrations(Sip(), port_free=False)
    assert direct.ok


def test_an_absent_pbx_in_earnest() -> None:
    sip = Sip(
        port=free_port(),
        registrars=(Registrar("127.0.0.1", "screener", port=free_port(), password="s3cret"),),  # type: ignore[arg-type]
    )
    (found,) = doctor.check_registrations(sip, port_free=True, seconds=1.0)
    assert not found.ok
    assert "firewall" in found.remedy
    assert "s3cret" not in line_of(found)
    assert doctor.check_port(sip).ok, "the port is free again"


def test_the_model(tmp_path: Path) -> None:
    silent = doctor.check_model(Settings(speech=Speech(engine="none")))
    assert silent.ok
    assert "no word is heard" in silent.message
    absent = doctor.check_model(Settings(speech=Speech(model=str(tmp_path / "absent"))))
    assert not absent.ok
    assert absent.remedy


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_embedded_model_is_no_model_for_people_and_the_one_to_take_is_named(
    monkeypatch: pytest.MonkeyPatch, lang: Language
) -> None:
    monkeypatch.setenv("SCREENER_LANG", lang)
    line = line_of(doctor.check_model(Settings()))
    assert f"screener model install {DEFAULT_MODEL}" in line
    assert told(DEFAULT_WHY, lang) in line
    assert ("合成语音" in line, "synthetic speech only" in line) == (lang == "zh", lang == "en")


class RecogniserServer:
    """Takes a stream, or turns every one away."""

    def __init__(self, *, busy: bool = False) -> None:
        self.streams = 0

        def asked(_connection: ServerConnection, request: Request) -> Response | None:
            del request
            return Response(503, "Service Unavailable", Headers(), b"") if busy else None

        def heard(connection: ServerConnection) -> None:
            self.streams += 1
            for _ in connection:
                pass

        self._server = serve(heard, "127.0.0.1", 0, process_request=asked)
        self.place = f"127.0.0.1:{self._server.socket.getsockname()[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()


def test_recogniser_servers_answer_refuse_or_are_not_there() -> None:
    assert not list(peers.check_servers(Speech())), "none named, nothing to say"
    answers, refuses = RecogniserServer(), RecogniserServer(busy=True)
    absent = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
    urls = (f"ws://{answers.place}", f"ws://user:s3cret@{refuses.place}/asr", f"ws://{absent}")
    good, bad, gone = peers.check_servers(Speech(servers=urls))
    assert good == Check("recogniser server", ok=True, message=f"{answers.place} answers")
    assert bad.message.startswith(f"{refuses.place} does not answer: ") and "503" in bad.message
    assert gone.message.startswith(f"{absent} does not answer: ")
    for check in (bad, gone):
        assert not check.ok
        assert "is the server running there, with the protocol of [speech] engine?" in check.remedy
        assert "s3cret" not in line_of(check)
    answers.close()
    refuses.close()


def test_examining_asks_every_recogniser_server(tmp_path: Path) -> None:
    file = tmp_path / "screener.toml"
    file.write_text(
        f'[speech]\nservers = ["ws://127.0.0.1:{free_port(socket.SOCK_STREAM)}", "ws://127.0.0.1:{free_port(socket.SOCK_STREAM)}"]\n'
    )
    found = [check for check in doctor.examine(file) if check.name == "recogniser server"]
    assert [check.ok for check in found] == [False, False]


@pytest.mark.parametrize(
    ("speech", "said", "chinese"),
    [
        (Speech("sherpa", hotwords=("城隍庙", "外婆")), "2 preferred", "热词：优先识别 2 个"),
        (
            Speech("sherpa", hotwords=("城隍庙",), servers=("ws://asr.example:6006",)),
            "1 preferred, but without effect on recogniser servers",
            "热词：优先识别 1 个，但对识别服务器不起作用",
        ),
        (
            Speech("sherpa", hotwords=("城隍庙",), second="large"),
            "1 preferred, but without effect on the second reading",
            "热词：优先识别 1 个，但对复听不起作用",
        ),
        (
            Speech("sherpa", hotwords=("城隍庙",), second="large", servers=("ws://asr.example:6006",)),
            "1 preferred, but without effect on recogniser servers and the second reading",
            "热词：优先识别 1 个，但对识别服务器与复听不起作用",
        ),
    ],
)
def test_hot_words(speech: Speech, said: str, chinese: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check = doctor.check_hotwords(speech)
    assert line_of(check) == f"✔ hot words: {said}"
    monkeypatch.setenv("SCREENER_LANG", "zh")
    assert line_of(check) == f"✔ {chinese}"


def test_examining_says_where_hot_words_are_without_effect(tmp_path: Path) -> None:
    file = tmp_path / "screener.toml"
    for engine, ok in (("sherpa", True), ("vosk", False)):
        file.write_text(
            f'[speech]\nengine = "{engine}"\nhotwords = ["城隍庙"]\nservers = ["ws://127.0.0.1:{free_port(socket.SOCK_STREAM)}"]\n'
        )
        (found,) = [
            check
            for check in doctor.examine(file)
            if "hot words" in check.name or "[speech] hotwords" in check.message
        ]
        assert (found.ok, "recogniser servers" in found.message) == (ok, ok)


def test_recordings(tmp_path: Path) -> None:
    assert [c.ok for c in doctor.check_recordings(Settings())] == [True]
    settings = Settings(prompts=Prompts(folder="site"), folder=tmp_path)
    (tmp_path / "site").mkdir()
    assert [c.ok for c in doctor.check_recordings(settings)] == [True], "the shipped ones fill in"
    (tmp_path / "site" / "greeting.wav").write_bytes(b"no wave")
    (broken,) = doctor.check_recordings(settings)
    assert not broken.ok
    assert "greeting.wav" in broken.message
    assert "screener prompts import" in broken.remedy


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[pbx]\nrecord_flagged = true", "[pbx] record_flagged"),
        ("[siprec]\nagents = ['80..']", "[siprec] agents"),
        ("[webhook]\nsecret = 'x'", "[webhook] secret"),
    ],
)
def test_what_does_nothing_for_want_of_something_else_is_told(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "screener.toml"
    file.write_text(text)
    (found,) = doctor.check_effects(load(file))
    assert not found.ok and found.message.startswith(f"{key} does nothing without ")
    assert list(doctor.check_effects(Settings())) == []


def test_cards_that_the_console_refuses_and_a_feed_that_serve_goes_without_are_told(
    tmp_path: Path,
) -> None:
    file = tmp_path / "screener.toml"
    (tmp_path / "cards.toml").write_text("x = 1\n")
    (tmp_path / "feed").mkdir()
    file.write_text("[console]\ncards = 'cards.toml'\n[operations]\nfeed = 'feed'\n")
    settings = load(file)
    assert [check.ok for check in doctor.check_cards(settings)] == [False]
    assert [check.ok for check in doctor.check_feed(settings)] == [False]
    (tmp_path / "cards.toml").write_bytes((config_folder() / "cards.toml").read_bytes())
    (tmp_path / "feed").rmdir()
    assert [check.message for check in doctor.check_cards(settings)] == ["cards.toml"]
    (tmp_path / "cards.toml").write_text("x = 1\ny = 2\n")
    assert [check.message.rpartition(": ")[0] for check in doctor.check_cards(settings)] == [
        f"{tmp_path}/cards.toml: {key}" for key in "xy"
    ], "a line for each mistake"
    assert list(doctor.check_feed(settings)) == []


def test_it_names_the_files_of_the_site_that_judge(tmp_path: Path) -> None:
    assert {check.message for check in doctor.check_judgement(Settings())} == {"the shipped one"}
    own = Settings(folder=tmp_path, judgement=JudgementSection(weights="w.toml"))
    for text, row in (("prior = -3.5", None), ("prior = nan", "weights"), ("[factor]\n'a.b' = 2", "lexicon")):
        (tmp_path / "w.toml").write_text(f"{text}\n")
        weights, *others = doctor.check_judgement(own)
        assert weights.message == "w.toml" or row == "weights"
        assert [check.name for check in (weights, *others) if not check.ok] == ([row] if row else [])


@pytest.mark.parametrize("content", ["", "\n", "# nothing yet\n"])
def test_a_file_that_says_nothing_is_allowed_and_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "own.toml").write_text(content)
    for key, name in (("weights", "weights"), ("calendar", "calendar")):
        own = Settings(folder=tmp_path, judgement=JudgementSection(**{key: "own.toml"}))
        (warned,) = (check for check in doctor.check_judgement(own) if check.remedy)
        assert warned.ok and warned.name == name
        assert line_of(warned).startswith("! ")
        assert told(warned.message, "zh") == "own.toml：空文件，各值都取内置的默认值"
    (warned,) = (
        check
        for check in doctor.check_cards(Settings(folder=tmp_path, console=Console(cards="own.toml")))
        if check.remedy
    )
    assert told(warned.message, "zh") == "own.toml：空文件，不显示任何提示卡"
    (tmp_path / "own.toml").write_text("prior = -3.5\n")
    own = Settings(folder=tmp_path, judgement=JudgementSection(weights="own.toml"))
    assert not any(check.remedy for check in doctor.check_judgement(own))


def test_the_judgement_data(tmp_path: Path) -> None:
    assert all(check.ok for check in doctor.check_judgement(Settings()))
    assert not [check.name for check in doctor.check_judgement(Settings()) if told(check.name, "zh").isascii()]
    (tmp_path / "bad.toml").write_text("= 3")
    for name, key in (
        ("lexicon", "lexicon"),
        ("weights", "weights"),
        ("calendar", "calendar"),
        ("model of acts", "acts"),
    ):
        named = Settings(judgement=JudgementSection(**{key: "bad.toml"}), folder=tmp_path)
        (bad,) = (check for check in doctor.check_judgement(named) if not check.ok)
        assert bad.name == name
        assert "bad.toml" in bad.message


def test_each_thing_that_is_wrong_in_a_file_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCREENER_LANG", "zh")
    (tmp_path / "w.toml").write_text('prior = "x"\nemergency = "y"\n')
    named = Settings(judgement=JudgementSection(weights="w.toml", lines=("lines.csv",)), folder=tmp_path)
    bad = [check for check in doctor.check_judgement(named) if not check.ok]
    assert sorted(told(check.message, "zh") for check in bad) == [
        f'{tmp_path}/w.toml：emergency：见到 "y"，应为数',
        f'{tmp_path}/w.toml：prior：见到 "x"，应为数',
    ]
    (tmp_path / "lines.csv").write_text("abc,public\n0571,phonebox\n")
    number, line = doctor.check_lines(named)
    assert told(number.message, "zh") == (
        f"{tmp_path}/lines.csv，第 1 行：number：见到 'abc'，应为数字，前面可有 +，后面可有 *"
    )
    assert told(line.message, "zh").startswith(f"{tmp_path}/lines.csv，第 2 行：line：见到 'phonebox'，应为mobile")


def database(url: str, folder: Path) -> Check:
    return doctor.check_database(Settings(store=Store(url=url), folder=folder))


def test_the_database_file(tmp_path: Path) -> None:
    found = database("sqlite:///screener.db", tmp_path)
    assert found == Check("database", ok=True, message=f"{tmp_path / 'screener.db'} (made by serve)")
    assert not list(tmp_path.iterdir()), "looking leaves nothing behind"
    (tmp_path / "text.db").write_text("dear diary, today it rained")
    assert "not an SQLite file" in database("sqlite:///text.db", tmp_path).message
    assert "No such file" in database("sqlite:///absent/screener.db", tmp_path).message
    assert "lost at the end" in database("sqlite://", tmp_path).message


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_a_read_only_folder(tmp_path: Path) -> None:
    found = database("sqlite:////proc/screener.db", tmp_path)
    assert not found.ok
    assert found.remedy == "give the folder to the service's user"
    assert not doctor.check_spool(Settings(store=Store(spool="/proc/spool"))).ok
    assert doctor.check_spool(Settings(folder=tmp_path)).ok
    assert not list(tmp_path.iterdir())


def test_a_database_server_that_is_not_there_and_its_password_does_not_show(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    found = database(f"postgresql+psycopg://u:s3cret@127.0.0.1:{free_port(socket.SOCK_STREAM)}/log", tmp_path)
    assert not found.ok
    assert "u:***@127.0.0.1" in found.message
    assert "s3cret" not in line_of(found)
    assert "\n" not in line_of(found)
    assert found.message.endswith(": Connection refused"), "the driver's own words are for the log"
    assert told(found.message, "zh").endswith("：连接被拒绝")


@pytest.mark.parametrize("url", ["mysql://u:s3cret@db/log", "mssql+pyodbc://u:s3cret@db", "oracle://u:s3cret@db"])
def test_of_another_database_it_is_said_which_are_supported(url: str, tmp_path: Path) -> None:
    found = database(url, tmp_path)
    assert not found.ok
    assert "SQLite and PostgreSQL are" in found.message
    chinese = told(found.message, "zh"), told(found.remedy, "zh")
    assert chinese[0].endswith("只支持 SQLite 与 PostgreSQL")
    assert chinese[1] == "把 [store] url（或 --db）写成 sqlite:///… 或 postgresql://…"
    assert "s3cret" not in line_of(found)


@pytest.mark.parametrize("url", ["nonsense://x", "sqlite"])
def test_a_url_that_names_no_database(url: str, tmp_path: Path) -> None:
    found = database(url, tmp_path)
    assert not found.ok
    assert "[store] url" in found.remedy


def test_examining_stops_at_wrong_settings_and_names_each(tmp_path: Path) -> None:
    file = tmp_path / "screener.toml"
    file.write_text('[sip]\nport = "x"\n[store]\nqueue_rows = 1\n')
    found = list(doctor.examine(file))
    assert [c.name for c in found] == ["settings", "settings"]
    assert not any(c.ok for c in found)
    assert found[0].message == f'{file}: [sip] port: found "x", allowed a whole number'


def test_examining_a_sound_site_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "screener.toml"
    agents = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    agents.bind(("127.0.0.1", 0))
    threading.Thread(
        target=lambda: agents.sendto(b"SIP/2.0 200 OK", agents.recvfrom(4096)[1]), daemon=True
    ).start()
    target = f'[targets]\nagents = "sip:agents@127.0.0.1:{agents.getsockname()[1]}"\n'
    file.write_text(f'[sip]\nport = {free_port()}\n[speech]\nengine = "none"\n{target}')
    before = set(tmp_path.iterdir())
    assert [line_of(c) for c in doctor.examine(file) if not c.ok] == []
    assert set(tmp_path.iterdir()) == before


def test_targets_that_stand_for_nobody_are_found(tmp_path: Path) -> None:
    (example,) = doctor.check_targets(Settings())
    assert not example.ok and "example of the shipped settings" in example.message
    port = free_port()
    silent = Settings(targets=Targets(agents=f"sip:a@127.0.0.1:{port}"))
    (found,) = doctor.check_targets(silent, seconds=0.2)
    assert not found.ok and "does not answer" in found.message
    (found,) = doctor.check_targets(Settings(targets=Targets(agents="sip:a@no.such.host.invalid")))
    assert "cannot be resolved" in found.message
    assert not doctor.check_region("XX").ok


@pytest.mark.parametrize("harm", ["damaged", "newer", "not whole"])
def test_a_log_that_is_damaged_newer_or_half_migrated_is_found(tmp_path: Path, harm: str) -> None:
    file = tmp_path / "screener.db"
    log = open_log(f"sqlite:///{file}")
    log.write(random_calls(0))
    log.close()
    assert database(f"sqlite:///{file}", tmp_path).ok
    with sqlite3.connect(file) as connection:
        if harm == "newer":
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        elif harm == "not whole":
            connection.execute("DROP TABLE accesses")
    connection.close()
    if harm == "damaged":
        data = bytearray(file.read_bytes())
        data[8192:40000] = bytes(40000 - 8192)
        file.write_bytes(data)
    found = database(f"sqlite:///{file}", tmp_path)
    assert not found.ok
    assert harm in found.message


def test_the_manager_interface_lets_us_in_refuses_us_or_is_not_there() -> None:
    assert peers.check_pbx(Pbx()).ok, "nobody wants to listen beside agents"
    manager = Manager()
    account = Pbx(host="127.0.0.1", port=manager.port, password="s3cret")
    assert peers.check_pbx(account) == Check(
        "manager interface", ok=True, message=f"127.0.0.1:{manager.port} let us in as screener"
    )
    refused = peers.check_pbx(replace(account, password="not it"))
    assert "refused screener" in refused.message
    assert "manager.conf" in refused.remedy
    manager.close()
    absent = peers.check_pbx(account, seconds=0.3)
    assert "no answer" in absent.message
    assert "is the PBX running" in absent.remedy


def test_what_others_may_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "screener.toml"
    file.write_text('[pbx]\nhost = "192.0.2.10"\npassword = "p"\n[targets]\nanalysis = "sip:a@192.0.2.10"\n')
    (tmp_path / "screener.db").touch()
    (tmp_path / "spool").mkdir()
    for path in (file, tmp_path / "screener.db", tmp_path / "spool"):
        path.chmod(0o644 if path.is_file() else 0o755)
    settings = load(file)
    found = doctor.check_private(settings, file)
    assert not found.ok
    for name in ("screener.toml", "screener.db", "spool"):
        assert name in found.message
    assert found.message.startswith("other users may read /")
    assert "write" not in found.message and told(found.message, "zh").startswith("其他用户可读 /")
    (tmp_path / "screener.db").chmod(0o602)
    spool = tmp_path / "spool"
    said = doctor.check_private(settings, file).message
    assert said == f"other users may read {file}, {spool} and write {tmp_path}/screener.db"
    assert told(said, "zh") == f"其他用户可读 {file}, {spool}，可写 {tmp_path}/screener.db"
    for path in (file, spool):
        path.chmod(0o700)
    said = doctor.check_private(settings, file).message
    assert told(said, "zh") == f"其他用户可写 {tmp_path}/screener.db"
    for path in (file, tmp_path / "screener.db", tmp_path / "spool"):
        path.chmod(0o600 if path.is_file() else 0o700)
    assert doctor.check_private(settings, file).ok
    file.write_text("")
    file.chmod(0o644)
    assert doctor.check_private(load(file), file).ok, "a file without a password may be read"
    file.chmod(0o646)
    assert not doctor.check_private(load(file), file).ok, "and by its owner alone be changed"


def test_nobody_is_told_to_close_a_folder_of_everybody(tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.mkdir()
    public.chmod(0o1777)
    log = Settings(store=Store(url=f"sqlite:///{public}"), folder=tmp_path)
    assert doctor.check_private(log, None).ok, "a folder is no database"
    found = doctor.check_database(log)
    assert (found.ok, found.message) == (False, f"{public}: is a folder, and no database")
    spool = doctor.check_private(Settings(store=Store(spool="public"), folder=tmp_path), None)
    assert not spool.ok and "chmod" not in spool.remedy and str(public) in spool.remedy
    with pytest.raises(StoreError, match="is a folder"):
        open_log(f"sqlite:///{public}")
    with pytest.raises(StoreError, match="is a folder"):
        open_log(f"sqlite:///{public}", read_only=True)
