"""Recognition by servers: vosk-server's protocol by a small server of ours, sherpa-onnx's by its own program."""

import contextlib
import itertools
import json
import math
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.server import ServerConnection, serve

from screener.errors import ModelError
from screener.events import FRAME_BYTES, FRAME_SECONDS, Speaker, Transcript
from screener.settings.sections import Speech
from screener.speech import remote
from screener.speech.load import load_model
from screener.speech.models import Engine
from screener.speech.pool import RecognizerPool
from screener.speech.remote import RemoteModel
from screener.speech.served import SherpaDialect, VoskDialect, dialect
from screener.speech.servers import WAITING_MOST, Link, Servers, look
from screener.speech.vosk import VoskModel
from tests.pbx.voices import speech
from tests.server import free_port
from tests.sip.caller import in_background
from tests.speech.test_sherpa import MODEL, PRINTED, SHARED
from tests.waiting import wait_for

SERVER = Path(__file__).with_name("vosk_server.py")
SHERPA = Path(sys.executable).with_name("sherpa-onnx-online-websocket-server")
CHUNK = 1600
SAID = speech("enquiry", 1.5)
AT_ONCE = 0.02
"""Seconds that 100 ms of audio are played in here."""


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


class Server:
    """Where streams may go, until it is killed."""

    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def kill(self) -> None:
        raise NotImplementedError


class Running(Server):
    """A server program."""

    def __init__(self, command: Callable[[int], Sequence[str | Path]]) -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self._process = subprocess.Popen(
            [*map(str, command(self.port))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def up(self) -> "Running":
        """Once it takes connections."""
        wait_for(lambda: answers(self.port), 60, "recogniser server")
        return self

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Way(Server):
    """To a server program that many tests share; killed, it looks from outside like a program that was."""

    def __init__(self, program: Running) -> None:
        self._program = program
        self._ends: list[socket.socket] = []
        self._killed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        in_background(self._accept)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._program.port))
                self._ends += here, there
                if self._killed:  # while this one was on its way
                    self._close()
                in_background(partial(self._carry, here, there))
                in_background(partial(self._carry, there, here))

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        self._killed = True
        with contextlib.suppress(OSError):  # killed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._close()

    def _close(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def vosk_server() -> Running:
    return Running(lambda port: [sys.executable, SERVER, str(port)]).up()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has other things to do: a server may take its time with all that it does."""
    monkeypatch.setattr(remote, "LAST_WORDS_SECONDS", 20.0)
    monkeypatch.setattr(remote, "BEHIND_SECONDS", math.inf)
    monkeypatch.setattr("screener.speech.servers.CONNECT_SECONDS", 5.0)
    monkeypatch.setattr("screener.speech.servers.PING_SECONDS", 20.0)


@pytest.fixture(scope="module")
def program() -> Iterator[Running]:
    running = vosk_server()
    yield running
    running.kill()


@pytest.fixture
def two(program: Running) -> Iterator[list[Server]]:
    servers: list[Server] = [Way(program), Way(program)]
    yield servers
    for server in servers:
        server.kill()


def heard(recognizer, pcm: bytes, at: Callable[[int], None] = lambda _chunk: None, pause: float = AT_ONCE) -> str:
    """What the finals say, with something done at a chunk."""
    told: list[Transcript] = []
    for number, begin in enumerate(range(0, len(pcm), CHUNK)):
        at(number)
        told += recognizer.accept(pcm[begin : begin + CHUNK], begin / 16000)
        time.sleep(pause)
    told += recognizer.finish()
    return "".join(transcript.text for transcript in told if transcript.final)


@cache
def here() -> VoskModel:
    """The model of this machine."""
    return VoskModel(min_confidence=0.45)


@cache
def expected() -> str:
    """What it hears in `SAID`, and every server must."""
    return heard(here().open(Speaker.CALLER), SAID, pause=0.0)


def model(servers: Sequence[Server], local: VoskModel | None = None) -> RemoteModel:
    return RemoteModel("vosk", [server.url for server in servers], local, 0.45)


def test_the_same_words_as_here_and_spread_over_all(two: list[Server]) -> None:
    there = model(two)
    streams = [there.open(Speaker.CALLER) for _ in range(4)]
    assert [server.streams for server in there.servers.servers] == [2, 2]
    assert heard(streams[0], SAID) == expected() != ""
    streams.clear()  # dropped without their last words
    assert [server.streams for server in there.servers.servers] == [0, 0]


def test_a_server_that_dies_in_a_sentence_costs_no_word(two: list[Server]) -> None:
    dying = vosk_server()
    there = model([dying, two[1]])
    stream = there.open(Speaker.CALLER)

    def kill(chunk: int) -> None:
        if chunk == 20:
            dying.kill()

    assert heard(stream, SAID, kill, pause=0.1) == expected()
    assert [server.failures for server in there.servers.servers] == [1, 0]
    assert heard(there.open(Speaker.AGENT), SAID) == expected(), "new streams go to the other"


def test_servers_that_die_at_the_last_word_cost_none(two: list[Server]) -> None:
    there = model(two, here())
    stream = there.open(Speaker.CALLER)

    def kill(chunk: int) -> None:
        if chunk == len(SAID) // CHUNK:
            for server in two:
                server.kill()

    assert heard(stream, SAID, kill, pause=0.0) == expected()


def test_when_all_are_gone_this_machine_hears_and_then_a_server_again(two: list[Server], program: Running) -> None:
    there = model(two, here())
    assert there.info == here().info
    stream = there.open(Speaker.CALLER)
    for server in two:
        server.kill()
    assert heard(stream, SAID, pause=0.1) == expected()
    assert all(server.failures for server in there.servers.servers), there.servers.servers
    again = Way(program)
    there.servers.servers[0].url = again.url
    there.servers.servers[0].away_until = 0.0
    assert heard(there.open(Speaker.CALLER), SAID) == expected()
    assert not there.servers.servers[0].failures, "it hears again"
    again.kill()


def test_when_all_are_gone_and_nobody_hears_here_the_stream_is_lost(two: list[Server]) -> None:
    there = model(two)
    stream = there.open(Speaker.CALLER)
    for server in two:
        server.kill()
    with pytest.raises(ModelError, match="no recogniser server answers"):
        heard(stream, SAID, pause=0.1)
    with pytest.raises(ModelError, match="no recogniser server answers"):
        there.open(Speaker.CALLER)


def test_one_that_takes_a_connection_and_says_nothing_is_given_up(two: list[Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        there = RemoteModel("vosk", [f"ws://127.0.0.1:{deaf.getsockname()[1]}", two[0].url], None, 0.45)
        assert heard(there.open(Speaker.CALLER), SAID, pause=0.1) == expected()
        assert there.servers.servers[0].failures == 1


def test_the_pool_knows_which_servers_fail(two: list[Server]) -> None:
    two[1].kill()
    loader = partial(load_model, Speech(servers=tuple(s.url for s in two), fallback="none"), Path())
    told: queue.Queue[object] = queue.Queue()
    pool = RecognizerPool(loader, 1, 20.0, lambda *result: told.put(result))
    try:
        voices = [pool.open(f"call{n}", Speaker.CALLER) for n in range(2)]
        dead, live = (server.url.removeprefix("ws://") for server in (two[1], two[0]))
        known = {dead: (False, 0), live: (True, 2)}
        frames = itertools.count()

        def is_known() -> bool:
            number = next(frames)
            for place, voice in enumerate(voices):
                if voice.is_lost:  # the live one was too late as well: this machine has other things to do
                    voices[place] = pool.open(voice.call_id, Speaker.CALLER)
                voices[place].feed(bytes(FRAME_BYTES), number * FRAME_SECONDS)
            return known == {state.place: (state.up, state.streams) for state in pool.servers()}

        wait_for(is_known, what="the dead server to be known, and both voices at the other", every=FRAME_SECONDS)
        assert pool.failing() == (dead,)
    finally:
        pool.stop()


def test_look(two: list[Server]) -> None:
    assert look(two[0].url) == (f"127.0.0.1:{two[0].port}", "")
    two[0].kill()
    place, problem = look(f"ws://user:s3cret@127.0.0.1:{two[0].port}")
    assert place == f"127.0.0.1:{two[0].port}"
    assert problem


def test_settings_name_the_servers(two: list[Server]) -> None:
    speech_settings = Speech(servers=(two[0].url,), fallback="none")
    loaded = load_model(speech_settings, Path())
    assert isinstance(loaded, RemoteModel)
    assert (loaded.info.engine, loaded.info.synthetic_only) == ("vosk", False)
    assert load_model(Speech(servers=(two[0].url,)), Path()).info.synthetic_only, "the least that callers get"


# Dialects.


@pytest.mark.parametrize("engine", ["vosk", "sherpa"])
@given(message=st.text(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_whatever_a_server_says_is_words_or_an_error(engine: Engine, message: str) -> None:
    try:
        dialect(engine, 0.45).heard(message)
    except ModelError:
        return


@given(st.binary(max_size=300).map(lambda b: b[: len(b) // 2 * 2]))
def test_audio_has_the_length_that_the_server_counts_with(pcm: bytes) -> None:
    assert VoskDialect(0.0).audio(pcm) == pcm
    assert len(SherpaDialect(0.0).audio(pcm)) == 4 * len(pcm), "twice as many samples of four bytes"


def test_what_they_say() -> None:
    vosk, sherpa = VoskDialect(0.0), SherpaDialect(0.0)
    assert vosk.heard('{"partial" : "你 好"}').text == "你好"  # type: ignore[union-attr]
    final = vosk.heard('{"result": [{"conf": 0.9, "word": "你"}], "text": "你"}')
    assert final and final.final and final.confidence == 0.9
    ended = sherpa.heard(PRINTED[:-1] + ', "is_final": true}')
    assert ended and ended.final and ended.syllables == ("ni", "hao")
    assert sherpa.heard("Done!") is None
    assert (vosk.is_last('{"text": ""}'), sherpa.is_last("Done!"), sherpa.is_last(PRINTED)) == (True, True, False)


DEEP = "[" * 100_000
ODD = (
    '{"text": "a", "is_final": true, "tokens": ["a"], "ys_probs": [], "result": ' + DEEP,
    '{"partial": ' + DEEP,
    json.dumps({"partial": "好" * 3000}),
    json.dumps({"text": "a" * 3000, "is_final": False, "tokens": ["a"], "ys_probs": []}),
    json.dumps({"text": "a", "is_final": False, "tokens": ["hǎo"] * 3000, "ys_probs": []}),
    json.dumps({"text": "a", "result": [{"conf": 1, "word": "好"}] * 2100}),
    '{"text": "a", "result": [{"conf": 1e999, "word": "a"}]}',
    '{"text": "a", "result": [{"conf": 99, "word": "a"}]}',
    '{"text": "a", "is_final": true, "tokens": ["a"], "ys_probs": [1e9]}',
    '{"partial": "\\ud800"}',
    '{"text": "\\ud800", "is_final": false, "tokens": ["a"], "ys_probs": []}',
    json.dumps({"partial": "a", "rest": " " * 200_000}),
)
"""What no recogniser says: nested, endless, surer than sure, no text at all."""


@pytest.mark.parametrize("message", ODD, ids=range(len(ODD)))
def test_what_no_recogniser_says_is_an_error_at_once(message: str) -> None:
    engine: Engine = "sherpa" if "is_final" in message else "vosk"
    with pytest.raises(ModelError, match="makes no sense") as problem:
        dialect(engine, 0.0).heard(message)
    assert len(problem.value.message) < 300


@contextlib.contextmanager
def speaking(act: Callable[[ServerConnection], None], **how: object) -> Iterator[str]:
    """A websocket server that does as it likes; its URL."""
    with serve(act, "127.0.0.1", 0, compression=None, **how) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def given_up(url: str, seconds: float = 60.0) -> tuple[str, Link]:
    """Why a stream to a server is given up, while it is fed."""
    servers = Servers([url])
    link = servers.link(servers.servers[0], VoskDialect(0.0))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            for message in link.take() if link.unanswered > 1.0 else []:
                link.read(message)
            link.say(bytes(64_000), 0.01)
        except ModelError as problem:
            return problem.message, link
        time.sleep(0.002)
    raise AssertionError("it is fed for ever")


def test_a_server_leads_nobody_elsewhere() -> None:
    came: list[str] = []
    with speaking(lambda socket: came.append(socket.recv())) as stranger:

        def led(socket: ServerConnection, _request: object) -> Response:
            return Response(302, "Found", Headers({"Location": stranger, "Content-Length": "0"}))

        with speaking(lambda _: None, process_request=led) as url:
            problem, _ = given_up(url)
            assert "302" in problem and "302" in look(url)[1]
    assert not came, "what callers say"


def test_a_server_that_never_stops_talking_is_given_up() -> None:
    def flood(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                socket.send('{"partial": "a"}')

    with speaking(flood) as url:
        problem, link = given_up(url)
        assert problem == "it says more than anybody asked"
        assert len(link.take()) <= WAITING_MOST


def test_a_server_that_takes_no_audio_is_given_up_whatever_it_says() -> None:
    done = threading.Event()
    with speaking(lambda _: done.wait(), max_queue=1) as url:
        try:
            problem, _ = given_up(url)
        finally:
            done.set()
    assert problem == "it takes no more audio"


def test_a_server_that_talks_nonsense_is_left_alone_longer_each_time() -> None:
    def nonsense(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for _ in socket:
                socket.send("nonsense")

    with speaking(nonsense) as url:
        there = RemoteModel("vosk", [url], None, 0.45)
        server = there.servers.servers[0]
        for failures in (1, 2):
            server.away_until = 0.0
            with pytest.raises(ModelError, match="no recogniser server answers"):
                heard(there.open(Speaker.CALLER), SAID, pause=0.1)
            assert server.failures == failures


# sherpa-onnx's own server.


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the data folder ../shared is absent")
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is absent")
@pytest.mark.skipif(not SHERPA.exists(), reason="the package sherpa-onnx-bin is absent")
def test_people_by_two_servers_of_sherpa_s_own() -> None:
    from screener.speech.sherpa import SherpaModel
    from tests.bench.people import read

    parts = {part: next(MODEL.glob(f"{part}*.onnx")) for part in ("encoder", "decoder", "joiner")}
    command = [SHERPA, f"--tokens={MODEL / 'tokens.txt'}", *(f"--{part}={path}" for part, path in parts.items())]
    command += ["--enable-endpoint=true", "--rule2-min-trailing-silence=0.8", "--log-file=/dev/null"]
    servers = [Running(lambda port: [*command, f"--port={port}"]) for _ in range(2)]
    try:
        for server in servers:
            server.up()
        there = RemoteModel("sherpa", [server.url for server in servers], None, 0.45)
        pcm = read(SHARED / "speech" / "human" / "kws-1.flac") + bytes(32000)
        known = heard(SherpaModel(MODEL, 0.45).open(Speaker.CALLER), pcm, pause=0.0)

        def kill(chunk: int) -> None:
            if chunk == 15:
                servers[0].kill()

        assert len(known) > 20
        assert heard(there.open(Speaker.CALLER), pcm, kill, pause=0.1) == known
    finally:
        for server in servers:
            server.kill()
