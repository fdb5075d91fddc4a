from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.errors import ModelError
from screener.resources import embedded_model_folder
from screener.training.speech import kaldi

MDL = embedded_model_folder() / "am" / "final.mdl"


def small(rng: np.random.Generator, phones: int) -> kaldi.Model:
    def floats(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    return kaldi.Model(
        phones=phones,
        config=("input-node name=input dim=2", "output-node name=output input=input objective=linear"),
        components={
            "a": kaldi.FixedAffine(floats(phones, 6), floats(phones)),
            "r": kaldi.RectifiedLinear(phones),
            "s": kaldi.NoOp(phones),
            "l": kaldi.LogSoftmax(phones),
        },
        left=3,
        right=1,
        priors=np.abs(floats(phones)) + 1,
    )


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 70))
def test_what_is_written_is_read_again(seed: int, phones: int) -> None:
    model = small(np.random.default_rng(seed), phones)
    data = kaldi.serialize(model)
    again = kaldi.parse(data)
    assert kaldi.serialize(again) == data
    assert (again.phones, again.config, again.left, again.right) == (phones, model.config, 3, 1)
    assert np.array_equal(again.components["a"].weight, model.components["a"].weight)
    assert np.array_equal(again.priors, model.priors)


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_model_is_refused_or_read_but_never_crashes(data: st.DataObject) -> None:
    good = kaldi.serialize(small(np.random.default_rng(1), 3))
    cut = data.draw(st.integers(0, len(good) - 1))
    with pytest.raises(ModelError):
        kaldi.parse(good[:cut])
    flipped = bytearray(good)
    flipped[cut] ^= data.draw(st.integers(1, 255))
    with suppress(ModelError):
        kaldi.parse(bytes(flipped))


def test_more_than_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="too many"):
        kaldi.parse(kaldi.serialize(small(np.random.default_rng(1), 3)) + b"x")


def test_the_shipped_net_round_trips() -> None:
    data = MDL.read_bytes()
    assert kaldi.serialize(kaldi.parse(data)) == data
