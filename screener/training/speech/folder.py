"""The model folder that Vosk loads, and its card.

`am/final.mdl` the net, `graph/HCLG.fst` the graph, `graph/words.txt` its words, `conf/` the options of features
and search, `model.json` name, version, date and the SHA-256 of every file.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from screener.speech.models import CARD, sha256_of
from screener.training.speech import kaldi, openfst
from screener.training.speech.features import CEPSTRA, MFCC_CONF
from screener.training.speech.net import FIRST_RESIDUAL, LEFT, RIGHT, SUBSAMPLING, TAPS, WIDTH, Tdnn
from screener.training.speech.tokens import BLANK, TOKENS

NAME = "screener-embedded-zh"
VERSION = "1"
BLANK_PRIOR = 1.75
"""Natural logarithm. CTC nets prefer the blank; taking this from it brings swallowed syllables back, and with
them words into laughter and alarms: at 2 twice as many as at 1.5."""

# Nine frames at once: the net answers every 90 ms, not every 210.
# Determinising by phone first is a shortcut for graphs with pronunciations in them. On this one, where blanks may
# lie anywhere, it now and then took 160 MB and a tenth of a second for a word.
MODEL_CONF = f"""\
--min-active=200
--max-active=3000
--beam=11.0
--lattice-beam=4.0
--phone-determinize=false
--acoustic-scale=1.0
--frame-subsampling-factor={SUBSAMPLING}
--frames-per-chunk=9
--endpoint.silence-phones={BLANK + 1}
--endpoint.rule2.min-trailing-silence=0.6
--endpoint.rule3.min-trailing-silence=0.8
--endpoint.rule4.min-trailing-silence=1.0
"""


def to_kaldi(net: Tdnn) -> kaldi.Model:
    """The net as nnet3 nodes and components."""
    config = [f"input-node name=input dim={CEPSTRA}"]
    components: dict[str, kaldi.Component] = {}
    *layers, head = net.affines()
    below = "input"
    for i, (taps, affine) in enumerate(zip(TAPS, layers, strict=True)):
        taken = ", ".join(f"Offset({below}, {tap})" if tap else below for tap in taps)
        components[f"affine{i}"] = kaldi.FixedAffine(affine.weight, affine.bias)
        components[f"relu{i}"] = kaldi.RectifiedLinear(WIDTH)
        config.append(f"component-node name=affine{i} component=affine{i} input=Append({taken})")
        config.append(f"component-node name=relu{i} component=relu{i} input=affine{i}")
        if i >= FIRST_RESIDUAL:
            components[f"sum{i}"] = kaldi.NoOp(WIDTH)
            config.append(f"component-node name=sum{i} component=sum{i} input=Sum(relu{i}, {below})")
            below = f"sum{i}"
        else:
            below = f"relu{i}"
    components["head"] = kaldi.FixedAffine(head.weight, head.bias)
    components["softmax"] = kaldi.LogSoftmax(len(TOKENS))
    config.append(f"component-node name=head component=head input={below}")
    config.append("component-node name=softmax component=softmax input=head")
    config.append("output-node name=output input=softmax objective=linear")
    priors = np.ones(len(TOKENS), np.float32)
    priors[BLANK] = math.exp(BLANK_PRIOR)
    return kaldi.Model(len(TOKENS), tuple(config), components, LEFT, RIGHT, priors)


def write(folder: Path, net: Tdnn, states: Sequence[openfst.FstState], words: Sequence[str], date: str) -> None:
    """Write every file and the card with their sums.

    Args:
        folder: made if it is not there.
        net: trained.
        states: of the graph.
        words: by label.
        date: that the card says, `2026-11-24`.
    """
    files = {
        "am/final.mdl": kaldi.serialize(to_kaldi(net)),
        "conf/mfcc.conf": MFCC_CONF.encode(),
        "conf/model.conf": MODEL_CONF.encode(),
        "graph/HCLG.fst": openfst.serialize(states),
        "graph/words.txt": "".join(f"{word} {label}\n" for label, word in enumerate(words)).encode(),
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    card = {
        "name": NAME,
        "version": VERSION,
        "date": date,
        "synthetic_only": True,
        "sha256": {name: sha256_of(folder / name) for name in files},
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")
