import pytest

from screener.media.g711 import Law
from tests.sip.fidelity import LEVELS, measure


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize("level", LEVELS)
def test_the_edge_loses_nothing_but_what_g711_loses(law, level):
    heard = measure(law, level)
    assert heard.alone > 25
    assert heard.inwards == pytest.approx(heard.alone, abs=1), "from the caller"
    assert heard.outwards == pytest.approx(heard.alone, abs=1), "to the caller"
