import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.errors import ModelError
from screener.resources import embedded_model_folder
from screener.training.speech import openfst
from screener.training.speech.openfst import Arc, FstState

float32 = st.floats(width=32, allow_nan=False)


@st.composite
def graphs(draw: st.DrawFn) -> list[FstState]:
    count = draw(st.integers(1, 8))
    arcs = st.builds(Arc, st.integers(0, 200), st.integers(0, 200), float32, st.integers(0, count - 1))
    return [FstState(draw(float32), draw(st.lists(arcs, max_size=5))) for _ in range(count)]


@settings(max_examples=60)
@given(graphs())
def test_what_is_written_is_read_again(states: list[FstState]) -> None:
    assert openfst.parse(openfst.serialize(states)) == (states, 0)


@settings(max_examples=60)
@given(graphs(), st.data())
def test_a_graph_cut_short_is_refused(states: list[FstState], data: st.DataObject) -> None:
    written = openfst.serialize(states)
    with pytest.raises(ModelError):
        openfst.parse(written[: data.draw(st.integers(0, len(written) - 1))])


def test_the_header_is_openfst_s() -> None:
    data = openfst.serialize([FstState(0.0)])
    assert struct.unpack_from("<i", data)[0] == 0x7EB2FDD6
    assert data[4:18] == b"\x06\0\0\0vector\x08\0\0\0"


def test_an_arc_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ModelError, match="leads nowhere"):
        openfst.parse(openfst.serialize([FstState(0.0, [Arc(1, 1, 0.0, 7)])]))


def test_the_shipped_graph_round_trips() -> None:
    data = (embedded_model_folder() / "graph" / "HCLG.fst").read_bytes()
    assert openfst.serialize(*openfst.parse(data)) == data
