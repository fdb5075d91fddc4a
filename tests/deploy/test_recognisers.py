"""deploy/recognisers: its settings are loaded, and its unit's command is run with a model made here and asked."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from screener.events import Speaker
from screener.settings.load import load
from screener.speech.models import DEFAULT_FILES, MEASURED
from screener.speech.remote import RemoteModel
from screener.speech.sherpa import TRAILING_SILENCE_SECONDS, SherpaModel
from tests.speech import graphs
from tests.speech.graphs import loud, quiet
from tests.speech.test_remote import Running, heard

FOLDER = Path(__file__).parents[2] / "deploy/recognisers"
UNIT = (FOLDER / "sherpa-onnx-server.service").read_text("utf-8")
PROGRAM = Path(sys.executable).with_name("sherpa-onnx-online-websocket-server")
needs_the_program = pytest.mark.skipif(not PROGRAM.exists(), reason="the package sherpa-onnx-bin is absent")


def command() -> list[str]:
    """What the unit starts, word by word."""
    (start,) = re.findall(r"(?m)^ExecStart=((?:.*\\\n)*.*)$", UNIT)
    return start.replace("\\\n", " ").split()


def test_the_settings_are_taken_and_lead_to_the_unit() -> None:
    settings = load(FOLDER / "screener.toml")
    assert (settings.speech.engine, settings.speech.fallback) == ("sherpa", "local")
    assert len(settings.speech.servers) == 2
    (port,) = {server.rpartition(":")[2] for server in settings.speech.servers}
    assert f"--port={port}" in command()
    assert f"--rule2-min-trailing-silence={TRAILING_SILENCE_SECONDS}" in command()
    assert "IPAddressDeny=any\nIPAddressAllow=localhost 192.0.2.20\n" in UNIT, "it asks nobody for a password"


def test_it_names_the_files_of_the_suggested_model() -> None:
    assert [word.rpartition("/")[2] for word in command() if "${MODEL}/" in word] == list(DEFAULT_FILES)


def test_it_names_the_version_that_is_tested() -> None:
    lock = (FOLDER.parents[1] / "requirements.txt").read_text("utf-8")
    (locked,) = re.findall(r"(?m)^(sherpa-onnx-bin==\S+)", lock)
    assert f"pip install {locked}\n" in UNIT


@needs_the_program
def test_every_option_is_one_of_the_program_s() -> None:
    known = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=60)
    for word in command()[1:]:
        assert re.search(rf"(?m)^  {word.partition('=')[0]} ", known.stdout + known.stderr), word


def said(text: str) -> int:
    """How often the model printed all that it knows; a look may fall a frame sooner or later."""
    return text.count("nǐhǎo")


@needs_the_program
def test_what_the_unit_starts_hears_as_the_product_does(tmp_path: Path) -> None:
    graphs.transducer(tmp_path, streaming=True, stem=f"-{MEASURED}")
    for part in ("encoder", "joiner"):
        (tmp_path / f"{part}-{MEASURED}.onnx").rename(tmp_path / f"{part}-{MEASURED}.int8.onnx")
    words = [word.replace("${MODEL}", str(tmp_path)) for word in command()[1:] if not word.startswith("--port")]
    servers = [Running(lambda port: [PROGRAM, *words, f"--port={port}"]) for _ in range(2)]
    try:
        urls = [server.up().url for server in servers]
        here, there = SherpaModel(tmp_path, 0.45), RemoteModel("sherpa", urls, None, 0.45)
        pcm = quiet(0.5) + loud(0.96) + quiet(1.5) + loud(0.96) + quiet(1.5)

        def kill(chunk: int) -> None:
            if chunk == 34:  # of the second utterance
                servers[0].kill()

        known = said(heard(here.open(Speaker.CALLER), pcm, pause=0.0))
        assert known == pytest.approx(12, abs=1)
        assert said(heard(there.open(Speaker.CALLER), pcm)) == pytest.approx(known, abs=1)
        assert said(heard(there.open(Speaker.CALLER), pcm, kill, pause=0.1)) == pytest.approx(known, abs=1)
    finally:
        for server in servers:
            server.kill()
