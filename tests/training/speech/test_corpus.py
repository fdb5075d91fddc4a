"""The sentences that the embedded model knows."""

import re

from screener.resources import embedded_model_folder
from screener.training.speech.corpus import sentences


def test_the_shipped_model_was_made_from_the_sentences_of_this_tree() -> None:
    """Who changes the phrases, the demo or the scripted calls builds the model anew: `screener model build`."""
    card = (embedded_model_folder() / "card.md").read_text("utf-8")
    (count,) = re.findall(r"\*\*Sentences\*\*: (\d+)", card)
    assert int(count) == len(sentences())
