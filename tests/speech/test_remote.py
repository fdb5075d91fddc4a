"""Recognition by servers: vosk-server's protocol by a small server of ours, sherpa-onnx's by its own program."""

import contextlib
import json
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.server import ServerConnection, serve

from screener.demo.script import AUDIO
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
from tests.pbx.voices import samples
from tests.server import free_port
from tests.speech.test_sherpa import MODEL, PRINTED, SHARED
from tests.waiting import wait_for

SERVER = Path(__file__).with_name("vosk_server.py")
SHERPA = Path(sys.executable).with_name("sherpa-onnx-online-websocket-server")
CHUNK = 1600
AT_ONCE = 0.02
"""Seconds that 100 ms of audio are played in here."""


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


class Running:
    """A server program."""

    def __init__(self, command: Callable[[int], Sequence[str | Path]]) -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self._process = subprocess.Popen(
            [*map(str, command(self.port))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(lambda: answers(self.port), 60, "recogniser server")

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def vosk_server() -> Running:
    return Running(lambda port: [sys.executable, SERVER, str(port)])


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine has other things to do: the last words may take their time."""
    monkeypatch.setattr(remote, "LAST_WORDS_SECONDS", 20.0)


@pytest.fixture
def two() -> Iterator[list[Running]]:
    servers = [vosk_server(), vosk_server()]
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


def speech(name: str) -> bytes:
    return samples(AUDIO / f"{name}.wav") + bytes(24000)


def model(servers: Sequence[Running], local: VoskModel | None = None) -> RemoteModel:
    return RemoteModel("vosk", [server.url for server in servers], local, 0.45)


def test_the_same_words_as_here_and_spread_over_all(two: list[Running]) -> None:
    there, here = model(two), VoskModel(min_confidence=0.45)
    streams = [there.open(Speaker.CALLER) for _ in range(4)]
    assert [server.streams for server in there.servers.servers] == [2, 2]
    said = heard(streams[0], speech("enquiry"))
    assert said == heard(here.open(Speaker.CALLER), speech("enquiry"), pause=0.0)
    assert said
    streams.clear()  # dropped without their last words
    assert [server.streams for server in there.servers.servers] == [0, 0]


def test_a_server_that_dies_in_a_sentence_costs_no_word(two: list[Running]) -> None:
    there = model(two)
    stream = there.open(Speaker.CALLER)
    expected = heard(VoskModel(min_confidence=0.45).open(Speaker.CALLER), speech("lewd"), pause=0.0)

    def kill(chunk: int) -> None:
        if chunk == 8:
            two[0].kill()

    assert heard(stream, speech("lewd"), kill, pause=0.1) == expected
    assert [server.failures for server in there.servers.servers] == [1, 0]
    assert heard(there.open(Speaker.AGENT), speech("lewd"), pause=0.1) == expected, "new streams go to the other"


def test_when_all_are_gone_this_machine_hears_and_then_a_server_again(two: list[Running]) -> None:
    there = model(two, VoskModel(min_confidence=0.45))
    assert there.info == VoskModel().info
    stream = there.open(Speaker.CALLER)
    for server in two:
        server.kill()
    expected = heard(VoskModel(min_confidence=0.45).open(Speaker.CALLER), speech("lewd"), pause=0.0)
    assert heard(stream, speech("lewd"), pause=0.1) == expected
    assert there.servers.choose() is None or all(server.failures for server in there.servers.servers)
    again = vosk_server()
    there.servers.servers[0].url = again.url
    there.servers.servers[0].away_until = 0.0
    assert heard(there.open(Speaker.CALLER), speech("lewd"), pause=0.1) == expected
    assert not there.servers.servers[0].failures, "it hears again"
    again.kill()


def test_when_all_are_gone_and_nobody_hears_here_the_stream_is_lost(two: list[Running]) -> None:
    there = model(two)
    stream = there.open(Speaker.CALLER)
    for server in two:
        server.kill()
    with pytest.raises(ModelError, match="no recogniser server answers"):
        heard(stream, speech("lewd"), pause=0.1)
    with pytest.raises(ModelError, match="no recogniser server answers"):
        there.open(Speaker.CALLER)


def test_one_that_takes_a_connection_and_says_nothing_is_given_up(two: list[Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        there = RemoteModel("vosk", [f"ws://127.0.0.1:{deaf.getsockname()[1]}", two[0].url], None, 0.45)
        expected = heard(VoskModel(min_confidence=0.45).open(Speaker.CALLER), speech("lewd"), pause=0.0)
        assert heard(there.open(Speaker.CALLER), speech("lewd"), pause=0.1) == expected
        assert there.servers.servers[0].failures == 1


def test_the_pool_knows_which_servers_fail(two: list[Running]) -> None:
    two[1].kill()
    loader = partial(load_model, Speech(servers=tuple(s.url for s in two), fallback="none"), Path())
    told: queue.Queue[object] = queue.Queue()
    pool = RecognizerPool(loader, 1, 20.0, lambda *result: told.put(result))
    try:
        voices = [pool.open(f"call{n}", Speaker.CALLER) for n in range(2)]
        pcm = speech("lewd")
        for number in range(len(pcm) // FRAME_BYTES):
            for voice in voices:
                voice.feed(pcm[number * FRAME_BYTES : (number + 1) * FRAME_BYTES], number * FRAME_SECONDS)
            time.sleep(0.005)
        dead, live = (server.url.removeprefix("ws://") for server in (two[1], two[0]))
        known = {dead: (False, 0), live: (True, 2)}
        wait_for(
            lambda: known == {state.place: (state.up, state.streams) for state in pool.servers()},
            what="the dead server to be known, and both voices at the other",
        )
        assert pool.failing() == (dead,)
    finally:
        pool.stop()


def test_look(two: list[Running]) -> None:
    assert look(two[0].url) == (f"127.0.0.1:{two[0].port}", "")
    two[0].kill()
    place, problem = look(f"ws://user:s3cret@127.0.0.1:{two[0].port}")
    assert place == f"127.0.0.1:{two[0].port}"
    assert problem


def test_settings_name_the_servers(two: list[Running]) -> None:
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


def given_up(url: str, seconds: float = 20.0) -> tuple[str, Link]:
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
                heard(there.open(Speaker.CALLER), speech("lewd"), pause=0.1)
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
        there = RemoteModel("sherpa", [server.url for server in servers], None, 0.45)
        pcm = read(SHARED / "speech" / "human" / "kws-1.flac") + bytes(32000)
        expected = heard(SherpaModel(MODEL, 0.45).open(Speaker.CALLER), pcm, pause=0.0)

        def kill(chunk: int) -> None:
            if chunk == 15:
                servers[0].kill()

        assert len(expected) > 20
        assert heard(there.open(Speaker.CALLER), pcm, kill, pause=0.1) == expected
    finally:
        for server in servers:
            server.kill()
