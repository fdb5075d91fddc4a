import pytest

from screener.media.g711 import Law
from tests.sip.fidelity import LEVELS, measure

CALLS = 3
"""A machine that stands still for a moment spoils a call; what the edge itself lost would be lost in each."""


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize("level", LEVELS)
def test_the_edge_loses_nothing_but_what_g711_loses(law, level):
    for _ in range(CALLS):
        heard = measure(law, level)
        if min(heard.inwards, heard.outwards) >= heard.alone - 1:
            break
    assert heard.alone > 25
    assert heard.inwards == pytest.approx(heard.alone, abs=1), "from the caller"
    assert heard.outwards == pytest.approx(heard.alone, abs=1), "to the caller"
