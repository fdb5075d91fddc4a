"""Signal to noise through the edge beside G.711 itself: `python tests/bench/audio.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screener.media.g711 import Law
from tests.sip.fidelity import LEVELS, measure


def main() -> None:
    print("dB of signal to noise: G.711 alone, from the caller, to the caller")
    for law in Law:
        for level in LEVELS:
            heard = measure(law, level)
            print(f"{law.value} at {level} dBFS: {heard.alone:5.1f} {heard.inwards:5.1f} {heard.outwards:5.1f}")


if __name__ == "__main__":
    main()
