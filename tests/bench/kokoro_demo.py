"""The demo in voices like people's: `python tests/bench/kokoro_demo.py [--model NAME] [options of the demo]`.

Kokoro speaks every line of the demo's script, each caller and the agent in a voice of their own, through the band
of a telephone; then `screener demo` places the calls with sherpa-onnx's recogniser of people. Ends as the demo
does, with 0 when every call came out as the script says. Needs `make voices`, and the data folder `shared` beside
the clone or the name of an installed model.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.demo.script import Script, ScriptVoice, load_script
from screener.demo.synthesise import make
from screener.media.recordings import Samples, level, trim
from tests.bench.people import SHARED, VOICES, in_voices
from tests.bench.site import machine

PEOPLE = {
    "f2": "zf_xiaoxiao",
    "f3": "zf_xiaobei",
    "f5": "zf_xiaoyi",
    "m1": "zm_yunxia",
    "m2": "zm_yunjian",
    "m3": "zm_yunyang",
    "m7": "zm_yunxi",
}
"""Who has the part of which voice of espeak-ng."""


def say(line: ScriptVoice) -> Samples:
    (clip,) = in_voices([(PEOPLE[line.voice], line.text)])
    return level(trim(np.frombuffer(clip.pcm, "<i2") / 32768))


def lines(script: Script) -> list[tuple[str, str]]:
    """Every line with its voice."""
    found = [(script.agent.voice, script.agent.text)]
    for call in script.call:
        found += [(call.voice, sentence.text) for sentence in call.says]
        found += [(call.voice, call.to_agent)] if call.to_agent else []
        found += [(call.group.voice, call.group.text)] if call.group else []
    return [(PEOPLE[voice], text) for voice, text in found]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--model", default=str(SHARED / "models" / "sherpa-kws-zh"), help="of sherpa-onnx")
    chosen, others = options.parse_known_args()
    if not (VOICES / ".installed").exists():
        sys.exit("Kokoro's voices are absent: make voices")
    script = load_script()
    print(
        f"{machine()}; {len(list(in_voices(lines(script))))} lines in {len(set(PEOPLE.values()))} voices",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        make(script, Path(folder), say)
        command = [sys.executable, "-m", "screener", "demo", "--plain", "--engine", "sherpa"]
        command += ["--model", chosen.model, "--voices", folder, *others]
        sys.exit(subprocess.run(command).returncode)


if __name__ == "__main__":
    main()
