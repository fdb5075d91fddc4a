import array
import math
import random

import pytest

from screener.media.g711 import Law


def noise(dbfs):
    chance = random.Random(4)
    level = 32768 * 10 ** (dbfs / 20)
    return array.array("h", (max(-32768, min(32767, round(chance.gauss(0, level)))) for _ in range(8000)))


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize(("dbfs", "least"), [(-20, 36), (-30, 36), (-40, 32)])
def test_full_quality(law, dbfs, least):
    """8-bit linear audio has 27, 18 and 8 dB here."""
    sent = noise(dbfs)
    heard = array.array("h", law.decode(law.encode(sent.tobytes())))
    signal = sum(s * s for s in sent)
    error = sum((s - h) ** 2 for s, h in zip(sent, heard, strict=True))
    assert 10 * math.log10(signal / error) > least


@pytest.mark.parametrize("law", Law)
def test_silence_is_silent(law):
    assert max(map(abs, array.array("h", law.decode(law.silence)))) <= 8
    assert len(law.silence) == 160
