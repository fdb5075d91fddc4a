"""Vosk and PyTorch agree: the same net, the same features, the same path, the same likelihood."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import vosk

torch = pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("kaldi_native_fbank", reason="needs the extra `train`")

from screener.events import SAMPLE_RATE  # noqa: E402
from screener.training.speech import folder  # noqa: E402
from screener.training.speech.features import cepstra  # noqa: E402
from screener.training.speech.graph import enter, stay  # noqa: E402
from screener.training.speech.net import Tdnn, outputs, pad  # noqa: E402
from screener.training.speech.openfst import EPSILON, Arc, FstState  # noqa: E402
from screener.training.speech.tokens import BLANK, encode  # noqa: E402

TOKENS = encode(("ni", "hao", "wa", "shi"))
WIDE = {
    "--beam=11.0": "--beam=1000",
    "--lattice-beam=4.0": "--lattice-beam=1",
    "--max-active=3000": "--max-active=99999",
}


@pytest.fixture
def net() -> Tdnn:
    torch.manual_seed(3)
    made = Tdnn(np.linspace(-20, 20, 40), np.linspace(20, 3, 40))
    for norm in made.norms:
        torch.nn.init.normal_(norm.running_mean, 0, 0.3)
        torch.nn.init.uniform_(norm.running_var, 0.3, 2)
        torch.nn.init.normal_(norm.weight, 1, 0.2)
        torch.nn.init.normal_(norm.bias, 0, 0.2)
    return made.eval()


@pytest.fixture
def pcm() -> bytes:
    rng = np.random.default_rng(3)
    time = np.arange(int(1.7 * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.sin(2 * np.pi * (300 + 200 * time) * time) * 4000 + rng.standard_normal(len(time)) * 800
    return sound.astype("<i2").tobytes()


def one_way_graph(tokens: list[int]) -> list[FstState]:
    """These tokens in this order, blanks wherever they may be."""
    states = [FstState(arcs=[Arc(enter(BLANK), EPSILON, 0.0, 0)])]
    origins = [0]
    for token in tokens:
        here, blank = len(states), len(states) + 1
        for origin in origins:
            states[origin].arcs.append(Arc(enter(token), 1 if token == tokens[0] else EPSILON, 0.0, here))
        states.append(
            FstState(arcs=[Arc(stay(token), EPSILON, 0.0, here), Arc(enter(BLANK), EPSILON, 0.0, blank)])
        )
        states.append(FstState(arcs=[Arc(stay(BLANK), EPSILON, 0.0, blank)]))
        origins = [here, blank]
    for last in origins:
        states[last].final = 0.0
    return states


def viterbi(scores: np.ndarray, tokens: list[int]) -> float:
    """The best path through CTC's states, by the book."""
    labels = [BLANK]
    for token in tokens:
        labels += [token, BLANK]
    best = np.full(len(labels), -math.inf)
    best[:2] = scores[0, labels[:2]]
    for row in scores[1:]:
        after = np.array(best)
        after[1:] = np.maximum(after[1:], best[:-1])
        after[3::2] = np.maximum(after[3::2], best[1:-2:2])  # from token to token without a blank
        best = after + row[labels]
    return float(max(best[-2:]))


def test_vosk_s_likelihood_is_pytorch_s(tmp_path: Path, net: Tdnn, pcm: bytes) -> None:
    folder.write(tmp_path, net, one_way_graph(TOKENS), ["<eps>", "词"], "2026-01-01")
    conf = tmp_path / "conf" / "model.conf"
    text = conf.read_text()
    for narrow, wide in WIDE.items():
        assert narrow in text
        text = text.replace(narrow, wide)
    conf.write_text(text)

    vosk.SetLogLevel(-1)
    recognizer = vosk.KaldiRecognizer(vosk.Model(str(tmp_path)), SAMPLE_RATE)
    recognizer.SetMaxAlternatives(1)
    for begin in range(0, len(pcm), 1600):
        recognizer.AcceptWaveform(pcm[begin : begin + 1600])
    found = json.loads(recognizer.FinalResult())["alternatives"][0]

    features = cepstra(pcm)
    with torch.no_grad():
        scores = net(torch.from_numpy(pad(features))[None])[0].numpy().astype(np.float64)
    assert len(scores) == outputs(len(features))
    scores[:, BLANK] -= folder.BLANK_PRIOR
    expected = viterbi(scores, TOKENS)
    assert found["text"] == "词"
    assert found["confidence"] == pytest.approx(expected, abs=1e-4)
